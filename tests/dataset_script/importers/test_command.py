"""`pain3d import`: it knows the layouts by themselves, and says what it found."""

import json

import pytest
from release_layout import write_release, write_shards
from unbc_layout import shots, write, write_unbc, write_unbc_hdf5

import pain3d_cli


@pytest.mark.parametrize(
    ("write_source", "layout"),
    [
        (write_unbc, "UNBC-McMaster"),
        (write_unbc_hdf5, "UNBC-McMaster in HDF5"),
        (write_release, "3DPain, folder"),
        (write_shards, "3DPain, tar shards"),
    ],
)
def test_each_layout_is_recognised(tmp_path, capsys, write_source, layout):
    if write_source is write_unbc_hdf5:
        pytest.importorskip("h5py")
    source = str(write_source(tmp_path / "source"))
    assert pain3d_cli.main(["import", source, str(tmp_path / "out"), "--copy", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["layout"] == layout and report["frames"]["written"] > 30
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report


def test_the_summary_counts_and_names(tmp_path, capsys):
    archive = write_unbc(tmp_path / "UNBC")
    for shot in shots()[:5]:
        write(archive / "Frame_Labels/FACS" / f"{shot.key}_facs.txt", "4 9 0 0")
    assert pain3d_cli.main(["import", str(archive), str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert "left out, AU out of range: 5" in text and "and 2 more" in text
    assert f"{shots()[0].key}: AU4 is 9; allowed is 0 to 5" in text
    assert "left out, black: 4" in text
    assert "not portable" in text and "--check-images" in text


def test_strict_exits_1_lists_and_writes_nothing(tmp_path, capsys):
    archive = write_unbc(tmp_path / "UNBC")
    write(archive / "Frame_Labels/FACS" / f"{shots()[0].key}_facs.txt", "4 9 0 0")
    call = ["import", str(archive), str(tmp_path / "out"), "--strict", "--check-images"]
    assert pain3d_cli.main(call) == 1
    printed = capsys.readouterr()
    assert "AU4 is 9" in printed.out and "1 problems, so nothing was written" in printed.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--split-csv", "nowhere.csv"], "split-csv is nowhere.csv"),
        (["--split-csv", __file__], "split-csv is for 3DPain; "),
        (["--hdf5", "image=faces"], "hdf5 is for HDF5 files"),
    ],
)
def test_an_option_that_does_not_fit_is_a_wrong_call(tmp_path, capsys, options, message):
    assert pain3d_cli.main(["import", str(write_unbc(tmp_path / "UNBC")), str(tmp_path / "out"), *options]) == 2
    assert message in capsys.readouterr().err


def test_a_checkpoint_is_for_convert(tmp_path, capsys):
    source, out = tmp_path / "model.ckpt", tmp_path / "out"
    write(source, "")
    assert pain3d_cli.main(["import", str(source), str(out), "--copy"]) == 2
    error = capsys.readouterr().err
    assert f"`pain3d convert {source} {out}` reads it" in error and error.count("\n") == 1


def test_what_is_no_data_set_is_a_wrong_call_that_names_the_layouts(tmp_path, capsys):
    assert pain3d_cli.main(["import", str(tmp_path), str(tmp_path / "out")]) == 2
    assert "Frame_Labels/" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["image", "=x", "image="])
def test_an_hdf5_choice_has_a_name_and_a_value(tmp_path, capsys, option):
    with pytest.raises(SystemExit) as stopped:
        pain3d_cli.main(["import", str(tmp_path), str(tmp_path / "out"), "--hdf5", option])
    assert stopped.value.code == 2 and "allowed is NAME=WHICH" in capsys.readouterr().err


def test_an_hdf5_file_alone_is_no_data_set(tmp_path, capsys):
    assert pain3d_cli.main(["import", str(write(tmp_path / "frames.hdf5", "")), str(tmp_path / "out")]) == 2
    assert "name the folder that holds it" in capsys.readouterr().err


@pytest.mark.parametrize("names", [("a.csv", "b.csv"), ("a.CSV", "b.tsv")])
def test_of_several_csv_files_one_must_be_named(tmp_path, capsys, names):
    for name in names:
        write(tmp_path / name, "path,subject,pspi")
    assert pain3d_cli.main(["import", str(tmp_path), str(tmp_path / "out")]) == 2
    stderr = capsys.readouterr().err
    assert f"holds several CSV files: {', '.join(names)}; name one of them" in stderr and "split" not in stderr


def test_a_csv_file_for_each_split_gets_its_cure(tmp_path, capsys):
    for name in ("test.csv", "train.csv", "val.csv"):
        write(tmp_path / name, "path,subject,pspi")
    assert pain3d_cli.main(["import", str(tmp_path), str(tmp_path / "out")]) == 2
    assert "or join them into one, with a column `split` to keep the splits" in capsys.readouterr().err
