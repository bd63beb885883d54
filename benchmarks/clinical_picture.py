"""The picture of docs/clinical.md: people in care, twelve frames, three for each of four ways to rest.

python -m benchmarks.clinical_picture --out docs/clinical.jpg
"""

import argparse
import io

from PIL import Image

from dataset_script.spec import Spec
from generation.pipeline import FrameMaker
from generation.plan import IdentityPlan, Plan

SIZE = 512
COLUMNS = 4
KINDS = (
    ("lying", "above"), ("lying", "beside"), ("lying", "ceiling"), ("lying", "phone"),
    ("propped", "tripod"), ("propped", "phone"), ("propped", "ceiling"), ("propped", "beside"),
    ("wheelchair", "tripod"), ("wheelchair", "phone"), ("chair", "tripod"), ("chair", "phone"),
)  # fmt: skip
"""Posture, or what a seated person sits in, and camera."""
LEVEL = 5
"""Least PSPI that is shown."""


def is_of(person: IdentityPlan, held: str, camera: str) -> bool:
    """Whether a person rests and is photographed like this."""
    circumstances = person.circumstances
    return circumstances.camera == camera and held in (circumstances.posture, circumstances.support)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    spec = Spec(identities=240, preset="balanced", size=SIZE, scene="clinical", seed=2)
    maker, plan = FrameMaker(spec), Plan(spec)
    sheet = Image.new("RGB", (COLUMNS * SIZE, len(KINDS) // COLUMNS * SIZE))
    for k, kind in enumerate(KINDS):
        person = next(one for one in plan if is_of(one, *kind))
        expression = next(e for e in person.expressions if e.pspi >= LEVEL)
        frame = maker.make_frame(person, expression.expression_id, k % 2)
        face = Image.open(io.BytesIO(frame.row["image"]["bytes"]))
        sheet.paste(face, (k % COLUMNS * SIZE, k // COLUMNS * SIZE))
        print(frame.row["frame_id"], *kind, frame.row["setup"])
    half = (sheet.width * 3 // 4, sheet.height * 3 // 4)
    sheet.resize(half, Image.Resampling.LANCZOS).save(args.out, quality=86, optimize=True)


if __name__ == "__main__":
    main()
