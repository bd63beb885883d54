"""The floor plan: which folder may import which, imports inside functions included.

Floors are listed from the ground up. A file may import from floors below its own, and from its own folder. What stands
on one line shares a floor: those folders know nothing of each other.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = [
    ["dataset_script"],
    ["generation", "modeling_vitpain"],
    ["evaluation"],
    ["model_cards"],
]
FLOORS = {
    "dataset_script": [
        [
            "errors",
            "hdr",
            "lazy",
            "names",
            "packed_files",
            "processes",
            "progress",
            "video_clock",
            "extras",
            "version",
            "array_files",
            "strict_json",
        ],
        ["dense_landmarks", "media_files", "placements", "video_pictures"],
        ["facs", "restricted_pickle", "spec_rules", "storage", "table_files", "terminal", "video", "vocabulary"],
        ["claim", "features", "spec"],
        ["manifest", "release", "rows"],
        ["shards"],
        ["builder", "hub_readme", "outputs"],
        ["directory"],
        ["counts", "importers", "shard_checks"],
        ["row_checks"],
        ["shard_findings"],
        ["verify"],
        ["commands"],
    ],
    "generation": [
        ["diffusion", "distributions", "frame", "kernels", "prompt_words", "streams", "worker", "other_python"],
        ["accessories", "populations"],
        ["plan", "population_tables"],
        ["geometry"],
        ["heads"],
        ["appearance", "heatmap", "rigs"],
        ["prompts", "render"],
        ["annotate", "baking", "occluders"],
        ["photoreal"],
        ["catalogue"],
        ["labels"],
        ["pipeline"],
        ["run", "sheets"],
        ["commands"],
    ],
    "modeling_vitpain": [
        ["<root>"],
        ["frames"],
        ["conversion", "prediction"],
        ["explanation", "training"],
        ["commands"],
    ],
    "evaluation": [
        [
            *("au_agreement", "interval_coverage", "macro_auroc", "pain_detection"),
            *("pspi_accuracy", "pspi_calibration", "pspi_regression"),
        ],
        ["plotting", "provenance", "results"],
        ["markdown", "statistics"],
        ["explanations", "split"],
        ["fairness", "protocols", "stimulus"],
        ["paper"],
        ["commands"],
    ],
    "model_cards": [
        ["text", "count_tables", "face_words", "model_words", "prompt_list", "results", "shift_file", "training_words"],
        ["expression_words", "figures", "shift"],
        ["dataset_card", "model_card"],
        ["imported_card", "croissant", "datasheet"],
        ["write", "publishing", "demo"],
        ["commands"],
    ],
}
UPWARD = {("dataset_script.builder", "generation")}
"""The builder class regenerates, so its methods reach the generator when they are called."""
REMOTE_CODE_MAY_IMPORT = {"torch", "transformers", "numpy", "PIL"} | sys.stdlib_module_names


@cache
def modules() -> dict[str, Path]:
    """Dotted name -> file of every module of the packages."""
    found = {}
    for package in FLOORS:
        for file in sorted((ROOT / package).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def imports(module: str) -> tuple[tuple[str, bool], ...]:
    """What a module imports, wherever in it: dotted name, and whether it was written relatively. Type checking too."""
    file = modules()[module]
    package = file.relative_to(ROOT).parent.parts
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, False) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                name = f"{base}.{alias.name}"
                found.append((name if name in modules() else base, bool(node.level)))
    return tuple(found)


def arrows() -> Iterator[tuple[str, str]]:
    """Every import of one module of ours by another."""
    for module in modules():
        yield from ((module, name) for name, _ in imports(module) if name in modules() and name != module)


def room(module: str) -> str:
    """The folder, or the file beside the folders, in which a module stands inside its package."""
    package, *inside = module.split(".")
    if package == "modeling_vitpain" and len(inside) < 2 and not (modules()[module].name == "__init__.py" and inside):
        return "<root>"
    return inside[0] if inside else "<face>"


def floor(name: str, floors: list[list[str]]) -> int:
    return next(k for k, rooms in enumerate(floors) if name in rooms)


def test_every_room_has_a_floor():
    for package, floors in FLOORS.items():
        listed = {name for names in floors for name in names}
        standing = {room(module) for module in modules() if module.split(".")[0] == package} - {"<face>"}
        assert listed == standing, package


def test_imports_run_down():
    wrong = []
    for module, other in arrows():
        package, target = module.split(".")[0], other.split(".")[0]
        if package != target:
            if (module, target) not in UPWARD and floor(package, PACKAGES) <= floor(target, PACKAGES):
                wrong.append(f"{module} imports {other}")
            continue
        mine, theirs = room(module), room(other)
        if "<face>" in (mine, theirs) or mine == theirs:
            continue
        if floor(mine, FLOORS[package]) <= floor(theirs, FLOORS[package]):
            wrong.append(f"{module} imports {other}")
    assert not wrong


def test_no_module_imports_itself_by_way_of_others():
    below: dict[str, set[str]] = {module: set() for module in modules()}
    for module, other in arrows():
        below[module].add(other)
    while free := [module for module, others in below.items() if not others]:
        for module in free:
            del below[module]
        for others in below.values():
            others.difference_update(free)
    assert not below


def test_what_the_builder_takes_from_above_is_taken_inside_its_methods():
    for module, target in UPWARD:
        tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
        typing = {id(n) for branch in ast.walk(tree) if isinstance(branch, ast.If) for n in ast.walk(branch)}
        for node in tree.body:
            if isinstance(node, ast.ImportFrom | ast.Import) and id(node) not in typing:
                assert target not in ast.unparse(node)


@pytest.mark.parametrize("module", [name for name in modules() if name.startswith("modeling_vitpain")])
def test_remote_code_brings_nothing_but_itself(module):
    if room(module) != "<root>":
        return
    for name, relative in imports(module):
        if relative:
            assert room(name) == "<root>", f"{module} imports {name}"
        else:
            assert name.split(".")[0] in REMOTE_CODE_MAY_IMPORT, f"{module} imports {name}"


def test_folders_are_packages_and_their_faces_are_thin():
    for package in FLOORS:
        for folder in {file.parent for file in (ROOT / package).rglob("*.py")}:
            assert (folder / "__init__.py").is_file(), folder
    for module, file in modules().items():
        if file.name == "__init__.py":
            for name, _ in imports(module):
                assert name not in modules() or name.startswith(f"{module}."), f"{module} imports {name}"


def test_the_command_line_imports_commands_by_name_only():
    tree = ast.parse((ROOT / "pain3d_cli.py").read_text(encoding="utf-8"))
    named = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    allowed = {f"dataset_script.{name}" for name in ("errors", "extras", "lazy", "names", "terminal")}
    assert {name for name in named if name.split(".")[0] in FLOORS} == allowed
