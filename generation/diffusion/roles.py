"""Which pipeline class does what with the models at hand, checked before any weights are read."""

from dataclasses import dataclass

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.strict_json import parse_json

from .model_files import ModelFiles
from .models import Models, Settings
from .pipelines import has, own_class, related_class, takes


@dataclass(frozen=True)
class Roles:
    """The pipeline class of each task. fill: None where no model can. prior: None where none is led by embeddings."""

    portrait: type
    side: type
    fill: type | None
    prior: type | None


def roles_of(files: dict[str, ModelFiles], models: Models, settings: Settings) -> Roles:
    """The classes that paint with these models.

    What a pipeline can do is asked of the class that its model_index.json names, and of its family in diffusers.

    Raises:
        InvalidInput: a model cannot do what it was given for, does not fit another, or cannot follow a setting.
    """
    portrait, side = _under_depth(files)
    fill = _filling(files)
    roles = Roles(portrait, side, fill, _prior(files, portrait, fill))
    _check_fit(files)
    if models.tiling and not has(portrait, "vae"):
        raise InvalidInput(f"tiling is True; allowed with {portrait.__name__} is False, its decoder has no tiles")
    if settings.control_strength != 1 and not takes(portrait, "controlnet_conditioning_scale"):
        raise InvalidInput(f"control_strength is {settings.control_strength}; allowed with {portrait.__name__} is 1")
    if settings.fill_strength != 1 and fill is not None and not takes(fill, "strength"):
        raise InvalidInput(f"fill_strength is {settings.fill_strength}; allowed with {fill.__name__} is 1")
    return roles


def _under_depth(files: dict[str, ModelFiles]) -> tuple[type, type]:
    """The classes of portraits and of side portraits. Raises InvalidInput where the models take no depth map."""
    base, own = files["diffusion"], own_class(files["diffusion"])
    if takes(own, "hint"):
        if "controlnet" in files:
            raise InvalidInput(
                f"controlnet model is {files['controlnet'].name!r}; {base.name} takes none, it has its own"
            )
        portrait, side = own, related_class(base, "ControlNet", "Img2Img")
    elif "controlnet" in files or has(own, "controlnet"):
        portrait, side = related_class(base, "ControlNet"), related_class(base, "ControlNet", "Inpaint")
    else:
        raise InvalidInput(
            f"diffusion model is {base.name!r}, a {own.__name__}, which takes no depth map; allowed is one whose calls "
            "take a hint, or any with --controlnet"
        )
    if portrait is None or side is None or not takes(portrait, "generator", "height", "guidance_scale"):
        raise InvalidInput(f"diffusion model is {base.name!r}, a {own.__name__}; diffusers has no ControlNet for it")
    return portrait, side


def _filling(files: dict[str, ModelFiles]) -> type | None:
    """The class that fills masks: of the model given for it, or of the base model's family; None for neither."""
    if "inpaint" not in files:
        base = files["diffusion"]
        return None if takes(own_class(base), "hint") else related_class(base, "Inpaint")
    model, own = files["inpaint"], own_class(files["inpaint"])
    cls = own if takes(own, "mask_image") else related_class(model, "Inpaint")
    if cls is None or has(cls, "controlnet") or not takes(cls, "image", "mask_image"):
        raise InvalidInput(f"inpaint model is {model.name!r}, a {own.__name__}, which fills no masks")
    if takes(cls, "image_embeds") and config_of(model, "unet")["in_channels"] < 9:
        raise InvalidInput(f"inpaint model is {model.name!r}, whose unet takes no mask; allowed is one of 9 channels")
    return cls


def _prior(files: dict[str, ModelFiles], *led: type | None) -> type | None:
    """The class of the prior. Raises InvalidInput where one is needed and missing, or it is no prior."""
    needing = [cls.__name__ for cls in led if cls is not None and takes(cls, "image_embeds")]
    if not needing:
        return None
    if "prior" not in files:
        raise InvalidInput(f"prior model is None; {needing[0]} needs --prior-model, which turns words into embeddings")
    model, own = files["prior"], own_class(files["prior"])
    if not has(own, "prior") or not takes(own, "prompt", "negative_prompt") or has(own, "unet"):
        raise InvalidInput(f"prior model is {model.name!r}, a {own.__name__}, which is no prior")
    return own


def _check_fit(files: dict[str, ModelFiles]) -> None:
    """Raises InvalidInput where a prior or a ControlNet is of other dimensions than the network that it leads."""
    if "prior" in files:
        given = config_of(files["prior"], "prior")["embedding_dim"]
        for role in ("diffusion", "inpaint"):
            unet = config_of(files[role], "unet") if role in files else {}
            wanted = unet.get("encoder_hid_dim")
            if unet.get("encoder_hid_dim_type") == "image_proj" and wanted != given:
                raise InvalidInput(
                    f"prior model is {files['prior'].name!r}, whose embeddings have {given} numbers; "
                    f"{files[role].name} takes {wanted}"
                )
    if "controlnet" in files:
        net, unet = files["controlnet"].description, config_of(files["diffusion"], "unet")
        class_name, channels = files["controlnet"].class_name, net.get("conditioning_channels", 3)
        if class_name != "ControlNetModel" or channels != 3:
            raise InvalidInput(
                f"controlnet model is {files['controlnet'].name!r}, a {class_name} of {channels} conditioning "
                "channels; allowed is a ControlNetModel of 3"
            )
        for name in ("cross_attention_dim", "addition_embed_type", "block_out_channels"):
            if name in net and name in unet and net[name] != unet[name]:
                raise InvalidInput(
                    f"controlnet model is {files['controlnet'].name!r}, with {name} {net[name]}; "
                    f"{files['diffusion'].name} has {unet[name]}: they were not made for each other"
                )


def config_of(files: ModelFiles, component: str) -> dict:
    """The configuration of one component of a pipeline; {} where it has no such component.

    Raises WorkFailed where it is damaged.
    """
    path = files.folder / component / "config.json"
    if not path.is_file():
        return {}
    try:
        found = parse_json(path.read_text(encoding="utf-8"), nan=True)
    except ValueError as error:
        raise WorkFailed(f"{path} is damaged ({error}); copy or download it again") from None
    if not isinstance(found, dict):
        raise WorkFailed(f"{path} is damaged (no JSON object); copy or download it again")
    return found
