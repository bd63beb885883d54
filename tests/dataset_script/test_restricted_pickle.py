"""Nothing in a checkpoint is executed, whatever it says; what is not a sound checkpoint is refused in one line."""

import argparse
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from authors_checkpoint import random_state, save_checkpoint

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.restricted_pickle import MAX_BYTES, Global, Inert, read_pickle
from modeling_vitpain.conversion.authors import convert_authors_checkpoint
from modeling_vitpain.conversion.torch_archive import StoredTensor, TorchArchive


class Calls:
    """Pickles as "call `function` with these arguments"."""

    def __init__(self, function, *arguments, state=None):
        self.recipe = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.recipe


def attacks(trace: Path) -> dict:
    """Objects each of which would create the file `trace` if it were unpickled the usual way."""
    import os
    import subprocess

    write = f"open({str(trace)!r}, 'w').close()"
    return {
        "os.system": Calls(os.system, f"touch {trace}"),
        "eval": Calls(eval, write),
        "exec": Calls(exec, write),
        "subprocess": Calls(subprocess.call, ["touch", str(trace)]),
        "open": Calls(open, str(trace), "w"),
        "method": Calls(Path(trace).touch),
        "state": Calls(list, (), state={"__class__": Calls(eval, write)}),
    }


@pytest.mark.parametrize("name", attacks(Path("/x")))
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_nothing_is_executed_by_the_reader(name, protocol, tmp_path):
    trace = tmp_path / "trace"
    data = pickle.dumps({"before": 1, "attack": attacks(trace)[name], "after": [2]}, protocol=protocol)
    content = read_pickle(data, {}, lambda identifier: None)
    assert not trace.exists()
    assert isinstance(content["attack"], Inert)
    assert (content["before"], content["after"]) == (1, [2])
    if name != "state":
        pickle.loads(data)
        assert trace.exists()  # the attack is a real one


@pytest.mark.parametrize("name", attacks(Path("/x")))
def test_an_attack_beside_the_state_dict_is_ignored(name, tmp_path):
    trace = tmp_path / "trace"
    more = {"callbacks": {"ModelCheckpoint": attacks(trace)[name]}, "hyper_parameters": attacks(trace)[name]}
    path = save_checkpoint(random_state(), tmp_path / "hostile.ckpt", **more)
    convert_authors_checkpoint(path, tmp_path / "out")
    assert not trace.exists()


@pytest.mark.parametrize("name", attacks(Path("/x")))
def test_an_attack_in_the_state_dict_is_refused(name, tmp_path):
    trace = tmp_path / "trace"
    state = random_state()
    state["au_queries"] = attacks(trace)[name]
    with pytest.raises(InvalidInput, match=r"'au_queries', a .* and no tensor") as error:
        convert_authors_checkpoint(save_checkpoint(state, tmp_path / "hostile.ckpt"), tmp_path / "out")
    assert not trace.exists() and not (tmp_path / "out").exists()
    assert "\n" not in str(error.value)


def test_opcodes_that_make_and_fill_objects_are_harmless():
    """INST, OBJ, NEWOBJ, NEWOBJ_EX, BUILD and calls on what they give, by hand."""
    for body in (
        b"(S'true'\nios\nsystem\n",  # INST
        b"(cos\nsystem\nS'true'\no",  # OBJ
        b"cos\nsystem\n(S'true'\nt\x81",  # NEWOBJ
        b"cos\nsystem\n(S'true'\nt}\x92",  # NEWOBJ_EX
        b"cos\nsystem\n(S'true'\ntR",  # REDUCE
        b"cos\nsystem\n(S'true'\ntR(tR",  # REDUCE of its result
        b"cos\nsystem\n(S'true'\ntR}S'__setstate__'\ncbuiltins\neval\nsb",  # BUILD
        b"cos\nsystem\n(S'true'\ntRS'x'\na",  # APPEND to it
    ):
        assert read_pickle(b"\x80\x04" + body + b".", {}, lambda identifier: None) == Inert("os.system")


def test_build_changes_no_global():
    data = b"\x80\x02ccollections\nOrderedDict\n(N}S'update'\ncbuiltins\neval\nstb."
    assert read_pickle(data, {}, lambda identifier: None) == Global("collections", "OrderedDict")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x02",
        b"\x80\x02.",
        b"\x80\x02h\x05.",
        b"\x80\x02R.",
        b"\x80\x02)\x85e.",
        b"\x80\x02X\xff\xff\xff\x7fabc.",
        b"\x80\x02\x82\x01.",  # EXT1: the extension registry
        b"Pname\n.",  # PERSID
        b"\xff\xfe",
        b"\x80\x04]]\x93.",  # STACK_GLOBAL of lists
    ],
    ids=repr,
)
def test_what_is_no_pickle_is_refused(data):
    with pytest.raises(InvalidInput, match="the pickle"):
        read_pickle(data, {}, lambda identifier: None)


def test_a_tower_of_tuples_costs_nothing():
    """Its hash, or its text, would take 2^200 steps."""
    tower = b"\x80\x02)" + b"2\x86" * 200
    assert read_pickle(b"\x80\x02}" + tower[2:] + b"K\x01s.", {}, lambda identifier: None) == {}
    with pytest.raises(InvalidInput):
        read_pickle(tower + tower[2:] + b"\x93.", {}, lambda identifier: None)


def test_names_from_the_file_fit_into_one_line(tmp_path):
    state = random_state() | {"evil\n\x1b[2J" + "x" * 10_000: torch.zeros(1)}
    with pytest.raises(InvalidInput, match="extra") as error:
        convert_authors_checkpoint(save_checkpoint(state, tmp_path / "hostile.ckpt"), tmp_path / "out")
    assert str(error.value).isprintable() and len(str(error.value)) < 1000


def test_a_long_pickle_is_refused():
    with pytest.raises(InvalidInput, match="allowed is up to"):
        read_pickle(b"]" * (MAX_BYTES + 1), {}, lambda identifier: None)


def test_tensors_come_back_as_they_were(tmp_path):
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    tensors = {
        "parameter": torch.nn.Parameter(base.clone()),
        "transposed": base.T,
        "slice": base[1:3, 2:],
        "half": base.half(),
        "bfloat16": base.bfloat16(),
        "integers": torch.arange(5),
        "bool": base > 3,
        "empty": torch.empty(0, 3),
        "scalar": torch.tensor(2.5),
    }
    torch.save(tensors, tmp_path / "t.pt")
    with TorchArchive(tmp_path / "t.pt") as archive:
        for name, tensor in tensors.items():
            loaded = archive.load(archive.content[name])
            assert loaded.dtype == tensor.dtype and loaded.shape == tensor.shape and torch.equal(loaded, tensor)


def test_objects_of_other_classes_do_not_stop_it(tmp_path):
    odd = {
        "namespace": argparse.Namespace(rate=1e-4),
        "numpy": np.float64(3),
        "array": np.arange(3),
        "dtype": torch.float16,
        "device": torch.device("cpu"),
        "set": {1, 2},
        "path": Path("/x"),
        "sparse": torch.eye(2).to_sparse(),
        ("tuple", "key"): 1,
        "size": torch.Size([2, 3]),
    }
    torch.save(odd, tmp_path / "odd.pt")
    with TorchArchive(tmp_path / "odd.pt") as archive:
        content = archive.content
    assert content["namespace"] == Inert("argparse.Namespace")
    assert content["size"] == (2, 3)
    assert content.keys() == {name for name in odd if isinstance(name, str)}


class TestArchives:
    def write(self, path: Path, entries: dict[str, bytes], compression=zipfile.ZIP_STORED) -> Path:
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        return path

    def test_old_format(self, tmp_path):
        torch.save({"a": torch.zeros(2)}, tmp_path / "old.ckpt", _use_new_zipfile_serialization=False)
        with pytest.raises(InvalidInput, match="not a zip archive"):
            TorchArchive(tmp_path / "old.ckpt")

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
    def test_truncated(self, share, tmp_path):
        path = save_checkpoint(random_state(), tmp_path / "t.ckpt")
        whole = path.read_bytes()
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(WorkFailed, match="truncated"):
            TorchArchive(path)

    def test_bytes_changed_anywhere_are_never_a_surprise(self, tmp_path):
        """Whatever is damaged, the error is one of the two that are reported in a line. Directory and tree are at the
        end of the file.
        """
        path = tmp_path / "t.pt"
        torch.save({"state_dict": {f"layer.{k}": torch.full((8,), float(k)) for k in range(20)}, "epoch": 3}, path)
        whole, random, refused = path.read_bytes(), np.random.default_rng(0), 0
        for _ in range(300):
            damaged = bytearray(whole)
            for position in random.integers(0, len(whole), 8):
                damaged[position] = random.integers(0, 256)
            path.write_bytes(damaged)
            try:
                with TorchArchive(path) as archive:
                    state = archive.content.get("state_dict") if isinstance(archive.content, dict) else None
                    for value in state.values() if isinstance(state, dict) else ():
                        if isinstance(value, StoredTensor):
                            archive.load(value)
            except (InvalidInput, WorkFailed) as error:
                refused += 1
                assert "\n" not in str(error)
        assert refused > 200

    def test_a_flipped_bit_is_noticed(self, tmp_path):
        path = tmp_path / "t.pt"
        torch.save({"a": torch.full((64,), 7.0)}, path)
        content = path.read_bytes()
        path.write_bytes(content.replace(struct.pack("<f", 7.0), struct.pack("<f", 7.5), 1))
        with TorchArchive(path) as archive, pytest.raises(WorkFailed, match="damaged"):
            archive.load(archive.content["a"])

    @pytest.mark.parametrize(
        "entries",
        [
            {"a/data.pkl": b"N.", "../escape": b"x"},
            {"a/data.pkl": b"N.", "/etc/passwd": b"x"},
            {"a/data.pkl": b"N.", "a/../../escape": b"x"},
            {"a/data.pkl": b"N.", "a\\..\\escape": b"x"},
            {"a/data.pkl": b"N.", "b/data.pkl": b"N."},
            {"a/b/data.pkl": b"N."},
            {"a/data.pkl": b"N.", "a/byteorder": b"big"},
            {},
        ],
        ids=str,
    )
    def test_tricks_with_paths(self, entries, tmp_path):
        with pytest.raises(InvalidInput) as error:
            TorchArchive(self.write(tmp_path / "t.pt", entries))
        assert str(tmp_path) in str(error.value) and "\n" not in str(error.value)

    def test_compressed_entries_and_doubled_ones(self, tmp_path):
        with pytest.raises(InvalidInput, match="compressed"):
            TorchArchive(self.write(tmp_path / "c.pt", {"a/data.pkl": b"N." * 99}, zipfile.ZIP_DEFLATED))
        with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(tmp_path / "d.pt", "w") as archive:
            archive.writestr("a/data.pkl", b"N.")
            archive.writestr("a/data/0", b"1")
            archive.writestr("a/data/0", b"2")
        with pytest.raises(InvalidInput, match="twice"):
            TorchArchive(tmp_path / "d.pt")

    @pytest.mark.parametrize(
        ("key", "numel", "offset", "size", "stride", "message"),
        [
            ("0", 4, 0, (5,), (1,), "does not fit"),
            ("0", 4, 3, (2,), (1,), "does not fit"),
            ("0", 4, 0, (10**9,), (0,), "does not fit"),
            ("0", 4, 0, (2,), (1, 1), "malformed"),
            ("0", 4, -1, (2,), (1,), "whole number"),
            ("0", 4, 0, (2,) * 99, (0,) * 99, "dimensions"),
            ("0", 2**60, 0, (2,), (1,), "whole number"),
            ("../0", 4, 0, (4,), (1,), "called by something else"),
            ("0", 8, 0, (8,), (1,), "8 elements has 16 bytes"),
            ("0", 2**40, 0, (2**40,), (1,), "damaged"),
            ("7", 4, 0, (4,), (1,), "no a/data/7"),
        ],
    )
    def test_tensors_outside_of_their_storage(self, key, numel, offset, size, stride, message, tmp_path):
        class Storage:
            pass

        class Tensor:
            def __reduce__(self):
                return torch._utils._rebuild_tensor_v2, (Storage(), offset, size, stride, False, {})

        class Pickler(pickle.Pickler):
            def persistent_id(self, value):
                return ("storage", torch.FloatStorage, key, "cpu", numel) if isinstance(value, Storage) else None

        with open(tmp_path / "tree", "wb") as file:
            Pickler(file, protocol=2).dump({"a": Tensor()})
        path = self.write(tmp_path / "t.pt", {"a/data.pkl": (tmp_path / "tree").read_bytes(), "a/data/0": bytes(16)})
        with pytest.raises((InvalidInput, WorkFailed), match=message), TorchArchive(path) as archive:
            archive.load(archive.content["a"])


def test_a_pickle_of_nothing_but_operations_is_refused():
    with pytest.raises(InvalidInput, match="more than 2,000,000 operations"):
        read_pickle(b"\x80\x04" + b"]" * 2_000_001 + b".", {}, lambda identifier: None)


def test_places_in_the_memo_take_no_memory():
    tracemalloc.start()
    assert read_pickle(b"\x80\x04Nr\xff\xff\xff\x7f.", {}, lambda identifier: None) is None  # LONG_BINPUT 2^31 - 1
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
