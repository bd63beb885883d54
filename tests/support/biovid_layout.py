"""BioVid, part A, as it lies on the disk, much smaller: flat pictures in place of people."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

SUBJECTS = ("071309_w_21", "082315_w_60", "091809_w_43", "100914_m_39", "112016_m_25")
"""The second and the fourth are among the 20 who hardly react."""
LEVELS = ("BL1", "PA1", "PA2", "PA3", "PA4")
SIZE = (64, 48)
LENGTH = 12
"""Frames of a clip."""


@dataclass(frozen=True)
class Sample:
    subject: str
    level: int
    number: int

    @property
    def name(self) -> str:
        return f"{self.subject}-{LEVELS[self.level]}-{self.number:03d}"

    @property
    def line(self) -> str:
        place = SUBJECTS.index(self.subject) + 1
        return f"{place}\t{self.subject}\t{self.level}\t{LEVELS[self.level]}\t{self.number}\t{self.name}"


def samples(each: int = 1) -> list[Sample]:
    """`each` clips of every subject at every level."""
    return [
        Sample(subject, level, 10 * level + k + 1)
        for subject in SUBJECTS
        for level in range(len(LEVELS))
        for k in range(each)
    ]


def grey(sample: Sample, frame: int) -> int:
    """The grey of a frame: it tells the level, the frame and the subject."""
    return 40 + 30 * sample.level + 3 * frame + SUBJECTS.index(sample.subject)


def picture(sample: Sample, frame: int) -> np.ndarray:
    """(H, W, 3), uint8."""
    return np.full((SIZE[1], SIZE[0], 3), grey(sample, frame), dtype=np.uint8)


def write_biovid(root: Path, each: int = 1, pictures: bool = False) -> Path:
    """The whole: samples.csv and a video, or a folder of pictures, for each sample."""
    write_table(root, samples(each))
    for sample in samples(each):
        (write_pictures if pictures else write_video)(root, sample)
    return root


def write_table(root: Path, chosen: list[Sample], name: str = "samples.csv") -> Path:
    head = "subject_id\tsubject_name\tclass_id\tclass_name\tsample_id\tsample_name"
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([head, *(sample.line for sample in chosen)]) + "\n")
    return path


def write_video(root: Path, sample: Sample) -> Path:
    path = root / "video" / sample.subject / f"{sample.name}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for k in range(LENGTH):
            frame = av.VideoFrame.from_ndarray(picture(sample, k))
            frame.pts, frame.time_base = k, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_pictures(root: Path, sample: Sample) -> Path:
    """Numbered without leading zeros, so that the order of names is not that of time."""
    folder = root / "frames" / sample.subject / sample.name
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(LENGTH):
        Image.fromarray(picture(sample, k)).save(folder / f"{k}.png")
    return folder
