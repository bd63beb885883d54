"""Heads that are models of people: FLAME-shaped files, and ICT-FaceKit where the user has its pack."""

import os
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from other_heads import PLAN, flame_arrays

from dataset_script.errors import InvalidInput, WorkFailed
from generation.geometry.mesh import vertex_normals
from generation.geometry.surface import Surface
from generation.heads import flame, ict
from generation.heads.flame import MODES, read_model
from generation.heads.wrapping.template import template

ICT_PACK = os.environ.get("PAIN3D_ICT_PACK")


@pytest.fixture(scope="module")
def arrays():
    return flame_arrays()[0]


@pytest.fixture(scope="module")
def head(arrays, tmp_path_factory):
    path = tmp_path_factory.mktemp("flame") / "model.npz"
    np.savez(path, **arrays)
    return flame.load(path)


def off_the_skin(head, skin: np.ndarray, triangles: np.ndarray, control: np.ndarray, eyes: np.ndarray) -> float:
    """Mean distance in mm of the wrapped face from a person's skin, whose eyes are where the wrap has them."""
    t = template()
    points = control[t.skin].astype(float)
    normals = vertex_normals(points, t.triangles).astype(float)
    found = Surface(skin, triangles).nearest(points[t.face], normals[t.face])
    assert found.usable.mean() > 0.9
    return float(found.distance[found.usable].mean())


def test_people_of_flame_lie_on_its_surface(head, arrays):
    skin = len(np.unique(arrays["f"][: len(head.other.triangles)]))
    weights = np.zeros(MODES)
    weights[:4] = 1.5, -1.0, 2.0, 0.5
    control, eyes = head.person(weights)
    person = 1000 * (arrays["v_template"] + arrays["shapedirs"][..., :MODES] @ weights)
    person -= np.stack([person[skin : skin + 546], person[skin + 546 :]]).mean(axis=(0, 1))  # between the eyes
    assert off_the_skin(head, person[:skin], head.other.triangles, control, eyes) < 0.6
    true = np.array([person[skin : skin + 546].mean(axis=0), person[skin + 546 :].mean(axis=0)])
    assert np.abs(eyes[:, :3] - true).max() < 2.0


def test_people_of_flame_differ_and_repeat(head):
    one, again, other = head.shape(PLAN[0], 0), head.shape(PLAN[0], 0), head.shape(PLAN[1], 0)
    assert (one.control == again.control).all() and one.parameters == again.parameters
    assert np.abs(one.control - other.control).mean() > 0.3
    assert len(one.parameters) == MODES and max(map(abs, one.parameters.values())) <= flame.LIMIT


class Ch:
    """Stands for `chumpy.Ch`, which keeps its array as `x`."""

    def __init__(self, x: np.ndarray) -> None:
        self.x, self._dirty_vars = x, {"x"}


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickled_model_is_read_without_its_classes(arrays, tmp_path, monkeypatch, protocol):
    monkeypatch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
    for module, name in (("chumpy.ch", "Ch"), ("scipy.sparse.csc", "csc_matrix")):
        monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
        kind = type(name, (Ch,), {"__module__": module, "__qualname__": name})
        setattr(sys.modules[module], name, kind)
    pickled = {name: arrays[name][:50] for name in ("v_template", "f")}
    pickled["shapedirs"] = sys.modules["chumpy.ch"].Ch(arrays["shapedirs"][:50])
    pickled["J_regressor"] = sys.modules["scipy.sparse.csc"].csc_matrix(arrays["J_regressor"])
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(pickled, protocol))
    monkeypatch.undo()  # nothing of them is there when the file is read
    assert "chumpy.ch" not in sys.modules
    found = read_model(tmp_path / "model.pkl")
    assert (found["v_template"] == arrays["v_template"][:50]).all() and (found["f"] == arrays["f"][:50]).all()
    assert (found["shapedirs"] == arrays["shapedirs"][:50]).all()


class Hostile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_hostile_pickle_does_nothing(tmp_path):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"v_template": Hostile(tmp_path / "touched")}))
    with pytest.raises(InvalidInput, match="which a FLAME model does not hold"):
        read_model(tmp_path / "model.pkl")
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"shapedirs": None}, "not a FLAME model: .*shapedirs"),
        ({"v_template": np.zeros((7, 2))}, r"v_template float64 \(7, 2\)"),
        ({"shapedirs": np.zeros((5, 3, 10))}, r"allowed are v_template \(V, 3\)"),
    ],
)
def test_other_files_are_no_flame_models(tmp_path, change, line):
    arrays = {"v_template": np.zeros((5, 3)), "f": np.zeros((4, 3), int), "shapedirs": np.zeros((5, 3, MODES))} | change
    np.savez(tmp_path / "model.npz", **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(InvalidInput, match=line):
        read_model(tmp_path / "model.npz")
    for name, words in (("nowhere.npz", "does not exist"), ("model.obj", "must end in .npz or .pkl")):
        with pytest.raises(InvalidInput, match=words):
            read_model(tmp_path / name)
    (tmp_path / "broken.pkl").write_bytes(b"\x80\x04nothing")
    with pytest.raises(InvalidInput, match="not a FLAME model"):
        read_model(tmp_path / "broken.pkl")


def test_a_missing_ict_pack_is_named(tmp_path):
    with pytest.raises(WorkFailed, match=r"nowhere\.npz, which does not exist"):
        ict.load(tmp_path / "nowhere.npz")


@pytest.mark.skipif(
    ICT_PACK is None, reason="PAIN3D_ICT_PACK names no ICT-FaceKit pack; its data is not in the repository"
)
def test_people_of_ict_lie_on_their_surface():
    head = ict.load(Path(ICT_PACK))
    assert head.wrap.nearest.distance[template().face].mean() < 0.4
    other = head.other
    faces = ict.load_ict(Path(ICT_PACK))
    weights = np.random.default_rng(0).standard_normal(len(other.modes)).clip(-2.5, 2.5)
    control, eyes = head.person(weights)
    person = faces.mean + np.tensordot(weights, faces.identity, axes=1)
    person = person - (other.eyes[:, :3] + np.tensordot(weights, other.eye_modes, axes=1)).mean(axis=0)
    assert off_the_skin(head, person, other.triangles, control, eyes) < 0.6
