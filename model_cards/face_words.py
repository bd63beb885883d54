"""What a model card says of a model's outputs: which numbers it gives of a face, and how far they can be relied on."""

from dataset_script.facs import AU_DESCRIPTIONS, AU_MAX, AU_NAMES, EXTRA_AU_MAX, PSPI_MAX
from evaluation.markdown import table

_TOPS = dict(zip(AU_NAMES, AU_MAX, strict=True))


def says(config: dict, calibration: dict | None) -> str:
    """A table of what the model says of a face, and what is known of the intervals of its action units."""
    names = config.get("au_names", list(AU_NAMES))
    rows = [
        ["PSPI", f"0 to {PSPI_MAX}", "the expected score, and its 90 % interval in whole scores"],
        *([name, f"0 to {_TOPS[name]}", f"{AU_DESCRIPTIONS[name]}; counts in the PSPI"] for name in AU_NAMES),
        *(
            [name, f"0 to {EXTRA_AU_MAX}", f"{AU_DESCRIPTIONS[name]}; a companion, which does not count"]
            for name in names[len(AU_NAMES) :]
        ),
    ]
    if config.get("au_spread"):
        rows.append(["interval of each unit", "as the unit", "90 %, within its scale; 0 to 1 of AU43: cannot tell"])
    if config.get("expression_head"):
        rows.append(["probability of pain", "0 to 1", "pain, and not another expression such as a smile or a yawn"])
    if config.get("au_head") == "query":
        rows.append(["attention of each unit", "sums to 1", "which patches its features are taken from, on request"])
    parts = [table(["what", "scale", "meaning"], rows, numbers=False)]
    if config.get("au_spread"):
        parts.append(_unit_intervals((calibration or {}).get("au")))
    return "\n\n".join(parts)


def _unit_intervals(found: dict | None) -> str:
    """What calibration found for the intervals of the action units."""
    known = {name: unit for name, unit in (found or {}).items() if "coverage_after" in unit}
    if not known:
        return "The intervals of the action units were not calibrated: do not rely on their level."
    shares = ", ".join(f"{name} {unit['coverage_after']:.0%}" for name, unit in known.items())
    return (
        f"The intervals of the action units were calibrated on the validation people, of whose true intensities they "
        f"hold: {shares}. On other people, and on real faces, that share can be another."
    )
