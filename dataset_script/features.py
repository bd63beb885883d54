"""What a row is (contract C2): the `datasets` schema of each configuration."""

from collections.abc import Mapping
from typing import Any

from datasets import ClassLabel, Features, Image, List, Value

from .dense_landmarks import NUM_DENSE_LANDMARKS
from .facs import AU_NAMES, EXTRA_AU_NAMES
from .vocabulary import (
    AGE_GROUPS,
    ETHNICITIES,
    EXPRESSION_KINDS,
    EXPRESSIONS_PER_IDENTITY,
    GENDERS,
    NUM_LANDMARKS,
    STIMULI,
    VIEWS_PER_EXPRESSION,
)


def rows_per_identity(spec: Mapping[str, Any]) -> dict[str, int]:
    """Configuration -> rows of one person in the dataset of a specification; absent fields have their defaults."""
    frames = (EXPRESSIONS_PER_IDENTITY + spec.get("others", 0)) * VIEWS_PER_EXPRESSION
    rows = {"default": frames, "pairs": frames - VIEWS_PER_EXPRESSION}
    if references := spec.get("references", 0):
        rows["references"] = references
    return rows | ({"geometry": frames} if spec.get("geometry") else {})


_KEY = {
    "frame_id": Value("string"),
    "identity_id": Value("int32"),
    "expression_id": Value("int8"),
    "view_id": Value("int8"),
}
_POINT = List(Value("float32"), length=3)
_RIGID = {"rotation": List(_POINT, length=3), "translation": _POINT}
_CAMERA = {
    "yaw": Value("float32"),
    "pitch": Value("float32"),
    "roll": Value("float32"),
    "fov": Value("float32"),
    "intrinsics": {name: Value("float32") for name in ("fx", "fy", "cx", "cy")},
    **_RIGID,
}
_HEAD_POSE = {**{name: Value("float32") for name in ("yaw", "pitch", "roll")}, **_RIGID}
_LABELS = {
    "au": List(Value("float32"), length=len(AU_NAMES)),
    "pspi": Value("int32"),
    "extra_au": {name: Value("float32") for name in EXTRA_AU_NAMES},
    "age_group": ClassLabel(names=list(AGE_GROUPS)),
    "age": Value("int32"),
    "ethnicity": ClassLabel(names=list(ETHNICITIES)),
    "gender": ClassLabel(names=list(GENDERS)),
    "prompt": Value("string"),
    "camera": _CAMERA,
    "head_pose": _HEAD_POSE,
    "landmarks": List(List(Value("float32"), length=2), length=NUM_LANDMARKS),
    "landmarks_3d": List(_POINT, length=NUM_LANDMARKS),
    "face_box": List(Value("float32"), length=4),
    "neutral_frame_id": Value("string"),
    "expression_kind": ClassLabel(names=list(EXPRESSION_KINDS)),
    "expression": Value("string"),
    "scene": Value("string"),
    "setup": Value("string"),
    "posture": Value("string"),
    "camera_kind": Value("string"),
    "occluders": List(Value("string")),
    "hidden_aus": List(Value("string")),
    "seed": Value("int64"),
    "renderer": Value("string"),
    "rig": Value("string"),
    "head": Value("string"),
    "licence": Value("string"),
}

FEATURES: dict[str, Features] = {
    "default": Features({**_KEY, "image": Image(), "heatmap": Image(mode="L"), **_LABELS}),
    "pairs": Features(
        {
            **_KEY,
            "image": Image(),
            "neutral_image": Image(),
            "neutral_face_box": List(Value("float32"), length=4),
            "heatmap": Image(mode="L"),
            **_LABELS,
        }
    ),
    "references": Features({**_KEY, "reference_id": Value("int8"), "image": Image(), **_LABELS}),
    "geometry": Features(
        {
            **_KEY,
            "depth": Image(),
            "normals": Image(),
            "segments": Image(mode="L"),
            "au_heatmaps": {name: Image(mode="L") for name in AU_NAMES},
            "uv": {axis: Image() for axis in "uv"},
            "landmarks_visible": List(Value("bool"), length=NUM_LANDMARKS),
            "dense_landmarks": List(List(Value("float32"), length=2), length=NUM_DENSE_LANDMARKS),
            "dense_landmarks_3d": List(_POINT, length=NUM_DENSE_LANDMARKS),
            "dense_landmarks_visible": List(Value("bool"), length=NUM_DENSE_LANDMARKS),
            "camera": _CAMERA,
            "head_pose": _HEAD_POSE,
            "mesh_parameters": Value("string"),
            "mesh": Value("binary"),
        }
    ),
}
"""Schema of each configuration. Two frames of reference hold throughout.

- Room: millimetres, y up; the origin lies between the eyes of the neutral face, z out of it where the person is
  upright. `landmarks_3d` and `dense_landmarks_3d` are in it.
- Head: millimetres, origin between the eyes, x to the subject's left, y to the crown, z out of the face, whatever the
  posture. `head_pose` leads from it to the room: a point p becomes `rotation` p + `translation`.

- `default`: one row a frame. `heatmap` is all zero on neutral frames. Angles and `fov` (horizontal) are in degrees;
  `intrinsics`, `landmarks` (x, y) and `face_box` (x0, y0, x1, y1) in pixels of `image`, pixel centres at .5. Yaw, pitch
  and roll of `camera` are those of the head as the camera sees it; those of `head_pose` are its turn in the room.
  `camera.rotation` R and `camera.translation` t lead from the room to the camera (x right, y down, z forward, as in
  OpenCV), so that K (R X + t) is the pixel of a point X.
  `expression`: "neutral", "pain", or what the face does where `expression_kind` is other. `scene`: the preset that
  placed the person; `setup`: how they are lit; `posture`: how they are held; `camera_kind`: what filmed them.
  `occluders`: what covers a part of the face in this picture, `hidden_aus`: units most of whose region is covered by
  it; their intensities stay true.
- `pairs`: one row a frame that is not neutral, with the neutral frame of the same person and view. The head moves a few
  degrees between the two (see `Spec.head_motion`), hence `neutral_face_box`; the camera does not.
- `references`: one row a neutral picture of a person on another day, numbered from 1, in another light, place, clothes
  and pose; `frame_id` "00017-r2-0", `expression_id` and `view_id` 0. No heatmap: nothing moves.
- `geometry`: `depth` is 16-bit, millimetres x 20 along the optical axis (0: nothing there); `normals` is RGB,
  (n + 1) / 2 x 255 of the unit normal in the camera's axes (right, up, towards the camera; 0 0 0: nothing there);
  `segments` holds indices into `SEGMENTS`; `uv` are two 16-bit pictures, 1 + 65532 x the place in the head's texture,
  u to the right and v up (0: none there); `landmarks_visible` and `dense_landmarks_visible` are false where the head
  itself or a prop hides a landmark; `dense_landmarks.py` names the dense ones; `mesh_parameters` is JSON, the head's
  identity weights; `mesh` is binary glTF in metres, in the axes of the head, null unless `Spec.mesh` asks for it.
"""

NUM_AAM_LANDMARKS = 66
RATINGS: tuple[str, ...] = ("AFF", "OPR", "SEN", "VAS")
"""UNBC's ratings of a whole sequence: affective and sensory scale, observer, the patient's visual analogue scale."""

IMPORTED_FEATURES = Features(
    {
        **FEATURES["default"],
        "subject_id": Value("string"),
        "sequence_id": Value("string"),
        "fold": Value("int8"),
        "sequence_ratings": {name: Value("float32") for name in RATINGS},
        "aam_landmarks": List(List(Value("float32"), length=2), length=NUM_AAM_LANDMARKS),
    }
)
"""Schema of imported data: the columns of `default` and five more. What the source does not tell is null.

- `image`: with `path` where the frames stay where they are, with `bytes` where they were copied.
- `frame_id`: the source's own name of the frame. `identity_id`: the number in the subject's name if all have one and no
  two the same, else the subject's place in the sorted list.
- `expression_id`: 0 for a neutral frame; else the number in the name where there is one, or 1.
- `face_box`: null where the source has neither box nor landmarks; training and evaluation then see the whole picture.
- `neutral_frame_id`: a neutral frame of the same subject and view, from the same sequence if it has one.
- `extra_au`: null for a unit that the source does not code.
- `fold`: the cross-validation fold that holds this subject out; null where there are none. `folds.json` has the lists.
"""

STIMULUS_FEATURES = Features({**IMPORTED_FEATURES, "stimulus": ClassLabel(names=list(STIMULI))})
"""Schema of imported data whose labels are stimulus levels (BioVid): what was done to the subject, not what the face
shows. `pspi` and `au` are null; `expression_id` is the level; `sequence_id` is the clip.
"""
