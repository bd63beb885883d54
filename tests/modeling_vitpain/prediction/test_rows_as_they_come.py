"""The file of scores while it is written, after a kill, and when the same command is run again."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pain3d_cli
from dataset_script.errors import WorkFailed
from modeling_vitpain.prediction import media
from modeling_vitpain.prediction.score_file import open_score_file, record_path
from modeling_vitpain.prediction.score_rows import FIRST_COLUMNS, CsvRows
from tests.modeling_vitpain.prediction.test_predict import read, save_model
from tests.support.small_videos import write_clip

ROOT = Path(__file__).parents[3]


def write_pictures(folder, names, side=64):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    for name in names:
        pixels = random.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC).save(folder / name)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("model"), face_crop=1.0)


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """Pictures, a damaged one among them, and two clips; in order 5 pictures, two clips, 4 pictures."""
    root = tmp_path_factory.mktemp("ward")
    write_pictures(root / "a", [f"a{k}.png" for k in range(5)])
    (root / "a" / "a3.png").write_bytes(b"damaged")
    (root / "b").mkdir()
    write_clip(root / "b" / "b0.mp4", frames=7)
    write_clip(root / "b" / "b1.mp4", frames=5)
    write_pictures(root / "c", [f"c{k}.png" for k in range(4)])
    lines = ["path,frame,x0,y0,x1,y1"]
    for path in sorted(root.rglob("*.*")):
        several = 1 if path.name in ("a0.png", "b1.mp4") else 2
        frames = range({"b0.mp4": 7, "b1.mp4": 5}[path.name]) if path.suffix == ".mp4" else [""]
        lines += [f"{path},{frame},{4 + 8 * k},4,{44 + 8 * k},50" for frame in frames for k in range(several)]
    (root / "boxes.csv").write_text("\n".join(lines) + "\n")
    return root


def call(model, ward, *options):
    return ["predict", *(str(ward / name) for name in "abc"), "--model", str(model), "--batch-size", "4", *options]


def stopped(straight, out, length):
    """What a process that was killed after `length` bytes leaves."""
    out.write_bytes(straight.read_bytes()[:length])
    record = json.loads(record_path(straight).read_text())
    record_path(out).write_text(json.dumps({**record, "finished": False}))


ALL_FACES = ("--boxes", "{ward}/boxes.csv", "--all-faces")


@pytest.mark.parametrize(
    "options",
    [
        (),
        ALL_FACES,
        pytest.param(("--json",), marks=pytest.mark.slow),
        pytest.param(("--fps", "12"), marks=pytest.mark.slow),
        pytest.param(("--overlays", "{tmp_path}/looks"), marks=pytest.mark.slow),
    ],
)
def test_a_resumed_run_equals_a_straight_one_wherever_it_was_cut(model, ward, tmp_path, options):
    words = call(model, ward, *(word.format(ward=ward, tmp_path=tmp_path) for word in options))
    straight, out = tmp_path / "straight", tmp_path / "out"
    assert pain3d_cli.main([*words, "--out", str(straight)]) == 1
    whole = straight.read_bytes()
    ends = [k + 1 for k, sign in enumerate(whole) if sign == ord("\n")]
    step = 2 if options in ((), ALL_FACES) else 9
    for length in [0, 1, 40, *ends[::step], ends[4] + 3, ends[-1] - 2, *range(300, len(whole), len(whole) // 5)]:
        stopped(straight, out, length)
        assert pain3d_cli.main([*words, "--out", str(out)]) == 1
        assert out.read_bytes() == whole, f"cut after {length} bytes"


def test_rows_that_are_there_are_not_computed_again(model, ward, tmp_path, monkeypatch, capsys):
    straight, out = tmp_path / "straight", tmp_path / "out"
    pain3d_cli.main([*call(model, ward), "--out", str(straight)])
    opened = []
    reading = media.read_pictures
    monkeypatch.setattr(
        media, "read_pictures", lambda source, *rest: opened.append(source.name) or reading(source, *rest)
    )
    lines = straight.read_bytes().splitlines(keepends=True)
    last = ["c0.png", "c1.png", "c2.png", "c3.png"]
    for rows, again in [
        (4, ["a4.png", "b0.mp4", "b1.mp4", *last]),  # a whole batch
        (5, ["b0.mp4", "b1.mp4", *last]),  # the batch of a video is its own
        (8, ["b0.mp4", "b1.mp4", *last]),  # inside a video
        (14, ["b1.mp4", *last]),
        (18, last),  # of four that share a batch one is there
        (21, []),
    ]:
        stopped(straight, out, len(b"".join(lines[: rows + 1])))
        opened.clear()
        capsys.readouterr()
        assert pain3d_cli.main([*call(model, ward), "--out", str(out)]) == 1
        assert opened == again
    assert "20 of 21 pictures scored, 21 of them by an earlier run" in capsys.readouterr().err


def test_a_finished_file_is_complete_and_says_so(model, ward, tmp_path, capsys):
    out = tmp_path / "scores.csv"
    for _ in range(2):
        assert pain3d_cli.main([*call(model, ward), "--out", str(out)]) == 1
    record = json.loads(record_path(out).read_text())
    assert record["finished"] and len(record["files"]) == 11
    first, second = (line for line in capsys.readouterr().err.splitlines() if "pictures scored" in line)
    assert " a second" in first and "by an earlier run" in second


def test_files_that_are_new_or_changed_are_scored_and_put_in_their_place(model, tmp_path, capsys):
    pictures = tmp_path / "pictures"
    write_pictures(pictures, ["a.png", "c.png", "d.png"])
    out, straight = tmp_path / "out.csv", tmp_path / "straight.csv"
    words = ["predict", str(pictures), "--model", str(model), "--batch-size", "1"]
    assert pain3d_cli.main([*words, "--out", str(out)]) == 0
    write_pictures(pictures, ["b.png", "c.png"], side=80)
    assert pain3d_cli.main([*words, "--out", str(out)]) == 0
    assert "4 of 4 pictures scored, 2 of them by an earlier run" in capsys.readouterr().err
    assert pain3d_cli.main([*words, "--out", str(straight)]) == 0
    assert out.read_bytes() == straight.read_bytes()


def test_the_row_of_a_picture_that_is_gone_is_never_lost_in_silence(model, tmp_path, capsys):
    """It cannot be made again."""
    pictures = tmp_path / "pictures"
    write_pictures(pictures, ["mon.png", "tue.png"])
    out = tmp_path / "out.csv"
    words = ["predict", str(pictures), "--model", str(model), "--out", str(out)]
    assert pain3d_cli.main(words) == 0
    before = out.read_bytes()
    (pictures / "mon.png").unlink()
    assert pain3d_cli.main(words) == 2
    assert out.read_bytes() == before
    assert (
        f"out holds rows of {pictures}/mon.png, which is no longer there, and which this call does not name; name "
        "another file, or start anew with --overwrite"
    ) in capsys.readouterr().err
    lines = before.splitlines(keepends=True)
    out.write_bytes(b"".join(line for line in lines if b"mon.png" not in line))
    assert pain3d_cli.main(words) == 0
    assert [line.split(b",")[0] for line in out.read_bytes().splitlines()[1:]] == [str(pictures / "tue.png").encode()]


def test_a_file_that_may_not_grow_is_named_and_keeps_its_rows(tmp_path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    out = tmp_path / "out.csv"
    with (
        pytest.raises(WorkFailed, match=rf"^cannot write {re.escape(str(out))}: File too large"),
        open_score_file(out, CsvRows(), overwrite=False) as scores,
    ):
        scores.begin({}, {}, [])
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
            for k in range(1000):
                scores.write({"path": f"{k}.png", **dict.fromkeys(FIRST_COLUMNS[1:])})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert out.stat().st_size == 3000
    rows = CsvRows().read(out.read_bytes())
    assert [row["path"] for row in rows] == [f"{k}.png" for k in range(len(rows))] and len(rows) > 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fps", "5"], "holds rows of another run: fps was None and is 5.0"),
        (["--boxes", "{ward}/boxes.csv"], "faces was None and is 'boxes"),
        (["--overlays", "{tmp_path}/looks"], "overlays was False and is True"),
        (["--json"], "holds something else: it is no JSON array of scores"),
        (["--model", "{other}"], "model was"),
    ],
)
def test_rows_of_other_options_are_refused(model, ward, tmp_path, capsys, options, message):
    other = save_model(tmp_path / "other", face_crop=0.9)
    out = tmp_path / "scores"
    pain3d_cli.main([*call(model, ward), "--out", str(out)])
    before = out.read_bytes()
    capsys.readouterr()
    more = [word.format(ward=ward, tmp_path=tmp_path, other=other) for word in options]
    assert pain3d_cli.main([*call(model, ward, *more), "--out", str(out)]) == 2
    (line,) = lines_but_that_of_faces(capsys.readouterr().err)
    assert message in line and "start anew with --overwrite" in line
    assert out.read_bytes() == before
    assert pain3d_cli.main([*call(model, ward, *more), "--out", str(out), "--overwrite"]) in (0, 1)
    assert out.read_bytes() != before or options[0] in ("--overlays", "--model")  # these change no digit here


def test_rows_of_other_files_and_other_programs_are_refused(model, ward, tmp_path, capsys):
    out = tmp_path / "scores.csv"
    words = ["predict", "--model", str(model), "--out", str(out)]
    assert pain3d_cli.main([*words, str(ward / "c"), str(ward / "a" / "a0.png")]) == 0
    assert pain3d_cli.main([*words, str(ward / "c")]) == 2
    assert f"holds rows of {ward / 'a' / 'a0.png'}, which this call does not name" in capsys.readouterr().err
    whole = out.read_bytes()
    out.write_bytes(whole.replace(b"\n", b"\r\n"))
    assert pain3d_cli.main([*words, str(ward / "c"), str(ward / "a" / "a0.png")]) == 2
    assert "it was saved by another program, which changed its line ends" in capsys.readouterr().err
    out.write_bytes(b"\xef\xbb\xbf" + whole.replace(b"\n", b"\r\n").replace(b",", b";"))
    assert pain3d_cli.main([*words, str(ward / "c"), str(ward / "a" / "a0.png")]) == 2
    assert (
        "saved by another program, which put a byte order mark before its first column and changed its line ends and "
        "wrote semicolons between its columns; name another file"
    ) in capsys.readouterr().err
    out.write_bytes(whole.replace(b"0.", b"0,", 1))
    assert pain3d_cli.main([*words, str(ward / "c"), str(ward / "a" / "a0.png")]) == 2


@pytest.mark.parametrize(
    "content", [b"path,label\nmine,3\n", b"\x89PNG\r\n\x1a\n", b"notes", b"[1, 2]", b'[{"path": 1}]']
)
def test_what_is_no_scores_is_never_replaced(model, ward, tmp_path, capsys, content):
    out = tmp_path / "scores.csv"
    out.write_bytes(content)
    for more in ([], ["--overwrite"]):
        assert pain3d_cli.main(["predict", "--model", str(model), "--out", str(out), str(ward / "c"), *more]) == 2
        assert "scores.csv is there and holds no scores; it is never replaced" in capsys.readouterr().err
        assert out.read_bytes() == content


@pytest.mark.parametrize("name", ["annotated.mp4", "Face.PNG", "scores.xlsx"])
def test_names_of_other_kinds_of_files(ward, tmp_path, capsys, name):
    assert pain3d_cli.main(["predict", "--out", str(tmp_path / name), str(ward / "c")]) == 2
    assert "what is written is CSV or, with --json, JSON" in capsys.readouterr().err
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("content", [b"", b"path,fra", b"[\n]\n", b"\xef\xbb\xbfpath;frame;time_s;pspi\r\n"])
def test_what_is_left_of_scores_is_written_over(model, ward, tmp_path, content):
    out = tmp_path / "scores.csv"
    out.write_bytes(content)
    assert pain3d_cli.main(["predict", "--model", str(model), "--out", str(out), str(ward / "c"), "--overwrite"]) == 0
    assert read(out)


@pytest.mark.parametrize("damage", [None, b"", b"\0" * 300, b"[]", b"{}"])
def test_rows_without_their_record_are_kept_until_overwrite(model, ward, tmp_path, capsys, damage):
    """As where the rows alone were copied, or the power failed before the record was on the disk."""
    out = tmp_path / "scores.csv"
    words = ["predict", "--model", str(model), "--out", str(out), str(ward / "c")]
    assert pain3d_cli.main(words) == 0
    before = out.read_bytes()
    if damage is None:
        record_path(out).unlink()
    else:
        record_path(out).write_bytes(damage)
    capsys.readouterr()
    assert pain3d_cli.main(words) == 2
    line = "but scores.csv.run.json is not beside it" if damage is None else "scores.csv.run.json is damaged"
    stderr = capsys.readouterr().err
    assert line in stderr and "name another file, or start anew with --overwrite" in stderr
    assert out.read_bytes() == before
    assert pain3d_cli.main([*words, "--overwrite"]) == 0
    assert out.read_bytes() == before


@pytest.mark.parametrize("name", ["scores.xlsx", "scores.PARQUET", "scores.csv.gz", "scores.tsv", "scores.jsonl"])
def test_scores_are_not_named_as_what_they_are_not(model, ward, tmp_path, capsys, name):
    out = tmp_path / name
    assert pain3d_cli.main(["predict", "--model", str(model), "--out", str(out), str(ward / "c")]) == 2
    assert f"out is {out}; what is written is CSV or, with --json, JSON" in capsys.readouterr().err
    assert not out.exists()


def test_a_file_named_json_holds_json(model, ward, tmp_path, capsys):
    words = ["predict", "--model", str(model), str(ward / "c"), "--out"]
    assert pain3d_cli.main([*words, str(tmp_path / "a.JSON")]) == 0
    assert pain3d_cli.main([*words, str(tmp_path / "b.json"), "--json"]) == 0
    assert (tmp_path / "a.JSON").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert len(json.loads((tmp_path / "a.JSON").read_text())) == 4
    capsys.readouterr()
    assert pain3d_cli.main([*words, str(tmp_path / "scores.csv"), "--json"]) == 2
    assert "scores.csv, and --json was given; allowed is a file named .json" in capsys.readouterr().err
    assert not (tmp_path / "scores.csv").exists()


@pytest.mark.parametrize("deleted", [{8}, {6, 12}, set(range(6, 13)), {4, 9, 20}, set(range(17, 22))])
@pytest.mark.parametrize("stop", [False, True])
def test_rows_that_were_deleted_are_scored_again(model, ward, tmp_path, deleted, stop):
    """Any of a picture or a video: the first, the last, all. The clips are lines 6 to 12 and 13 to 17."""
    straight, out = tmp_path / "straight", tmp_path / "out"
    assert pain3d_cli.main([*call(model, ward), "--out", str(straight)]) == 1
    whole = straight.read_bytes()
    kept = [line for k, line in enumerate(whole.splitlines(keepends=True)) if k not in deleted]
    stopped(straight, out, 0)
    if not stop:
        record_path(out).write_bytes(record_path(straight).read_bytes())
    out.write_bytes(b"".join(kept))
    assert pain3d_cli.main([*call(model, ward), "--out", str(out)]) == 1
    assert out.read_bytes() == whole
    assert record_path(out).read_bytes() == record_path(straight).read_bytes()


def test_the_record_counts_the_rows_of_each_finished_video(model, ward, tmp_path, monkeypatch):
    """So does that of a killed run, from which rows may be deleted too."""
    out, videos = tmp_path / "out", [str(ward / "b" / name) for name in ("b0.mp4", "b1.mp4")]
    reading = media.read_pictures

    def killed_in_the_second(source, *rest):
        yield from reading(source, *rest)
        if source.name == "c1.png":
            raise KeyboardInterrupt

    monkeypatch.setattr(media, "read_pictures", killed_in_the_second)
    words = call(model, ward, "--batch-size", "1")
    assert pain3d_cli.main([*words, "--out", str(out)]) == 130
    record = json.loads(record_path(out).read_text())
    assert record["rows"] == dict(zip(videos, (7, 5), strict=True)) and not record["finished"]


def lines_but_that_of_faces(stderr: str) -> list[str]:
    """Lines on standard error, but the one which says that whole pictures are taken as faces."""
    return [line for line in stderr.splitlines() if line and "neither named nor searched" not in line]


def run_in_background(words, stdout=subprocess.DEVNULL):
    program = [sys.executable, "-m", "pain3d_cli", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(program, env=env, stdout=stdout, stderr=subprocess.PIPE, text=True)


def wait_for_lines(path, count, process):
    until = time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """More pictures than are scored before a signal arrives."""
    folder = tmp_path_factory.mktemp("many")
    write_pictures(folder, ["0.png"], side=400)
    for k in range(1, 300):
        (folder / f"{k}.png").write_bytes((folder / "0.png").read_bytes())
    return folder


@pytest.mark.parametrize(
    ("sign", "code", "line"),
    [
        (signal.SIGKILL, -signal.SIGKILL, None),
        pytest.param(
            signal.SIGINT, 130, "pain3d: stopped; run the same command again to go on", marks=pytest.mark.slow
        ),
    ],
)
def test_a_killed_process_leaves_rows_from_which_it_goes_on(model, many, tmp_path, sign, code, line):
    out, straight = tmp_path / "out.csv", tmp_path / "straight.csv"
    words = ["predict", str(many), "--model", str(model), "--batch-size", "4"]
    process = run_in_background([*words, "--out", str(out)])
    wait_for_lines(out, 30, process)  # a reader may follow the file
    process.send_signal(sign)
    stderr = process.communicate(timeout=60)[1]
    assert process.returncode == code
    if line is not None:
        assert lines_but_that_of_faces(stderr) == [line]
    assert 29 <= len(read(out)) < 300
    assert pain3d_cli.main([*words, "--out", str(out)]) == 0
    assert pain3d_cli.main([*words, "--out", str(straight)]) == 0
    assert out.read_bytes() == straight.read_bytes()


def test_rows_come_on_standard_output_too_and_its_reader_may_go(model, many):
    process = run_in_background(["predict", str(many), "--model", str(model), "--out", "-"], stdout=subprocess.PIPE)
    first = [process.stdout.readline() for _ in range(3)]
    assert process.poll() is None
    process.stdout.close()
    stderr = process.stderr.read()
    assert process.wait(60) == 141 and lines_but_that_of_faces(stderr) == []
    assert first[0].startswith("path,frame,") and first[2].startswith(str(many / "1.png"))


def test_two_processes_do_not_write_one_file(model, many, tmp_path, capsys):
    out = tmp_path / "out.csv"
    words = ["predict", str(many), "--model", str(model), "--out", str(out)]
    process = run_in_background(words)
    try:
        wait_for_lines(out, 2, process)
        assert pain3d_cli.main(words) == 2
        assert "is being written by another run" in capsys.readouterr().err
    finally:
        process.kill()
        process.communicate()


class TestOut:
    """What is wrong with OUT is told before the model is loaded."""

    @pytest.fixture(autouse=True)
    def no_model(self, monkeypatch):
        from modeling_vitpain.commands import predict_options

        monkeypatch.setattr(predict_options, "load_model", lambda name: pytest.fail("the model was loaded"))

    @pytest.mark.parametrize("name", ["file/dir.csv", "."])
    def test_where_it_cannot_be(self, many, tmp_path, capsys, name):
        (tmp_path / "file").touch()
        words = ["predict", str(many), "--model", "m", "--out", str(tmp_path / name)]
        assert pain3d_cli.main(words) == 1
        assert capsys.readouterr().err.startswith("pain3d: cannot write ")

    def test_a_full_disk(self, many, tmp_path, capsys, monkeypatch):
        import errno

        from modeling_vitpain.prediction import score_file

        class Full:
            head = property(lambda self: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))

        monkeypatch.setattr(score_file, "CsvRows", Full)
        words = ["predict", str(many), "--model", "m", "--out", str(tmp_path / "out.csv")]
        assert pain3d_cli.main(words) == 1
        assert "No space left on device; free some space" in capsys.readouterr().err
        assert not (tmp_path / "out.csv").exists()


def test_a_device_is_written_to_as_it_is(model, ward, capsys):
    words = ["predict", str(ward / "c"), "--model", str(model), "--out", "/dev/full"]
    assert pain3d_cli.main(words) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert Path("/dev/full").is_char_device()


def test_nothing_is_left_where_nothing_could_be_scored(model, tmp_path, capsys):
    write_pictures(tmp_path, ["a.png"])
    out = tmp_path / "out.csv"
    assert pain3d_cli.main(["predict", str(tmp_path / "a.png"), "--model", str(tmp_path), "--out", str(out)]) == 2
    assert not out.exists() and not record_path(out).exists()


def test_what_cannot_be_found_never_costs_the_others(model, ward, tmp_path, capsys):
    out, empty = tmp_path / "out.csv", tmp_path / "empty"
    empty.mkdir()
    named = [ward / "nowhere.png", ward / "c" / "c0.png", empty, ward / "c" / "c0.png", ward / "lost.mp4"]
    assert pain3d_cli.main(["predict", *map(str, named), "--model", str(model), "--out", str(out)]) == 1
    rows = read(out)
    assert [row["path"] for row in rows] == [str(path) for path in (*named[:3], named[4])]
    assert [row["error"].split(";")[0] for row in rows] == [
        "does not exist",
        "",
        "holds no picture and no video",
        "does not exist",
    ]
    stderr = capsys.readouterr().err
    assert "1 file was named twice, and is scored once" in stderr and "1 of 4 pictures scored" in stderr


def test_a_video_that_is_damaged_halfway_never_costs_the_others(model, tmp_path):
    write_clip(tmp_path / "a.ts", frames=40, container_format="mpegts")
    content = (tmp_path / "a.ts").read_bytes()
    middle = len(content) // 2
    (tmp_path / "a.ts").write_bytes(content[:middle] + os.urandom(400) + content[middle + 400 :])
    (tmp_path / "b.mp4").write_bytes(content[:100])
    write_pictures(tmp_path, ["c.png"])
    out = tmp_path / "out.csv"
    words = ["predict", *(str(tmp_path / name) for name in ("a.ts", "b.mp4", "c.png")), "--model", str(model)]
    assert pain3d_cli.main([*words, "--out", str(out)]) == 1
    rows = read(out)
    assert sum(row["path"].endswith("a.ts") and not row["error"] for row in rows) > 20
    assert any(row["path"].endswith("b.mp4") and row["error"] for row in rows)
    assert rows[-1]["path"].endswith("c.png") and rows[-1]["pspi"]


ODD_NAMES = [b"caf\xe9.png", b"new\nline.png", b"return\r.png", b'comma, "quoted".png', b"tab\t.png", b"\\xe9.png"]
ODD_NAMES += ["שלום.png".encode(), "🙂.png".encode(), b" space .png", b"\x1b[31m.png"]


@pytest.mark.parametrize("text_format", [[], ["--json"]])
def test_names_of_any_kind(model, tmp_path, capsys, text_format):
    from dataset_script.names import read_name

    folder = tmp_path / "odd"
    write_pictures(folder, ["a.png"])
    for name in ODD_NAMES:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes((folder / "a.png").read_bytes())
    (folder / os.fsdecode(b"b\xe9d\n.png")).write_bytes(b"damaged")
    out = tmp_path / "out"
    words = ["predict", str(folder), "--model", str(model), *text_format, "--out", str(out)]
    assert pain3d_cli.main(words) == 1
    rows = json.loads(out.read_text("utf-8")) if text_format else read(out)
    found = {os.fsencode(Path(read_name(row["path"])).name) for row in rows}
    assert found == {*ODD_NAMES, b"a.png", b"b\xe9d\n.png"}
    assert len({str(row["pspi"]) for row in rows if row["pspi"]}) == 1  # of one picture under all names
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "neither a picture" in line]
    assert line.endswith("b\\xe9d\\n.png: neither a picture nor a video that can be read")
    whole = out.read_bytes()
    record = record_path(out)
    for length in range(0, len(whole), 150):
        out.write_bytes(whole[:length])
        record.write_text(record.read_text().replace('"finished": true', '"finished": false'))
        assert pain3d_cli.main(words) == 1
        assert out.read_bytes() == whole


def test_boxes_name_pictures_as_the_scores_do(model, tmp_path):
    folder = tmp_path / "odd"
    write_pictures(folder, [os.fsdecode(b"caf\xe9.png"), "ok.png"])
    boxes, out = tmp_path / "boxes.csv", tmp_path / "out.csv"
    words = ["predict", str(folder), "--model", str(model), "--out", str(out), "--overwrite"]
    assert pain3d_cli.main(words) == 0
    named = [row["path"] for row in read(out)]
    boxes.write_text("path,x0,y0,x1,y1\n" + "".join(f"{name},4,4,50,50\n" for name in named), "utf-8")
    assert pain3d_cli.main([*words, "--boxes", str(boxes)]) == 0
    assert [row["faces"] for row in read(out)] == ["1", "1"]
