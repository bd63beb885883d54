"""What may not be published, and what the user is told: nothing of it reaches the network."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from damage import change_spec
from fake_maker import FakeMaker
from huggingface_hub.repocard import metadata_load
from unbc_layout import write_unbc

import evaluation
import pain3d_cli
from dataset_script.directory import DatasetDirectory
from dataset_script.errors import InvalidInput
from dataset_script.importers.importing import import_dataset
from dataset_script.spec import Spec
from generation.catalogue import CATALOGUE, HEADS, LOOKS, OTHER
from generation.run.generate import generate
from model_cards.publishing.card import Card
from model_cards.publishing.examples import with_repository
from model_cards.publishing.files import PublishedFile
from model_cards.publishing.licences import FORBIDDEN, FREE, NEEDED, dataset_licence_problems, training_licence_problems
from model_cards.publishing.plan import plan_publication
from model_cards.publishing.publication import NotPublishable
from model_cards.write import write_card

METRICS = Path(evaluation.__file__).parent
CONSENT = "written consent of the person shown to publication, ethics board 2026-114"


def reasons(kind: str, directory: Path, repo_id: str = "user/pain3d") -> list[str]:
    with pytest.raises(NotPublishable) as refusal:
        plan_publication(kind, directory, repo_id)
    return refusal.value.reasons


def set_metadata(directory: Path, **values) -> None:
    """Changes values of the YAML of a card; None takes one away."""
    readme = directory / "README.md"
    body = readme.read_text().split("---\n", 2)[2]
    kept = {name: value for name, value in {**metadata_load(readme), **values}.items() if value is not None}
    readme.write_text(f"---\n{yaml.safe_dump(kept, sort_keys=False, allow_unicode=True)}---\n{body}")


def made_with(directory: Path, **parts) -> Path:
    """A dataset with its card, of other parts of the generator."""
    generate(directory, Spec(identities=4, size=64, **parts), maker_factory=FakeMaker)
    write_card(directory)
    return directory


# datasets


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
    assert plan_publication("dataset", data, "user/scan").files


def test_clinical_data_are_refused(tmp_path):
    import_dataset(write_unbc(tmp_path / "UNBC"), tmp_path / "unbc", copy=True)
    write_card(tmp_path / "unbc")
    set_metadata(tmp_path / "unbc", license="cc-by-4.0", rights={"consent": CONSENT})
    found = reasons("dataset", tmp_path / "unbc")
    assert found == ["the licence of the rows is 'UNBC-McMaster agreement', which does not allow to publish them"]


def judged(
    licences, rights: dict | None = None, spec: dict | None = None, imported: bool = False, licence: str = "cc-by-4.0"
) -> list[str]:
    """Why data with these licences of rows may not be published, where the card states these rights."""
    record = {"hash": "0"} if imported else None
    found = DatasetDirectory(Path("data"), (), False, (), None if imported else spec or {}, record)
    return dataset_licence_problems(found, licences, Card({"license": licence, "rights": rights or {}}))


def test_flame_needs_a_licence_that_allows_it():
    flame = [HEADS["flame"].frames_licence]
    assert "must state under `rights: head:`" in judged(flame)[0]
    assert "such a licence forbids" in judged(flame, {"head": "FLAME 2020, for non-commercial research"})[0]
    assert judged(flame, {"head": "FLAME 2023 Open, CC-BY-4.0"}) == []


def test_a_word_is_no_statement():
    scan, head = [HEADS["mesh"].frames_licence], "my own scan, CC-BY-4.0"
    assert len(judged(scan, {"head": head, "consent": "yes"})) == 1
    assert judged(scan, {"head": head, "consent": CONSENT}) == []


def test_every_licence_of_the_catalogue_is_judged():
    for entries in CATALOGUE.values():
        for entry in entries.values():
            licence = entry.frames_licence
            assert licence.lower() in FREE or licence in NEEDED or licence in FORBIDDEN, entry.name


def test_licences_of_several_parts_are_each_asked_for():
    both = OTHER + "; ".join(entry.frames_licence.removeprefix(OTHER) for entry in (HEADS["mesh"], LOOKS["diffusion"]))
    assert ["rights: models" in each or "rights: head" in each for each in judged([both], {"consent": CONSENT})] == [
        True,
        True,
    ]
    rights = {"head": "mine, CC0-1.0", "consent": CONSENT, "models": "a depth ControlNet, Apache-2.0"}
    assert judged([both], rights) == []
    assert judged([both + "; whatever else"], rights)


def test_the_specification_is_believed_before_the_rows():
    assert judged(["CC-BY-4.0"], spec={"look": "hunyuan"})
    assert judged(["CC-BY-4.0"], spec={"head": "mesh", "look": "procedural"})
    assert not judged(["CC-BY-4.0"], spec={"head": "makehuman", "look": "procedural"})


@pytest.mark.parametrize("licences", [[], [None], ["CC-BY-4.0", None], ["unknown"], ["all rights reserved"]])
def test_rows_without_a_licence_that_allows_it_are_refused(licences):
    assert judged(licences, {"consent": CONSENT}, imported=True)


def test_imported_pictures_need_consent():
    assert judged(["CC-BY-4.0"], imported=True)
    assert not judged(["CC-BY-4.0"], {"consent": CONSENT}, imported=True)


def test_training_data_decide_on_a_model():
    free, stated = Card({"license": "mit"}), Card({"license": "mit", "rights": {"data": "UNBC-McMaster, by agreement"}})
    assert training_licence_problems(["CC-BY-4.0"], free) == []
    assert training_licence_problems([None], free) and training_licence_problems(["UNBC-McMaster agreement"], free)
    assert training_licence_problems([None, "UNBC-McMaster agreement"], stated) == []
    assert training_licence_problems([LOOKS["hunyuan"].frames_licence], stated)


# examples


@pytest.mark.parametrize(
    ("kind", "text", "tagged", "untagged"),
    [
        (
            "model",
            '{"revision": "main"}\nfrom_pretrained("name", **load)\nfrom_pretrained("names")\n--model name`',
            '{"revision": "v1.0"}\nfrom_pretrained("me/it", **load)\nfrom_pretrained("names")\n--model me/it`',
            '{"revision": "main"}\nfrom_pretrained("me/it", **load)\nfrom_pretrained("names")\n--model me/it`',
        ),
        (
            "metric",
            'evaluate.load("evaluation/name")',
            'evaluate.load("me/it", revision="v1.0")',
            'evaluate.load("me/it")',
        ),
        (
            "dataset",
            'load_dataset("name", "pairs")',
            'load_dataset("me/it", "pairs")',
            'load_dataset("me/it", "pairs")',
        ),
        ("demo", 'load_dataset("name")', 'load_dataset("name")', 'load_dataset("name")'),
    ],
)
def test_examples_name_the_repository_and_its_tag(tmp_path, kind, text, tagged, untagged):
    (tmp_path / "README.md").write_text(text)
    file = PublishedFile("README.md", tmp_path / "README.md")
    for tag, expected in (("v1.0", tagged), (None, untagged)):
        (changed,) = with_repository([file], kind, "name", "me/it", tag)
        assert (changed.content or text.encode()).decode() == expected


@pytest.mark.parametrize("tag", ["", "v 1", "-v1", "a..b", "x.lock", "refs/heads/main"])
def test_a_tag_that_git_does_not_take_is_refused(dataset_with_card, tag):
    with pytest.raises(InvalidInput, match="--tag is "):
        plan_publication("dataset", dataset_with_card, "user/pain3d", tag)


# metrics and demos


def test_every_metric_of_ours_has_a_card(tmp_path):
    for folder in sorted(METRICS.iterdir()):
        if (folder / f"{folder.name}.py").is_file():
            assert metadata_load(folder / "README.md")["license"] == "apache-2.0", folder.name


def test_a_metric_is_published_under_its_own_name():
    with pytest.raises(InvalidInput, match="allowed: OWNER/macro_auroc"):
        plan_publication("metric", METRICS / "macro_auroc", "user/auroc")


def test_a_metric_that_does_not_load_alone_is_refused(tmp_path):
    folder = shutil.copytree(METRICS / "macro_auroc", tmp_path / "macro_auroc")
    (folder / "functions.py").unlink()
    (folder / "README.md").write_text("# no metadata\n")
    first, second = reasons("metric", folder, "user/macro_auroc")
    assert first.startswith("macro_auroc.py: `evaluate.load` cannot load it: ") and "functions.py" in first
    assert second.startswith("README.md: it has no metadata")


@pytest.fixture
def demo(tmp_path) -> Path:
    folder = tmp_path / "demo"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "examples").mkdir()
    (folder / "README.md").write_text("---\ntitle: Demo\nsdk: gradio\nlicense: apache-2.0\n---\n\n# Demo\n")
    (folder / "app.py").write_text("import gradio\n")
    (folder / "requirements.txt").write_text("numpy\n")
    (folder / "examples/face.png").write_bytes(b"png")
    (folder / "__pycache__/app.pyc").write_bytes(b"compiled")
    (folder / ".env").write_text("HF_TOKEN=hf_secret")
    return folder


def test_a_demo_is_every_file_but_hidden_and_compiled_ones(demo):
    publication = plan_publication("demo", demo, "user/demo")
    assert [file.path for file in publication.files] == ["README.md", "app.py", "examples/face.png", "requirements.txt"]
    assert publication.stays == (".env", "__pycache__/") and publication.sdk == "gradio"
    assert publication.place == "spaces/user/demo"


def test_a_demo_that_is_no_gradio_space_is_refused(demo):
    set_metadata(demo, sdk="static")
    (demo / "app.py").write_text("import gradio as\n")
    first, second = reasons("demo", demo, "user/demo")
    assert first == "README.md: `sdk` is 'static'; allowed: gradio"
    assert second.startswith("app.py: invalid syntax")
    (demo / "app.py").unlink()
    with pytest.raises(InvalidInput, match=r"is no demo: there is no app\.py"):
        plan_publication("demo", demo, "user/demo")


# the command


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


def test_programs_may_read_the_dry_run(demo, capsys):
    assert pain3d_cli.main(["publish", "--demo", str(demo), "--repo-id", "user/demo", "--dry-run", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["files"] == {path: (demo / path).stat().st_size for path in listed["files"]}
    assert listed["bytes"] == sum(listed["files"].values()) and listed["repo_type"] == "space"


def test_the_command_lists_every_reason_and_fails(data, capsys):
    (data / "README.md").write_text("---\nlicense: mit\n---\n")
    assert pain3d_cli.main(["publish", "--dataset", str(data), "--repo-id", "user/pain3d"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == f"pain3d: {data} is not published, for 3 reasons" and len(lines) == 4


def test_a_directory_of_another_kind_is_a_wrong_call(tmp_path, dataset_with_card):
    for kind, directory in (("dataset", tmp_path), ("model", dataset_with_card), ("metric", dataset_with_card)):
        assert pain3d_cli.main(["publish", f"--{kind}", str(directory), "--repo-id", "user/x", "--dry-run"]) == 2
