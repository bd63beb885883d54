"""`README.md` of a generated dataset: the metadata that `datasets` and the Hub read, and a short text."""

from collections.abc import Iterable

from dataset_script.hub_readme import README, dataset_yaml
from dataset_script.manifest import Entry
from dataset_script.outputs import DirectoryOutput, Output
from dataset_script.spec import Spec

from ..catalogue import HEADS, LOOKS, frames_licence
from ..photoreal.painting import FOLDER
from ..photoreal.record import Painted, painted_by, read_record


def readme(spec: Spec, entries: Iterable[Entry], painted: list[Painted]) -> str:
    """The README of a complete dataset; `painted`: what painted its pictures, none where nothing did."""
    entries = list(entries)
    pairs = any(entry.config == "pairs" for entry in entries)
    frames = sum(entry.rows for entry in entries if entry.config == "default")
    fields = "\n".join(f"| {name} | {value} |" for name, value in spec.to_dict().items() if value is not None)
    licence = frames_licence(spec)
    terms = f"\n{LOOKS[spec.look].terms}\n" if LOOKS[spec.look].terms else ""
    load = [
        "from datasets import load_dataset",
        'frames = load_dataset("pain3d")  # the path of this directory, or the name of its Hub repository',
        *(['pairs = load_dataset("pain3d", "pairs")  # a face that moves, at rest, its heatmap'] if pairs else []),
    ]
    others = f" and {spec.others} that are no pain" if spec.others else ""
    painters = f"\n{painted_by(painted)}\n" if painted else ""
    if spec.references:
        load.append('references = load_dataset("pain3d", "references")  # the same people at rest, on other days')
    return f"""---
{dataset_yaml(entries, licence).to_yaml()}
---

# Pain3D

{frames:,} rendered frames of {spec.identities:,} synthetic people: each with a neutral and ten pain
expressions{others}, seen by three cameras, with action unit intensities (AU4, AU6, AU7, AU9, AU10: 0-5; AU43: 0 or 1),
their PSPI (0-16) and a heatmap of how far the face has moved. {HEADS[spec.head].people}
Made by the Pain3D generator; the same specification
gives the same bytes.
{painters}
```python
{chr(10).join(load)}
```

Splits are by identity. {licence_line(licence)}
{terms}
| specification | |
|---|---|
{fields}
"""


def licence_line(licence: str) -> str:
    """The sentence on the licence of the pictures."""
    if licence.startswith("other: "):
        return f"Licence of the pictures: {licence.removeprefix('other: ')}; read it before you share them."
    return f"Licence: {licence}."


def write_readme(output: Output, spec: Spec, entries: Iterable[Entry]) -> None:
    """Writes the README unless there is one: a dataset card may have taken its place."""
    if output.read(README) is None:
        painted = read_record(output.path / FOLDER) if isinstance(output, DirectoryOutput) else []
        output.write(README, readme(spec, entries, painted).encode())
