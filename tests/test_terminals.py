"""The front door on terminals of any encoding, in pipes that close early, and with names that are no UTF-8."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pain3d_cli
from dataset_script.commands import info
from dataset_script.errors import WorkFailed
from dataset_script.names import read_name
from dataset_script.terminal import CLOSED_PIPE, one_line

PAIN3D = [sys.executable, "-m", "pain3d_cli"]
ROOT = Path(__file__).parents[1]

PRINTING = "import pain3d_cli, sys; from dataset_script.commands import info; info.run = lambda args: {run}; "
"""A program in which `pain3d info DIR` does something else."""


def run(*words, script=None, env=None, **kwargs):
    call = [sys.executable, "-c", script, *words] if script else [*PAIN3D, *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    return subprocess.run(call, env=env, capture_output=True, timeout=60, **kwargs)


def program(run):
    return PRINTING.format(run=run) + "sys.exit(pain3d_cli.main(['info', 'x']))"


@pytest.mark.parametrize(
    ("command", "encoding"),
    [(None, "cp437"), ("predict", "cp437"), *((command, "ascii") for command in [None, *pain3d_cli.COMMANDS])],
)
def test_help_on_every_terminal(command, encoding):
    done = run(*filter(None, [command]), "--help", env={"PYTHONIOENCODING": encoding})
    assert done.returncode == 0 and done.stderr == b""
    assert b"usage: pain3d" in done.stdout and b"\\u" not in done.stdout


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", rb"caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x99\x82 \xff ..."),
        ("latin-1", b"caf\xe9 " + rb"\xe6\x97\xa5 \xf0\x9f\x99\x82 \xff ..."),
        ("cp437", b"caf\x82 " + rb"\xe6\x97\xa5 \xf0\x9f\x99\x82 \xff ..."),
        ("utf-8", "café 日 🙂 \\xff …".encode()),
    ],
)
def test_what_an_encoding_lacks_is_escaped(encoding, shown):
    text = "'caf\\xe9 \\u65e5 \\U0001f642 \\udcff \\u2026'"
    for stream in ("stdout", "stderr"):
        done = run(script=program(f"print({text}, file=sys.{stream})"), env={"PYTHONIOENCODING": encoding})
        assert getattr(done, stream) == shown + b"\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-8"])
def test_names_in_rows_are_found_again(encoding):
    names = [b"Gr\xc3\xb6\xc3\x9fe \xe2\x80\x93 \xe6\x97\xa5.png", b"caf\xe9.png", rb"a \xe9.png", "…🙂.png".encode()]
    rows = f"[print_rows(written_name(os.fsdecode(name)) + chr(10)) for name in {names}] and 0"
    script = "import os; from dataset_script.terminal import print_rows; "
    script += "from dataset_script.names import written_name; " + program(rows)
    done = run(script=script, env={"PYTHONIOENCODING": encoding})
    assert [os.fsencode(read_name(line)) for line in done.stdout.decode(encoding).splitlines()] == names


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_reader_that_ends_first(lines):
    script = program(f"[print('line') for _ in range({lines})] and 0")
    done = run(script=f"import os; r, w = os.pipe(); os.close(r); os.dup2(w, 1); {script}")
    assert (done.returncode, done.stderr) == (CLOSED_PIPE, b"")


def test_a_reader_of_standard_error_that_ends_first():
    script = "import os; r, w = os.pipe(); os.close(r); os.dup2(w, 2); import pain3d_cli, sys; "
    done = run(script=script + "sys.exit(pain3d_cli.main(['info', 'nowhere']))")
    assert (done.returncode, done.stdout) == (CLOSED_PIPE, b"")


def test_another_broken_pipe_is_an_error(monkeypatch, capsys):
    """A worker that died must not end the work as quietly as a closed pager."""

    def fail(args):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(info, "run", fail)
    assert pain3d_cli.main(["info", "x"]) == 1
    assert capsys.readouterr().err == "pain3d: [Errno 32] Broken pipe\n"


@pytest.mark.parametrize("lines", [1, 100_000])
def test_standard_output_on_a_full_disk(lines):
    script = program(f"[print('line') for _ in range({lines})] and 0")
    with open("/dev/full", "wb") as full:
        call = [sys.executable, "-c", script]
        done = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, timeout=60)
    assert done.returncode == 1
    assert done.stderr == b"pain3d: cannot write standard output: No space left on device\n"


def test_one_long_text_for_a_full_disk_names_standard_output():
    """Of a text longer than the buffer nothing is left in it, by which the failure could be recognised."""
    with open("/dev/full", "wb") as full:
        call = [sys.executable, "-c", program("print('line' * 100_000) or 0")]
        done = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, timeout=60)
    assert (done.returncode, done.stderr) == (1, b"pain3d: cannot write standard output: No space left on device\n")


def test_closed_standard_output():
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *PAIN3D, "--help"], cwd=ROOT, stderr=subprocess.PIPE)
    assert done.returncode == 0 and b"Error" not in done.stderr


@pytest.mark.parametrize("lines", [1, 100_000])
@pytest.mark.parametrize("closed", ["<&- >&-", ">&-"])
def test_results_for_a_closed_standard_output_are_an_error(lines, closed):
    script = program(f"[print('line') for _ in range({lines})] and 0")
    call = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", script]
    done = subprocess.run(call, cwd=ROOT, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, b"pain3d: cannot write standard output: it is closed\n")


def test_a_descriptor_that_is_closed_later_is_an_error():
    done = run(script="import os; os.close(1); " + program("print('line') or 0"))
    assert done.returncode == 1
    assert done.stderr == b"pain3d: cannot write standard output: Bad file descriptor\n"


def test_work_without_results_needs_no_standard_output():
    call = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-c", program("print('note', file=sys.stderr) or 0")]
    done = subprocess.run(call, cwd=ROOT, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"note\n")


def test_another_error_keeps_its_words_without_standard_output():
    call = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-c", program("open('/nowhere')")]
    done = subprocess.run(call, cwd=ROOT, stderr=subprocess.PIPE)
    assert done.returncode == 1 and b"No such file or directory: '/nowhere'" in done.stderr


def test_messages_for_a_closed_standard_error_do_not_reach_standard_output():
    run_both = "print('row') or print('note', file=sys.stderr) or 0"
    call = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", program(run_both)]
    done = subprocess.run(call, cwd=ROOT, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (0, b"row\n")


def test_one_error_is_one_line(monkeypatch, capsys):
    def fail(args):
        raise WorkFailed("odd\nname\x1b[31m.png is damaged")

    monkeypatch.setattr(info, "run", fail)
    assert pain3d_cli.main(["info", "x"]) == 1
    assert capsys.readouterr().err == "pain3d: odd\\nname\\x1b[31m.png is damaged\n"
    assert one_line("café, 日本 🙂") == "café, 日本 🙂"


def test_what_cannot_be_seen_in_a_path_is_shown(capsys):
    """Nothing else tells why a file that is there is not found."""
    assert pain3d_cli.main(["info", "/nowhere/\u202aa\u00a0b\u200b"]) != 0
    assert r"/nowhere/\u202aa\xa0b\u200b" in capsys.readouterr().err


def test_paths_are_taken_without_the_marks_around_them(monkeypatch, tmp_path):
    (tmp_path / "data").mkdir()
    seen = []
    monkeypatch.setattr(info, "run", lambda args: seen.append(args.directory) or 0)
    pain3d_cli.main(["info", f"\u202a{tmp_path / 'data'}\u200b"])
    assert seen == [str(tmp_path / "data")]


@pytest.mark.parametrize(
    "words",
    [
        ["info", "{name}"],
        ["verify", "{name}"],
        ["card", "{name}"],
        ["generate", "{name}", "--identities", "1"],
        ["import", "{name}", "out"],
        ["import", "source.csv", "{name}"],
        ["evaluate", "model", "--data", "{name}"],
        ["train", "{name}", "--out", "out"],
        ["predict", "face.png", "--model", "{name}"],
    ],
)
def test_names_that_are_no_utf_8_are_refused_before_the_work(words, capsysbinary):
    name = os.fsdecode(b"caf\xe9")
    assert pain3d_cli.main([word.format(name=name) for word in words]) == 2
    stderr = capsysbinary.readouterr().err
    assert b"is caf\\xe9: the name is not UTF-8; rename it\n" in stderr and stderr.count(b"\n") == 1
