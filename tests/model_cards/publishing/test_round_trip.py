"""What was published loads by its name: in processes that know the Hub's address and a token, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import snapshot_download
from safetensors.torch import load_file
from small_vitpain import small_model, trained

import evaluation
import pain3d_cli
from dataset_script.directory import DatasetDirectory
from model_cards.publishing.plan import plan_publication
from model_cards.publishing.publication import NotPublishable
from modeling_vitpain.image_processing_vitpain import ViTPainImageProcessor

METRICS = Path(evaluation.__file__).parent
ALONE = """
import json, sys
class Absent:
    def find_spec(self, name, *_):
        if name.split(".")[0] in ("evaluation", "dataset_script", "modeling_vitpain", "generation", "model_cards"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
"""


def published(capsys, kind: str, directory: Path, repo_id: str, *options: str) -> dict:
    """What `pain3d publish --json` says."""
    assert pain3d_cli.main(["publish", f"--{kind}", str(directory), "--repo-id", repo_id, "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


def run(program: str, environment: dict[str, str], cwd: Path, *arguments: object) -> dict:
    """Runs a program that lacks our packages; what it prints last is JSON."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE + program, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_dataset_loads_whole_and_streaming(logged_in, environment, dataset_with_card, tmp_path, capsys):
    said = published(capsys, "dataset", dataset_with_card, "user/pain3d", "--tag", "v1.0")
    assert said["private"] and said["tag"] == "v1.0"
    logged_in.log.clear()
    program = """
from datasets import load_dataset
whole = load_dataset("user/pain3d", revision="v1.0")
rows = {split: [[row["frame_id"], row["pspi"], row["image"].size] for row in part] for split, part in whole.items()}
stream = load_dataset("user/pain3d", "pairs", split="train", revision=sys.argv[1], streaming=True)
pairs = [[row["frame_id"], row["neutral_image"].size] for row in stream]
print(json.dumps({"rows": rows, "pairs": pairs}))
"""
    found = run(program, environment, tmp_path, said["commit"])
    expected = DatasetDirectory.open(dataset_with_card)
    for split, rows in found["rows"].items():
        shards = [shard for shard in expected.of_config("default") if shard.split == split]
        tables = [part for _, part in expected.read(["frame_id", "pspi"], shards)]
        assert [row[:2] for row in rows] == [[r["frame_id"], r["pspi"]] for part in tables for r in part.to_pylist()]
        assert all(row[2] == [64, 64] for row in rows)
    (pairs,) = [shard for shard in expected.of_config("pairs") if shard.split == "train"]
    assert len(found["pairs"]) == expected.num_rows(pairs)
    assert logged_in.requests("GET", "/content/", 206)  # streaming reads ranges
    assert logged_in.requests("GET", "cursor=")  # and directories come in pages


def model_directory(out: Path, data: Path) -> Path:
    """A small model as `pain3d train` leaves it, with a card."""
    trained(small_model()).save_pretrained(out)
    ViTPainImageProcessor().save_pretrained(out)
    found = DatasetDirectory.open(data)
    record = {"data": {"path": str(data), "spec_hash": found.origin}, "options": {"data": str(data)}}
    (out / "training.json").write_text(json.dumps(record))
    example = 'load = {"trust_remote_code": True, "revision": "main"}\nAutoModel.from_pretrained("vitpain", **load)'
    (out / "README.md").write_text(f"---\nlicense: apache-2.0\n---\n\n# ViTPain\n\n## Uses\n\n{example}\n")
    return out


def test_a_model_loads_pinned_to_a_revision(logged_in, environment, dataset_with_card, tmp_path, capsys):
    model = model_directory(tmp_path / "vitpain", dataset_with_card)
    first = published(capsys, "model", model, "user/vitpain", "--tag", "v1.0")
    card = logged_in.repos["model", "user/vitpain"].commit_at("v1.0").files["README.md"].data.decode()
    assert (
        '{"trust_remote_code": True, "revision": "v1.0"}' in card and 'from_pretrained("user/vitpain", **load)' in card
    )
    weights = {name: tensor.sum().item() for name, tensor in load_file(model / "model.safetensors").items()}
    small_model().save_pretrained(model)  # other weights under the same name, later
    second = published(capsys, "model", model, "user/vitpain")
    assert second["sent"] == ["README.md", "model.safetensors"] and second["commit"] != first["commit"]
    program = """
import torch
from transformers import AutoImageProcessor, AutoModel
load = {"trust_remote_code": True, "revision": sys.argv[1]}
model = AutoModel.from_pretrained("user/vitpain", **load)
processor = AutoImageProcessor.from_pretrained("user/vitpain", **load)
said = model(pixel_values=torch.zeros(1, 3, 32, 32))
sums = {name: tensor.sum().item() for name, tensor in model.state_dict().items()}
print(json.dumps({"sums": sums, "pspi": said.pspi.item(), "processor": type(processor).__name__}))
"""
    found = run(program, environment, tmp_path, first["commit"])
    assert {name: found["sums"][name] for name in weights} == pytest.approx(weights)
    pspi = trained(small_model())(pixel_values=torch.zeros(1, 3, 32, 32)).pspi.item()
    assert found["pspi"] == pytest.approx(pspi) and found["processor"] == "ViTPainImageProcessor"


def test_the_records_of_a_model_name_no_folder_of_this_machine(logged_in, dataset_with_card, tmp_path, capsys):
    model = model_directory(tmp_path / "vitpain", dataset_with_card)
    published(capsys, "model", model, "user/vitpain")
    repo = logged_in.repos["model", "user/vitpain"]
    files = repo.commit_at("main").files
    assert json.loads(files["training.json"].data)["options"]["data"] == dataset_with_card.name
    assert not [path for path, file in files.items() if str(tmp_path).encode() in repo.content(file)]
    assert published(capsys, "model", model, "user/vitpain")["sent"] == []


def test_a_model_without_its_code_card_or_data_is_refused(dataset_with_card, tmp_path):
    model = model_directory(tmp_path / "vitpain", dataset_with_card)
    (model / "modeling_vitpain.py").unlink()
    (model / "README.md").unlink()
    (model / "training.json").write_text(json.dumps({"data": {"path": str(tmp_path / "gone"), "spec_hash": "0"}}))
    with pytest.raises(NotPublishable) as refusal:
        plan_publication("model", model, "user/vitpain")
    code, card, rights = refusal.value.reasons
    assert code == "modeling_vitpain.py: missing, and config.json names it as remote code"
    assert card.startswith("README.md: there is no card") and "`rights: data:`" in rights


def test_a_model_that_does_not_load_is_refused(dataset_with_card, tmp_path):
    model = model_directory(tmp_path / "vitpain", dataset_with_card)
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(NotPublishable) as refusal:
        plan_publication("model", model, "user/vitpain")
    assert "cannot be loaded" in refusal.value.reasons[0]


@pytest.mark.slow
def test_a_metric_loads_by_its_name(logged_in, environment, tmp_path, capsys):
    said = published(capsys, "metric", METRICS / "macro_auroc", "user/macro_auroc", "--tag", "v1.0")
    assert said["repo_type"] == "space" and logged_in.repos["space", "user/macro_auroc"].sdk == "static"
    page = logged_in.repos["space", "user/macro_auroc"].commit_at("main").files["index.html"].data.decode()
    assert "<title>Macro AUROC of PSPI</title>" in page and "&quot;" in page
    scores, labels = np.random.default_rng(0).random((8, 17)).tolist(), [0, 0, 3, 4, 4, 16, 2, 3]
    program = """
import evaluate
given = json.loads(sys.argv[1])
print(json.dumps(evaluate.load("user/macro_auroc", revision="v1.0").compute(**given)))
"""
    found = run(program, environment, tmp_path, json.dumps({"predictions": scores, "references": labels}))
    assert found == json.loads(json.dumps(evaluation.macro_auroc(scores, labels)))


def test_a_demo_becomes_a_gradio_space(logged_in, tmp_path, capsys):
    demo = tmp_path / "demo"
    demo.mkdir()
    (demo / "README.md").write_text("---\ntitle: Demo\nsdk: gradio\nlicense: apache-2.0\n---\n\n# Demo\n")
    (demo / "app.py").write_text("import gradio\n")
    (demo / "requirements.txt").write_text("numpy\n")
    published(capsys, "demo", demo, "user/demo")
    assert logged_in.repos["space", "user/demo"].sdk == "gradio"
    back = snapshot_download("user/demo", repo_type="space", cache_dir=tmp_path / "cache")
    assert set(os.listdir(back)) == {".gitattributes", "README.md", "app.py", "requirements.txt"}
