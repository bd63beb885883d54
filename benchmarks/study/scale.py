"""How large a study is: what all its pieces share."""

from dataclasses import dataclass

from dataset_script.errors import InvalidInput

PEOPLE = 400
PART = 240
SPLITS = {"train": 1747, "validation": 497, "test": 256}
"""Ratio of the people, as the data are split."""


@dataclass(frozen=True)
class Scale:
    """Sizes and budgets of a study; another scale belongs into another folder.

    Attributes:
        people: of the main data.
        size: pixels a side of the pictures that are drawn.
        pixels: pixels a side that the backbone sees.
        backbone: pretrained backbone, Hub name or directory.
        layers: how many of its first layers are kept.
        pictures: of each person that train, where the rows are of all people or of the curve over people.
        copies: of each training frame among the features of a frozen backbone, each varied in its own way.
        steps: of 64 frames, of heads on a frozen backbone: the same for all of them, whatever they train on.
        tuned_steps: of 64 frames, where layers of the backbone learn.
        seeds: most seeds of a row.
        test_frames: most frames of the test split that a model is scored on.
        resamples: of the people, for intervals.
    """

    people: int = PEOPLE
    size: int = 256
    pixels: int = 224
    backbone: str = "facebook/dinov2-small"
    layers: int = 9
    pictures: int = 14
    copies: int = 2
    steps: int = 1000
    tuned_steps: int = 600
    seeds: int = 3
    test_frames: int = 4200
    resamples: int = 1000

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name != "backbone" and value < 1:
                raise InvalidInput(f"--{name.replace('_', '-')} is {value}; allowed is 1 and more")
        if self.people < 12:
            raise InvalidInput(f"--people is {self.people}; allowed is 12 and more: each split needs people")

    @property
    def part(self) -> int:
        """People of the rows that compare data, augmentation or how the backbone learns."""
        return min(PART, self.people)

    @property
    def is_trial(self) -> bool:
        """Whether it is smaller than the study is meant to be."""
        return self != Scale(backbone=self.backbone)
