"""Several machines make one dataset without knowing of each other, and `merge` joins what they made."""

import dataclasses
import shutil

import pytest
from directories import contents
from fake_maker import FakeMaker

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.manifest import read_manifest, write_manifest
from dataset_script.spec import Spec
from generation.plan import Plan
from generation.run.generate import generate
from generation.run.job import Part
from generation.run.merge import merge
from generation.run.share import Share

SPEC = Spec(identities=9, size=64, geometry=True, references=1, identities_per_shard=2)
SHARES = [Share(number, 3) for number in (1, 2, 3)]
TRAIN = "data/train-00000-of-00003.parquet"


def make_shares(out, spec=SPEC, shares=SHARES):
    for share in shares:
        generate(out, spec, maker_factory=FakeMaker, part=Part(share=share))
    return out


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "pain3d"
    generate(out, SPEC, maker_factory=FakeMaker)
    return out


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Not to be written to."""
    return make_shares(tmp_path_factory.mktemp("shares") / "pain3d")


@pytest.fixture
def shares(made, tmp_path):
    return shutil.copytree(made, tmp_path / "shares")


def test_every_shard_of_the_plan_is_in_one_share():
    chunks = Plan(Spec(identities=2500)).chunks()
    for count in (1, 2, 7, len(chunks), len(chunks) + 5):
        shares = [Share(number, count).of(chunks) for number in range(1, count + 1)]
        assert sorted((c.split, c.index) for share in shares for c in share) == sorted(
            (c.split, c.index) for c in chunks
        )
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("text", ["0/8", "9/8", "1", "1/0", "-1/8", "1/8/2", "a/b", "1.5/8", "", "٣/8"])
def test_a_share_that_is_none_is_refused(text):
    with pytest.raises(InvalidInput, match="allowed: I/N with I from 1 to N"):
        Share.parse(text)
    assert Share.parse("3/8") == Share(3, 8) == Share.of_folder(Share(3, 8).folder)


def test_shares_in_one_directory_are_joined_to_what_one_run_makes(made, whole, tmp_path):
    assert sorted(path.name for path in made.iterdir()) == [share.folder for share in SHARES]
    seen = []
    assert merge([made], tmp_path / "out", progress=lambda *call: seen.append(call)) == SPEC
    assert contents(tmp_path / "out") == contents(whole)
    assert seen[-1] == (len(read_manifest(whole)),) * 2
    merge([made], tmp_path / "out")  # again: nothing is left to do
    assert contents(tmp_path / "out") == contents(whole)


def test_directories_of_other_machines_and_more_shares_than_shards(whole, tmp_path):
    places = [make_shares(tmp_path / str(n), shares=[Share(n, 9)]) / Share(n, 9).folder for n in range(1, 10)]
    merge(places, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(whole)
    assert generate(tmp_path / "one", SPEC, maker_factory=FakeMaker, part=Part(share=Share(40, 40))).frames == 0


def test_a_part_that_a_whole_run_made_counts_too(whole, shares, tmp_path):
    """As when a run on one machine was stopped and the rest is left to an array."""
    begun = tmp_path / "begun"
    begun.mkdir()
    for name, content in contents(whole).items():
        path = begun / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    write_manifest(begun, [entry for entry in read_manifest(begun) if entry.split != "train"])
    (begun / "README.md").unlink()
    merge([begun, shares / SHARES[0].folder, shares / SHARES[1].folder, shares / SHARES[2].folder], tmp_path / "out")
    assert contents(tmp_path / "out") == contents(whole)


def test_what_is_missing_is_named_with_the_shares_that_make_it(shares, tmp_path):
    shutil.rmtree(shares / SHARES[1].folder)
    with pytest.raises(InvalidInput, match=r"\d+ files of the dataset are in none of them.*generate with --shard 2/3$"):
        merge([shares], tmp_path / "out")
    assert not list((tmp_path / "out").glob("data/*"))


def test_parts_of_other_datasets_and_places_without_any_are_refused(shares, tmp_path):
    other = make_shares(tmp_path / "other", Spec(identities=9, size=64, seed=1), [Share(1, 1)])
    with pytest.raises(InvalidInput, match=r"are of different datasets: .*seed is 0 and 1"):
        merge([shares, other], tmp_path / "out")
    with pytest.raises(InvalidInput, match=r"holds no part of a dataset: it has neither spec\.json nor share-I-of-N"):
        merge([tmp_path / "nowhere"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_shard_is_named_and_mended_by_the_command_that_made_it(shares, whole, tmp_path):
    path = next(shares.glob(f"*/{TRAIN}"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(WorkFailed, match=rf"{TRAIN} is damaged.*delete it and run the command again"):
        merge([shares], tmp_path / "out")
    make_shares(shares)
    merge([shares], tmp_path / "out")
    assert contents(tmp_path / "out") == contents(whole)


def test_parts_that_differ_in_a_file_are_refused(shares, tmp_path):
    """Two platforms made it: which of them is right nobody knows."""
    again = make_shares(tmp_path / "again", shares=[Share(1, 1)]) / Share(1, 1).folder
    entries = read_manifest(again)
    write_manifest(again, [dataclasses.replace(e, sha256="ab" * 32) if e.path == TRAIN else e for e in entries])
    with pytest.raises(InvalidInput, match=rf"{TRAIN} differs between .* different platforms"):
        merge([shares, again], tmp_path / "out")


def test_the_commands(monkeypatch, tmp_path, capsys):
    import generation.pipeline

    monkeypatch.setattr(generation.pipeline, "maker_with", lambda files, painting=None: FakeMaker)
    options = ["--identities", "6", "--size", "64", "--workers", "1"]
    for number in (1, 2):
        assert pain3d_cli.main(["generate", str(tmp_path / "s"), *options, "--shard", f"{number}/2"]) == 0
    assert f"pain3d merge {tmp_path / 's'} --out DIR" in capsys.readouterr().out
    assert pain3d_cli.main(["merge", str(tmp_path / "s"), "--out", str(tmp_path / "out")]) == 0
    assert "no problem found" in capsys.readouterr().out
    assert pain3d_cli.main(["generate", str(tmp_path / "s"), *options, "--shard", "3/2"]) == 2
    assert "shard is '3/2'" in capsys.readouterr().err
