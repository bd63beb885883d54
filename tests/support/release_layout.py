"""3DPain as its authors published it, as a folder and as tar shards, with drawn faces."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from unbc_layout import AUS, face, write

PEOPLE, PAINS, VIEWS = 4, 2, 3
SPLIT_NAME = "uniform_data_70_20_10_split.csv"


def units(person: int, pain: int) -> tuple[int, ...]:
    """(6,); of neutral, expression 0, none."""
    if not pain:
        return (0,) * 6
    return tuple(np.random.default_rng((person, pain)).integers(0, (6, 6, 6, 6, 6, 2)).tolist())


def level(au: tuple[int, ...]) -> int:
    return au[0] + max(au[1], au[2]) + max(au[3], au[4]) + au[5]


def base_name(person: int, pain: int) -> str:
    return f"flame_sample_{person:04d}_" + (f"pain_{pain}" if pain else "neutral")


def drawn(person: int, au: tuple[int, ...], view: int) -> np.ndarray:
    """(H, W, 3), uint8."""
    return face(au, 60 + 9 * person + view)


def files(picture: Callable[..., np.ndarray] = drawn) -> dict[str, bytes]:
    """Path -> content of every picture (as `drawn` makes it) and annotation."""
    found = {}
    for person in range(PEOPLE):
        for pain in range(PAINS + 1):
            au, base = units(person, pain), base_name(person, pain)
            for view in range(VIEWS):
                buffer = io.BytesIO()
                Image.fromarray(picture(person, au, view)).save(buffer, "JPEG")
                found[f"meshes_inpainted/{base}_textured_view_{view:03d}_inpainted.jpg"] = buffer.getvalue()
            if pain:
                values = {f"AU{unit}": value for unit, value in zip(AUS, au, strict=True)} | {"PSPI": level(au)}
                found[f"annotations/{base}_annotations.json"] = json.dumps(values).encode()
    return found


def split_csv() -> str:
    """As theirs: pain expressions only. People 0 and 1 train, 2 validates, 3 tests."""
    splits = (0, 0, 1, 2)
    rows = [f"{base_name(p, k)},{splits[p]}" for p in range(PEOPLE) for k in range(1, PAINS + 1)]
    return "annotation_base_name,split\n" + "\n".join(rows) + "\n"


def write_release(root: Path, picture: Callable[..., np.ndarray] = drawn) -> Path:
    for path, content in files(picture).items():
        write(root / path, content)
    write(root / SPLIT_NAME, split_csv())
    return root


def write_shards(root: Path, count: int = 2) -> Path:
    """Each person's files in one of `count` tar.gz shards, a JSON file before its pictures or after them."""
    root.mkdir(parents=True, exist_ok=True)
    for shard in range(count):
        with tarfile.open(root / f"shard-{shard:05d}.tar.gz", "w:gz", compresslevel=1) as archive:
            for path, content in files().items():
                if int(path.partition("flame_sample_")[2][:4]) % count == shard:
                    info = tarfile.TarInfo(f"3D-Pain/{path}")
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
    write(root / SPLIT_NAME, split_csv())
    return root
