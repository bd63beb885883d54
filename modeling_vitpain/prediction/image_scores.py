"""What is said of one picture or face."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageScores:
    """Scores of one picture, or the `error` that kept it from being scored.

    Attributes:
        path: the file as it was named.
        frame, time_s: of a video, the frame from 0 and its time in seconds.
        pspi: 0-16, the expected score; pspi_low, pspi_high: its central interval, whole numbers.
        au: intensity of each unit, 0-5, AU43 0-1: the six of the PSPI, then companions that the model predicts.
        au_interval: the central interval of each, (lowest, highest); None of a model without au_spread.
        pain_probability: of "pain, and not another expression"; None of a model without that head.
        face: where every face is scored, which one this is, from 1; of a video the same in all frames.
        faces: how many faces the picture shows; None where faces were not looked for.
        box: (x0, y0, x1, y1) of the face, forehead to chin, in pixels of the file shown upright; of a face that lies
            turned the box that it would have upright, about the same middle. None where there is none.
        yaw, pitch, roll: of the head in degrees, signed as the dataset's `camera`; None where they are not known.
        warning: what the model was not trained for, "; " between; None where nothing was noticed.
    """

    path: str
    frame: int | None = None
    time_s: float | None = None
    pspi: float | None = None
    pspi_low: int | None = None
    pspi_high: int | None = None
    au: dict[str, float] | None = None
    au_interval: dict[str, tuple[float, float]] | None = None
    pain_probability: float | None = None
    face: int | None = None
    faces: int | None = None
    box: tuple[float, float, float, float] | None = None
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None
    warning: str | None = None
    error: str | None = None


def joined(warning: str | None, more: list[str]) -> str | None:
    """A warning with more of them; None where there are none."""
    return "; ".join([*([warning] if warning else []), *more]) or None
