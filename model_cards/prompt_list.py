"""The appendix of a dataset card: everybody's prompt, in a file of its own, and a few of them in the card."""

from dataset_script.directory import DatasetDirectory
from evaluation.markdown import table

PROMPTS = "PROMPTS.md"
"""Name of the file in a dataset directory."""
EXAMPLES = 6
_HEADER = ["person", "split", "prompt"]

Prompts = list[tuple[int, str, str]]


def read_prompts(found: DatasetDirectory) -> Prompts:
    """Person, split and prompt as the rows have them, in the order of the people; without people that have none."""
    prompts: dict[int, tuple[str, str]] = {}
    for shard, part in found.read(["identity_id", "prompt"]):
        if "prompt" in part.column_names:
            people, texts = part["identity_id"].to_pylist(), part["prompt"].to_pylist()
            prompts |= {who: (shard.split, text) for who, text in zip(people, texts, strict=True) if text}
    return [(who, *prompts[who]) for who in sorted(prompts)]


def prompt_examples(prompts: Prompts) -> str:
    """The first few as a table, and where the others are."""
    if not prompts:
        return "The rows have no prompts."
    rows = _rows(prompts[:EXAMPLES])
    return f"[`{PROMPTS}`]({PROMPTS}) lists all {len(prompts):,}. The first:\n\n{table(_HEADER, rows, numbers=False)}"


def prompt_list(prompts: Prompts) -> str:
    """The text of `PROMPTS`."""
    return (
        "# Prompts\n\nAppendix of the dataset card (`README.md`): the column `prompt` of every person.\n\n"
        f"{table(_HEADER, _rows(prompts), numbers=False)}\n"
    )


def _rows(prompts: Prompts) -> list[list[str]]:
    return [[str(who), split, text.replace("|", "\\|").replace("\n", " ")] for who, split, text in prompts]
