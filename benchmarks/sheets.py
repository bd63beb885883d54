"""The pictures of docs/others.md, docs/pspi.md, docs/references.md and docs/accessories.md, by the code of today.

python -m benchmarks.sheets others pspi references accessories [--folder docs]
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES
from dataset_script.spec import Spec
from generation.accessories import ACCESSORIES
from generation.frame import Frame
from generation.pipeline import FrameMaker
from generation.plan import IdentityPlan, Plan
from generation.sheets.gallery import CELL, Panel, draw_sheet

SIZE = 384
"""Pixels of what is rendered; the sheets show it smaller."""
OTHERS, REFERENCES = 10, 5
WORN, TILE, COLUMNS = 16, 288, 4


def panel(frame: Frame, head: str, note: str) -> Panel:
    return Panel(picture(frame).resize((CELL, CELL), Image.Resampling.LANCZOS), (head, note))


def picture(frame: Frame) -> Image.Image:
    with Image.open(io.BytesIO(frame.row["image"]["bytes"])) as image:
        return image.convert("RGB")


def units(row: dict, names: tuple[str, ...] = AU_NAMES + EXTRA_AU_NAMES) -> str:
    """The units, of `names`, that are there, as "AU 4:3 25:2"."""
    levels = dict(zip(AU_NAMES, row["au"], strict=True)) | row["extra_au"]
    shown = [f"{name.removeprefix('AU')}:{levels[name]:.0f}" for name in names if levels[name] >= 0.5]
    return "AU " + " ".join(shown) if shown else ""


def others() -> Image.Image:
    """Two people at rest and in all kinds of expressions that are no pain."""
    spec = Spec(identities=24, preset="balanced", size=SIZE, others=OTHERS, seed=3)
    plan, maker, lines = Plan(spec), FrameMaker(spec), []
    for person in (plan[6], plan[14]):
        line = [panel(maker.make_frame(person, 0, 0), f"{person.gender}, {person.age}", "neutral")]
        for expression in person.expressions[-OTHERS:]:
            row = (frame := maker.make_frame(person, expression.expression_id, 0)).row
            line.append(panel(frame, f"{expression.name.replace('_', ' ')}, PSPI {row['pspi']}", units(row)))
        lines.append(line)
    return draw_sheet(f"{len(lines)} people, {OTHERS} expressions that are no pain each.", lines)


def pspi() -> Image.Image:
    """The ten pain expressions of one person with each way to draw them, from weak to strong."""
    lines = []
    for name in ("uniform", "clinical", "dementia"):
        spec = Spec(identities=24, preset="balanced", size=SIZE, pspi=name, seed=3)
        person, maker = Plan(spec)[14], FrameMaker(spec)
        frames = [maker.make_frame(person, k, 0) for k in range(1, 11)]
        frames.sort(key=lambda frame: frame.row["pspi"])
        lines.append(
            [panel(frame, f"{name}, PSPI {frame.row['pspi']}", units(frame.row, AU_NAMES)) for frame in frames]
        )
    return draw_sheet("One person's ten pain expressions with --pspi uniform, clinical and dementia.", lines)


def references() -> Image.Image:
    """Three people at rest, in the session and on other days."""
    spec = Spec(identities=24, preset="balanced", size=SIZE, references=REFERENCES, seed=3)
    plan, maker, lines = Plan(spec), FrameMaker(spec), []
    for k in (1, 6, 14):
        days = (plan[k], *plan.references(k))
        frames = [maker.make_frame(day, 0, 0) for day in days]
        names = ["session", *(f"reference {number}" for number in range(1, REFERENCES + 1))]
        lines.append([panel(frame, name, frame.row["setup"]) for name, frame in zip(names, frames, strict=True)])
    return draw_sheet(f"The session's neutral face, and {REFERENCES} reference pictures.", lines)


def accessories() -> Image.Image:
    """Each thing that people wear, on somebody who wears nothing else, at rest or in strong pain."""
    spec = Spec(identities=2500, preset="balanced", size=2 * TILE, scene="mixed", seed=3)
    plan, maker = list(Plan(spec)), FrameMaker(spec)
    sheet = Image.new("RGB", (COLUMNS * TILE, -(-WORN // COLUMNS) * TILE))
    shown: list[IdentityPlan] = []
    for k, name in enumerate([*ACCESSORIES, *ACCESSORIES][:WORN]):
        person = next(one for one in plan if one.accessories == (name,) and is_near(one) and one not in shown)
        shown.append(person)
        strong = next(e.expression_id for e in person.expressions if e.pspi >= 8)
        views = sorted(range(3), key=lambda view, first=k % 3: view != first)
        frames = [maker.make_frame(person, strong if k % 2 else 0, view) for view in views]
        face = picture(next((frame for frame in frames if name in frame.row["occluders"]), frames[0]))
        place = (k % COLUMNS * TILE, k // COLUMNS * TILE)
        sheet.paste(face.resize((TILE, TILE), Image.Resampling.LANCZOS), place)
    return sheet


def is_near(person: IdentityPlan) -> bool:
    """Whether the camera is near, and what is worn is to be seen."""
    return person.circumstances.posture != "lying" and person.circumstances.camera != "ceiling"


SHEETS: dict[str, Callable[[], Image.Image]] = {
    "others": others, "pspi": pspi, "references": references, "accessories": accessories,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=SHEETS)
    parser.add_argument("--folder", type=Path, default=Path("docs"))
    args = parser.parse_args()
    for name in args.names:
        SHEETS[name]().save(args.folder / f"{name}.jpg", quality=88, optimize=True)


if __name__ == "__main__":
    main()
