"""The recipe of a run that goes on from a trained model: the preset that the model was trained with."""

import sys
from dataclasses import fields, replace

from .options import DEFAULT_OF_PRETRAINED, RunOptions
from .recipes import PRESETS, ViTPainTrainingArguments
from .record import record_of_start


def with_recipe_of_start(options: RunOptions) -> RunOptions:
    """The options with the preset of the model that they start from, and what suits fine-tuning by it.

    Options that are given stay, as do those with a preset: it is taken as a whole. A line on standard error says which
    preset is taken, and why.

    Raises:
        InvalidInput: there is no such model, or what is given does not go with its preset.
        WorkFailed: its record is damaged.
    """
    if options.start is None or options.preset is not None:
        return options
    record = record_of_start(options.start)
    name = None if record is None else record["preset"]
    why = f"which {options.start} was trained with"
    if name not in PRESETS:
        lacking = "record of its training" if name is None else f"preset known here but {name!r}"
        name, why = DEFAULT_OF_PRETRAINED, f"as {options.start} has no {lacking}"
    own = {option: value for option, value in PRESETS[name].fine_tuning.items() if getattr(options, option) is None}
    settled = replace(options, preset=name, **own)
    print(f"pain3d: preset {name}, {why}: {_in_words(settled)}", file=sys.stderr)
    return settled


def _in_words(options: RunOptions) -> str:
    """What of a model learns, for how long, at which rate."""
    training = {**{field.name: field.default for field in fields(ViTPainTrainingArguments)}, **options.recipe.training}
    learns = "the heads alone" if options.tuned_layers == 0 else "heads and backbone"
    epochs = f"{options.epochs or training['num_train_epochs']} epochs"
    length = epochs if options.max_steps is None else f"{options.max_steps} steps"
    return f"{learns}, {length} at a rate of {options.lr or training['learning_rate']:g}"
