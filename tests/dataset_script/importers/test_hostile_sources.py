"""Data sets made to do harm: archives and HDF5 files that name other files, or stand for more than there is memory."""

import bz2
import gzip
import io
import itertools
import shutil
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import unbc_layout
from release_layout import files, write_release
from unbc_layout import write_unbc_hdf5

from dataset_script.errors import WorkFailed
from dataset_script.importers import hdf5_links
from dataset_script.importers.hdf5_links import MOST_BYTES
from dataset_script.importers.importing import import_dataset
from dataset_script.importers.layouts import find_source
from dataset_script.importers.report import ImportReport
from dataset_script.importers.tar_shards import TarShards
from dataset_script.rows import MAX_PIXELS


def shard(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def frames_of(source: Path) -> ImportReport:
    report = ImportReport("", "")
    found = find_source(source)[0]
    for frame in found.frames(report):
        found.read(frame)
    return report


def test_names_and_links_in_a_shard_lead_nowhere(tmp_path):
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"mine")
    source = tmp_path / "source"
    source.mkdir()
    picture = next(content for name, content in files().items() if name.endswith(".jpg"))
    stem = "flame_sample_0001_neutral_textured_view_00{}_inpainted.jpg"
    members = [
        (tarfile.TarInfo(f"../../../{stem.format(0)}"), picture),
        (tarfile.TarInfo(f"/{stem.format(1)}"), picture),
    ]
    for number, kind in ((2, tarfile.SYMTYPE), (3, tarfile.LNKTYPE), (4, tarfile.FIFOTYPE), (5, tarfile.CHRTYPE)):
        info = tarfile.TarInfo(stem.format(number))
        info.type, info.linkname = kind, str(secret)
        members.append((info, b""))
    shard(source / "a.tar", members)
    before = sorted(tmp_path.rglob("*"))
    found = find_source(source)[0]
    read = [found.read(frame) for frame in found.frames(ImportReport("", ""))]
    assert read == [picture, picture]  # the two regular files, by their last names
    assert sorted(tmp_path.rglob("*")) == before and secret.read_bytes() == b"mine"


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE])
def test_a_header_larger_than_any_name_is_refused_unread(kind, tmp_path):
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 300 << 20
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=1) as file:
        file.write(info.tobuf() + b"\0" * (1 << 20))
    tracemalloc.start()
    with pytest.raises(WorkFailed, match=r"a.tar.gz is damaged after 0 files: a header of 314,572,800 bytes; allowed"):
        list(TarShards([tmp_path / "a.tar.gz"]).members())
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def counted_unpacking(monkeypatch) -> list[int]:
    """The bytes that each step of bzip2 will unpack."""
    unpacked, real = [], bz2.BZ2Decompressor

    class Counted:
        def __init__(self) -> None:
            self._real = real()

        def __getattr__(self, name: str):
            return getattr(self._real, name)

        def decompress(self, *arguments) -> bytes:
            content = self._real.decompress(*arguments)
            unpacked.append(len(content))
            return content

    monkeypatch.setattr(bz2, "BZ2Decompressor", Counted)
    return unpacked


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    info = tarfile.TarInfo("flame_sample_0001_neutral_textured_view_000_inpainted.jpg")
    info.size = 60 << 30
    packed = bz2.compress(info.tobuf() + b"\0" * (1 << 20))
    (tmp_path / "a.tar.bz2").write_bytes(packed + bz2.compress(b"\0" * (9 << 20)) * 50)
    unpacked = counted_unpacking(monkeypatch)
    with pytest.raises(WorkFailed, match="unpacks to more than"):
        frames_of(tmp_path)
    assert 0 < sum(unpacked) < 2 << 20
    # a real one, of which the annotations are packed well
    whole = {f"{number}/{name}": content for number in range(3) for name, content in files().items()}
    with tarfile.open(tmp_path / "a.tar.bz2", "w:bz2") as archive:
        for name, content in whole.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    assert len(list(TarShards([tmp_path / "a.tar.bz2"]).members())) == len(whole)


def hdf5(root: Path) -> Path:
    write_unbc_hdf5(root)
    return next(root.glob("frames*"))


def with_image(root: Path, put: Callable[[h5py.File], None]) -> Path:
    """UNBC-McMaster in HDF5, its pictures as `put` puts them into their file."""
    with h5py.File(hdf5(root), "a") as file:
        del file["image"]
        put(file)
    return root


def test_hdf5_reads_no_file_of_another_folder(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(range(256)) * 400)
    part = [(str(tmp_path / "secret"), 0, h5py.h5f.UNLIMITED)]
    count = len(unbc_layout.shots())
    with h5py.File(tmp_path / "other.hdf5", "w") as file:
        file["image"] = np.zeros((count, 6, 6, 3), np.uint8)
    outside = h5py.ExternalLink(str(tmp_path / "other.hdf5"), "image")
    above = h5py.ExternalLink("../other.hdf5", "image")

    def stored(file: h5py.File) -> None:
        file.create_dataset("image", (count, 6, 6, 3), "u1", external=part)

    with pytest.raises(WorkFailed, match=r"image lies in part in .*secret, in another folder"):
        frames_of(with_image(tmp_path / "a", stored))
    for name, link in (("b", outside), ("c", above)):
        with pytest.raises(WorkFailed, match=r"link 'image' leads to .*other.hdf5, in another folder"):
            frames_of(with_image(tmp_path / name, lambda file, link=link: file.__setitem__("image", link)))
    beside = h5py.ExternalLink("other.hdf5", "image")
    root = with_image(tmp_path / "d", lambda file: file.__setitem__("image", beside))
    shutil.copy(tmp_path / "other.hdf5", root)
    assert not frames_of(root).left_out


@pytest.mark.parametrize(
    ("name", "shape", "chunks", "problem"),
    [
        ("image", (48, 60_000, 60_000), None, "holds pictures of 3,600,000,000 bytes"),
        ("image", (48, 20_000, 20_000), (1, 20_000, 20_000), "blocks of 400,000,000 bytes|pictures of 400,000,000"),
        ("index", (1 << 40,), (1 << 20,), "holds 8,796,093,022,208 bytes"),
    ],
)
def test_hdf5_that_stands_for_more_than_memory_is_refused(name, shape, chunks, problem, tmp_path):
    path = hdf5(tmp_path)
    with h5py.File(path, "a") as file:
        if name == "index":
            del file["image"]
            file.create_dataset("image", (1 << 40, 4, 4), "u1", chunks=(1 << 10, 4, 4))
        del file[name]
        file.create_dataset(name, shape, "u1" if name == "image" else "i8", chunks=chunks)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(WorkFailed, match=problem):
        frames_of(tmp_path)
    assert MOST_BYTES < 1 << 30


def test_links_that_make_billions_of_names_are_refused_soon(tmp_path, monkeypatch):
    path = hdf5(tmp_path)
    with h5py.File(path, "a") as file:
        groups = [file.create_group(f"groups/{k}") for k in range(40)]
        for group, after in itertools.pairwise(groups):
            group["a"] = group["b"] = after
    monkeypatch.setattr(hdf5_links, "_MOST_NAMES", 300)
    with pytest.raises(WorkFailed, match="holds more than"):
        frames_of(tmp_path)


def test_a_copy_takes_no_file_that_is_no_picture(tmp_path):
    source = write_release(tmp_path / "source")
    secret = tmp_path / "id_rsa"
    secret.write_text("-----BEGIN OPENSSH PRIVATE KEY-----")
    victim = sorted((source / "meshes_inpainted").iterdir())[0]
    victim.unlink()
    victim.symlink_to(secret)
    with pytest.raises(WorkFailed, match=r"cannot be read: it is no picture; --check-images finds such frames"):
        import_dataset(source, tmp_path / "out", copy=True)
    assert not (tmp_path / "out").exists()
    report = import_dataset(source, tmp_path / "out", copy=True, check_images=True)
    assert [problem.kind for problem in report.left_out] == ["unreadable picture"]
    assert not any(b"OPENSSH" in path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())


def test_a_picture_of_more_pixels_than_memory_is_left_out_unread(tmp_path):
    source = write_release(tmp_path / "source")
    victim = sorted((source / "meshes_inpainted").iterdir())[0]
    content = bytearray(unbc_layout.png(np.zeros((4, 4, 3), np.uint8)))
    content[16:24] = (13_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    victim.write_bytes(content)
    assert MAX_PIXELS < 13_000**2
    report = import_dataset(source, tmp_path / "out", check_images=True)
    assert [(p.kind, "13000 x 13000 pixels: allowed" in p.reason) for p in report.left_out] == [
        ("unreadable picture", True)
    ]
