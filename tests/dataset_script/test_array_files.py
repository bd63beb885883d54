import io
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy

from dataset_script.array_files import DAMAGED_ARRAYS, read_arrays

MOST = 1 << 20


def header(shape: tuple, dtype: str = "<f8", in_columns: bool = False) -> bytes:
    buffer = io.BytesIO()
    npy.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": in_columns, "shape": shape})
    return buffer.getvalue()


def write(path, **members: bytes):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_are_read_as_numpy_reads_them(save, tmp_path):
    arrays = {
        "reals": np.arange(12.0).reshape(3, 4),
        "columns": np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
        "words": np.array(["a", "bcd"]),
        "one": np.array(7),
        "none": np.zeros((0, 3), np.float32),
        "other order": np.arange(3, dtype=">i4"),
    }
    save(tmp_path / "a.npz", **arrays)
    found = read_arrays(tmp_path / "a.npz", MOST)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)
    assert list(read_arrays(tmp_path / "a.npz", MOST, ["one"])) == ["one"]


def test_a_bomb_takes_no_memory(tmp_path):
    bomb = write(tmp_path / "a.npz", a=header((1 << 24,)) + b"\0" * (8 << 24))  # 128 MB in 130 kB
    lying = write(tmp_path / "b.npz", a=header((1 << 40,)))
    assert bomb.stat().st_size < 1 << 18
    tracemalloc.start()
    for path in (bomb, lying):
        with pytest.raises(ValueError, match=r"allowed are 1,048,576|more than its"):
            read_arrays(path, MOST)
    assert tracemalloc.get_traced_memory()[1] < 1 << 23
    tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    {
        "short": header((3,)) + b"\0" * 8,
        "long": header((3,)) + b"\0" * 32,
        "negative": header((-1,)) + b"\0" * 8,
        "objects": header((1,), "|O") + pickle.dumps([1]),
        "nothing": b"",
        "no header": b"\x93NUMPY\1\0",
        "other version": b"\x93NUMPY\x09\0" + b"\0" * 200,
        "open bracket": b"\x93NUMPY\2\0\x10\0\0\0" + b"{'descr': ('<f8'",
        "deep": b"\x93NUMPY\2\0\x00\x10\0\0" + b"(" * 4096,
        "code": b"\x93NUMPY\1\0\x20\0" + b"__import__('os').system('true') ",
    }.items(),
    ids=lambda item: item[0],
)
def test_damaged_arrays_are_refused(content, tmp_path):
    with pytest.raises(DAMAGED_ARRAYS):
        read_arrays(write(tmp_path / "a.npz", a=content[1]), MOST)


def test_what_is_no_archive_or_lacks_an_array_is_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK\3\4 no archive")
    with pytest.raises(DAMAGED_ARRAYS):
        read_arrays(tmp_path / "a.npz", MOST)
    np.savez(tmp_path / "b.npz", a=1)
    with pytest.raises(KeyError, match="c is not in it"):
        read_arrays(tmp_path / "b.npz", MOST, ["a", "c"])
