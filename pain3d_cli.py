"""The front door: `pain3d COMMAND …`. Each command lives in its package and is imported only when it is called.

A command is a module with `HELP` (one line), `EXAMPLE` (one call), `add_arguments(parser)` and `run(args) -> int`.
Exit codes: 0 done, 1 the work failed, 2 the call was wrong.
"""

import argparse
import sys

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.lazy import import_alone

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module, what it does)
    "generate": ("generation.commands.generate", "make a dataset, or finish one that was interrupted"),
    "frame": ("generation.commands.frame", "make one frame of a dataset again, alone"),
    "render": ("generation.commands.render", "one face by hand: choose who, which AUs, which camera"),
    "gallery": ("generation.commands.gallery", "a picture of a dataset: identities x expressions x views"),
    "verify": ("generation.commands.verify", "check every shard, row and picture of a dataset"),
    "info": ("dataset_script.commands.info", "what a dataset directory holds"),
    "import": ("dataset_script.commands.import_data", "turn other people's data into a dataset directory"),
    "convert": ("modeling_vitpain.commands.convert", "turn the authors' checkpoint into a model directory"),
    "train": ("modeling_vitpain.commands.train", "fine-tune ViTPain on a dataset"),
    "predict": ("modeling_vitpain.commands.predict", "PSPI and action units of pictures and videos, to CSV"),
    "explain": ("evaluation.commands.explain", "check where a model looks against where the face moved"),
    "export": ("modeling_vitpain.commands.export", "a model as ONNX, checked against the original"),
    "evaluate": ("evaluation.commands.evaluate", "score a model beside trivial predictors"),
    "cross-validate": ("evaluation.commands.cross_validate", "train and test a model on every fold of a protocol"),
    "card": ("model_cards.commands.card", "write the dataset card or the model card"),
}

EXTRA_OF: dict[str, str] = {
    "numba": "generation",
    "scipy": "generation",
    "threadpoolctl": "generation",
    "torch": "model",
    "transformers": "model",
    "accelerate": "model",
    "trimesh": "neural",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "peft": "lora",
    "evaluate": "evaluation",
    "sklearn": "evaluation",
    "av": "video",
    "cv2": "faces",
    "h5py": "hdf5",
    "matplotlib": "plots",
    "robust_laplacian": "neural",
    "cholespy": "neural",
    "igl": "neural",
}
"""Module that may be missing -> the extra that brings it."""


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """The parser; only `command`'s module is imported to fill in its arguments."""
    parser = argparse.ArgumentParser(
        prog="pain3d", description="Synthetic faces in pain, and the models that read them."
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module_name, text) in COMMANDS.items():
        sub = subparsers.add_parser(name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name == command:
            module = import_alone(module_name)
            sub.description, sub.epilog = module.HELP, f"example:\n  {module.EXAMPLE}"
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    command = next((word for word in argv if not word.startswith("-")), None)
    try:
        args = build_parser(command).parse_args(argv)
        return args.run(args)
    except InvalidInput as error:
        print(f"pain3d: {error}", file=sys.stderr)
        return 2
    except (WorkFailed, OSError) as error:
        print(f"pain3d: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        extra = EXTRA_OF.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        print(f"pain3d: {command} needs {error.name}: pip install 'pain3d[{extra}]'", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("pain3d: stopped; run the same command again to go on", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
