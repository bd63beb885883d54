"""UNBC-McMaster as it lies on the disk, in both forms, with drawn faces in place of the patients."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

AUS = (4, 6, 7, 9, 10, 43)
SUBJECTS = ("042-ll042", "043-jh043", "047-jl047", "048-aa048", "095-tv095", "096-bg096")
FRAMES = 4
"""Frames of each of the two sequences of a subject."""


@dataclass(frozen=True)
class Shot:
    """One frame: who, where, and the intensities (6,) of `AUS`."""

    subject: str
    sequence: str
    name: str
    au: tuple[int, ...]

    @property
    def key(self) -> str:
        return f"{self.subject}/{self.sequence}/{self.name}"

    @property
    def pspi(self) -> int:
        au4, au6, au7, au9, au10, au43 = self.au
        return au4 + max(au6, au7) + max(au9, au10) + au43


Picture = Callable[[Shot, int], np.ndarray]
"""(H, W, 3), uint8, of a shot and its place in `shots()`."""


def shots() -> list[Shot]:
    """Two sequences a subject; the first frame of each is neutral."""
    random = np.random.default_rng(7)
    found = []
    for subject in SUBJECTS:
        for kind in ("t1aaaff", "t2aeunaff"):
            sequence = subject[4:] + kind if subject != "095-tv095" else "tv095" + kind
            for k in range(1, FRAMES + 1):
                au = (0,) * 6 if k == 1 else tuple(random.integers(0, (6, 6, 6, 6, 6, 2)).tolist())
                found.append(Shot(subject, sequence, f"{sequence}{k:03d}", au))
    return found


def face(au: tuple[int, ...], grey: int = 90, size: tuple[int, int] = (48, 36)) -> np.ndarray:
    """(H, W, 3), uint8: an ellipse for a face, a bar for each unit."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    inside = ((x - width / 2) / (width * 0.3)) ** 2 + ((y - height / 2) / (height * 0.45)) ** 2 < 1
    pixels = np.where(inside, 150 + grey // 4, grey).astype(np.uint8)
    for k, value in enumerate(au):
        pixels[6 + 4 * k : 8 + 4 * k, 16 : 16 + 3 * value] = 30
    return np.repeat(pixels[..., None], 3, axis=2)


def drawn(shot: Shot, place: int) -> np.ndarray:
    """The picture of a shot; `place` in `shots()` shades the background."""
    return face(shot.au, 60 + place % 40)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def facs_text(shot: Shot) -> str:
    """A row for each active unit; nothing at all for none. AU43 has no intensity of its own: it stands there as 0."""
    values = [(unit, value) for unit, value in zip(AUS, shot.au, strict=True) if value]
    rows = [(unit, 0 if unit == 43 else value) for unit, value in values]
    return "".join(f"   {unit:.7e}   {value:.7e}   0.0000000e+00   0.0000000e+00\n" for unit, value in rows)


def landmarks(size: tuple[int, int] = (48, 36)) -> np.ndarray:
    """(66, 2) in pixels."""
    random = np.random.default_rng(3)
    return random.uniform((14, 10), (34, 32), (66, 2)).astype(np.float32)


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_unbc(root: Path, doubled: bool = False, extras: bool = True, picture: Picture = drawn) -> Path:
    """All of `shots()`.

    Args:
        doubled: Images/Images, Frame_Labels/Frame_Labels, PSPI/PSPI.
        extras: also landmarks and sequence labels.
    """
    twice = {name: f"{name}/{name}" if doubled else name for name in ("Images", "PSPI", "Frame_Labels")}
    labels = root / twice["Frame_Labels"]
    for k, shot in enumerate(shots()):
        write(root / twice["Images"] / f"{shot.key}.png", png(picture(shot, k)))
        write(labels / "FACS" / f"{shot.key}_facs.txt", facs_text(shot))
        write(labels / twice["PSPI"] / f"{shot.key}_facs.txt", f"   {shot.pspi:.7e}\n")
        if extras:
            rows = "".join(f"   {x:.8e}   {y:.8e}\n" for x, y in landmarks())
            write(root / "AAM_landmarks" / f"{shot.key}_aam.txt", rows)
            for rating in ("AFF", "OPR", "SEN", "VAS"):
                path = root / "Sequence_Labels" / rating / shot.subject / f"{shot.sequence}.txt"
                write(path, f"   {len(rating) + 1:.7e}\n")
    return root


def write_unbc_hdf5(root: Path, shuffled: bool = False, columns: int = 1, picture: Picture = drawn) -> Path:
    """The three files; an absent unit is NaN, AU43 has an intensity. `shuffled`: annotations in another order."""
    import h5py

    root.mkdir(parents=True, exist_ok=True)
    chosen = shots()
    with h5py.File(root / "frames_unbc_2020-09-21-05-42-04.hdf5", "w") as file:
        file["image"] = np.stack([picture(shot, k) for k, shot in enumerate(chosen)])
        file["index"] = np.arange(len(chosen))
    order = np.arange(len(chosen))
    if shuffled:
        np.random.default_rng(1).shuffle(order)
    with h5py.File(root / "annotations_unbc_2020-10-13-22-55-04.hdf5", "w") as file:
        file["index"] = order
        file["subject_name"] = [chosen[k].subject.encode() for k in order]
        for column, unit in enumerate(AUS):
            values = np.array([chosen[k].au[column] or np.nan for k in order], dtype=float)
            values = values * 3 if unit == 43 else values
            file[f"label_AU_{unit}"] = values if columns == 1 else np.stack([values, np.full_like(values, np.nan)], 1)
        file["label_pspi"] = np.array([chosen[k].pspi for k in order], dtype=float)
    numbers = [int(subject[:3]) for subject in SUBJECTS]
    with h5py.File(root / "UNBC_CVFolds_2019-05-16-15-16-36.hdf5", "w") as file:
        for fold in range(3):
            held_out = numbers[fold::3]
            file[f"fold-{fold}/validation_subjects"] = held_out
            file[f"fold-{fold}/train_subjects"] = [number for number in numbers if number not in held_out]
    return root
