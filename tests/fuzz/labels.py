"""Data sets of others, and the tables and JSON files with labels, faces and splits."""

import contextlib
import json
import tarfile
from pathlib import Path

import biovid_layout
import release_layout
import unbc_layout
from parser import Parser
from PIL import Image

from dataset_script.importers.biovid import BioVid
from dataset_script.importers.files import read_label
from dataset_script.importers.frame import Source
from dataset_script.importers.labels import parse_facs, parse_landmarks, parse_single
from dataset_script.importers.layouts import find_source
from dataset_script.importers.release import ReleaseFolder
from dataset_script.importers.report import ImportReport, Unusable
from dataset_script.importers.unbc import Unbc
from dataset_script.importers.unbc_hdf5 import UnbcHdf5
from dataset_script.table_files import read_table
from evaluation.protocols.splits import read_splits
from modeling_vitpain.prediction.media import InputImage, MediaFile
from modeling_vitpain.prediction.named_faces import NamedFaces, NoFace

TABLE = (
    "path,subject,au4,au6,au7,au9,au10,au43,pspi,x0,y0,x1,y1,sequence,view,split,licence\n"
    "a.png,p1,1,2,0,0,0,1,4,2,2,20,20,s1,0,train,CC0\n"
    "b.png,p2,0,0,0,0,0,0,0,1.5,2,20,22,s1,1,val,CC0\n"
    'c.png,"p 3",5,0,0,0,0,0,5,,,,,s2,0,test,\n'
)


def _frames(source: Source) -> None:
    """All that an import reads before it writes, pictures included."""
    for frame in source.frames(ImportReport(source.layout, "x"))[:8]:
        with contextlib.suppress(OSError):  # whoever calls it takes it
            source.read(frame)


def tables(folder: Path) -> None:
    (folder / "commas.csv").write_text(TABLE)
    (folder / "semicolons.csv").write_text("sep=;\n" + TABLE.replace(".5", "!").replace(",", ";").replace("!", ",5"))
    (folder / "utf16.csv").write_bytes(TABLE.replace(",", "\t").encode("utf-16"))
    (folder / "comments.csv").write_bytes(b"# made by hand\n# again\n" + TABLE.encode("cp1252"))


def folder_with_table(folder: Path) -> None:
    for k, text in enumerate((TABLE, TABLE.replace(",", ";"))):
        (folder / str(k)).mkdir()
        (folder / str(k) / "labels.csv").write_text(text)
        for name in "abc":
            Image.new("RGB", (24, 24), "grey").save(folder / str(k) / f"{name}.png")


def boxes(folder: Path) -> None:
    (folder / "boxes.csv").write_text(
        "path,frame,x0,y0,x1,y1\na.png,,2,2,20,20\nb.mp4,3,0.1,0.1,0.9,0.9\nc.png,,nan,,,\n"
    )
    (folder / "shares.csv").write_text("path,x0,y0,x1,y1\na.png,.1,.2,.8,.9\n")


def points(folder: Path) -> None:
    head = ",".join(["path", *(f"{axis}{k}" for k in range(68) for axis in "xy")])
    values = ",".join(f"{10 + k % 9},{10 + k // 9}" for k in range(68))
    (folder / "points.csv").write_text(f"{head}\na.png,{values}\n")


def faces(landmarks: bool):
    def read(path: Path) -> None:
        source = MediaFile(path.with_name("a.png"), "a.png")
        found = NamedFaces(path, landmarks, pictures=[source.path])
        with contextlib.suppress(NoFace):  # becomes the error of the row
            found.find(InputImage(source, Image.new("RGB", (64, 48))))
        found.frames_beyond()

    return read


def label_files(folder: Path) -> None:
    shot = unbc_layout.shots()[2]
    (folder / "a_facs.txt").write_text(unbc_layout.facs_text(shot))
    (folder / "a_pspi.txt").write_text("   4.0000000e+00\n")
    (folder / "a_aam.txt").write_text("".join(f"   {x:.8e}   {y:.8e}\n" for x, y in unbc_layout.landmarks()))


def label(path: Path) -> None:
    text = read_label(path)
    for parse in (parse_facs, parse_single, parse_landmarks):
        with contextlib.suppress(Unusable):  # two of three must refuse it
            parse(text)


def unbc(folder: Path) -> None:
    unbc_layout.write_unbc(folder / "unbc")


def unbc_hdf5(folder: Path) -> None:
    unbc_layout.write_unbc_hdf5(folder / "plain")
    unbc_layout.write_unbc_hdf5(folder / "columns", columns=2)
    _pack(folder / "packed")


def _pack(root: Path) -> None:
    """The same, of few frames, in chunks that are compressed."""
    import h5py
    import numpy as np

    unbc_layout.write_unbc_hdf5(root)
    path = next(root.glob("frames*"))
    with h5py.File(path, "r") as file:
        pictures, index = file["image"][:], file["index"][:]
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "image", data=pictures / np.float32(255), chunks=(4, *pictures.shape[1:]), compression="gzip"
        )
        file.create_dataset("index", data=index, chunks=(8,), compression="lzf", shuffle=True, fletcher32=True)


def read_hdf5(path: Path) -> None:
    source = UnbcHdf5(path, {})
    try:
        _frames(source)
    finally:
        for file in source._files.values():
            if file is not None:
                file.close()


def biovid(folder: Path) -> None:
    root = folder / "biovid"
    chosen = biovid_layout.samples()[:2]
    biovid_layout.write_table(root, chosen)
    for sample in chosen:
        biovid_layout.write_video(root, sample)
    (root / "subjects.csv").write_text("subject_name,age,sex\n071309_w_21,21,w\n")


def release(folder: Path) -> None:
    release_layout.write_release(folder / "release")


def shards(folder: Path) -> None:
    small = [*release_layout.files().items()][:8]
    for kind, suffix in (("w", "tar"), ("w:gz", "tar.gz"), ("w:xz", "tar.xz"), ("w:bz2", "tar.bz2")):
        root = folder / suffix.replace(".", "_")
        root.mkdir()
        with tarfile.open(root / f"shard-0.{suffix}", kind, format=tarfile.PAX_FORMAT) as archive:
            for path, content in small:
                name = root / "member"
                name.write_bytes(content)
                archive.add(name, f"{'x' * 120}/{path}")
                name.unlink()
        (root / release_layout.SPLIT_NAME).write_text(release_layout.split_csv())


def splits(folder: Path) -> None:
    parts = [{"name": "a", "train": [1, 2, 3], "validation": [4], "test": [5, 6]}]
    (folder / "splits.json").write_text(json.dumps(parts))


PARSERS = [
    Parser("labels.table", "CSV tables", tables, read_table, 8),
    Parser(
        "labels.import_table",
        "a folder with a CSV file",
        folder_with_table,
        lambda p: _frames(find_source(p)[0]),
        4,
        ("*.csv",),
    ),
    Parser("labels.boxes", "--boxes of predict", boxes, faces(False), 5),
    Parser("labels.landmarks", "--landmarks of predict", points, faces(True), 3),
    Parser("labels.unbc_text", "label files of UNBC-McMaster", label_files, label, 6),
    Parser("labels.unbc", "UNBC-McMaster", unbc, lambda p: _frames(Unbc(p)), 0.1),
    Parser("labels.hdf5", "UNBC-McMaster in HDF5", unbc_hdf5, read_hdf5, 0.5, ("*.hdf5",)),
    Parser("labels.biovid", "BioVid", biovid, lambda p: _frames(BioVid(p)), 0.07),
    Parser("labels.release", "3DPain, folder", release, lambda p: _frames(ReleaseFolder(p)), 0.2, ("*.json", "*.csv")),
    Parser("labels.shards", "3DPain, tar shards", shards, lambda p: _frames(find_source(p)[0]), 0.8, ("*.tar*",)),
    Parser("labels.splits", "splits of a cross-validation", splits, read_splits, 4),
]
