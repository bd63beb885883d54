"""The rows of docs/results.md: what is measured, by which commands, and how their output is read."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        name: on the command line of `benchmarks.results`.
        group: the table that it stands in.
        what: what is measured, in words.
        commands: run one after the other in the working directory; `{ict}` is the path of the ICT-FaceKit pack.
        read: standard output of each command, and the working directory -> the result in words.
        first: whether README.md shows it.
    """

    name: str
    group: str
    what: str
    commands: tuple[str, ...]
    read: Callable[[list[str], Path], str]
    first: bool = False


MODELS, MODEL_SPEED, GENERATOR, HEADS_AND_RIGS = "Models", "Speed of models and metrics", "Generator", "Heads and rigs"
QUICKSTART_DATA = "pain3d generate pain3d --identities 24 --size 256 --preset balanced"
FACES = "pain3d generate faces --identities 240 --size 160 --preset balanced --seed 11"


def _scores(model: str) -> Callable[[list[str], Path], str]:
    def read(outputs: list[str], work: Path) -> str:
        found = json.loads((work / model / "metrics.json").read_text())
        mae, context = found["pspi"]["mae"], found["context"]
        pain = found["detection"]["pspi>=3"]["model"]["auroc"]
        hog = found["hog_ridge"]
        return (
            f"**MAE {_span(mae)}**; HOG + ridge {_span(hog['pspi']['mae'])}; "
            f"training mean {found['trivial']['mean']['mae']:.2f}. "
            f"AUROC of PSPI ≥ 3 {_span(pain)}; HOG + ridge {hog['detection']['pspi>=3']['auroc']['value']:.2f}. "
            f"Macro AUROC {_span(found['pspi']['macro_auroc'])}, ICC(3,1) {found['pspi']['icc_3_1']['value']:.2f}. "
            f"{context['frames']:,} test frames of {context['identities']} people never seen"
        )

    return read


def _span(entry: dict) -> str:
    low, high = entry["interval_95"]
    return f"{entry['value']:.2f} ({low:.2f} to {high:.2f})"


def _against(outputs: list[str], work: Path) -> str:
    mae = json.loads((work / "neutral" / "metrics.json").read_text())["comparison"]["metrics"]["mae"]
    return f"{_scores('neutral')(outputs, work)}. Difference in MAE {_difference(mae)}"


def _difference(entry: dict) -> str:
    low, high = entry["interval_95"]
    p = f"p {_p(entry['p_bootstrap'])} by bootstrap, p {_p(entry['p_permutation'])} by swaps"
    return f"{entry['difference']:.2f} ({low:.2f} to {high:.2f}), {p}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _folds(outputs: list[str], work: Path) -> str:
    found = json.loads((work / "folds" / "cross_validation.json").read_text())
    pooled, trivial = found["pooled"], found["trivial"]["pooled"]["mean"]
    return (
        f"**MAE {_span(pooled['mae'])}**; training mean {trivial['mae']:.2f}. "
        f"ICC(3,1) {pooled['icc_3_1']['value']:.2f}. "
        f"Every one of {found['context']['identities']} people tested once, by a model that never saw them"
    )


def _vitpain(outputs: list[str], work: Path) -> str:
    found = json.loads(outputs[0])
    time, quickest = (found["forward"]["vitpain"][key] for key in ("over_backbone", "best"))
    return f"time {time} (quickest rounds {quickest}), parameters {found['parameters_m']['vitpain_over_backbone']}"


def _cache(outputs: list[str], work: Path) -> str:
    return f"{100 * json.loads(outputs[0])['share of the step saved']:.0f} % less time a step"


def _metrics(outputs: list[str], work: Path) -> str:
    taken = json.loads(outputs[0])["seconds"]
    return (
        f"{taken['ours']:.2f} s; scikit-learn in a loop {taken['sklearn / ours']:,.0f} times as long, "
        f"torchmetrics {taken['torchmetrics / ours']:,.0f} times"
    )


def _importing(outputs: list[str], work: Path) -> str:
    return re.search(r"import .* s, load_dataset .* s", outputs[0])[0]


def _render(outputs: list[str], work: Path) -> str:
    found = json.loads(outputs[0])
    return f"{found['frame_cpu_s']:.3f} CPU s; 82,500 frames on 2 cores: {found['hours_82500_frames_2_cores']:.1f} h"


def _visibility(outputs: list[str], work: Path) -> str:
    found = json.loads(outputs[0])
    text = f"{found['torch_over_ours']:.0f} times as fast as vectorised pure torch"
    if "pyrender_over_one_view" in found:
        ratio = 1 / found["pyrender_over_one_view"]
        text += f"; one whole view, hair and shadows included, takes {ratio:.2f} times a bare pyrender pass"
    return text


def _pytorch3d(outputs: list[str], work: Path) -> str:
    found = json.loads(outputs[0])
    return f"{found['pytorch3d_over_ours']:,.0f} times as fast as pytorch3d ({found['pytorch3d']})"


def _faces(outputs: list[str], work: Path) -> str:
    found = json.loads(outputs[0])
    nearest = found["nearest_identity_mm"]
    return (
        f"{sum(found['problems'].values())} of {found['frames']:,} frames with a problem; nearest two people "
        f"{nearest['min']:.2f} mm apart, median nearest {nearest['median']:.2f}; own mirror image "
        f"{found['own_mirror_image_mm']['median']:.2f}"
    )


def _judges(outputs: list[str], work: Path) -> str:
    groups = json.loads((work / "judged.json").read_text())
    found, (units, frontal) = groups["all"], (_units_read(groups[name]) for name in ("all", "from the front"))
    return (
        f"above the own neutral in {_share(found['above'])} of pain frames, {_share(found['above from PSPI 6'])} from "
        f"PSPI 6; rise {_span(found['rise'])} of 16, its correlation with PSPI **{_span(found['r(rise, PSPI)'])}**; "
        f"{units}; from the front {groups['from the front']['r(rise, PSPI)']['value']:.2f}; {frontal}. SFace: one "
        f"person {_span(found['same person'])}, other people {_span(found['other people'])}"
    )


def _units_read(found: dict) -> str:
    return ", ".join(f"{name} {found[f'r({name})']['value']:.2f}" for name in ("AU4", "AU6/7", "AU9/10", "AU43"))


def _share(entry: dict) -> str:
    return f"{100 * entry['value']:.1f} %"


def _rig(outputs: list[str], work: Path) -> str:
    rows = [json.loads(line) for line in outputs[0].splitlines()]
    of = {(row["on"], row["rig"]): row for row in rows if "on" in row}
    topologies = [name for name, rig in of if rig == "neural" and name != "makehuman"]
    return "; ".join(
        f"{name} {of[name, 'neural']['mean_mm']:.2f} / {of[name, 'neural']['p95_mm']:.2f} "
        f"(transfer {of[name, 'transfer']['mean_mm']:.2f} / {of[name, 'transfer']['p95_mm']:.2f})"
        for name in topologies
    )


def _heads(outputs: list[str], work: Path) -> str:
    cells = next(line for line in outputs[0].splitlines() if "ICT" in line).split("|")
    return f"mean {cells[3].strip()} mm, 95th percentile {cells[4].strip()}"


ROWS: tuple[Row, ...] = (
    Row(
        name="quickstart",
        group=MODELS,
        what="a tiny model from random weights, the 24 people of 256 px of the quickstart",
        commands=(
            QUICKSTART_DATA,
            "pain3d train pain3d --config tiny --out vitpain-tiny",
            "pain3d evaluate vitpain-tiny --data pain3d",
        ),
        read=_scores("vitpain-tiny"),
        first=True,
    ),
    Row(
        name="people-240",
        group=MODELS,
        what="tiny ViTPain (0.5 M parameters) from random weights, 240 people of 160 px, 15 epochs",
        commands=(
            FACES,
            "pain3d train faces --out tiny --epochs 15",
            "pain3d evaluate tiny --data faces",
        ),
        read=_scores("tiny"),
    ),
    Row(
        name="neutral-240",
        group=MODELS,
        what="the same model and people with a neutral reference",
        commands=(
            FACES,
            "pain3d train faces --reference neutral --out neutral --epochs 15",
            "pain3d evaluate neutral --data faces --against tiny",
        ),
        read=_against,
    ),
    Row(
        name="five-folds",
        group=MODELS,
        what="five subject-wise folds, 48 people of 128 px, in each fold a tiny ViTPain from random weights, 30 epochs",
        commands=(
            "pain3d generate folds-data --identities 48 --size 128 --preset balanced --seed 21 --geometry",
            "pain3d cross-validate folds-data --protocol subject-5fold --split-seed 0 --epochs 30 --out folds",
        ),
        read=_folds,
    ),
    Row(
        name="vitpain-l",
        group=MODEL_SPEED,
        what="ViTPain-L/16 forward over its bare backbone, batch 2, random weights",
        commands=("python -m benchmarks.vitpain --batch 2 --rounds 5 --no-training --no-memory",),
        read=_vitpain,
    ),
    Row(
        name="teacher-cache",
        group=MODEL_SPEED,
        what="distillation step of a tiny model with the teacher's outputs cached, against the teacher in every step",
        commands=("python -m benchmarks.training",),
        read=_cache,
    ),
    Row(
        name="metrics",
        group=MODEL_SPEED,
        what="macro AUROC and three accuracies, 10,000 resamples over people, 48,398 frames",
        commands=("python -m benchmarks.metrics",),
        read=_metrics,
        first=True,
    ),
    Row(
        name="render-512",
        group=GENERATOR,
        what="a frame of 512 px with heatmap and encoding",
        commands=("python -m benchmarks.render --size 512 --people 6",),
        read=_render,
        first=True,
    ),
    Row(
        name="render-256",
        group=GENERATOR,
        what="a frame of 256 px with heatmap and encoding",
        commands=("python -m benchmarks.render --size 256 --people 6",),
        read=_render,
        first=True,
    ),
    Row(
        name="visibility",
        group=GENERATOR,
        what="visibility of the head's 46,368 triangles at 512 px",
        commands=("python -m benchmarks.render --size 512 --people 1",),
        read=_visibility,
    ),
    Row(
        name="pytorch3d",
        group=GENERATOR,
        what="visibility of the head's 46,368 triangles at 256 px, beside pytorch3d's rasteriser",
        commands=("python -m benchmarks.pytorch3d --size 256",),
        read=_pytorch3d,
    ),
    Row(
        name="framing",
        group=GENERATOR,
        what="faces cropped, turned away or with hair at eyes or nose; distance of neutral faces",
        commands=("python -m benchmarks.faces --identities 500",),
        read=_faces,
    ),
    Row(
        name="judges",
        group=GENERATOR,
        what="pain as MediaPipe reads it, 48 people of all groups, 320 px (docs/judges.md)",
        commands=(
            "pain3d generate judged --identities 48 --size 320 --preset balanced",
            "python -m benchmarks.judges judged --out judged.json",
        ),
        read=_judges,
        first=True,
    ),
    Row(
        name="importing",
        group=GENERATOR,
        what="index of 82,500 frames of a foreign dataset",
        commands=("python -m benchmarks.importing",),
        read=_importing,
    ),
    Row(
        name="rig",
        group=HEADS_AND_RIGS,
        what="neural rig against ICT-FaceKit's own expressions, people never seen: mean / 95th percentile in mm",
        commands=("python -m benchmarks.rig --data {ict} --identities 4",),
        read=_rig,
    ),
    Row(
        name="heads",
        group=HEADS_AND_RIGS,
        what="MakeHuman's mesh wrapped around people of ICT-FaceKit, distance to their skin",
        commands=("python -m benchmarks.heads --ict {ict}",),
        read=_heads,
    ),
)
