"""Tiny diffusers pipelines with random weights, saved as users' models are: safetensors in folders."""

import json
from pathlib import Path

import diffusers
import torch
import transformers

WIDTH = 32  # of every embedding


def kandinsky(folder: Path) -> dict[str, str]:
    """Folders of a prior, a pipeline under depth and one that fills masks, by their role."""
    torch.manual_seed(0)
    parts = {"diffusion": _decoder(folder / "depth", 8, "image_hint"), "inpaint": _decoder(folder / "fill", 9, "image")}
    return {**parts, "prior": _prior(folder / "prior")}


def stable_diffusion(folder: Path) -> dict[str, str]:
    """Folders of a base model of the SD 1.5 class, with a safety checker, and of its depth ControlNet."""
    torch.manual_seed(1)
    unet = diffusers.UNet2DConditionModel(**_UNET, in_channels=4)
    pipeline = diffusers.StableDiffusionPipeline(
        vae=_vae(),
        unet=unet,
        text_encoder=transformers.CLIPTextModel(_text_config()),
        tokenizer=_tokenizer(folder / "tokenizer"),
        scheduler=diffusers.PNDMScheduler(skip_prk_steps=True, steps_offset=1, beta_schedule="scaled_linear"),
        safety_checker=_safety_checker(),
        feature_extractor=transformers.CLIPImageProcessorPil(size=32, crop_size=32),
    )
    return _with_controlnet(folder, pipeline, unet)


def stable_diffusion_xl(folder: Path) -> dict[str, str]:
    """Folders of a base model of the SDXL class and of its depth ControlNet."""
    torch.manual_seed(2)
    unet = diffusers.UNet2DConditionModel(
        **{**_UNET, "cross_attention_dim": 2 * WIDTH},
        in_channels=4,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 1),
        use_linear_projection=True,
        projection_class_embeddings_input_dim=6 * 8 + WIDTH,
    )
    tokenizer = _tokenizer(folder / "tokenizer")
    pipeline = diffusers.StableDiffusionXLPipeline(
        vae=_vae(),
        unet=unet,
        text_encoder=transformers.CLIPTextModel(_text_config()),
        text_encoder_2=transformers.CLIPTextModelWithProjection(_text_config()),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        scheduler=diffusers.EulerDiscreteScheduler(beta_schedule="scaled_linear"),
        add_watermarker=False,
    )
    return _with_controlnet(folder, pipeline, unet)


_UNET = {
    "sample_size": 8,
    "out_channels": 4,
    "layers_per_block": 1,
    "block_out_channels": (32, 64),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "cross_attention_dim": WIDTH,
    "attention_head_dim": 4,
    "norm_num_groups": 8,
}


def _with_controlnet(folder: Path, pipeline: diffusers.DiffusionPipeline, unet: torch.nn.Module) -> dict[str, str]:
    controlnet = diffusers.ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 8, 16, 16))
    for name, weights in controlnet.named_parameters():  # they start as zeros, with which depth would change nothing
        if name.startswith(("controlnet_down", "controlnet_mid", "controlnet_cond_embedding.conv_out")):
            torch.nn.init.normal_(weights, std=0.5)
        elif name.startswith("controlnet_cond_embedding"):  # else the depth would hardly change the picture
            weights.data *= 4
    pipeline.save_pretrained(folder / "base")
    controlnet.save_pretrained(folder / "controlnet")
    return {"diffusion": str(folder / "base"), "controlnet": str(folder / "controlnet")}


def _decoder(folder: Path, channels: int, embeds: str) -> str:
    cls = diffusers.KandinskyV22ControlnetPipeline if channels == 8 else diffusers.KandinskyV22InpaintPipeline
    unet = diffusers.UNet2DConditionModel(
        in_channels=channels,
        out_channels=8,
        sample_size=8,
        addition_embed_type=embeds,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        block_out_channels=(32, 64),
        layers_per_block=1,
        encoder_hid_dim=WIDTH,
        encoder_hid_dim_type="image_proj",
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        resnet_time_scale_shift="scale_shift",
    )
    for name, weights in unet.named_parameters():  # else the depth would hardly change the picture
        if "hint_block" in name:
            weights.data *= 4
    decoder = diffusers.VQModel(
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        block_out_channels=(32, 32, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 3 + ("AttnDownEncoderBlock2D",),
        up_block_types=("AttnUpDecoderBlock2D",) + ("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        norm_num_groups=8,
        num_vq_embeddings=12,
        norm_type="spatial",
        vq_embed_dim=4,
    )
    scheduler = diffusers.DDIMScheduler(beta_schedule="linear", clip_sample=False, steps_offset=1)
    cls(unet=unet, scheduler=scheduler, movq=decoder).save_pretrained(folder)
    return str(folder)


def _prior(folder: Path) -> str:
    vision = transformers.CLIPVisionConfig(
        hidden_size=WIDTH,
        projection_dim=WIDTH,
        intermediate_size=WIDTH,
        num_attention_heads=2,
        num_hidden_layers=1,
        image_size=32,
        patch_size=16,
    )
    prior = diffusers.PriorTransformer(
        num_attention_heads=2, attention_head_dim=12, embedding_dim=WIDTH, num_layers=1, num_embeddings=77
    )
    prior.clip_std.data.fill_(1.0)
    diffusers.KandinskyV22PriorPipeline(
        prior=prior,
        image_encoder=transformers.CLIPVisionModelWithProjection(vision),
        text_encoder=transformers.CLIPTextModelWithProjection(_text_config()),
        tokenizer=_tokenizer(folder / "words"),
        scheduler=diffusers.UnCLIPScheduler(prediction_type="sample", clip_sample_range=5.0),
        image_processor=transformers.CLIPImageProcessorPil(size=32, crop_size=32),
    ).save_pretrained(folder)
    return str(folder)


def _vae() -> diffusers.AutoencoderKL:
    return diffusers.AutoencoderKL(
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        block_out_channels=(16, 16, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=64,
    )


def _safety_checker() -> torch.nn.Module:
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

    tower = {"hidden_size": WIDTH, "intermediate_size": WIDTH, "num_attention_heads": 2, "num_hidden_layers": 1}
    config = transformers.CLIPConfig(
        vision_config={**tower, "image_size": 32, "patch_size": 16},
        text_config={**tower, "vocab_size": 600},
        projection_dim=WIDTH,
    )
    checker = StableDiffusionSafetyChecker(config)
    for threshold in (checker.concept_embeds_weights, checker.special_care_embeds_weights):
        threshold.data.fill_(2.0)  # no cosine reaches it: nothing is flagged
    return checker


def _text_config() -> transformers.CLIPTextConfig:
    return transformers.CLIPTextConfig(
        hidden_size=WIDTH,
        projection_dim=WIDTH,
        intermediate_size=WIDTH,
        num_attention_heads=2,
        num_hidden_layers=1,
        vocab_size=600,
        bos_token_id=512,
        eos_token_id=513,
        pad_token_id=513,
    )


def _tokenizer(folder: Path) -> transformers.CLIPTokenizer:
    """Bytes as tokens: 256 symbols, the same as word ends, and two marks."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    symbols = list(bytes_to_unicode().values())
    words = [*symbols, *(f"{symbol}</w>" for symbol in symbols), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return transformers.CLIPTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77, pad_token="<|endoftext|>"
    )
