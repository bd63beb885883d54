"""The fuzz run: it finds what it is for, and a few inputs of every parser; all of them: `python tests/fuzz`."""

import io
import os
import random
import signal
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import run
from mutations import mutated
from parser import Parser
from parsers import all_parsers
from PIL import Image

from dataset_script.errors import InvalidInput

HEAVY = {
    "models.vitpain",
    "records.shards",
    "meshes.ict",
    "labels.biovid",
    "labels.unbc",
    "records.directory",
    "pictures.video_frames",
}


def of(read) -> Parser:
    """A parser that takes whole inputs, and does with others as `read` does."""

    def taken(path: Path) -> None:
        if path.read_bytes() != b"a whole input 123":
            read(path)

    return Parser("a.parser", "texts", lambda folder: (folder / "a.txt").write_bytes(b"a whole input 123"), taken)


def refuse(path: Path) -> None:
    raise InvalidInput("it is damaged")


def reserve(path: Path) -> None:
    np.ones(3 << 30, np.uint8)


def stop(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def go_on(path: Path) -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("read", "what"),
    [
        (lambda path: 1 / 0, "ZeroDivisionError at tests/fuzz/test_fuzz.py"),
        (lambda path: int("x"), "ValueError at tests/fuzz/test_fuzz.py"),  # which InvalidInput is, too
        (reserve, "MemoryError at tests/fuzz/test_fuzz.py"),
        (stop, "killed by signal 11"),
        (go_on, "hangs"),
    ],
    ids=["another error", "its base class", "memory", "signal", "endless"],
)
def test_failures_are_found_and_the_run_goes_on(read, what, monkeypatch):
    monkeypatch.setattr(run, "PATIENCE", 0.3)
    found = run.fuzzed(of(read), 3)
    assert found.inputs == 3
    assert sum(map(len, found.failures.values())) >= 2  # a damaged input may be whole after all
    assert all(name.startswith(what) for name in found.failures)


def test_errors_of_the_product_are_no_failures():
    assert not run.fuzzed(of(refuse), 20).failures


def test_a_whole_input_that_is_refused_stops_the_run():
    parser = Parser("a", "b", lambda folder: (folder / "a").write_bytes(b"x"), refuse)
    with pytest.raises(RuntimeError, match="a whole input was not read"):
        run.fuzzed(parser, 1)


def test_inputs_depend_on_their_number_alone():
    content = b'{"a": 1, "b": [2, 3]}' * 10
    one = [mutated(content, [], random.Random(f"0 a {k}")) for k in range(50)]
    assert one == [mutated(content, [], random.Random(f"0 a {k}")) for k in range(50)]
    assert len({*one}) > 45 and max(map(len, one)) <= 1 << 20


def test_damage_gets_behind_check_sums():
    picture, archive, packed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    Image.new("RGB", (9, 9)).save(picture, "PNG")
    with tarfile.open(fileobj=archive, mode="w") as file:
        info = tarfile.TarInfo("a.txt")
        info.size = 3
        file.addfile(info, io.BytesIO(b"abc"))
    np.savez_compressed(packed, a=np.arange(9))
    right = {"png": 0, "tar": 0, "zip": 0}
    for number in range(300):
        chance = random.Random(number)
        content = mutated(picture.getvalue(), [], chance)
        right["png"] += content != picture.getvalue() and content[29:33] == zlib.crc32(content[12:29]).to_bytes(
            4, "big"
        )
        damaged = mutated(archive.getvalue(), [], chance)
        try:
            with tarfile.open(fileobj=io.BytesIO(damaged)) as file:
                right["tar"] += damaged[:512] != archive.getvalue()[:512] and bool(file.getnames())
        except (tarfile.TarError, EOFError, OSError, ValueError):
            pass
        try:
            with zipfile.ZipFile(io.BytesIO(mutated(packed.getvalue(), [], chance))) as file:
                right["zip"] += file.testzip() is None and file.read("a.npy")[:6] == b"\x93NUMPY"
        except (zipfile.BadZipFile, OSError, ValueError, KeyError, zlib.error, NotImplementedError, EOFError):
            pass
    assert all(count > 5 for count in right.values()), right


@pytest.mark.parametrize(
    "parser",
    [pytest.param(p, id=p.name, marks=[pytest.mark.slow] if p.name in HEAVY else []) for p in all_parsers()],
)
def test_parsers_take_damaged_inputs(parser):
    assert not run.fuzzed(parser, 12, seed="tests").failures
