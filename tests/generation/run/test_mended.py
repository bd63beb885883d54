"""Whatever happens to finished shards, `verify` names it and the same command mends it."""

import shutil
from pathlib import Path

import pytest
from directories import contents
from fake_maker import FakeMaker

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.spec import Spec
from generation.run.audit import audit
from generation.run.generate import generate

SPEC = Spec(identities=4, size=64, identities_per_shard=1)
FIRST, SECOND = (f"data/train-0000{k}-of-00002.parquet" for k in range(2))
PAIRS = "pairs/test-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "pain3d"
    generate(out, SPEC, maker_factory=FakeMaker)
    return out


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "pain3d")


def truncate(directory: Path) -> None:
    (directory / FIRST).write_bytes((directory / FIRST).read_bytes()[:-100])


def flip_a_bit(directory: Path) -> None:
    content = bytearray((directory / FIRST).read_bytes())
    content[len(content) // 3] ^= 4
    (directory / FIRST).write_bytes(content)


def overwrite_with_another(directory: Path) -> None:
    shutil.copyfile(directory / FIRST, directory / SECOND)


def remove(directory: Path) -> None:
    (directory / FIRST).unlink()


def swap(directory: Path) -> None:
    first, second = ((directory / name).read_bytes() for name in (FIRST, SECOND))
    (directory / FIRST).write_bytes(second)
    (directory / SECOND).write_bytes(first)


def copy_beside(directory: Path) -> None:
    shutil.copyfile(directory / FIRST, directory / "data/train-00000-of-00002 (copy).parquet")


def empty_one_of_pairs(directory: Path) -> None:
    (directory / PAIRS).write_bytes(b"")


DAMAGE = {
    truncate: {FIRST: "has"},
    flip_a_bit: {FIRST: "damaged"},
    overwrite_with_another: {SECOND: "manifest says"},
    remove: {FIRST: "missing"},
    swap: {FIRST: "manifest says", SECOND: "manifest says"},
    copy_beside: {"data/train-00000-of-00002 (copy).parquet": "does not belong here"},
    empty_one_of_pairs: {PAIRS: "has 0 bytes"},
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_damage_is_named_and_mended(copy, whole, damage):
    damage(copy)
    found = dict(problem.split(": ", 1) for problem in audit(copy, quick=True).problems)
    assert found.keys() == DAMAGE[damage].keys()
    assert all(text in found[name] for name, text in DAMAGE[damage].items())
    generate(copy, SPEC, maker_factory=FakeMaker)
    assert contents(copy) == contents(whole)


def test_shards_of_one_size_that_were_swapped_are_told_apart(copy, whole):
    """As bits that flipped: only the sums differ."""
    smaller, larger = sorted((FIRST, SECOND), key=lambda name: (copy / name).stat().st_size)
    content = (copy / larger).read_bytes()
    (copy / smaller).write_bytes(content[: (copy / smaller).stat().st_size])
    assert audit(copy, quick=True).problems[0].startswith(f"{smaller}: damaged")
    assert generate(copy, SPEC, maker_factory=FakeMaker).made > 0
    assert contents(copy) == contents(whole)


def test_a_file_that_would_be_read_but_is_no_copy_is_left_to_its_owner(copy, whole):
    stranger = copy / "data/train-extra.parquet"
    stranger.write_bytes(b"PAR1 of somebody")
    with pytest.raises(InvalidInput, match=r"train-extra\.parquet is no shard of this dataset.*move it away"):
        generate(copy, SPEC, maker_factory=FakeMaker)
    stranger.rename(copy / "data/notes.parquet")  # no pattern of the README matches this
    assert generate(copy, SPEC, maker_factory=FakeMaker).made == 0


def test_a_damaged_manifest_says_what_to_do_and_that_mends_it(copy, whole):
    manifest = copy / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes().replace(b"default", b"def\x01ult", 1))
    with pytest.raises(WorkFailed, match=r"is damaged: line 1: .*; delete it and run the same command again"):
        generate(copy, SPEC, maker_factory=FakeMaker)
    manifest.unlink()
    assert generate(copy, SPEC, maker_factory=FakeMaker).made == 4 * 33
    assert contents(copy) == contents(whole)
