"""Does any demographic group look worse than another?

    python -m benchmarks.groups [--per-cell 10] [--size 256] [--out docs/groups.png] [--markdown docs/groups.md]

The same number of people from each of the 24 cells (6 ethnicities x 2 age groups x 2 genders), their frontal view, in
memory. Sensor noise and focus blur are left out, and there is no JPEG, so that two renders of a person differ in the
face only. Of each person:

- lightness: median L* (CIE, D65) of the skin of the face. Skin has its range, so it is reported and not ranked.
- clipped: share of the skin's pixels with a channel at 2 or below, or all at 253 or above (black or burnt out).
- dim: share of the skin's pixels below L* 15, where a screen shows little.
- detail: RMS of L* between a blur of 1 and of 4 pixels (at 256 px), away from edges of the face: visible texture.
- legibility of AU4, 6, 7, 9, 10 at level 3 and AU43 at 1, each alone: mean colour difference (CIE76 delta E) to the
  neutral face where the unit's own heat is above a third of its maximum. `signal`, in delta E. A difference of 2.3 is
  just noticeable.
- contrast of that signal: over the RMS of the skin's own detail, which it has to stand out from. Relative legibility.
- framing: face box on the border, or an inner landmark outside, in any of the three views.

Groups are compared by the mean over their people, with a 95 % interval from a bootstrap over people.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_erosion, gaussian_filter

from dataset_script.facs import AU_NAMES, EXTRA_AU_NAMES, pspi
from dataset_script.spec import Spec
from dataset_script.vocabulary import AGE_GROUPS, ETHNICITIES, GENDERS, SEGMENTS
from generation.geometry.camera import Camera
from generation.pipeline import FrameMaker, Person
from generation.plan import ExpressionPlan, IdentityPlan, Plan, ViewPlan

LEVELS = (3, 3, 3, 3, 3, 1)
CELLS = len(ETHNICITIES) * len(AGE_GROUPS) * len(GENDERS)
RESAMPLES = 2000
BLURS = (1.0, 4.0)
BLACK, BURNT, DIM = 2, 253, 15.0
HOT_SHARE = 1 / 3
INNER = slice(17, 68)

MEASURES = {
    "clipped": ("share of skin black or burnt out", "high", "%"),
    "dim": ("share of skin below L* 15", "high", "%"),
    "detail": ("texture of the skin, RMS of L*", "low", "L*"),
    "signal": ("colour change where an AU acts, mean of six", "low", "dE"),
    "contrast": ("that change over the skin's own detail", "low", ""),
    **{
        f"signal {name}": (f"colour change by {name} = {level}", "low", "dE")
        for name, level in zip(AU_NAMES, LEVELS, strict=True)
    },
    "framing": ("people with a framing problem in any view", "high", "%"),
}
"""Name -> what it says, which way is worse, unit. `lightness` is reported beside them and not ranked."""


class Still:
    """Stands in for the generator of noise: none, and perfect focus."""

    def standard_normal(self, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        return np.zeros(shape, dtype)

    def beta(self, a: float, b: float) -> float:
        return 0.0


@dataclass(frozen=True)
class Render:
    """A noiseless view: L*a*b* (S, S, 3), bare skin of the face (S, S) bool, heat in mm (S, S), sRGB (S, S, 3)."""

    lab: np.ndarray
    skin: np.ndarray
    heat: np.ndarray
    rgb: np.ndarray


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """sRGB uint8 (..., 3) to CIE L*a*b* under D65."""
    encoded = rgb / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    xyz /= [0.9505, 1.0, 1.089]
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def render(maker: FrameMaker, person: Person, au: tuple[float, ...], view: ViewPlan) -> Render:
    """A person with `au` in C1 order, without noise and blur."""
    expression = ExpressionPlan(1, au, int(pspi(au)), dict.fromkeys(EXTRA_AU_NAMES, 0.0))
    posed = maker._pose(person, expression)
    picture = maker.renderer.render(posed, person.look, Camera.from_plan(view, maker.spec.size), Still())
    topology = maker.head.topology
    on_face = topology.masks["face"][topology.triangles].min(axis=1) > 0.5
    skin = (picture.segments == SEGMENTS.index("skin")) & on_face[picture.ids] & (picture.ids >= 0)
    return Render(to_lab(picture.rgb), skin, maker._heat(person, posed.vertices, picture), picture.rgb)


def band(lightness: np.ndarray, inside: np.ndarray, size: int) -> np.ndarray:
    """L* between the two BLURS (S, S); both ignore what lies outside, so that edges do not count as texture."""

    def blurred(pixels: float) -> np.ndarray:
        sigma = pixels * size / 256
        weight = gaussian_filter(inside.astype(float), sigma)
        return gaussian_filter(lightness * inside, sigma) / np.maximum(weight, 1e-6)

    fine, coarse = map(blurred, BLURS)
    return fine - coarse


def is_framed(person: Person, maker: FrameMaker) -> bool:
    """Whether the neutral face lies within the picture in all views."""
    topology, size = maker.head.topology, maker.spec.size
    for view in person.plan.views:
        camera = Camera.from_plan(view, size)
        face = camera.project(person.neutral[topology.masks["face"] > 0.5].astype(float))[:, :2]
        inner = camera.project(person.neutral[topology.landmarks[INNER]].astype(float))[:, :2]
        if face.min() <= 1 or face.max() >= size - 1 or inner.min() < 2 or inner.max() > size - 2:
            return False
    return True


def measure(maker: FrameMaker, plan: IdentityPlan) -> dict[str, float]:
    """All measures of one person."""
    person, view = maker.person(plan), plan.views[0]
    neutral = render(maker, person, (0,) * len(AU_NAMES), view)
    size, skin = maker.spec.size, neutral.skin
    inner = binary_erosion(skin, iterations=max(2 * size // 256, 1))
    black, burnt = (neutral.rgb <= BLACK).any(axis=2), (neutral.rgb >= BURNT).all(axis=2)
    found = {
        "lightness": float(np.median(neutral.lab[skin, 0])),
        "clipped": 100 * float((black | burnt)[skin].mean()),
        "dim": 100 * float((neutral.lab[skin, 0] < DIM).mean()),
        "detail": float(np.sqrt((band(neutral.lab[..., 0], skin, size)[inner] ** 2).mean())),
        "framing": 0.0 if is_framed(person, maker) else 100.0,
    }
    for k, (name, level) in enumerate(zip(AU_NAMES, LEVELS, strict=True)):
        posed = render(maker, person, tuple(level if n == k else 0 for n in range(len(AU_NAMES))), view)
        hot = posed.heat > HOT_SHARE * posed.heat.max()
        change = np.linalg.norm(posed.lab - neutral.lab, axis=2)
        found[f"signal {name}"] = float(change[hot].mean())
    found["signal"] = float(np.mean([found[f"signal {name}"] for name in AU_NAMES]))
    found["contrast"] = found["signal"] / found["detail"]
    return found


def groups_of(plan: IdentityPlan) -> list[tuple[str, str]]:
    """(attribute, group) of a person; the cell is one of them."""
    cell = f"{plan.age_group} {plan.ethnicity} {plan.gender}"
    return [("ethnicity", plan.ethnicity), ("age", plan.age_group), ("gender", plan.gender), ("cell", cell)]


def interval(values: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of `values` (N,)."""
    means = values[rng.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    return float(np.percentile(means, 2.5)), float(np.percentile(means, 97.5))


def compare(people: list[IdentityPlan], found: list[dict[str, float]]) -> dict:
    """measure -> attribute -> group -> mean and interval, and the worst group against the best one."""
    rng = np.random.default_rng(0)
    table: dict = {}
    for name in ("lightness", *MEASURES):
        values, lines = np.array([f[name] for f in found]), {}
        for attribute in ("ethnicity", "age", "gender", "cell"):
            label = np.array([dict(groups_of(p))[attribute] for p in people])
            groups = {}
            for group in sorted(set(label)):
                mine = values[label == group]
                groups[group] = {"mean": float(mine.mean()), "95%": interval(mine, rng), "people": len(mine)}
            lines[attribute] = {"groups": groups}
            if name != "lightness":
                lines[attribute] |= worst_and_best(groups, MEASURES[name][1])
        table[name] = lines
    return table


def worst_and_best(groups: dict[str, dict], worse: str) -> dict:
    """Worst and best group by mean, gap, ratio (None where undefined), and whether the intervals are apart."""
    order = sorted(groups, key=lambda g: groups[g]["mean"], reverse=worse == "high")
    worst, best = groups[order[0]], groups[order[-1]]
    apart = worst["95%"][0] > best["95%"][1] or worst["95%"][1] < best["95%"][0]
    ratio = worst["mean"] / best["mean"] if best["mean"] else None
    return {"worst": order[0], "best": order[-1], "gap": worst["mean"] - best["mean"], "ratio": ratio, "apart": apart}


def rows_of(table: dict, attribute: str) -> list[str]:
    """A Markdown line for every ranked measure."""
    lines = []
    for name, (_, _, unit) in MEASURES.items():
        line = table[name][attribute]
        groups, worst, best = line["groups"], line["worst"], line["best"]
        if abs(line["gap"]) < 0.005:
            lines.append(f"| {name} | all alike | {groups[worst]['mean']:.2f} {unit} | | | | no |")
            continue
        low, high = groups[worst]["95%"]
        ratio = "" if line["ratio"] is None else f"{line['ratio']:.2f}"
        apart = "yes" if line["apart"] else "no"
        lines.append(
            f"| {name} | {worst.replace('_', ' ')} | {groups[worst]['mean']:.2f} ({low:.2f} to {high:.2f}) {unit} "
            f"| {best.replace('_', ' ')} | {groups[best]['mean']:.2f} {unit} | {ratio} | {apart} |"
        )
    return lines


def verdict(table: dict) -> str:
    """One line a measure: where the intervals of the worst and best group do not overlap, and how much they differ."""
    lines = []
    for name, (meaning, _, unit) in MEASURES.items():
        parts = []
        for attribute in ("ethnicity", "age", "gender"):
            line = table[name][attribute]
            if line["apart"]:
                worst, best = (line[which].replace("_", " ") for which in ("worst", "best"))
                parts.append(f"{worst} behind {best} by {abs(line['gap']):.2f} {unit}".rstrip())
        lines.append(f"- {name} ({meaning}): {'; '.join(parts) if parts else 'intervals overlap'}.")
    return "\n".join(lines)


def markdown(table: dict, command: str, count: int, size: int) -> str:
    """The whole of docs/groups.md."""
    columns = ("measure", "worst", "mean (95 %)", "best", "mean", "worst / best", "intervals apart")
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    lightness = ", ".join(
        f"{g.replace('_', ' ')} {v['mean']:.0f}" for g, v in table["lightness"]["ethnicity"]["groups"].items()
    )
    parts = [
        "# Does any group look worse than another?",
        f"    {command}",
        f"{count} people, as many of each of the 24 cells, frontal, {size} px, without sensor noise and focus blur. "
        "What is measured stands at the head of `benchmarks/groups.py`; intervals are from a bootstrap over people.",
        "![Every measure by group](groups.png)",
        "## Groups whose intervals are apart",
        verdict(table),
        f"Median L* of the skin, by ethnicity: {lightness}.",
        *(
            f"## By {attribute}\n\n{head}\n" + "\n".join(rows_of(table, attribute))
            for attribute in ("ethnicity", "age", "gender", "cell")
        ),
        "The worst and the best were picked after looking: among 24 small cells some lie apart by chance alone.",
    ]
    return "\n\n".join(parts) + "\n"


def plot(out: Path, table: dict) -> None:
    """One panel for each measure: mean and interval of every ethnicity, age group and gender. Needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = ["lightness", *MEASURES]
    columns = 5
    figure, axes = pyplot.subplots(
        -(-len(names) // columns), columns, figsize=(17, 10), layout="constrained", sharey=True
    )
    for axis in axes.flat[len(names) :]:
        axis.axis("off")
    for axis, name in zip(axes.flat, names, strict=False):
        labels = []
        for colour, attribute in zip(
            ("tab:blue", "tab:orange", "tab:green"), ("ethnicity", "age", "gender"), strict=True
        ):
            for group, found in table[name][attribute]["groups"].items():
                low, high = found["95%"]
                axis.plot([low, high], [len(labels)] * 2, color=colour)
                axis.plot(found["mean"], len(labels), "o", color=colour, markersize=5)
                labels.append(group.replace("_", " "))
        axis.set_yticks(range(len(labels)), labels)
        axis.set(title=name, xlabel=MEASURES[name][2] if name in MEASURES else "L*")
        if name != "lightness":
            axis.set_xlim(left=0)
    axes.flat[0].invert_yaxis()
    figure.savefig(out, dpi=80)


def rounded(value: object) -> object:
    """The table with numbers of four digits."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [rounded(v) for v in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-cell", type=int, default=10, help="people in each of the 24 cells (%(default)s)")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="plot, .png")
    parser.add_argument("--markdown", type=Path, help="the tables as a page")
    args = parser.parse_args()
    spec = Spec(identities=CELLS * args.per_cell, preset="balanced", size=args.size, seed=args.seed)
    plan, maker = Plan(spec), FrameMaker(spec)
    people = list(plan)
    table = compare(people, [measure(maker, person) for person in people])
    print(json.dumps(rounded(table), indent=1))
    if args.out:
        plot(args.out, table)
    if args.markdown:
        out = f" --out {args.out}" if args.out else ""
        command = (
            f"python -m benchmarks.groups --per-cell {args.per_cell} --size {args.size}{out} --markdown {args.markdown}"
        )
        args.markdown.write_text(markdown(table, command, len(people), args.size), encoding="utf-8")


if __name__ == "__main__":
    main()
