"""Saving and loading: bit-equal, with and without remote code, in processes that know nothing of this one."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoModelForImageClassification, ViTModel, pipeline

from dataset_script.facs import AU_NAMES
from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment, ViTPainImageProcessor

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return ViTPainForPainAssessment(ViTPainConfig.tiny()).eval()


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("saved") / "vitpain"
    processor = ViTPainImageProcessor(size={"height": 112, "width": 112})
    model.save_pretrained(directory)
    processor.save_pretrained(directory)
    return directory


def test_pipeline_saves_as_much_as_the_model(saved, tmp_path):
    pipeline("pain-assessment", model=str(saved), device="cpu").save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in saved.iterdir()}
    for name in ("auto_map", "custom_pipelines"):
        assert read_config(tmp_path)[name] == read_config(saved)[name]


def read_config(directory: Path) -> dict:
    return json.loads((directory / "config.json").read_text())


@pytest.fixture(scope="module")
def pixels():
    return torch.randn(2, 3, 112, 112, generator=torch.Generator().manual_seed(3))


def same_bits(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_round_trip_is_bit_equal(model, saved, pixels):
    loaded, report = ViTPainForPainAssessment.from_pretrained(saved, output_loading_info=True)
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert same_bits(model, loaded)
    assert torch.equal(model(pixels).logits, loaded(pixels).logits)


def test_tensors_keep_their_names_on_disk(model, saved):
    """Trainer reloads checkpoints by name with strict=False: any other name would silently not be loaded."""
    assert load_file(saved / "model.safetensors").keys() == model.state_dict().keys()


def test_files_are_safetensors_and_code(saved):
    assert {path.name for path in saved.iterdir()} == {
        "arrays_vitpain.py",
        "backbone_vitpain.py",
        "config.json",
        "configuration_checks_vitpain.py",
        "configuration_vitpain.py",
        "given_pictures_vitpain.py",
        "heads_vitpain.py",
        "image_processing_vitpain.py",
        "jpeg_data_vitpain.py",
        "losses_vitpain.py",
        "model.safetensors",
        "modeling_vitpain.py",
        "output_vitpain.py",
        "picture_text_vitpain.py",
        "pictures_vitpain.py",
        "pipeline_vitpain.py",
        "preprocessor_config.json",
        "reference_vitpain.py",
        "scores_vitpain.py",
    }
    config = read_config(saved)
    assert config["auto_map"] == {
        "AutoConfig": "configuration_vitpain.ViTPainConfig",
        "AutoModel": "modeling_vitpain.ViTPainForPainAssessment",
        "AutoModelForImageClassification": "modeling_vitpain.ViTPainForPainAssessment",
        "AutoImageProcessor": "image_processing_vitpain.ViTPainImageProcessor",
    }
    assert config["custom_pipelines"]["pain-assessment"]["impl"] == "pipeline_vitpain.PainAssessmentPipeline"
    processor = json.loads((saved / "preprocessor_config.json").read_text())
    assert processor["auto_map"]["AutoImageProcessor"] == "image_processing_vitpain.ViTPainImageProcessor"


def test_auto_classes_after_import(saved):
    assert type(AutoConfig.from_pretrained(saved)) is ViTPainConfig
    assert type(AutoModel.from_pretrained(saved)) is ViTPainForPainAssessment
    assert type(AutoModelForImageClassification.from_pretrained(saved)) is ViTPainForPainAssessment
    processor = AutoImageProcessor.from_pretrained(saved)
    assert type(processor) is ViTPainImageProcessor
    assert (processor.size.height, processor.size.width) == (112, 112)


REMOTE = """
import json, sys
import torch
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoModelForImageClassification, pipeline

directory, again = sys.argv[1:]
config = AutoConfig.from_pretrained(directory, trust_remote_code=True)
model = AutoModel.from_pretrained(directory, trust_remote_code=True)
classifier = AutoModelForImageClassification.from_pretrained(directory, trust_remote_code=True)
processor = AutoImageProcessor.from_pretrained(directory, trust_remote_code=True)
assert "modeling_vitpain" not in sys.modules and "dataset_script" not in sys.modules
assert type(model).__module__.startswith("transformers_modules.") and type(model) is type(classifier)
pixels = torch.randn(2, 3, 112, 112, generator=torch.Generator().manual_seed(3))
pipe = pipeline(model=directory, trust_remote_code=True)
scores = pipe(Image.new("RGB", (90, 80), (200, 150, 120)))
named = pipeline("pain-assessment", model=directory, trust_remote_code=True)
assert named(Image.new("RGB", (90, 80), (200, 150, 120))) == scores
pipe.save_pretrained(again)
print(json.dumps({"logits": model.eval()(pixels).logits.tolist(), "scores": scores, "type": config.model_type}))
"""


def run_alone(code: str, tmp_path: Path, *arguments: str) -> dict:
    """Runs `code` in a fresh process, offline, outside the repository, without this package on the path."""
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "HF_HOME")},
        "HF_HUB_OFFLINE": "1",
        "HF_MODULES_CACHE": str(tmp_path / "modules"),
    }
    command = [sys.executable, "-c", code, *arguments]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


MORE = {"au_names": [*AU_NAMES, "AU12", "AU25"], "au_spread": True, "expression_head": True}


@pytest.mark.parametrize(
    "settings", [pytest.param({}, id="paper"), pytest.param(MORE, id="more", marks=pytest.mark.slow)]
)
def test_remote_code_in_a_fresh_process(settings, saved, pixels, tmp_path):
    directory = tmp_path / "saved"
    shutil.copytree(saved, directory)
    torch.manual_seed(0)
    model = ViTPainForPainAssessment(ViTPainConfig.tiny(**settings)).eval()
    model.save_pretrained(directory)
    found = run_alone(REMOTE, tmp_path, str(directory), str(tmp_path / "again"))
    assert torch.equal(torch.tensor(found["logits"]), model(pixels).logits)
    assert found["type"] == "vitpain"
    more = {"au_interval", "pain_probability"} if settings else set()
    assert found["scores"].keys() == {"pspi", "pspi_interval", "au"} | more
    assert list(found["scores"]["au"]) == model.config.au_names
    # what remote code saves is as complete as what it was loaded from
    assert {p.name for p in (tmp_path / "again").iterdir()} == {p.name for p in directory.iterdir()}
    assert same_bits(model, ViTPainForPainAssessment.from_pretrained(tmp_path / "again"))


def test_the_root_is_remote_code_only_and_imports_what_the_hub_has(saved):
    """Every file but `__init__` is saved with a model, and imports its neighbours, four libraries and Python's own."""
    root = ROOT / "modeling_vitpain"
    assert {path.name for path in root.glob("*.py")} - {"__init__.py"} == {path.name for path in saved.glob("*.py")}
    allowed = {"torch", "transformers", "numpy", "PIL", *sys.stdlib_module_names}
    for path in root.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert {name.name.split(".")[0] for name in node.names} <= allowed, path.name
            elif isinstance(node, ast.ImportFrom):
                inside = node.level == 1 and (root / f"{node.module}.py").is_file()
                assert inside or (not node.level and node.module.split(".")[0] in allowed), (
                    f"{path.name}: {node.module}"
                )


def test_new_heads_on_a_pretrained_backbone(tmp_path, pixels):
    config = ViTPainConfig.tiny().backbone_config
    torch.manual_seed(1)
    bare = ViTModel(config).eval()  # with a pooler, saved under the old names, as ViTs on the Hub are
    bare.save_pretrained(tmp_path)
    model = ViTPainForPainAssessment.from_backbone(str(tmp_path), au_head="cls").eval()
    assert model.config.au_head == "cls"
    model.save_pretrained(tmp_path / "saved")
    assert str(tmp_path) not in (tmp_path / "saved" / "config.json").read_text()
    torch.testing.assert_close(model(pixels).cls, bare(pixels).last_hidden_state[:, 0])


def test_pipeline_gives_named_scores(saved):
    pipe = pipeline("pain-assessment", model=str(saved), device="cpu")
    pictures = [Image.new("RGB", (64, 64), (200, 150, k)) for k in (0, 120, 240)]
    together = pipe(pictures, batch_size=3)
    for picture, scores in zip(pictures, together, strict=True):
        assert 0 <= scores["pspi"] <= 16
        assert 0 <= scores["pspi_interval"][0] <= scores["pspi_interval"][1] <= 16
        assert list(scores["au"]) == ["AU4", "AU6", "AU7", "AU9", "AU10", "AU43"]
        assert pipe(picture)["pspi"] == pytest.approx(scores["pspi"], abs=1e-4)
    maps = pipe(pictures[0], output_attentions=True)["attention"]
    assert maps["AU4"].shape == (7, 7)
    assert maps["AU4"].sum() == pytest.approx(1, abs=1e-5)
    narrow, wide = (pipe(pictures[0], interval_level=level)["pspi_interval"] for level in (0.2, 0.99))
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]
    with pytest.raises(ValueError, match="interval_level is 2"):
        pipe(pictures[0], interval_level=2)
    with pytest.raises(ValueError, match="top_k"):
        pipe(pictures[0], top_k=3)


def test_pipeline_says_how_sure_it_is_of_each_unit_and_of_pain(tmp_path):
    torch.manual_seed(0)
    model = ViTPainForPainAssessment(ViTPainConfig.tiny(**MORE, au_interval_scale=[0.5] * 8)).eval()
    model.save_pretrained(tmp_path)
    ViTPainImageProcessor(size={"height": 112, "width": 112}).save_pretrained(tmp_path)
    pipe = pipeline("pain-assessment", model=str(tmp_path), device="cpu")
    pictures = [Image.new("RGB", (112, 112), (200, 150, k)) for k in (0, 240)]
    for picture, scores in zip(pictures, pipe(pictures, batch_size=2), strict=True):
        assert 0 <= scores["pain_probability"] <= 1
        assert list(scores["au_interval"]) == list(scores["au"]) == model.config.au_names
        for name, (low, high) in scores["au_interval"].items():
            assert 0 <= low <= scores["au"][name] <= high <= (1 if name == "AU43" else 5)
        narrow, wide = (pipe(picture, interval_level=level)["au_interval"]["AU4"] for level in (0.2, 0.8))
        assert wide[0] < narrow[0] < narrow[1] < wide[1]
