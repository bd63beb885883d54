"""The same training pictures from Parquet, from a folder of files and from WebDataset: two tables, and JSON.

    python -m benchmarks.formats DATA [--size 224] [--workers 0 1 2 4 8] [--rounds 5] [--out formats.json]

Every loader gives the same batches of `pixel_values`, `labels` and `au_labels`: the square around the face, resized and
normalised, without augmentation. That is checked first.

- Parquet: what `pain3d train` reads by default. In the first epoch it decodes, in later ones it has the pictures. Where
  a half, a quarter or an eighth of a JPEG's size still has the pixels that the model sees, it is decoded at that size.
- folder: a PyTorch data set that opens a file of each frame with PIL, as one writes it by hand.
- WebDataset: tar files of the same JPEG, shuffled and decoded by the package `webdataset`, which must be installed.
- whole: the same JPEGs decoded at their full size. Where they need not be, that gives other tensors; the mean
  difference is printed.

All take turns within a round, so that other work on the machine hits all alike; CPU seconds (of this process and the
loader's) hardly depend on it. A ratio is that of a loader to the best first epoch within its round and number of
workers: the median over rounds and, in brackets, the least and the most. Needs the extra `model`.
"""

import argparse
import functools
import io
import json
import math
import os
import platform
import resource
import statistics
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import datasets
import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader

from modeling_vitpain import ViTPainImageProcessor
from modeling_vitpain.frames.dataset import PainFrames, open_split

CROP = 1.1
TARS = 16
Item = dict[str, torch.Tensor]
Run = dict[str, float]
"""`pictures` a second, and `cpu`: processor seconds of a thousand."""


class Cut:
    """A picture file to what the model sees, written by hand with PIL and PyTorch.

    Args:
        processor: its size, mean and standard deviation.
        reduced: decode a JPEG at a fraction of its size where the model sees fewer pixels.
    """

    def __init__(self, processor: ViTPainImageProcessor, reduced: bool):
        self.side, self.reduced = processor.size["height"], reduced
        self.mean = torch.tensor(processor.image_mean)[:, None, None]
        self.std = torch.tensor(processor.image_std)[:, None, None]

    def __call__(self, file: str | Path | io.BytesIO, labels: dict) -> Item:
        x0, y0, x1, y1 = labels["face_box"]
        with Image.open(file) as image:
            if self.reduced:
                stored = image.width
                seen = self.side / (CROP * max(x1 - x0, y1 - y0))
                image.draft("RGB", (math.ceil(image.width * seen), math.ceil(image.height * seen)))
                factor = round(stored / image.width)
                x0, y0, x1, y1 = (value / factor for value in (x0, y0, x1, y1))
            picture = image.convert("RGB")
        side = max(1, round(max(x1 - x0, y1 - y0) * CROP))
        left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
        face = picture.crop((left, top, left + side, top + side))
        face = face.resize((self.side, self.side), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(face)).permute(2, 0, 1).float().div_(255)
        pixels = pixels.sub_(self.mean).div_(self.std)
        return {
            "pixel_values": pixels,
            "labels": torch.tensor(labels["pspi"]),
            "au_labels": torch.tensor(labels["au"]),
        }


class Folder(torch.utils.data.Dataset):
    """A JPEG of each frame, and their labels in one list."""

    def __init__(self, folder: Path, cut: Cut):
        self.folder, self.cut = folder, cut
        self.labels = json.loads((folder / "labels.json").read_text())

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Item:
        labels = self.labels[index]
        return self.cut(self.folder / labels["file"], labels)


def tars(folder: Path, cut: Cut):
    """The tar files as the package `webdataset` reads them."""
    import webdataset

    files = sorted(map(str, folder.glob("*.tar")))
    stream = webdataset.WebDataset(files, shardshuffle=len(files), seed=0, empty_check=False).shuffle(256)
    return stream.map(functools.partial(_from_tar, cut))


def _from_tar(cut: Cut, sample: dict) -> Item:
    return cut(io.BytesIO(sample["jpg"]), json.loads(sample["json"]))


def write(rows: datasets.Dataset, folder: Path) -> None:
    """The frames of `rows` as a folder of files and as tar files, with the bytes that they have."""
    rows = rows.select_columns(["image", "pspi", "au", "face_box"]).cast_column("image", datasets.Image(decode=False))
    kept = []
    (folder / "files").mkdir()
    (folder / "tars").mkdir()
    parts = [tarfile.open(folder / "tars" / f"{part:06d}.tar", "w") for part in range(TARS)]  # noqa: SIM115
    for number, row in enumerate(rows):
        content, name = row.pop("image")["bytes"], f"{number:06d}"
        (folder / "files" / f"{name}.jpg").write_bytes(content)
        kept.append({"file": f"{name}.jpg", **row})
        for suffix, data in (("jpg", content), ("json", json.dumps(row).encode())):
            entry = tarfile.TarInfo(f"{name}.{suffix}")
            entry.size = len(data)
            parts[number % TARS].addfile(entry, io.BytesIO(data))
    for part in parts:
        part.close()
    (folder / "files" / "labels.json").write_text(json.dumps(kept))


def loaders(rows: datasets.Dataset, folder: Path, size: int) -> dict[str, Callable[[], torch.utils.data.Dataset]]:
    """Name -> what makes the data set, new for each run."""
    processor = ViTPainImageProcessor(size={"height": size, "width": size}, face_crop=CROP)
    whole, reduced = Cut(processor, False), Cut(processor, True)
    return {
        "Parquet": lambda: PainFrames(rows, processor, augment_seed=0, augmentation="none"),
        "folder": lambda: Folder(folder / "files", reduced),
        "WebDataset": lambda: tars(folder / "tars", reduced),
        "Parquet, whole": lambda: PainFrames(rows, processor),
        "folder, whole": lambda: Folder(folder / "files", whole),
        "WebDataset, whole": lambda: tars(folder / "tars", whole),
    }


LATER = "Parquet, later epochs"


def difference(one: Iterable[Item], other: Iterable[Item]) -> float:
    """Mean difference of `pixel_values`, in standard deviations: of each of `one` from the most similar of `other`."""
    flat = [torch.stack([item["pixel_values"].flatten() for item in items]) for items in (one, other)]
    return float(torch.cdist(*flat, p=1).min(dim=1).values.mean() / flat[0].shape[1])


def epoch(frames: torch.utils.data.Dataset, batch: int, workers: int) -> Run:
    """Reads all of a data set once."""
    shuffle = None if isinstance(frames, torch.utils.data.IterableDataset) else True
    loader = DataLoader(frames, batch, shuffle=shuffle, num_workers=workers)
    start, worked, count = time.perf_counter(), _cpu_seconds(), 0
    for each in loader:
        count += len(each["labels"])
    return {"pictures": count / (time.perf_counter() - start), "cpu": 1000 * (_cpu_seconds() - worked) / count}


def _cpu_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def measure(made: dict[str, Callable], workers: list[int], rounds: int, batch: int) -> dict[int, dict[str, list[Run]]]:
    """Workers -> loader -> what it took in each round."""
    found: dict[int, dict[str, list[Run]]] = {number: {} for number in workers}
    for turn in range(rounds):
        for number in workers:
            names = list(made)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                frames = made[name]()
                found[number].setdefault(name, []).append(epoch(frames, batch, number))
                if name == "Parquet":
                    found[number].setdefault(LATER, []).append(epoch(frames, batch, number))
            print(f"round {turn + 1} of {rounds}, {number} workers", flush=True)
    return found


def table(found: dict[int, dict[str, list[Run]]], measured: str) -> str:
    """Rows are loaders, columns numbers of workers; in each cell the median, and the ratio to the best."""
    lines = [f"| workers | {' | '.join(map(str, found))} |", "|---|" + "---:|" * len(found)]
    for name in next(iter(found.values())):
        cells = [_cell(runs, name, measured) for runs in found.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(runs: dict[str, list[Run]], name: str, measured: str) -> str:
    ratios = ratios_to_best(runs, name, measured)
    median = statistics.median(run[measured] for run in runs[name])
    return f"{median:.3g}; {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def ratios_to_best(runs: dict[str, list[Run]], name: str, measured: str) -> list[float]:
    """Of each round: a loader's rate, or its cost, over that of the best that decodes pictures in every epoch."""
    best = max if measured == "pictures" else min
    compared = [each for kind, each in runs.items() if kind != LATER]
    return [run[measured] / best(each[k][measured] for each in compared) for k, run in enumerate(runs[name])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA", help="dataset directory")
    parser.add_argument("--size", type=int, default=224, help="pixels a side that the model sees")
    parser.add_argument("--frames", type=int, default=1024, help="in an epoch; repeated where the data have fewer")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2, 4, 8])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = open_split(args.data, "train")
    few = rows.select(range(min(len(rows), 32)))
    rows = rows.select([k % len(rows) for k in range(args.frames)])
    with tempfile.TemporaryDirectory(prefix="formats-") as folder:
        for name, some in (("few", few), ("all", rows)):
            Path(folder, name).mkdir()
            write(some, Path(folder, name))
        checked = loaders(few, Path(folder, "few"), args.size)
        ours = list(map(checked["Parquet"]().__getitem__, range(len(few))))
        apart = {name: difference(ours, _items(make())) for name, make in checked.items() if name != "Parquet"}
        if wrong := [name for name, each in apart.items() if "whole" not in name and each > 1e-6]:
            raise SystemExit(f"{wrong[0]} gives other tensors than Parquet: they differ by {apart[wrong[0]]:.2g}")
        found = measure(loaders(rows, Path(folder, "all"), args.size), args.workers, args.rounds, args.batch)
    side = few[0]["image"].width
    print(f"\n{side} px to {args.size} px, {args.frames} pictures an epoch, {args.rounds} rounds")
    print(f"{platform.machine()}, {os.cpu_count()} cores; whole pictures differ by {apart['folder, whole']:.3f} SD\n")
    for title, measured in (("CPU seconds of 1,000 pictures", "cpu"), ("Pictures a second", "pictures")):
        print(f"{title}; ratio to the best (least-most)\n\n{table(found, measured)}\n")
    if args.out:
        args.out.write_text(json.dumps({**vars(args), "out": None, "measured": found, "difference": apart}))


def _items(frames: torch.utils.data.Dataset) -> list[Item]:
    return (
        list(frames)
        if isinstance(frames, torch.utils.data.IterableDataset)
        else [*map(frames.__getitem__, range(len(frames)))]
    )


if __name__ == "__main__":
    main()
