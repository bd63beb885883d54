"""A picture of every hairstyle, as people of the plan wear it.

    python -m benchmarks.hair_picture [--identities 720] [--size 224] [--out docs/hair.jpg]

A column for each style: two people who have it, above from the front and below from the side.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from dataset_script.spec import Spec
from generation.appearance.hair.styles import STYLES, choose_style
from generation.pipeline import FrameMaker
from generation.plan import IdentityPlan, Plan

COLUMNS = 8
LABEL_PX = 16


def wearers(plan: Plan, seed: int) -> dict[str, list[IdentityPlan]]:
    """Two people for each style, the second of another ethnicity where there is one."""
    found: dict[str, list[IdentityPlan]] = {style: [] for style in STYLES}
    for person in plan:
        those = found.get(choose_style(person, seed)[0], [])
        if not those or (len(those) == 1 and person.ethnicity != those[0].ethnicity):
            those.append(person)
    return found


def tile(maker: FrameMaker, people: list[IdentityPlan], style: str, size: int) -> np.ndarray:
    """The people of a style below each other, and its name, (2 S + L, S, 3) uint8."""
    picture = Image.new("RGB", (size, 2 * size + LABEL_PX), "white")
    for k, plan in enumerate(people):
        seen, _ = maker.picture(maker.person(plan), plan.expressions[0], plan.views[k], size)
        picture.paste(Image.fromarray(seen.rgb), (0, LABEL_PX + k * size))
    ImageDraw.Draw(picture).text((4, 2), style.replace("_", " "), fill="black")
    return np.asarray(picture)


def main() -> None:
    """Draws and writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identities", type=int, default=720, help="people among whom wearers are looked for")
    parser.add_argument("--size", type=int, default=224, help="pixels of a face")
    parser.add_argument("--out", type=Path, default=Path("docs/hair.jpg"), help="the picture")
    args = parser.parse_args()
    spec = Spec(identities=args.identities, preset="balanced", size=args.size)
    maker, found = FrameMaker(spec), wearers(Plan(spec), spec.seed)
    tiles = [tile(maker, people, style, args.size) for style, people in found.items()]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % COLUMNS)
    rows = [np.concatenate(tiles[k : k + COLUMNS], axis=1) for k in range(0, len(tiles), COLUMNS)]
    Image.fromarray(np.concatenate(rows)).save(args.out, quality=88)


if __name__ == "__main__":
    main()
