"""The scores of a protocol as Markdown tables; the JSON beside it has every metric of every fold."""

from dataset_script.facs import PAIN_THRESHOLDS

from ..markdown import number, pain_words, table, value_and_span, with_span
from ..split.method import METRICS, TRIVIAL_ROWS
from ..split.report import CALIBRATION_METRICS, au_table, comparison_section
from ..statistics.fold_mean import FoldScores
from ..statistics.thresholds import pain_key
from .results import CrossValidation


def to_markdown(found: CrossValidation) -> str:
    """The whole report, `cross_validation.md`."""
    context = found["context"]
    return f"""# {context["model"]} on {context["data"]}, {context["protocol"]}

{method(found)}

## PSPI

{pspi_table(found)}

## Pain detection

{detection_table(found)}

## Calibration

{calibration_table(found)}

Error and Brier score: of the class probabilities as the models give them. Interval: of the logits over each model's
`interval_temperature` (table of folds), set on the fold's validation people in training.

## Action units, everyone together

{au_table(found["au"])}

## Fold by fold

{fold_table(found)}
{comparison_section(context["model"], found.get("comparison"))}"""


def method(found: CrossValidation) -> str:
    """What the numbers are based on: people, training, thresholds, intervals, trivial rows."""
    context = found["context"]
    folds = context["folds"]
    words = context["protocol_words"]
    trivial = "; ".join(f"{name}: {text}" for name, text in TRIVIAL_ROWS.items())
    unknown = context["trained_on_unknown"]
    doubt = f" What {', '.join(unknown)} was trained on is not recorded: it may have seen them." if unknown else ""
    start = {"random": "random weights", "backbone": "a pretrained backbone", "trained ViTPain": "a trained ViTPain"}
    return (
        f"{words[0].upper()}{words[1:]}: {len(folds)} "
        f"{'model' if len(folds) == 1 else 'models'} trained from {start[context['starts_from']]} "
        f"({context['parameters']:,} parameters, preset `{context['preset']}`, input `{context['input']}`), "
        f"{context['frames']:,} frames of {context['identities']:,} people tested, each by the model whose fold does "
        f"not train on them.{doubt} "
        "Checkpoint, PSPI interval and decision thresholds (best F1) of a fold are those of its validation people, who "
        "are not tested in it. **Together**: all tested frames, with a 95 % interval from people resampled "
        f"{context['resamples']:,} times (seed {context['seed']}); ranking metrics then compare frames of different "
        "models. **Folds**: mean of the folds, with Student's 95 % interval, which is somewhat narrow because folds "
        f"share training people. Trivial rows, fitted on each fold's training people: {trivial}; given together where "
        "they are means over frames, else as the mean of the folds."
    )


def pspi_table(found: CrossValidation) -> str:
    """The PSPI metrics: the models, then the trivial rows."""
    body = []
    for name, label in METRICS.items():
        trivial = found["trivial"]
        rows = [(trivial["pooled"][row][name], trivial["folds"][row][name]["mean"]) for row in TRIVIAL_ROWS]
        shown = [number(mean if pooled is None else pooled) for pooled, mean in rows]
        body.append([label, with_span(found["pooled"][name]), *fold_cells(found["folds"][name]), *shown])
    return table(["", "together (95 %)", "folds (95 %)", "sd", *TRIVIAL_ROWS], body)


def detection_table(found: CrossValidation) -> str:
    """Pain at PSPI >= 1, 2, 3, with the F1 of calling everything pain and of a coin."""
    body = []
    for t in PAIN_THRESHOLDS:
        entry = found["detection"][pain_key(t)]
        auroc, f1 = f"auroc_pspi_{t}", f"f1_pspi_{t}"
        body.append(
            [
                pain_words(pain_key(t)),
                number(entry["prevalence"]),
                with_span(found["pooled"][auroc]),
                fold_cells(found["folds"][auroc])[0],
                with_span(found["pooled"][f1]),
                fold_cells(found["folds"][f1])[0],
                *(number(found["pooled"][f"{metric}_pspi_{t}"]["value"]) for metric in ("precision", "recall")),
                *(number(entry[row]["pooled"]) for row in ("all_pain", "coin")),
            ]
        )
    head = (
        "pain|share|AUROC together (95 %)|AUROC folds|F1 together (95 %)|F1 folds|precision|recall|F1 all pain|F1 coin"
    )
    return table(head.split("|"), body)


def calibration_table(found: CrossValidation) -> str:
    """Whether the probabilities and the intervals can be relied on."""
    body = [
        [label, with_span(found["pooled"][name]), *fold_cells(found["folds"][name])]
        for name, label in CALIBRATION_METRICS.items()
    ]
    return table(["", "together (95 %)", "folds (95 %)", "sd"], body)


def fold_table(found: CrossValidation) -> str:
    """Every fold: its people, how long it trained, its scores."""
    body = []
    for k, fold in enumerate(found["context"]["folds"]):
        scores = [
            number(found["folds"][name]["values"][k])
            for name in ("mae", "macro_auroc", "icc_3_1", "auroc_pspi_3", "f1_pspi_3")
        ]
        body.append(
            [
                fold["name"],
                *(f"{fold['people'][part]} ({fold['frames'][part]:,})" for part in ("train", "validation", "test")),
                f"{fold['best']['epoch']} ({fold['steps']:,})",
                number(fold["best"]["validation_pspi_mae"]),
                *scores,
                number(found["decision_thresholds"][fold["name"]][pain_key(3)]),
                number(fold["interval_temperature"]),
            ]
        )
    head = (
        "fold|people (frames) trained on|selected on|tested|best epoch (steps in all)|MAE selected on|MAE|macro AUROC|"
        "ICC(3,1)|AUROC at ≥ 3|F1 at ≥ 3|pain at P(≥ 3) ≥|interval temperature"
    )
    return table(head.split("|"), body)


def fold_cells(summary: FoldScores) -> list[str]:
    """Mean with its t-interval, and the standard deviation; how many folds, where a metric is not defined in all."""
    mean = value_and_span(summary["mean"], summary["interval"])
    if summary["folds_undefined"] and summary["folds"]:
        mean += f", {summary['folds']} of {summary['folds'] + summary['folds_undefined']} folds"
    return [mean, number(summary["sd"])]
