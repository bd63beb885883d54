"""Files made to do harm, as `predict` takes them: names that are formulas, videos that are playlists, absurd models."""

import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from assessing_models import save_assessing_model
from PIL import Image
from small_videos import write_clip

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.names import read_name, written_path, written_remark
from dataset_script.table_files import read_table
from dataset_script.video import Sampling, can_decode, count_frames, read_frames
from modeling_vitpain.prediction.image_scores import ImageScores
from modeling_vitpain.prediction.load import load_model
from modeling_vitpain.prediction.named_faces import NamedFaces
from modeling_vitpain.prediction.score_rows import FIRST_COLUMNS, LAST_COLUMNS, CsvRows, score_row
from pain3d_cli import main

FORMULAS = ("=cmd|' calc'!A0.png", "+1.png", "-1.png", "@SUM(A1).png", "\t=1.png", "\r=1.png", "＝1.png")
COLUMNS = (*FIRST_COLUMNS, *LAST_COLUMNS)


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_is_a_formula_and_every_path_is_found_again(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(b"x")
    row = score_row(ImageScores(name, error=f"{name} is odd", warning=f"{name}?"), COLUMNS)
    assert row["path"] == f"./{name}" and os.path.samefile(read_name(row["path"]), name)
    assert row["error"] == f"'{name} is odd" and row["warning"] == f"'{name}?"
    format_ = CsvRows(COLUMNS)
    content = format_.head + format_.row(row, True)
    (again,) = format_.read(content)
    assert again["path"] == row["path"] and format_.row(again, True) == format_.row(row, True)
    Path("scores.csv").write_bytes(content)
    (read,) = csv.reader(io.StringIO(content.decode().partition("\n")[2], newline=""))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for cell in read)
    if name[0] not in "\t\r":  # white space around a cell is no part of it for tables of others
        assert read_table(Path("scores.csv")).rows[0].values["path"] == row["path"]


def test_other_names_stay_as_they_are():
    for name in ("a.png", "a=b.png", "dir/=a.png", "/=a.png", "./=a.png", "0-1.png", "ä.png"):
        assert written_path(name) == name
    assert written_path(b"\xff=.png".decode("utf-8", "surrogateescape")) == r"\xff=.png"
    assert written_remark("the file is empty") == "the file is empty"


def test_predict_goes_on_with_such_names(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    save_assessing_model(tmp_path / "model", 64)
    for k, name in enumerate(("=1+1.png", "@b.png")):
        Image.fromarray(np.full((40, 40, 3), 90 + 40 * k, np.uint8)).save(name)
    words = ["predict", "=1+1.png", "@b.png", "--model", "model", "--out", "scores.csv"]
    assert main(words) == 0
    once = Path("scores.csv").read_bytes()
    assert [line.partition(b",")[0] for line in once.splitlines()[1:]] == [b"./=1+1.png", b"./@b.png"]
    Path("scores.csv").write_bytes(once[: once.index(b"./@b")])
    assert main(words) == 0 and Path("scores.csv").read_bytes() == once
    assert main([*words[:3], "--boxes", "boxes.csv", *words[3:-1], "b.csv"]) == 2  # there is no such table
    capsys.readouterr()


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile {}\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns={}\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 26\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("target", ["secret.mp4", "http://127.0.0.1:9/a.ts"])
def test_a_video_opens_no_other_file_and_no_address(name, target, tmp_path):
    write_clip(tmp_path / "secret.mp4", 3)
    for suffix in (".mp4", ".m3u8", ".mkv", ".ffconcat"):
        path = tmp_path / f"list{suffix}"
        path.write_text(PLAYLISTS[name].format(target))
        (frame,) = read_frames(path, Sampling())
        assert frame.image is None and "not a readable video" in frame.error
        assert not can_decode(path)
        with pytest.raises(WorkFailed):
            count_frames(path)
    assert len(list(read_frames(tmp_path / "secret.mp4", Sampling()))) == 3


@pytest.mark.parametrize("frame", ["inf", "1e999", "-inf", "-1", "1.5"])
def test_a_frame_without_end_is_refused_in_one_line(frame, tmp_path):
    (tmp_path / "boxes.csv").write_text(f"path,frame,x0,y0,x1,y1\na.mp4,{frame},1,1,9,9\n")
    with pytest.raises(InvalidInput, match="allowed are whole numbers from 0"):
        NamedFaces(tmp_path / "boxes.csv")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"backbone_config": {"num_hidden_layers": 1_000_000}}, "num_hidden_layers 1,000,000; allowed are up to 256"),
        ({"backbone_config": {"hidden_size": 1 << 40}}, "hidden_size 1,099,511,627,776; allowed are up to 131,072"),
        ({"backbone_config": {"hidden_size": "32"}}, "that is not allowed"),
        ({"backbone_config": []}, "that is not allowed"),
        ({"au_names": 7}, "that is not allowed"),
    ],
)
def test_a_model_of_absurd_sizes_or_types_is_refused_in_one_line(change, problem, tmp_path):
    path = save_assessing_model(tmp_path / "model", 64) / "config.json"
    config = json.loads(path.read_text())
    for name, value in change.items():
        config[name] = config[name] | value if isinstance(value, dict) else value
    path.write_text(json.dumps(config))
    with pytest.raises(WorkFailed, match=problem):
        load_model(tmp_path / "model")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"model_type": "vitpain"', "[]", "\xff", '"vitpain"'])
def test_a_configuration_that_is_no_object_is_refused_in_one_line(text, tmp_path):
    path = save_assessing_model(tmp_path / "model", 64) / "config.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises((InvalidInput, WorkFailed), match="model"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize("name", ["a" * 5000 + ".png", r"a\x00b.png", "a/" * 3000 + "a.png"])
def test_a_name_that_no_file_can_have_is_a_file_that_is_not_there_or_a_line(name, tmp_path):
    (tmp_path / "boxes.csv").write_text(f"path,x0,y0,x1,y1\n{name},1,1,9,9\n")
    try:
        NamedFaces(tmp_path / "boxes.csv", pictures=[tmp_path / "a.png"])
    except InvalidInput as error:
        assert "boxes.csv, line 2: path is" in str(error)
