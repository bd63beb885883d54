"""Which models are taken, what is said of those that are not, and their digest."""

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dataset_script.errors import InvalidInput, WorkFailed
from generation.diffusion.models import KANDINSKY, Models, Settings
from generation.diffusion.painter import Painter, open_painter
from generation.diffusion.roles import roles_of


@pytest.fixture
def own(folders, tmp_path):
    """A function that gives copies of a family's folders, to be damaged."""

    def copied(family: str) -> dict[str, str]:
        return {
            role: str(shutil.copytree(folder, tmp_path / family / role)) for role, folder in folders[family].items()
        }

    return copied


def refused(settings, error, match, **named):
    with pytest.raises(error, match=match) as raised:
        open_painter(Models(**{"device": "cpu", **named}), settings)
    assert "\n" not in str(raised.value)


def test_a_model_that_is_nowhere(settings, folders):
    refused(
        settings, InvalidInput, r"^diffusion model is '/no/such'; allowed is an existing folder", diffusion="/no/such"
    )
    refused(settings, InvalidInput, r"^prior model is 'words'", **{**folders["kandinsky"], "prior": "words"})


def test_a_folder_that_holds_no_pipeline_or_one_network(settings, folders, tmp_path):
    refused(settings, InvalidInput, r"which holds no model_index.json; allowed is a pipeline", diffusion=str(tmp_path))
    sd = folders["sd"]
    refused(settings, InvalidInput, r"a single network; allowed is a pipeline of diffusers", diffusion=sd["controlnet"])
    swapped = {**sd, "controlnet": sd["diffusion"]}
    refused(settings, InvalidInput, r"^controlnet model is .*, a pipeline of diffusers; allowed is a single", **swapped)


def test_pickled_weights_are_refused_and_not_read(settings, own):
    models = own("kandinsky")
    weights = Path(models["diffusion"], "unet", "diffusion_pytorch_model.safetensors")
    weights.rename(weights.with_suffix(".bin"))
    refused(settings, InvalidInput, r"only pickled weights \(unet/diffusion_pytorch_model.bin\), which can", **models)


@pytest.mark.parametrize(
    "lost", ["unet/diffusion_pytorch_model.safetensors", "movq/config.json", "scheduler/scheduler_config.json"]
)
def test_a_file_that_is_missing_is_named(settings, own, lost):
    models = own("kandinsky")
    Path(models["diffusion"], lost).unlink()
    refused(settings, WorkFailed, rf"^diffusion model .* lacks {lost}.*; copy or download it again$", **models)


def test_weights_cut_short_are_named(settings, own):
    models = own("sd")
    weights = Path(models["controlnet"], "diffusion_pytorch_model.safetensors")
    weights.write_bytes(weights.read_bytes()[:-100])
    refused(
        settings, WorkFailed, r"^controlnet model .* lacks the rest of diffusion_pytorch_model.safetensors", **models
    )


def test_tensors_that_the_files_lack_are_not_drawn_at_random(settings, own, depth):
    models = own("kandinsky")
    path = Path(models["diffusion"], "unet", "diffusion_pytorch_model.safetensors")
    tensors = load_file(path)
    del tensors["conv_out.weight"]
    save_file(tensors, path)
    painter = open_painter(Models(**models, device="cpu"), settings)
    with pytest.raises(WorkFailed, match=r"^diffusion model .*: the weights of unet are \d+ tensors of \d+$"):
        painter.portrait(depth, "a man", "", 1)


def test_weights_of_other_shapes_are_an_error(settings, own, depth):
    models = own("kandinsky")
    path = Path(models["diffusion"], "unet", "diffusion_pytorch_model.safetensors")
    save_file({**load_file(path), "conv_in.weight": torch.zeros(32, 5, 3, 3)}, path)
    painter = open_painter(Models(**models, device="cpu"), settings)
    with pytest.raises(WorkFailed, match=r"^diffusion model .* cannot be loaded: ") as raised:
        painter.portrait(depth, "a man", "", 1)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("{", WorkFailed, "model_index.json is damaged"),
        ('{"_class_name": ["mine", "Pipe"]}', InvalidInput, r"of class \['mine', 'Pipe'\]; allowed is a class of diff"),
        ('{"_class_name": "MyPipeline"}', InvalidInput, "of class 'MyPipeline', no pipeline of diffusers"),
    ],
)
def test_a_description_that_is_damaged_or_names_foreign_code(settings, own, text, error, match):
    models = own("kandinsky")
    Path(models["diffusion"], "model_index.json").write_text(text)
    refused(settings, error, match, **models)


def test_models_that_cannot_do_what_they_are_given_for(settings, folders):
    painted, plain = folders["kandinsky"], folders["sd"]
    for match, named in (
        ("a StableDiffusionPipeline, which takes no depth map; allowed is", {"diffusion": plain["diffusion"]}),
        ("a KandinskyV22InpaintPipeline, which takes no depth map", {**painted, "diffusion": painted["inpaint"]}),
        ("a KandinskyV22PriorPipeline, which takes no depth map", {**painted, "diffusion": painted["prior"]}),
        ("^controlnet model is .* takes none, it has its own", {**painted, "controlnet": plain["controlnet"]}),
        (
            "^prior model is None; KandinskyV22ControlnetPipeline needs --prior-model",
            {"diffusion": painted["diffusion"]},
        ),
        ("^prior model is .*, a StableDiffusionPipeline, which is no prior", {**painted, "prior": plain["diffusion"]}),
        ("^inpaint model is .*Prior.*, which fills no masks", {**painted, "inpaint": painted["prior"]}),
        ("^prior model is None; KandinskyV22InpaintPipeline needs", {**plain, "inpaint": painted["inpaint"]}),
    ):
        refused(settings, InvalidInput, match, **named)


def test_models_that_were_not_made_for_each_other(settings, folders, own):
    mixed = {**folders["sdxl"], "controlnet": folders["sd"]["controlnet"]}
    refused(settings, InvalidInput, "^controlnet model is .*, with cross_attention_dim 32; .* has 64: they", **mixed)
    models = own("kandinsky")
    _change(Path(models["prior"], "prior", "config.json"), embedding_dim=48)
    refused(settings, InvalidInput, "^prior model is .*, whose embeddings have 48 numbers; .* takes 32", **models)
    models = own("sd")
    _change(Path(models["controlnet"], "config.json"), conditioning_channels=1)
    refused(settings, InvalidInput, "a ControlNetModel of 1 conditioning channels; allowed is", **models)


def test_a_pipeline_saved_with_its_controlnet_needs_no_other(settings, folders, depth, tmp_path):
    import diffusers

    painter = open_painter(Models(**folders["sd"], device="cpu"), settings)
    painter._portraits.save_pretrained(tmp_path / "both")
    both = open_painter(Models(str(tmp_path / "both"), device="cpu"), settings)
    assert isinstance(both._portraits, diffusers.StableDiffusionControlNetPipeline)
    assert (both.portrait(depth, "x", "", 1) == painter.portrait(depth, "x", "", 1)).all()


def test_a_model_of_its_own_fills(settings, folders, picture, mask, depth):
    """Kandinsky's for a portrait of Stable Diffusion, and the other way round."""
    plain, painted = folders["sd"], folders["kandinsky"]
    mixed = Models(**plain, inpaint=painted["inpaint"], prior=painted["prior"], device="cpu")
    as_kandinsky = open_painter(Models(**painted, device="cpu"), settings).fill(picture, mask, "a room", "", 3)
    assert (open_painter(mixed, settings).fill(picture, mask, "a room", "", 3) == as_kandinsky).all()
    mixed = Models(**{**painted, "inpaint": plain["diffusion"]}, device="cpu")
    as_plain = open_painter(Models(**plain, device="cpu"), settings).fill(picture, mask, "a room", "", 3)
    assert (open_painter(mixed, settings).fill(picture, mask, "a room", "", 3) == as_plain).all()


def test_without_a_model_that_fills_only_portraits_are_painted(settings, folders, picture, mask, depth):
    models = {role: folder for role, folder in folders["kandinsky"].items() if role != "inpaint"}
    painter = open_painter(Models(**models, device="cpu"), settings)
    assert painter.portrait(depth, "a man", "", 1).any()
    with pytest.raises(InvalidInput, match=r"^inpaint model is None; filling needs --inpaint-model"):
        painter.fill(picture, mask, "a room", "", 1)


def test_devices_and_numbers_that_cannot_be(settings, folders):
    sd = folders["sd"]
    half = replace(settings, dtype="float16")
    refused(half, InvalidInput, "^dtype is float16, .*; allowed on cpu is float32 or bfloat16", **sd)
    refused(settings, InvalidInput, "^offload is 'model', on cpu; allowed there is none", **sd, offload="model")
    if not torch.cuda.is_available():
        refused(
            settings, InvalidInput, "^device is cuda, which is not there; allowed is .*cpu", **{**sd, "device": "cuda"}
        )
    refused(
        settings, InvalidInput, "^device is 'gpu'; allowed is cuda, cuda:NUMBER, mps or cpu", **{**sd, "device": "gpu"}
    )
    refused(settings, InvalidInput, "^offload is 'disk'; allowed is none, model, sequential", **sd, offload="disk")
    refused(settings, InvalidInput, "^prior model is empty; allowed is a folder or", **sd, prior="")
    kandinsky = folders["kandinsky"]
    refused(settings, InvalidInput, "^tiling is True; allowed with Kandinsky.* is False", **kandinsky, tiling=True)
    refused(
        replace(settings, control_strength=0.5), InvalidInput, "^control_strength is 0.5; allowed with K", **kandinsky
    )
    refused(replace(settings, fill_strength=0.5), InvalidInput, "^fill_strength is 0.5; allowed with K", **kandinsky)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("size", 500), ("size", 0), ("steps", 0), ("steps", 2.5), ("guidance", 0.5), ("control_strength", 3)),
        *(
            ("side_strength", 0),
            ("side_strength", -0.5),
            ("fill_strength", 1.5),
            ("dtype", "half"),
            ("prior_guidance", float("nan")),
        ),
    ],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(InvalidInput, match=f"^{name} is {value!r}; allowed "):
        Settings(**{name: value})


def test_a_strength_that_leaves_no_step_is_refused():
    with pytest.raises(InvalidInput, match=r"^side_strength is 0.6; allowed with steps 1 is 1/steps to 1"):
        Settings(steps=1)
    assert Settings(steps=1, side_strength=1).steps == 1


def test_models_are_picklable_and_kandinsky_is_named():
    assert pickle.loads(pickle.dumps(KANDINSKY)) == KANDINSKY
    assert KANDINSKY.prior == "kandinsky-community/kandinsky-2-2-prior" and KANDINSKY.controlnet is None


def test_the_digest_is_of_what_is_read(folders, own):
    models = Models(**folders["sd"])
    digest, copy = models.digest("float32"), own("sd")
    assert len(digest) == 64 and digest == Models(**copy, device="cpu", offload="model").digest("bfloat16")
    Path(copy["diffusion"], "README.md").write_text("not read")
    Path(copy["diffusion"], "unet", "diffusion_pytorch_model.bin").write_bytes(b"not read")
    assert digest == Models(**copy).digest("float32")
    assert digest != Models(**copy, tiling=True).digest("float32")
    _change(Path(copy["diffusion"], "scheduler", "scheduler_config.json"), beta_end=0.02)
    assert digest != Models(**copy).digest("float32")


def test_weights_of_half_precision_are_taken_where_there_are_such(settings, folders, own, depth):
    copy = own("kandinsky")
    unet = Path(copy["diffusion"], "unet")
    halves = {name: value.half() for name, value in load_file(unet / "diffusion_pytorch_model.safetensors").items()}
    save_file(halves, unet / "diffusion_pytorch_model.fp16.safetensors")
    models = Models(**copy, device="cpu")
    assert models.digest("float32") == Models(**folders["kandinsky"]).digest("float32") != models.digest("float16")
    files = models.files("float16")["diffusion"]
    assert files.variant == "fp16" and "unet/diffusion_pytorch_model.fp16.safetensors" in files.needed
    assert "unet/diffusion_pytorch_model.safetensors" not in files.needed
    (unet / "diffusion_pytorch_model.safetensors").unlink()
    alone = models.files("float16")
    assert alone["diffusion"] == files
    half = replace(settings, dtype="float16")  # which a user is refused on a CPU
    painter = Painter(models, half, "cpu", alone, roles_of(alone, models, half))
    assert painter.portrait(depth, "x", "", 1).any()


def test_weights_in_parts_are_read_and_a_missing_part_is_named(settings, own, depth):
    import diffusers

    models = own("sd")
    whole = open_painter(Models(**models, device="cpu"), settings).portrait(depth, "x", "", 1)
    unet = Path(models["diffusion"], "unet")
    network = diffusers.UNet2DConditionModel.from_pretrained(unet)
    (unet / "diffusion_pytorch_model.safetensors").unlink()
    network.save_pretrained(unet, max_shard_size="400KB")
    assert (open_painter(Models(**models, device="cpu"), settings).portrait(depth, "x", "", 1) == whole).all()
    next(unet.glob("*-00002-of-*")).unlink()
    refused(settings, WorkFailed, r"lacks unet/part 2 of \d+ of the weights", **models)


def _change(path: Path, **values) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
