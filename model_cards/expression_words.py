"""What a dataset card says of the expressions: which there are, and how their PSPI was drawn."""

from collections.abc import Mapping

from .text import UNKNOWN

PSPI_SAMPLINGS = {
    "uniform": "The PSPI of pain expressions is drawn uniformly from 1-16, and the AUs uniformly among the "
    "combinations that add up to it.",
    "clinical": "PSPI and action units of pain expressions are drawn with the frequencies of the 8,369 frames of "
    "UNBC-McMaster with PSPI 1 or more (Lucey et al. 2011); most are weak.",
    "dementia": "Action units of pain expressions are drawn as often as they were seen in severe pain of people with "
    "dementia (Atee et al. 2022: AU7 48.6 %, AU43 42.9 %, AU6 42.1 %; the others, and intensities, are assumed); PSPI "
    "follows from them.",
}
"""`pspi` of the specification -> what it means."""


def others_phrase(spec: Mapping) -> str:
    """Of expressions that are no pain, to follow "ten pain expressions"; empty where there are none."""
    count = spec.get("others")
    return f", and {count} that are no pain (`expression_kind` other: smiles, speech, yawns)," if count else ""


def pspi_zero(spec: Mapping) -> str:
    """Which frames have PSPI 0."""
    if spec.get("others"):
        return "PSPI 0 are neutral frames, and faces that move without a unit of PSPI."
    return "Neutral frames are the whole of PSPI 0."


def pspi_sampling(spec: Mapping) -> str:
    """How the PSPI of pain expressions was drawn."""
    return PSPI_SAMPLINGS.get(spec.get("pspi"), f"How PSPI was drawn is {UNKNOWN}.")
