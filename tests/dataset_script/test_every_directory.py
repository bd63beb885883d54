"""info, verify, card and gallery take every dataset directory: generated here or elsewhere, imported, from the Hub."""

import json
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from damage import change_spec, rewrite
from unbc_layout import face, png, write

import pain3d_cli
from dataset_script.directory import DatasetDirectory
from dataset_script.errors import WorkFailed
from dataset_script.importers.importing import import_dataset
from dataset_script.manifest import read_manifest, write_manifest


def a_table(folder: Path) -> Path:
    """A CSV file and its pictures: 4 subjects, 5 frames each, PSPI 0-4, no action units."""
    rows = ["path,subject,pspi"]
    for subject in "abcd":
        for level in range(5):
            write(folder / f"{subject}{level}.png", png(face((0,) * 6, 60 + 10 * level)))
            rows.append(f"{subject}{level}.png,{subject},{level}")
    write(folder / "labels.csv", "\n".join(rows) + "\n")
    return folder


def imported(copy: Path, tmp_path: Path) -> Path:
    import_dataset(a_table(tmp_path / "mine"), tmp_path / "imported")
    return tmp_path / "imported"


def imported_with_pictures(copy: Path, tmp_path: Path) -> Path:
    import_dataset(a_table(tmp_path / "mine"), tmp_path / "imported", copy=True)
    shutil.rmtree(tmp_path / "mine")
    return tmp_path / "imported"


def imported_without_records(copy: Path, tmp_path: Path) -> Path:
    out = imported_with_pictures(copy, tmp_path)
    for name in ("import.json", "report.json", "manifest.jsonl", "folds.json"):
        (out / name).unlink()
    return out


def another_version(copy: Path, tmp_path: Path) -> Path:
    change_spec(copy, version=1)
    return copy


def from_the_future(copy: Path, tmp_path: Path) -> Path:
    change_spec(copy, version=9, mood="calm", head="metahuman", rig="muscles", pspi="clinical", heatmap_scale_mm=None)
    return copy


def downloaded(copy: Path, tmp_path: Path) -> Path:
    """As `snapshot_download` leaves it: links into a store, and files of its own."""
    store, out = tmp_path / "blobs", tmp_path / "snapshot"
    copy.rename(store)
    for path in [path for path in store.rglob("*") if path.is_file()]:
        (out / path.relative_to(store)).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(path, out / path.relative_to(store))
    write(out / ".cache/huggingface/download/data/train-00000-of-00001.parquet.metadata", "etag")
    write(out / ".gitattributes", "*.parquet filter=lfs")
    return out


def downloaded_without_records(copy: Path, tmp_path: Path) -> Path:
    (copy / "spec.json").unlink()
    (copy / "manifest.jsonl").unlink()
    return copy


KINDS = {
    kind.__name__: (kind, expected)
    for kind, expected in {
        imported: ("imported", 4, 20, "imported data have none"),
        imported_with_pictures: ("imported", 4, 20, "imported data have none"),
        imported_without_records: ("imported", 4, 20, "imported data have none"),
        another_version: ("generated", 6, 198, "generator version 1 made it"),
        from_the_future: ("generated", 6, 198, "generator version 9 made it"),
        downloaded: ("generated", 6, 198, None),
        downloaded_without_records: ("generated", 6, 198, "there is no spec.json"),
    }.items()
}


@pytest.mark.parametrize("name", KINDS)
def test_all_four_commands_take_it(copy, tmp_path, capsys, name):
    make, (kind, people, frames, reason) = KINDS[name]
    directory = str(make(copy, tmp_path))

    assert pain3d_cli.main(["info", directory, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["identities"]["made"], found["frames"]["made"]) == (kind, people, frames)
    assert found["complete"] is (None if name == "imported_without_records" else True)
    assert pain3d_cli.main(["info", directory]) == 0
    assert f"{kind}, {people} identities, {frames} frames" in capsys.readouterr().out

    assert pain3d_cli.main(["verify", directory]) == 0
    out = capsys.readouterr().out
    assert "no problem found" in out
    assert (f"not compared with the plan: {reason}" in out.replace("spec.json: g", "g")) is (reason is not None)
    assert ("rows were compared with the plan" in out) is (reason is None)

    assert pain3d_cli.main(["gallery", directory, "--out", str(tmp_path / "sheet.png"), "--identities", "2"]) == 0
    assert pain3d_cli.main(["card", directory]) == 0
    card = (Path(directory) / "README.md").read_text()
    assert "$" not in card and f"{frames} " in card
    assert pain3d_cli.main(["verify", directory]) == 0  # the card changed nothing else


def test_a_part_of_a_dataset(copy, tmp_path, capsys):
    write_manifest(copy, [entry for entry in read_manifest(copy) if entry.split != "train"])
    for path in copy.glob("*/train*"):
        path.unlink()
    (copy / "README.md").unlink()
    assert pain3d_cli.main(["info", str(copy)]) == 0
    assert "132 of 198 frames are missing; `pain3d generate`" in capsys.readouterr().out
    assert pain3d_cli.main(["verify", str(copy)]) == 1
    assert capsys.readouterr().out.count("not made yet") == 3
    assert pain3d_cli.main(["gallery", str(copy), "--out", str(tmp_path / "sheet.png")]) == 0
    assert pain3d_cli.main(["card", str(copy)]) == 2
    assert "not a complete dataset: run `pain3d generate` to its end first" in capsys.readouterr().err


def test_an_import_that_has_not_ended(copy, tmp_path, capsys):
    out = imported_with_pictures(copy, tmp_path)
    for name in ("report.json", "README.md"):
        (out / name).unlink()
    assert pain3d_cli.main(["info", str(out)]) == 0
    assert "incomplete; `pain3d import` with the same options continues" in capsys.readouterr().out
    assert pain3d_cli.main(["verify", str(out)]) == 1
    assert capsys.readouterr().out.startswith("README.md: missing; `pain3d import` with the same options writes it")
    assert pain3d_cli.main(["card", str(out)]) == 2


def problems(directory: Path, capsys) -> list[str]:
    assert pain3d_cli.main(["verify", str(directory), "--json"]) == 1
    return json.loads(capsys.readouterr().out)["problems"]


def test_imported_labels_and_pictures_are_checked(copy, tmp_path, capsys):
    out = imported(copy, tmp_path)
    name = next((out / "data").glob("train*")).relative_to(out).as_posix()

    def change(rows):
        rows[0]["pspi"] = 17
        rows[1]["au"] = [9.0, 0, 0, 0, 0, 0]
        rows[2]["age_group"] = 5
        rows[3]["face_box"] = [5.0, 5.0, 1.0, 9.0]

    rewrite(out, name, change)
    first = pq.read_table(out / name)["image"].to_pylist()
    Path(first[4]["path"]).unlink()
    Path(first[5]["path"]).write_bytes(b"GIF89a")
    found = [problem.split(": ", 2)[2] for problem in problems(out, capsys)]
    assert found[:4] == [
        "pspi is 17; allowed is 0 to 16",
        "AU4 is 9; allowed is 0 to 5",
        "age_group is 5; allowed is 0 to 1",
        "face_box is [5.0, 5.0, 1.0, 9.0]; it must be x0, y0, x1, y1 with x0 < x1 and y0 < y1",
    ]
    assert found[4] == f"image {first[4]['path']} cannot be read: No such file or directory"
    assert found[5].startswith("image cannot be decoded")


def test_a_flipped_bit_in_an_import_is_found(copy, tmp_path, capsys):
    out = imported_with_pictures(copy, tmp_path)
    path = next((out / "data").glob("test*"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    (problem,) = problems(out, capsys)
    assert "damaged: its sha256 is" in problem


def test_a_file_of_another_import_is_found(copy, tmp_path, capsys):
    out = imported_with_pictures(copy, tmp_path)
    record = json.loads((out / "import.json").read_text())
    (out / "import.json").write_text(json.dumps(record | {"hash": "0" * 64}))
    assert [problem.split(": ")[1] for problem in problems(out, capsys)] == ["made by another import"] * 3


def test_a_manifest_cannot_point_out_of_the_directory(copy):
    line = read_manifest(copy)[0].to_line()
    (copy / "manifest.jsonl").write_text(line.replace("data/train", "../train"))
    with pytest.raises(WorkFailed, match=r"manifest\.jsonl is damaged: line 1: path is '\.\./train"):
        DatasetDirectory.open(copy)
