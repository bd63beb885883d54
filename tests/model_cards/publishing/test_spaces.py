"""Metrics and demos that may be published and that may not; the examples of all cards."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub.repocard import metadata_load
from refused_publications import reasons, set_metadata
from unbc_layout import write_unbc

import evaluation
import pain3d_cli
from dataset_script.errors import InvalidInput
from dataset_script.importers.importing import import_dataset
from generation.catalogue import LOOKS
from model_cards.publishing.examples import with_repository
from model_cards.publishing.files import PublishedFile
from model_cards.publishing.plan import plan_publication

METRICS = Path(evaluation.__file__).parent


def test_every_metric_of_ours_has_a_card(tmp_path):
    for folder in sorted(METRICS.iterdir()):
        if (folder / f"{folder.name}.py").is_file():
            assert metadata_load(folder / "README.md")["license"] == "apache-2.0", folder.name


def test_a_metric_is_published_under_its_own_name():
    with pytest.raises(InvalidInput, match="allowed: OWNER/macro_auroc"):
        plan_publication("metric", METRICS / "macro_auroc", "user/auroc")


@pytest.mark.slow
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


def write_model(folder: Path, licence: str | None, card: str = "---\nlicense: apache-2.0\n---\n\n# Model\n") -> None:
    """What of a trained model says what it is, and under which licence its training frames were."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "vitpain"}')
    (folder / "training.json").write_text(json.dumps({"data": {"path": "gone", "licences": [licence]}}))
    (folder / "README.md").write_text(card)


def test_a_demo_may_hold_data_and_models_that_may_be_published(demo, dataset_with_card):
    shutil.copytree(dataset_with_card, demo / "data")
    write_model(demo / "model", "CC-BY-4.0")
    (demo / "config.json").write_text('["of something else"]')
    (demo / "spec.json").write_text('{"openapi": "3.1.0"}')
    pq.write_table(pa.table({"score": [1.0]}), demo / "examples/scores.parquet")
    paths = {file.path for file in plan_publication("demo", demo, "user/demo").files}
    assert {"data/manifest.jsonl", "model/training.json", "examples/scores.parquet"} < paths


def test_a_demo_with_data_that_may_not_be_published_is_refused(demo, tmp_path):
    import_dataset(write_unbc(tmp_path / "UNBC"), demo / "inside/faces", copy=True)
    found = reasons("demo", demo, "user/demo")
    licence = "the licence of the rows is 'UNBC-McMaster agreement', which does not allow to publish them"
    assert f"inside/faces, a dataset: {licence}" in found
    assert all(reason.startswith("inside/faces, a dataset: ") for reason in found)
    shard = next((demo / "inside/faces/data").glob("*.parquet")).rename(demo / "examples/faces.parquet")
    shutil.rmtree(demo / "inside")
    assert f"examples/{shard.name}, frames: {licence}" in reasons("demo", demo, "user/demo")


def test_a_demo_that_is_such_a_dataset_itself_is_refused(demo, tmp_path):
    import_dataset(write_unbc(tmp_path / "UNBC"), tmp_path / "faces", copy=True)
    shutil.copytree(tmp_path / "faces/data", demo / "data")  # the shards alone, without any record
    assert any(
        reason.startswith("the folder itself, a dataset: the licence of")
        for reason in reasons("demo", demo, "user/demo")
    )


def test_a_demo_with_a_model_that_may_not_be_published_is_refused(demo):
    stated = "---\nlicense: apache-2.0\nrights:\n  data: pictures of ours, of a painter\n---\n\n# Model\n"
    write_model(demo / "painted", LOOKS["hunyuan"].frames_licence, stated)
    (only,) = reasons("demo", demo, "user/demo")
    assert only.startswith("painted, a model: its training data: the Tencent Hunyuan 3D 2.1 Community License forbids")
    shutil.rmtree(demo / "painted")
    write_model(demo / "unknown", None)
    (only,) = reasons("demo", demo, "user/demo")
    assert only.startswith("unknown, a model: README.md: its YAML must state under `rights: data:`")
    (demo / "unknown/README.md").unlink()
    assert reasons("demo", demo, "user/demo")[0].startswith("unknown, a model: README.md: there is no card")


def test_a_demo_that_is_no_gradio_space_is_refused(demo):
    set_metadata(demo, sdk="static")
    (demo / "app.py").write_text("import gradio as\n")
    first, second = reasons("demo", demo, "user/demo")
    assert first == "README.md: `sdk` is 'static'; allowed: gradio"
    assert second.startswith("app.py: invalid syntax")
    (demo / "app.py").unlink()
    with pytest.raises(InvalidInput, match=r"is no demo: there is no app\.py"):
        plan_publication("demo", demo, "user/demo")


def test_programs_may_read_the_dry_run(demo, capsys):
    assert pain3d_cli.main(["publish", "--demo", str(demo), "--repo-id", "user/demo", "--dry-run", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["files"] == {path: (demo / path).stat().st_size for path in listed["files"]}
    assert listed["bytes"] == sum(listed["files"].values()) and listed["repo_type"] == "space"


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
