"""What all figures share: colours, an empty canvas, and how a figure becomes a PNG. Drawing needs matplotlib.

Colours are told apart with any colour vision; what differs in colour differs in line or marker too.
"""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from dataset_script.errors import InvalidInput
from dataset_script.storage import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#767676"  # Okabe and Ito's
PURPLE = "#AA4499"
_DPI = 130


def require_matplotlib() -> None:
    """Raises InvalidInput where matplotlib is missing: drawing was asked for and cannot be done."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise InvalidInput("plots need matplotlib, which is not installed: pip install 'pain3d[plots]'")


def canvas(width: float, height: float) -> "Figure":
    """An empty figure in inches, drawn without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: "Figure", path: Path, photographs: bool = False) -> Path:
    """Writes a PNG without the version that would make equal figures differ. Raises WorkFailed.

    It has at most 256 colours, which is a third of the size; with `photographs` all colours, but fewer pixels.
    """
    drawn, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, dpi=90 if photographs else _DPI)
    picture = Image.open(drawn).convert("RGB")
    picture = picture if photographs else picture.quantize(256, dither=Image.Dither.NONE)
    picture.save(packed, "PNG", optimize=True)
    write_atomically(path, packed.getvalue())
    return path
