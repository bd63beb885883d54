"""What no source of the packages does: run, unpickle or unpack what others made."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("dataset_script", "generation", "modeling_vitpain", "evaluation", "model_cards")
MODULES = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "cloudpickle"}
CALLS = {
    *("eval", "exec", "compile", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "pd.read_pickle"),
    *("torch.load", "torch.jit.load", "shutil.unpack_archive", "tempfile.mktemp"),
}
METHODS = {"extractall", "extract"}
ALLOWED = {
    # one's own checkpoint, with weights_only
    ("generation/rigs/neural/train.py", "torch.load"),
    # for the authors of this package: makes an asset of a package of Debian
    ("generation/appearance/places/build_environments.py", "extract"),
}
SOURCES = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))] + [ROOT / "pain3d_cli.py"]


def name_of(node: ast.expr) -> str:
    """`a.b.c` of a name or attribute; what it hangs on is left out where it is neither."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def findings(file: Path, root: Path = ROOT) -> list[str]:
    found, place = [], file.relative_to(root).as_posix()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in MODULES:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            name, settings = name_of(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}
            if name in CALLS or name.rpartition(".")[2] in METHODS:
                found.append(name if name in CALLS else name.rpartition(".")[2])
            if name == "torch.load" and settings.get("weights_only") != "True":
                found.append("torch.load without weights_only")
            if name in ("np.load", "numpy.load") and settings.get("allow_pickle", "False") != "False":
                found.append("np.load with pickles")
            if settings.get("shell") == "True":
                found.append("a shell")
            if settings.get("trust_remote_code") == "True":
                found.append("trust_remote_code")
    return [f"{place}: {what}" for what in found if (place, what) not in ALLOWED]


def test_no_source_runs_or_unpickles_what_others_made():
    assert len(SOURCES) > 300
    assert not [line for file in SOURCES for line in findings(file)]


@pytest.mark.parametrize(
    "text",
    [
        *("import pickle", "from dill import load", "eval('1')", "torch.load(f)", "subprocess.run('x', shell=True)"),
        *("np.load(f, allow_pickle=True)", "archive.extractall()", "load('x', trust_remote_code=True)"),
    ],
)
def test_the_search_finds_what_it_is_for(text, tmp_path):
    (tmp_path / "a.py").write_text(text)
    assert findings(tmp_path / "a.py", tmp_path)


@pytest.mark.parametrize(
    "path",
    [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*")), *sorted(ROOT.glob("checkpoints/*/*.md"))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_examples_of_remote_code_name_a_commit(path):
    if path.suffix in (".md", ".txt", ".ipynb"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "trust_remote_code=True" not in line or "revision=" in line, line
