"""The front door: quick, lazy, and clear when something is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed


def test_help_lists_every_command():
    process = subprocess.run([sys.executable, "-m", "pain3d_cli", "--help"], capture_output=True, text=True)
    assert process.returncode == 0
    for name, (_, text) in pain3d_cli.COMMANDS.items():
        assert name in process.stdout
        assert text.split()[0] in process.stdout


@pytest.mark.parametrize("command", [None, *pain3d_cli.COMMANDS])
def test_help_loads_nothing_heavy(command):
    """What makes `--help` slow is what it imports."""
    heavy = [
        "datasets",
        "pyarrow",
        "torch",
        "transformers",
        "scipy",
        "numba",
        "cv2",
        *(["numpy"] if not command else []),
    ]
    code = (
        f"import sys, pain3d_cli; pain3d_cli.build_parser({command!r}); print([m for m in {heavy} if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("command", pain3d_cli.COMMANDS)
def test_each_command_explains_itself_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as end:
        pain3d_cli.main([command, "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert f"example:\n  pain3d {command}" in text


@pytest.mark.parametrize(
    "argv", [[], ["paint"], ["verify"], ["verify", "a", "b"], ["generate", "out", "--size", "big"]]
)
def test_a_wrong_call_exits_2(argv, capsys):
    with pytest.raises(SystemExit) as end:
        pain3d_cli.main(argv)
    assert end.value.code == 2
    assert "usage: pain3d" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InvalidInput("size is 7; allowed: 64"), 2, "pain3d: size is 7; allowed: 64"),
        (WorkFailed("the disk is full"), 1, "pain3d: the disk is full"),
        (PermissionError(13, "Permission denied", "/root"), 1, "pain3d: [Errno 13] Permission denied: '/root'"),
        (
            ModuleNotFoundError("No module named 'torch'", name="torch"),
            1,
            "pain3d: info needs torch: pip install 'pain3d[model]'",
        ),
        (
            ModuleNotFoundError("No module named 'numba.core'", name="numba.core"),
            1,
            "pain3d: info needs numba.core: pip install 'pain3d[generation]'",
        ),
        (KeyboardInterrupt(), 130, "pain3d: stopped; run the same command again to go on"),
    ],
)
def test_errors_are_one_line_with_their_exit_code(monkeypatch, capsys, error, code, line):
    from dataset_script.commands import info

    def fail(args):
        raise error

    monkeypatch.setattr(info, "run", fail)
    assert pain3d_cli.main(["info", "somewhere"]) == code
    assert capsys.readouterr().err == line + "\n"


def test_a_file_that_is_called_like_an_option_is_known(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-a.png").touch()
    for word, ending in (("-a.png", "; a file whose name begins with a dash is named ./-a.png\n"), ("--nowhere", "\n")):
        with pytest.raises(SystemExit) as stop:
            pain3d_cli.main(["predict", "face.png", word])
        assert stop.value.code == 2
        assert capsys.readouterr().err.endswith(f"pain3d: error: unrecognized arguments: {word}{ending}")


@pytest.mark.parametrize("error", [ZeroDivisionError(), ModuleNotFoundError("No module named 'typo'", name="typo")])
def test_a_bug_shows_its_traceback(monkeypatch, error):
    from dataset_script.commands import info

    def fail(args):
        raise error

    monkeypatch.setattr(info, "run", fail)
    with pytest.raises(type(error)):
        pain3d_cli.main(["info", "somewhere"])


def test_a_working_directory_that_was_deleted_is_named(tmp_path):
    code = "import os, sys, pain3d_cli; os.rmdir(os.getcwd()); sys.exit(pain3d_cli.main(['info', '/nowhere']))"
    root = str(Path(pain3d_cli.__file__).parent)
    environment = os.environ | {"PYTHONPATH": root}
    gone = tmp_path / "gone"
    gone.mkdir()
    run = subprocess.run([sys.executable, "-c", code], cwd=gone, env=environment, capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr == "pain3d: the working directory no longer exists: cd to one that does\n"
