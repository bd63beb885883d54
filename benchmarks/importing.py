"""How long the index of 82,500 frames takes.

    python -m benchmarks.importing [--people 2500] [--folder DIR]

Writes a tree in the layout of the authors' 3DPain (25,000 annotations, 82,500 hard links to a few small JPEGs), imports
it without copying, and loads the result. The tree was just written, so its directory entries are in memory; from a cold
disk the time is that of reading 25,000 small files.
"""

import argparse
import io
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from datasets import load_dataset
from PIL import Image

from dataset_script.facs import AU_NAMES, pspi
from dataset_script.importers.importing import import_dataset

PAINS, VIEWS = 10, 3
LINKS = 20_000
"""To one file; file systems allow some tens of thousands."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=2500, help="identities (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where to write (a temporary folder)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        source, out = Path(folder) / "source", Path(folder) / "out"
        write_tree(source, args.people)
        began = time.perf_counter()
        report = import_dataset(source, out)
        indexed = time.perf_counter()
        splits = load_dataset(str(out), cache_dir=str(Path(folder) / "cache"))
        loaded = time.perf_counter()
        splits["train"][0]["image"].load()
    print(
        f"{report.written:,} frames, {report.problems} problems: "
        f"import {indexed - began:.1f} s, load_dataset {loaded - indexed:.1f} s"
    )


def write_tree(root: Path, people: int) -> None:
    """The folder layout of the release, with a split file; the same small picture everywhere."""
    pictures, annotations = root / "meshes_inpainted", root / "annotations"
    pictures.mkdir(parents=True)
    annotations.mkdir()
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (150, 120, 110)).save(buffer, "JPEG")
    random = np.random.default_rng(0)
    lines, count, original = ["annotation_base_name,split"], 0, None
    for person in range(people):
        for pain in range(PAINS + 1):
            base = f"flame_sample_{person:04d}_" + (f"pain_{pain}" if pain else "neutral")
            for view in range(VIEWS):
                path = pictures / f"{base}_textured_view_{view:03d}_inpainted.jpg"
                if count % LINKS == 0:
                    path.write_bytes(buffer.getvalue())
                    original = path
                else:
                    os.link(original, path)
                count += 1
            if pain:
                au = random.integers(0, (6, 6, 6, 6, 6, 2)).tolist()
                labels = dict(zip(AU_NAMES, au, strict=True)) | {"PSPI": int(pspi(au))}
                (annotations / f"{base}_annotations.json").write_text(json.dumps(labels))
                lines.append(f"{base},{(0, 0, 0, 0, 0, 0, 0, 1, 1, 2)[person % 10]}")
    (root / "split.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
