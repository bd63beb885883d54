"""An evaluation as Markdown tables, which the model card shows too."""

from dataset_script.facs import AU_DESCRIPTIONS, PAIN_THRESHOLDS

from ..markdown import number, p_value, pain_words, span, table, with_span
from ..results import Comparison, UnitScores
from .method import HOG, METRICS, method
from .results import Evaluation, HogScores, SplitScores

CALIBRATION_METRICS = {
    "ece": "calibration error (ECE) ↓",
    "brier": "Brier score ↓",
    "interval_coverage": "90 % interval holds the truth",
    "interval_width": "its width in PSPI levels ↓",
}
_DETECTION_ROWS = {"all_pain": "F1 all pain", "coin": "F1 coin"}
_INTERVAL = ("interval_coverage", "interval_width")


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

{calibration_words(metrics)}

## Action units

{au_table(metrics["au"], metrics.get("hog_ridge"))}
{companion_section(metrics)}
## By group

{group_table(metrics)}
{expression_section(metrics)}{pain_probability_section(metrics)}{against}"""


def pspi_table(metrics: SplitScores) -> str:
    """The PSPI metrics: the model with its intervals, then the trivial rows and HOG + ridge."""
    hog, body = metrics.get("hog_ridge"), []
    for name, label in METRICS.items():
        entry = metrics["pspi"][name]
        trivial = [number(row[name]) for row in metrics["trivial"].values()]
        line = [label, number(entry["value"]), span(entry["interval_90"]), span(entry["interval_95"]), *trivial]
        body.append(line + ([with_span(hog["pspi"][name])] if hog else []))
    head = ["", "model", "90 % interval", "95 % interval", *metrics["trivial"], *([f"{HOG} (95 %)"] if hog else [])]
    return table(head, body)


def detection_table(metrics: SplitScores) -> str:
    """Pain at PSPI >= 1, 2, 3, with the F1 of calling everything pain and of a coin, and the AUROC of HOG + ridge."""
    hog, body = metrics.get("hog_ridge"), []
    rows = {row: words for row, words in _DETECTION_ROWS.items() if row == "all_pain" or metrics["trivial"]}
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
                *(number(entry[row]["f1"]) for row in rows),
                *([with_span(hog["detection"][name]["auroc"])] if hog else []),
            ]
        )
    head = ["pain", "share", "AUROC (95 %)", "F1 (95 %)", "precision", "recall", "decided at P ≥"]
    return table([*head, *rows.values(), *([f"AUROC {HOG} (95 %)"] if hog else [])], body)


def calibration_table(metrics: SplitScores) -> str:
    """Whether the probabilities can be relied on, beside two distributions that do not depend on the picture."""
    rows = metrics["calibration"]
    trivial = [row for row in ("prior", "uniform") if row in rows]
    body = [
        [label, with_span(rows["model"][name]), *(number(rows[row][name]) for row in trivial)]
        for name, label in CALIBRATION_METRICS.items()
    ]
    return table(["", "model (95 %)", *trivial], body)


def calibration_words(metrics: Evaluation) -> str:
    """What the rows of calibration are, and what the model's PSPI interval is computed from."""
    temperature = metrics["context"]["interval_temperature"]
    source = f"of the logits over its `interval_temperature` of {temperature:.3f}, set on validation people in training"
    if temperature == 1:
        source = "of these probabilities (its `interval_temperature` is 1)"
    return (
        "Error and Brier score: of the class probabilities as the model gives them. Interval: as the model gives it,\n"
        f"{source}. {'Prior: the training frequencies. ' if metrics['trivial'] else ''}Uniform: all classes alike."
    )


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
