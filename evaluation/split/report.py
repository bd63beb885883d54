"""An evaluation as Markdown tables, which the model card shows too."""

from dataset_script.facs import AU_DESCRIPTIONS, PAIN_THRESHOLDS, PSPI_CLASSES

from ..markdown import number, p_value, pain_words, sample_size, span, table, with_span
from ..results import Comparison, UnitScores
from ..statistics.measures import LOWER_IS_BETTER
from .results import Evaluation, HogScores, SplitScores

METRICS = {
    "macro_auroc": "macro AUROC, 17 classes (0-16) ↑",
    "macro_auroc_16": "macro AUROC, 16 classes (0-15) ↑",
    "accuracy": "accuracy ↑",
    "accuracy_within_1": "accuracy within ±1 ↑",
    "accuracy_within_2": "accuracy within ±2 ↑",
    "mae": "MAE ↓",
    "mse": "MSE ↓",
    "pcc": "PCC ↑",
    "icc_3_1": "ICC(3,1) ↑",
    "icc_2_1": "ICC(2,1) ↑",
    "qwk": "quadratic weighted kappa ↑",
}
CALIBRATION_METRICS = {
    "ece": "calibration error (ECE) ↓",
    "brier": "Brier score ↓",
    "interval_coverage": "90 % interval holds the truth",
    "interval_width": "its width in PSPI levels ↓",
}
HOG = "HOG + ridge"
_INTERVAL = ("interval_coverage", "interval_width")
TRIVIAL_ROWS = {
    "majority": "the training frames' commonest PSPI for everyone",
    "prior": "a PSPI drawn with the training frequencies (expected score)",
    "mean": "the training frames' mean PSPI for everyone",
}


def to_markdown(metrics: Evaluation) -> str:
    """The whole report, `metrics.md`."""
    context = metrics["context"]
    against = comparison_section(context["model"], metrics.get("comparison"))
    return f"""# {context["model"]} on {context["data"]}, {context["split"]} split

{method(metrics)}

## PSPI

{pspi_table(metrics)}

## Pain detection

{detection_table(metrics)}

## Calibration

{calibration_table(metrics)}

Error and Brier score: of the class probabilities as the model gives them. Interval: as the model gives it,
{interval_words(metrics)}. Prior: the training frequencies; uniform: all classes alike.

## Action units

{au_table(metrics["au"], metrics.get("hog_ridge"))}
{companion_section(metrics)}
## By group

{group_table(metrics)}
{expression_section(metrics)}{pain_probability_section(metrics)}{against}"""


def method(metrics: Evaluation) -> str:
    """What the numbers are based on: sizes, intervals, thresholds, trivial rows."""
    context = metrics["context"]
    absent = metrics["classes_absent"]
    rows = "; ".join(f"{name}: {text}" for name, text in TRIVIAL_ROWS.items())
    resampled = f"Intervals: identities resampled {context['resamples']:,} times (seed {context['seed']}). "
    return (
        f"{sample_size(context)}, input `{context['input']}`. "
        + (resampled if context["identities"] > 1 else "No intervals: one identity says nothing about others. ")
        + f"Decision thresholds: the best F1 on the {context['calibration_split']} split. "
        f"Macro AUROC is over {PSPI_CLASSES - len(absent)} classes"
        + (f" (PSPI {', '.join(map(str, absent))} not among these frames)" if absent else "")
        + f". Trivial rows: {rows}."
        + hog_words(metrics)
    )


def hog_words(metrics: Evaluation) -> str:
    """What the row HOG + ridge is, and in what the model is no better; or why there is none. Begins with a space."""
    hog = metrics.get("hog_ridge")
    if hog is None:
        return f" {metrics['hog_left_out']}" if "hog_left_out" in metrics else ""
    worse = [label[:-2] for name, label in METRICS.items() if not _better(metrics, name)]
    return (
        f" {HOG}: regression (strength {hog['strength']:g}, set on the validation split) from histograms of gradients "
        f"of the face, fitted to {hog['training_frames']:,} training frames."
        + (f" **The model is no better than it in: {', '.join(worse)}.**" if worse else "")
    )


def _better(metrics: Evaluation, name: str) -> bool:
    """Whether the model is better than HOG + ridge, or one of them is not defined."""
    ours, theirs = metrics["pspi"][name]["value"], metrics["hog_ridge"]["pspi"][name]["value"]
    if ours is None or theirs is None:
        return True
    return ours < theirs if name in LOWER_IS_BETTER else ours > theirs


def pspi_table(metrics: SplitScores) -> str:
    """The PSPI metrics: the model with its intervals, then the trivial rows and HOG + ridge."""
    hog, body = metrics.get("hog_ridge"), []
    for name, label in METRICS.items():
        entry = metrics["pspi"][name]
        trivial = [number(metrics["trivial"][row][name]) for row in TRIVIAL_ROWS]
        line = [label, number(entry["value"]), span(entry["interval_90"]), span(entry["interval_95"]), *trivial]
        body.append(line + ([with_span(hog["pspi"][name])] if hog else []))
    head = ["", "model", "90 % interval", "95 % interval", *TRIVIAL_ROWS, *([f"{HOG} (95 %)"] if hog else [])]
    return table(head, body)


def detection_table(metrics: SplitScores) -> str:
    """Pain at PSPI >= 1, 2, 3, with the F1 of calling everything pain and of a coin, and the AUROC of HOG + ridge."""
    hog, body = metrics.get("hog_ridge"), []
    for name, entry in metrics["detection"].items():
        model = entry["model"]
        body.append(
            [
                pain_words(name),
                number(entry["prevalence"]),
                with_span(model["auroc"]),
                with_span(model["f1"]),
                number(model["precision"]["value"]),
                number(model["recall"]["value"]),
                number(entry["decision_threshold"]),
                number(entry["all_pain"]["f1"]),
                number(entry["coin"]["f1"]),
                *([with_span(hog["detection"][name]["auroc"])] if hog else []),
            ]
        )
    head = "pain|share|AUROC (95 %)|F1 (95 %)|precision|recall|decided at P ≥|F1 all pain|F1 coin"
    head += f"|AUROC {HOG} (95 %)" if hog else ""
    return table(head.split("|"), body)


def calibration_table(metrics: SplitScores) -> str:
    """Whether the probabilities can be relied on, beside two distributions that do not depend on the picture."""
    rows = metrics["calibration"]
    body = [
        [label, with_span(rows["model"][name]), *(number(rows[row][name]) for row in ("prior", "uniform"))]
        for name, label in CALIBRATION_METRICS.items()
    ]
    return table(["", "model (95 %)", "prior", "uniform"], body)


def interval_words(metrics: Evaluation) -> str:
    """What the model's PSPI interval is computed from."""
    temperature = metrics["context"]["interval_temperature"]
    if temperature == 1:
        return "of these probabilities (its `interval_temperature` is 1)"
    return f"of the logits over its `interval_temperature` of {temperature:.3f}, set on validation people in training"


def au_table(units: dict[str, UnitScores], hog: HogScores | None = None) -> str:
    """Every action unit, with the MAE of the training mean and the F1 of calling it present everywhere.

    And coverage and width of its 90 % interval, of a model that has intervals of the units, and the AUROC of HOG.
    """
    of_hog = hog["au"] if hog else {}
    if not units:
        return "Not scored: the data give PSPI alone."
    with_intervals = all("interval_coverage" in entry for entry in units.values())
    body = [
        [
            f"{name} {AU_DESCRIPTIONS[name]}",
            with_span(entry["mae"]),
            number(entry["mae_of_mean"]),
            with_span(entry["pcc"]),
            number(entry["icc_3_1"]["value"]),
            with_span(entry["auroc"]),
            number(entry["f1"]["value"]),
            number(entry["f1_all_present"]),
            *([with_span(entry[name]) for name in _INTERVAL] if with_intervals else []),
            *([with_span(of_hog[name]["auroc"]) if name in of_hog else "–"] if of_hog else []),
        ]
        for name, entry in units.items()
    ]
    head = "|MAE (95 %)|MAE of the mean|PCC (95 %)|ICC(3,1)|AUROC at ≥ 1 (95 %)|F1 at ≥ 1|F1 all present"
    head += "|90 % interval holds the truth (95 %)|its width (95 %)" if with_intervals else ""
    head += f"|AUROC {HOG} (95 %)" if of_hog else ""
    return table(head.split("|"), body)


def companion_section(metrics: SplitScores) -> str:
    """The units that do not count in the PSPI: a heading with their table; empty of a model that predicts none."""
    if "companions" not in metrics:
        return ""
    return f"""
## Companions

Units that come with pain or with other expressions and do not count in the PSPI.

{au_table(metrics["companions"])}
"""


def group_table(metrics: SplitScores) -> str:
    """Every group of every attribute, with its size."""
    body = []
    for attribute, groups in metrics["groups"].items():
        for name, entry in groups.items():
            body.append(
                [
                    f"{attribute.removesuffix('_id').replace('_', ' ')}: {name.replace('_', ' ')}",
                    f"{entry['frames']:,}",
                    f"{entry['identities']:,}",
                    number(entry["macro_auroc"]["value"]),
                    number(entry["accuracy_within_1"]["value"]),
                    with_span(entry["mae"]),
                    number(entry["pcc"]["value"]),
                    with_span(entry["auroc_pspi_3"]),
                ]
            )
    head = "group|frames|identities|macro AUROC|within ±1|MAE (95 %)|PCC|AUROC at PSPI ≥ 3 (95 %)"
    return table(head.split("|"), body)


def expression_section(metrics: SplitScores) -> str:
    """How often each expression is called pain: a heading with its table; empty where all that moves is pain."""
    if not metrics["expressions"]:
        return ""
    body = [
        [
            name.replace("_", " "),
            f"{entry['frames']:,}",
            f"{entry['identities']:,}",
            number(entry["observed_pspi"]),
            with_span(entry["predicted_pspi"]),
            *(with_span(entry[f"called_pspi>={t}"]) for t in PAIN_THRESHOLDS),
        ]
        for name, entry in metrics["expressions"].items()
    ]
    head = "expression|frames|identities|PSPI|predicted PSPI (95 %)"
    head += "".join(f"|called pain at ≥ {t} (95 %)" for t in PAIN_THRESHOLDS)
    return f"""
## By expression

{table(head.split("|"), body)}

PSPI: what the formula gives the expression's action units, which is above 0 for a smile with AU6 or for a blink though
neither is pain. Called pain: the share of its frames above the decision threshold of the table on pain detection.
"""


def pain_probability_section(metrics: SplitScores) -> str:
    """What the probability of pain is worth: a heading with a table; empty of a model that gives none."""
    if "pain_probability" not in metrics:
        return ""
    found = metrics["pain_probability"]
    body = [
        [
            name.replace("_", " "),
            f"{entry['frames']:,}",
            f"{entry['identities']:,}",
            with_span(entry["probability"]),
            with_span(entry["above_neutral"]),
        ]
        for name, entry in found["groups"].items()
    ]
    head = "expression|frames|identities|probability of pain (95 %)|above a neutral face's level (95 %)"
    areas = [f"from neutral faces {with_span(found['auroc_neutral'])}"]
    if "others" in found["groups"]:
        areas.insert(0, f"from other expressions {with_span(found['auroc_others'])}")
    return f"""
## Pain, and not another expression

AUROC of telling pain {", ".join(areas)}.

{table(head.split("|"), body)}

A neutral face's level is the 90th percentile of the probability on the neutral frames, {number(found["neutral_level"])}
here: a tenth of them is above it. Others: all expressions that are neither neutral nor pain; smiles: those of them with
AU12 and AU6 of at least 1.
"""


def comparison_section(model: str, other: Comparison | None) -> str:
    """The paired difference of `model` to another: a heading with its table; empty where there is no other."""
    if other is None:
        return ""
    labels = METRICS | {f"auroc_pspi_{t}": f"AUROC at PSPI ≥ {t} ↑" for t in PAIN_THRESHOLDS}
    body = [
        [
            labels[name],
            *(number(entry[key]) for key in ("first", "second", "difference")),
            span(entry["interval_95"]),
            p_value(entry["p_bootstrap"]),
            p_value(entry["p_permutation"]),
        ]
        for name, entry in other["metrics"].items()
    ]
    head = f"|{model}|{other['model']}|difference|95 % interval|p (bootstrap)|p (swaps)"
    return f"""
## Against {other["model"]}

{table(head.split("|"), body)}

On the same frames. Interval and first p: identities resampled, the same for both models. Second p: the two models'
predictions of a person swapped or not, person by person. No correction for the number of metrics.
"""
