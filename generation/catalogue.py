"""Every head, rig, look and renderer of the generator, each listed once. A new one is one file and one entry here.

The specification holds names of entries. Command line, README, cards and the error that names a missing extra read the
entries; nothing has a licence by default.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.spec import PAINTED_ONLY, Spec

from .geometry.mesh_formats import MESH_SUFFIXES
from .heads.files import HeadFiles

if TYPE_CHECKING:  # the command line reads the entries and must not wait for SciPy and numba
    from .appearance.base import Appearance
    from .diffusion.models import Models
    from .heads.base import Head
    from .photoreal.painting import Painting
    from .render.base import Renderer
    from .rigs.base import Rig

OTHER = "other: "
"""How a licence begins that has no SPDX identifier."""
NO_PERSON = "No real person is shown."


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is known of every part.

    Attributes:
        name: in the specification, on the command line and in the rows.
        what: what it is, in a phrase.
        extra: the extra of this package that brings what it imports, as in `pip install 'pain3d[generation]'`.
        licence: of the part, its weights and shapes included.
        frames_licence: what it asks of pictures made with it: an SPDX identifier, or "other: " and whose terms hold.
    """

    name: str
    what: str
    extra: str
    licence: str
    frames_licence: str


@dataclass(frozen=True, kw_only=True)
class HeadEntry(Entry):
    """A head.

    Attributes:
        make: `HeadFiles`, or None where it needs no file -> the head.
        file: the file of the user's that it is made from, in words; None where it needs none.
        people: the sentence of README and card on whom the pictures show.
    """

    make: "Callable[[HeadFiles | None], Head]"
    file: str | None
    people: str


@dataclass(frozen=True, kw_only=True)
class RigEntry(Entry):
    """A rig; `make` is given the head that it moves: one with a topology of its own (`Head.base`)."""

    make: "Callable[[Head], Rig]"


@dataclass(frozen=True, kw_only=True)
class LookEntry(Entry):
    """A look.

    Attributes:
        make: the head that it dresses, one with a topology of its own (`Head.base`), the specification, and the models
            and pictures of one that is painted -> the look.
        painted: whether diffusion models paint it.
        models: those that paint it where no others are named; None: they must be named.
        program: the program of the user's that paints maps of the head's skin for it, in words; None where it needs
            none.
        terms: what the user must accept first, in plain words; empty where there is nothing.
    """

    make: "Callable[[Head, Spec, Painting | None], Appearance]"
    painted: bool = False
    models: "Callable[[], Models] | None" = None
    program: str | None = None
    terms: str = ""


@dataclass(frozen=True, kw_only=True)
class RendererEntry(Entry):
    """A renderer; `make` is given the head that it draws: one with a topology of its own (`Head.base`)."""

    make: "Callable[[Head], Renderer]"


def _makehuman(files: HeadFiles | None) -> "Head":
    from .heads.makehuman import load  # here and below: only the parts of a specification are imported

    return load()


def _ict(files: HeadFiles) -> "Head":
    from .heads.ict import load

    return load(files.file)


def _flame(files: HeadFiles) -> "Head":
    from .heads.flame import load

    return load(files.file, files.landmarks)


def _mesh(files: HeadFiles) -> "Head":
    from .heads.own import load

    return load(files.file, files.landmarks, files.repair)


def _blendshapes(head: "Head") -> "Rig":
    from .rigs.blendshapes import load

    return load(head)


def _neural(head: "Head") -> "Rig":
    from .rigs.neural.head_rig import load

    return load(head)


def _procedural(head: "Head", spec: Spec, painting: "Painting | None") -> "Appearance":
    from .appearance.look import load

    return load(head)


def _painted(head: "Head", spec: Spec, painting: "Painting | None") -> "Appearance":
    from .photoreal.look import PaintedLook
    from .photoreal.painting import Painting

    return PaintedLook(spec.look, head, spec, painting or Painting())


def _hunyuan(head: "Head", spec: Spec, painting: "Painting | None") -> "Appearance":
    from .photoreal.hunyuan.look import HunyuanLook
    from .photoreal.painting import Painting

    return HunyuanLook(spec.look, head, spec, painting or Painting())


def _kandinsky_models() -> "Models":
    from .diffusion.models import KANDINSKY

    return KANDINSKY


def _raster(head: "Head") -> "Renderer":
    from .render.raster.renderer import load

    return load(head)


def _cycles(head: "Head") -> "Renderer":
    from .render.cycles.renderer import load

    return load(head)


def _pytorch3d(head: "Head") -> "Renderer":
    from .render.pytorch3d.renderer import load

    return load(head)


HUNYUAN_TERMS = """Tencent Hunyuan 3D 2.1 Community License, of which these points concern every picture made with it:
- It does not hold in the European Union, the United Kingdom and South Korea. Neither the model nor its outputs may be
  used, reproduced, modified, distributed or displayed there (1.l, 5.c).
- Neither the model nor its outputs may be used to improve any other AI model (5.b): do not train on these frames.
- Whoever gets them from you must be told of these restrictions (5.a), and that they are made by a machine (Exhibit A).
- With more than 1 million monthly users, ask Tencent for a licence first (4). Unlawful, harmful, discriminating,
  military and high-stakes uses, such as medical decisions, are excluded (Exhibit A).
The whole text: https://github.com/Tencent-Hunyuan/Hunyuan3D-2.1/blob/main/LICENSE"""

_TOPOLOGY = "topology and expression units of MakeHuman hm08: CC0-1.0"

HEADS: dict[str, HeadEntry] = {
    entry.name: entry
    for entry in (
        HeadEntry(
            name="makehuman",
            make=_makehuman,
            what="MakeHuman hm08: head, its shapes and expression units",
            extra="generation",
            licence="CC0-1.0",
            frames_licence="CC-BY-4.0",
            file=None,
            people=NO_PERSON,
        ),
        HeadEntry(
            name="ict",
            make=_ict,
            what="ICT-FaceKit: the faces of its people",
            extra="neural",
            licence=f"MIT; {_TOPOLOGY}",
            frames_licence="CC-BY-4.0",
            file="the ICT-FaceKit pack (.npz)",
            people=NO_PERSON,
        ),
        HeadEntry(
            name="flame",
            make=_flame,
            what="FLAME: the faces of its people",
            extra="neural",
            licence=f"the licence of the FLAME model; {_TOPOLOGY}",
            frames_licence="other: the licence of the FLAME model",
            file="the FLAME model (.npz or .pkl)",
            people=NO_PERSON,
        ),
        HeadEntry(
            name="mesh",
            make=_mesh,
            what="one head, given as a file",
            extra="neural",
            licence=f"its owner decides; {_TOPOLOGY}",
            frames_licence="other: the owner of the head decides",
            file=f"a mesh ({', '.join(MESH_SUFFIXES)})",
            people="All of them have the shape of one head, given as a file: if it is a scan, that person may be "
            "recognised, and must have agreed.",
        ),
    )
}

RIGS: dict[str, RigEntry] = {
    entry.name: entry
    for entry in (
        RigEntry(
            name="blendshapes",
            make=_blendshapes,
            what="expressions of ICT-FaceKit carried over to the head, MakeHuman's units, and sculpted fields",
            extra="generation",
            licence="MIT and CC0-1.0 (shapes), Apache-2.0 (fields)",
            frames_licence="CC-BY-4.0",
        ),
        RigEntry(
            name="neural",
            make=_neural,
            what="neural rig, trained on the shapes of ICT-FaceKit",
            extra="neural",
            licence="Apache-2.0 (weights), MIT (shapes it was trained on)",
            frames_licence="CC-BY-4.0",
        ),
    )
}

LOOKS: dict[str, LookEntry] = {
    entry.name: entry
    for entry in (
        LookEntry(
            name="procedural",
            make=_procedural,
            what="procedural skin, eyes, hair, clothes and light",
            extra="generation",
            licence="Apache-2.0",
            frames_licence="CC-BY-4.0",
        ),
        LookEntry(
            name="kandinsky",
            make=_painted,
            what="skin and background painted by Kandinsky 2.2 under the depth of the head",
            extra="diffusion",
            licence="Apache-2.0 (Kandinsky 2.2)",
            frames_licence="CC-BY-4.0",
            painted=True,
            models=_kandinsky_models,
        ),
        LookEntry(
            name="diffusion",
            make=_painted,
            what="skin and background painted by a depth ControlNet of your choice",
            extra="diffusion",
            licence="that of the models",
            frames_licence="other: the licence of the diffusion models",
            painted=True,
        ),
        LookEntry(
            name="hunyuan",
            make=_hunyuan,
            what="skin painted all around the head by Hunyuan3D-2.1, from a portrait by Kandinsky 2.2",
            extra="diffusion",
            licence="Tencent Hunyuan 3D 2.1 Community License; Apache-2.0 (Kandinsky 2.2)",
            frames_licence="other: Tencent Hunyuan 3D 2.1 Community License (may not be used to improve other AI "
            "models; does not hold in the EU, the UK and South Korea)",
            painted=True,
            models=_kandinsky_models,
            program="the paint of Hunyuan3D-2.1",
            terms=HUNYUAN_TERMS,
        ),
    )
}

RENDERERS: dict[str, RendererEntry] = {
    entry.name: entry
    for entry in (
        RendererEntry(
            name="raster",
            make=_raster,
            what="rasteriser on the CPU",
            extra="generation",
            licence="Apache-2.0",
            frames_licence="CC-BY-4.0",
        ),
        RendererEntry(
            name="cycles",
            make=_cycles,
            what="path tracer (Blender's Cycles, in an environment of its own)",
            extra="generation",
            licence="GPL-3.0-or-later, which does not extend to pictures made with it",
            frames_licence="CC-BY-4.0",
        ),
        RendererEntry(
            name="pytorch3d",
            make=_pytorch3d,
            what="pytorch3d, a differentiable rasteriser",
            extra="pytorch3d",
            licence="Apache-2.0, on pytorch3d: BSD-3-Clause",
            frames_licence="CC-BY-4.0",
        ),
    )
}

CATALOGUE: dict[str, Mapping[str, Entry]] = {"head": HEADS, "rig": RIGS, "look": LOOKS, "renderer": RENDERERS}
"""Field of the specification -> name -> entry."""


def check(spec: Spec) -> None:
    """Raises InvalidInput where a specification names a part that is not listed, or a file not needed by its head."""
    for field, entries in CATALOGUE.items():
        if (name := getattr(spec, field)) not in entries:
            raise InvalidInput(f"{field} is {name!r}; allowed: {', '.join(entries)}")
    needed = HEADS[spec.head].file
    if needed is None and spec.head_file is not None:
        raise InvalidInput(f"head_file is {spec.head_file!r}; allowed: null, as head {spec.head!r} needs no file")
    if needed is not None and spec.head_file is None:
        raise InvalidInput(f"head_file is None; allowed: the sha256 of the file of head {spec.head!r}, {needed}")
    if LOOKS[spec.look].program is not None and spec.side_portraits:
        raise InvalidInput(f"side_portraits is True; allowed: null or false, as look {spec.look!r} paints all sides")
    if LOOKS[spec.look].painted and spec.scene != "studio":
        raise InvalidInput(f"scene is {spec.scene!r}; allowed: studio, as look {spec.look!r} paints people upright")
    if LOOKS[spec.look].painted:
        if spec.references:
            raise InvalidInput(
                f"references is {spec.references}; allowed: 0, as look {spec.look!r} paints a person once"
            )
        if spec.diffusion_models is None:
            raise InvalidInput(f"diffusion_models is None; allowed: the sha256 of the models of look {spec.look!r}")
        return
    for field in PAINTED_ONLY:
        if (value := getattr(spec, field)) is not None:
            raise InvalidInput(f"{field} is {value!r}; allowed: null, as no model paints look {spec.look!r}")


def parts(spec: Spec) -> list[Entry]:
    """Entries of the head, rig, look and renderer of a specification. Raises InvalidInput as `check`."""
    check(spec)
    return [entries[getattr(spec, field)] for field, entries in CATALOGUE.items()]


def frames_licence(spec: Spec) -> str:
    """The licence of the pictures: of all parts of the specification whose terms are others', else CC-BY-4.0."""
    asked = [entry.frames_licence for entry in parts(spec)]
    others = dict.fromkeys(licence.removeprefix(OTHER) for licence in asked if licence.startswith(OTHER))
    return OTHER + "; ".join(others) if others else asked[0]


def files_for(name: str, files: HeadFiles | None) -> HeadFiles | None:
    """`files`, if the head of that name needs some. Raises InvalidInput where it needs them and there are none."""
    needed = HEADS[name].file
    if needed is None:
        return None
    if files is None:
        raise InvalidInput(f"the dataset's head is {name!r}: --head-file FILE must name {needed}")
    return files


def open_head(spec: Spec, files: HeadFiles | None = None) -> "Head":
    """The head of a specification.

    Raises:
        InvalidInput: the head needs files and there are none, or they are not those of the specification, or unfit.
        WorkFailed: what it imports is not installed; names the extra.
    """
    check(spec)
    files = files_for(spec.head, files)
    if files is None:
        return _made(HEADS[spec.head], None)
    if (found := files.digest()) != spec.head_file:
        raise InvalidInput(
            f"head_file is {spec.head_file} in the spec; {files.file}"
            f"{' with its landmarks' if files.landmarks else ''} has {found}: it is another head"
        )
    return _made_from(spec.head, files, spec.head_file)


@functools.lru_cache(maxsize=2)
def _made_from(name: str, files: HeadFiles, digest: str) -> "Head":
    """Wrapping takes seconds: the same content is wrapped once a process."""
    return _made(HEADS[name], files)


def open_rig(spec: Spec, head: "Head") -> "Rig":
    """The rig of a specification. Raises WorkFailed where what it imports is not installed; names the extra."""
    return _made(RIGS[spec.rig], head.base)


def open_look(spec: Spec, head: "Head", painting: "Painting | None" = None) -> "Appearance":
    """The look of a specification. `painting`: models and pictures of one that is painted.

    Raises:
        InvalidInput: the models are not those of the specification.
        WorkFailed: what it imports is not installed; names the extra.
    """
    return _made(LOOKS[spec.look], head.base, spec, painting)


def open_renderer(spec: Spec, head: "Head") -> "Renderer":
    """The renderer of a specification. Raises WorkFailed where what it imports is not installed; names the extra."""
    return _made(RENDERERS[spec.renderer], head.base)


def _made(entry: HeadEntry | RigEntry | LookEntry | RendererEntry, *given: Any) -> Any:
    try:
        return entry.make(*given)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(__package__):
            raise  # a mistake of ours, which no extra mends
        raise WorkFailed(f"{entry.name} needs {error.name}: pip install 'pain3d[{entry.extra}]'") from error
