"""Datasets that may not be published, and what the user is told: nothing of them reaches the network."""

from pathlib import Path

import pytest
from damage import change_spec
from fake_maker import FakeMaker
from refused_publications import reasons, set_metadata
from unbc_layout import write_unbc

import pain3d_cli
from dataset_script.importers.importing import import_dataset
from dataset_script.spec import Spec
from generation.run.generate import generate
from model_cards.publishing.plan import plan_publication
from model_cards.write import write_card

CONSENT = "written consent of the person shown to publication, ethics board 2026-114"


def made_with(directory: Path, **parts) -> Path:
    """A dataset with its card, of other parts of the generator."""
    generate(directory, Spec(identities=4, size=64, **parts), maker_factory=FakeMaker)
    write_card(directory)
    return directory


def test_a_dataset_with_its_card_may_be_published(dataset_with_card):
    publication = plan_publication("dataset", dataset_with_card, "user/pain3d")
    on_disk = {path.relative_to(dataset_with_card).as_posix() for path in dataset_with_card.rglob("*.*")}
    assert {file.path for file in publication.files} == on_disk
    assert publication.place == "datasets/user/pain3d" and publication.stays == ()
    assert publication.notes == ()  # nothing that would hinder the viewer


def test_what_does_not_verify_is_refused(data):
    shard = data / "data/train-00000-of-00001.parquet"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    assert any("sha256" in reason or "checksum" in reason for reason in reasons("dataset", data))


def test_an_unfinished_dataset_is_refused(data):
    (data / "pairs/train-00000-of-00001.parquet").unlink()
    assert any("pairs/train-00000-of-00001.parquet" in reason for reason in reasons("dataset", data))


def test_what_does_not_belong_to_a_dataset_stays_here(data):
    (data / ".env").write_text("HF_TOKEN=hf_secret")
    (data / "notes.docx").write_text("mine")
    (data / "runs").mkdir()
    publication = plan_publication("dataset", data, "user/pain3d")
    assert publication.stays == (".env", "notes.docx", "runs/")


@pytest.mark.parametrize(
    ("readme", "reason"),
    [
        (None, "README.md: "),
        ("# Pain3D\n\n## Uses\n", "it has no metadata"),
        ("---\nlicense: [\n---\n\n## Uses\n", "its metadata cannot be read"),
        ("---\nlicense: cc-by-4.0\nconfigs: []\n---\n", "there is no text below its metadata"),
        ("---\nlicense: cc-by-4.0\n---\n\n## Uses\n", "no `configs`"),
        ("---\nconfigs: [{config_name: default}]\n---\n\n## Uses\n", "its metadata has no `license`"),
    ],
)
def test_a_dataset_without_a_card_is_refused(data, readme, reason):
    (data / "README.md").unlink()
    if readme is not None:
        (data / "README.md").write_text(readme)
    assert any(reason in each for each in reasons("dataset", data))


def test_the_short_readme_of_generate_is_no_card(tmp_path):
    generate(tmp_path / "pain3d", Spec(identities=4, size=64), maker_factory=FakeMaker)
    found = reasons("dataset", tmp_path / "pain3d")
    assert found == [
        "README.md: it is the short text written with the data, not a card; "
        f"`pain3d card {tmp_path / 'pain3d'}` writes one"
    ]


def test_a_card_that_says_another_licence_than_the_rows_is_refused(data):
    set_metadata(data, license="mit")
    assert reasons("dataset", data) == ["README.md: its `license` is mit, that of the rows cc-by-4.0"]


def test_hunyuan_is_refused_whatever_is_stated(data):
    change_spec(data, look="hunyuan", diffusion_models="0" * 64)
    set_metadata(data, rights={"models": "Kandinsky 2.2, Apache-2.0; Hunyuan3D-2.1, allowed"})
    assert any("Tencent Hunyuan 3D 2.1 Community License forbids" in reason for reason in reasons("dataset", data))


def test_a_scan_needs_the_consent_of_the_person(tmp_path):
    data = made_with(tmp_path / "m", head="mesh", head_file="0" * 64)
    set_metadata(data, license="cc-by-4.0", rights={"head": "my own scan, CC-BY-4.0"})
    assert reasons("dataset", data) == [
        "README.md: its YAML must state under `rights: consent:` that every person shown agreed in writing to this "
        "publication, and the ethics approval if one is due; or that the head is no real person's"
    ]
    set_metadata(data, rights={"head": "my own scan, CC-BY-4.0", "consent": CONSENT})
    write_card(data)  # keeps what was stated
    assert plan_publication("dataset", data, "user/scan").files


def test_clinical_data_are_refused(tmp_path):
    import_dataset(write_unbc(tmp_path / "UNBC"), tmp_path / "unbc", copy=True)
    write_card(tmp_path / "unbc")
    set_metadata(tmp_path / "unbc", license="cc-by-4.0", rights={"consent": CONSENT})
    found = reasons("dataset", tmp_path / "unbc")
    assert found == ["the licence of the rows is 'UNBC-McMaster agreement', which does not allow to publish them"]


@pytest.mark.parametrize("name", ["pain3d", "user/pain3d/x", "user/pa in", "user/..", "/pain3d", "user/" + "x" * 97])
def test_a_name_that_is_none_on_the_hub_is_refused(dataset_with_card, name, capsys):
    assert pain3d_cli.main(["publish", "--dataset", str(dataset_with_card), "--repo-id", name, "--dry-run"]) == 2
    assert "allowed: OWNER/NAME" in capsys.readouterr().err


def test_the_dry_run_lists_what_goes_where(dataset_with_card, capsys):
    call = ["publish", "--dataset", str(dataset_with_card), "--repo-id", "user/pain3d", "--dry-run"]
    assert pain3d_cli.main(call) == 0
    text = capsys.readouterr().out
    assert text.startswith("datasets/user/pain3d (private)\n")
    size = (dataset_with_card / "data/train-00000-of-00001.parquet").stat().st_size
    assert f"{size:,}  data/train-00000-of-00001.parquet\n" in text


def test_the_command_lists_every_reason_and_fails(data, capsys):
    (data / "README.md").write_text("---\nlicense: mit\n---\n")
    assert pain3d_cli.main(["publish", "--dataset", str(data), "--repo-id", "user/pain3d"]) == 1
    lines = capsys.readouterr().err.splitlines()  # on a slow machine also how far it is
    assert lines[-1] == f"pain3d: {data} is not published, for 3 reasons"
    assert len([line for line in lines if line.startswith("README.md: ")]) == 3


def test_a_directory_of_another_kind_is_a_wrong_call(tmp_path, dataset_with_card):
    for kind, directory in (("dataset", tmp_path), ("model", dataset_with_card), ("metric", dataset_with_card)):
        assert pain3d_cli.main(["publish", f"--{kind}", str(directory), "--repo-id", "user/x", "--dry-run"]) == 2
