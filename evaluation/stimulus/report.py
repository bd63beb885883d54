"""A model on BioVid as Markdown: `biovid.md`."""

from ..markdown import number, span, table, with_span
from .results import ClipScores, StimulusContext, StimulusEvaluation
from .run import HARDLY_REACT, SUBJECTS

_OF_FRAMES = {"max": "highest frame", "mean": "mean of the frames"}
_TRIVIAL = {"one_answer": "the other subjects' commoner answer for all", "chance": "a fair coin"}
_METRICS = {
    "accuracy": "accuracy ↑",
    "auroc": "AUROC ↑",
    "auroc_within": "AUROC within subjects ↑",
    "sensitivity": "PA4 recognised",
    "specificity": "BL1 recognised",
}
NOT_COMPARABLE = (
    "Labels are stimulus levels, what was done to a subject, not what the face shows: MAE, ICC and F1 of PSPI cannot "
    "be computed here, and published accuracies (BL1 against PA4, leave one subject out) are of classifiers trained on "
    "BioVid, of whole clips or physiological signals, while this model scores single frames and learned nothing of it "
    "but one threshold."
)


def to_markdown(found: StimulusEvaluation) -> str:
    """The whole report."""
    context = found["context"]
    return f"""# {context["model"]} on {context["data"]}, BL1 against PA4

{method(context)}

{scores_table(found)}

{thresholds(found["scores"])}

{NOT_COMPARABLE}
"""


def method(context: StimulusContext) -> str:
    """What the numbers are based on."""
    clips = " and ".join(f"{count:,} with {name}" for name, count in context["clips"].items())
    parts = [f"{context['frames']:,} frames of {context['subjects']} subjects: clips {clips}."]
    if context["subjects_option"] == SUBJECTS[0]:
        parts.append("No subject of the data is left out.")
    else:
        parts.append(
            f"Left out (`--subjects {context['subjects_option']}`): {len(context['subjects_left_out'])} of the "
            f"{len(HARDLY_REACT)} subjects whose faces hardly react."
        )
    if context["without_face"] is None:
        parts.append("No face was looked for: frames without `face_box` were seen whole.")
    else:
        parts.append(
            f"No face was found in {context['without_face']:,} other frames, nor in any of "
            f"{context['clips_without_face']:,} other clips; they are left out."
        )
    if context["reference"] != "none":
        parts.append("Each frame is compared with one of a BL1 clip of the same subject: the model knows that label.")
    parts.append(
        "A clip's score is made of the predicted PSPI of its frames. It is called PA4 from a threshold on, the one "
        "with the best accuracy on the clips of all other subjects (leave one subject out). In brackets: 95 % "
        f"intervals, {context['resamples']:,} bootstrap resamples of subjects."
    )
    return " ".join(parts)


def scores_table(found: StimulusEvaluation) -> str:
    """Both ways to score a clip, and the trivial rows."""
    body = [[_OF_FRAMES[name], *(with_span(row[key]) for key in _METRICS)] for name, row in found["scores"].items()]
    body += [
        [words, *(number(found["trivial"][name].get(key)) for key in _METRICS)] for name, words in _TRIVIAL.items()
    ]
    return table(["a clip's score", *_METRICS.values()], body)


def thresholds(scores: dict[str, ClipScores]) -> str:
    """Where the thresholds lie."""
    said = "; ".join(f"{_OF_FRAMES[name]}, {span(row['thresholds'])}" for name, row in scores.items())
    return f"Thresholds in predicted PSPI, over the folds: {said}."
