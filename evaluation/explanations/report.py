"""The scores of explanations as Markdown tables, and the sentences of the model card on them."""

from dataset_script.facs import AU_DESCRIPTIONS

from ..markdown import number, p_value, sample_size, table, with_span
from .agreement import METRICS, ROWS, SHARE, TOLERANCE
from .removal import MODES, ORDERS
from .results import Explanations, RowScore, UnitAgreement

LABELS = {"energy": "energy inside", "pointing": "pointing game", "pointing_strict": "without tolerance", "iou": "IoU"}
ROW_WORDS = {
    "attention": "the unit's attention",
    "gradient": "gradient of its prediction × change",
    "other_units": "the other units' attention",
    "training_heat": "mean heat of the training people",
    "centre": "centre Gaussian",
    "random": "random",
}
ORDER_WORDS = {
    "attention": "attention",
    "gradient": "gradient × change",
    "heat": "true heat",
    "centre": "centre first",
    "random": "random",
}
TRUTHS = {
    "units": "the heat of each unit alone (configuration `geometry`)",
    "whole": "the heat of the whole expression, the same for every unit: these data hold no heatmap of each unit",
}
_UNIT_METRICS = ("energy", "iou")


def to_markdown(found: Explanations) -> str:
    """The whole report, `explanations.md`."""
    context = found["context"]
    parts = [f"# Explanations of {context['model']} on {context['data']}, {context['split']} split"]
    parts += [
        f"{sample_size(context)}, input `{context['input']}`, {context['grid'][0]} x {context['grid'][1]} patches. "
        f"In brackets: 95 % over identities, resampled {context['resamples']:,} times (seed {context['seed']})."
    ]
    parts += ["## Where the AU queries look", *_agreement(found)]
    parts += ["## What the predicted PSPI depends on", *_removal(found)]
    return "\n\n".join(parts) + "\n"


def summary(found: Explanations) -> str:
    """Two sentences for a model card."""
    sentences = []
    if found["agreement"] is not None:
        energy = found["agreement"]["mean"]["energy"]
        sentences.append(
            f"Of the AU queries' attention {with_span(energy['attention'])} lies in the hottest patches (those that "
            "hold half of the true heat; mean over units); "
            f"of an even map {number(energy['random']['value'])}, of the mean heat of the training people, "
            f"the same map for everyone, {number(energy['training_heat']['value'])}"
            + (
                f", of the predictions' gradients {number(energy['gradient']['value'])}."
                if "gradient" in energy
                else "."
            )
        )
    if found["removal"] is not None:
        areas = {name: found["removal"]["blur"][name]["deletion"]["area"] for name in ("attention", "random")}
        sentences.append(
            "Blurring patches in the order of attention leaves an area of "
            f"{with_span(areas['attention'])} under the curve of the prediction, in random order "
            f"{number(areas['random']['value'])}; less is better."
        )
    return " ".join(sentences)


def _agreement(found: Explanations) -> list[str]:
    agreement, context = found["agreement"], found["context"]
    if agreement is None:
        return ["Not judged: these data hold no heatmaps."]
    mean = agreement["mean"]
    body = []
    for row in (row for row in ROWS if row in mean["energy"]):
        p = [
            p_value(mean[metric][row].get("p")) if row != "attention" else ""
            for metric in ("energy", "pointing", "iou")
        ]
        body.append(
            [ROW_WORDS[row], *(with_span(mean[metric][row]) for metric in METRICS), " / ".join(filter(None, p))]
        )
    head = ["mean over units", *(LABELS[metric] for metric in METRICS), "p against attention"]
    return [
        f"Truth: {TRUTHS[context['truth']]}. The hot region of a frame and unit is the fewest patches that hold "
        f"{100 * SHARE:.0f} % of its heat; frames in which the unit is at least at 1. Energy inside: the share of the "
        f"map in that region. Pointing game: the peak lies in it, or as near as {TOLERANCE:.3f} of the picture's side "
        "(15 pixels of 224) or half a patch. IoU: of the region and as many patches of the map. Mean heat: over "
        f"{context['training_frames']:,} frames of the training people, one map a unit. p: two-sided, over identities, "
        "for energy / pointing / IoU.",
        table(head, body),
        _unit_table(agreement["units"]),
    ]


def _unit_table(units: dict[str, UnitAgreement]) -> str:
    """Attention of each unit, beside the most telling rows; the figure and the JSON have all."""
    beside = [
        row for row in ("gradient", "other_units", "training_heat") if row in next(iter(units.values()))["energy"]
    ]
    words = {"gradient": "gradient", "other_units": "other units", "training_heat": "training heat"}
    head, body = ["", "frames", "hot region, share of patches"], []
    for metric in _UNIT_METRICS:
        head += [f"{LABELS[metric]} (95 %)", *(f"of {words[row]}" for row in beside)]
    for name, entry in units.items():
        cells = [f"{name} {AU_DESCRIPTIONS[name]}", f"{entry['frames']:,}", number(entry["region"])]
        for metric in _UNIT_METRICS:
            cells += [with_span(entry[metric]["attention"]), *(number(entry[metric][row]["value"]) for row in beside)]
        body.append(cells)
    return table(head, body)


def _removal(found: Explanations) -> list[str]:
    removal, context = found["removal"], found["context"]
    if removal is None:
        return ["Not measured: no frame here shows pain."]
    orders = [name for name in ORDERS if name in next(iter(removal.values()))]
    columns = [(mode, fill) for mode in MODES for fill in removal]
    body = []
    for order in orders:
        cells = [removal[fill][order][mode]["area"] for mode, fill in columns]
        body.append([ORDER_WORDS[order], *(_area(cell) for cell in cells)])
    arrows = {"deletion": "↓", "insertion": "↑"}
    head = ["order of the patches", *(f"{mode} {arrows[mode]}, {fill}" for mode, fill in columns)]
    distance = ", ".join(f"{fill} {context['mean_way'][fill]:.2f}" for fill in removal)
    return [
        f"{context['removal_frames']:,} frames with pain. Patches are filled with a blurred picture or its mean "
        f"colour, {context['steps']} parts one after the other (deletion), or put back (insertion). A curve is the "
        "share that is left of the distance between the prediction for the empty picture (0) and for the whole one "
        "(1); given is the area under it, with p against random order. "
        f"Mean distance in PSPI levels: {distance}. Attention: the maps of the units that the predicted "
        "PSPI is computed from, weighted by their intensities; it belongs to the AU branch, and nothing makes the PSPI "
        "branch look there.",
        table(head, body),
    ]


def _area(cell: RowScore) -> str:
    text = with_span(cell)
    return text if "p" not in cell or cell["p"] is None else f"{text}, p {_equals(cell['p'])}"


def _equals(p: float) -> str:
    text = p_value(p)
    return text if text.startswith("<") else f"= {text}"
