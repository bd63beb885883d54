"""Frames are scored from the kept tokens of a backbone as from their pictures."""

import json
import resource
import threading

import numpy as np
import pytest
from small_vitpain import MORE, small_model, trained

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.storage import locked
from modeling_vitpain import ViTPainImageProcessor
from modeling_vitpain.frames.dataset import open_split
from modeling_vitpain.prediction.splits import model_with_frames, predict_frames, predict_rows
from modeling_vitpain.training.feature_cache import FeatureCache

SCORES = ("logits", "pspi", "au", "companions", "au_low", "au_high", "pain_probability")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    directory = tmp_path_factory.mktemp("model")
    trained(small_model("dinov2", "small", **MORE)).save_pretrained(directory)
    ViTPainImageProcessor(size={"height": 32, "width": 32}, face_crop=1.1).save_pretrained(directory)
    return directory


@pytest.fixture(scope="module")
def rows(faces):
    return open_split(faces, "test")


@pytest.mark.parametrize(("bf16", "share"), [(False, 0.01), (True, 0.1)])
@pytest.mark.parametrize("reference", [None, False])
def test_scores_are_those_of_the_pictures_but_for_rounding(model, rows, tmp_path, bf16, share, reference):
    network, frames = model_with_frames(model, rows, rows, "image", reference)
    plain = predict_rows(model, rows, reference=reference)
    cache = FeatureCache(tmp_path, network, bf16=bf16)
    found = predict_frames(network, cache.frames(frames, "test"), rows)
    assert plain.keys() == found.keys()
    for name, values in plain.items():
        if name not in SCORES:
            assert np.array_equal(found[name], values, equal_nan=values.dtype.kind == "f"), name
            continue
        spread = np.nanmax(values) - np.nanmin(values)
        assert np.allclose(found[name], values, rtol=0, atol=share * spread, equal_nan=True), name
    assert np.ptp(plain["pspi"]) > 0


def test_references_elsewhere_are_refused(model, rows, tmp_path):
    some = rows.select(range(5))
    network, frames = model_with_frames(model, some, rows, "image")
    with pytest.raises(InvalidInput, match="allowed is among them"):
        FeatureCache(tmp_path, network).frames(frames, "test")


def test_tokens_that_another_run_computes_are_waited_for(model, rows, tmp_path):
    network, frames = model_with_frames(model, rows, rows, "image")
    run = threading.Thread(target=FeatureCache(tmp_path, network).frames, args=(frames, "test"))
    with locked(tmp_path):
        run.start()
        run.join(1)
        assert run.is_alive()
        assert not [*tmp_path.iterdir()]
    run.join(60)
    assert (tmp_path / "test-0.f16").is_file()


class TestDamage:
    @pytest.fixture
    def frames(self, model, rows):
        return model_with_frames(model, rows, rows, "image")

    def test_a_file_of_tokens_that_was_cut_or_lost_is_computed_again(self, frames, tmp_path):
        network, seen = frames
        FeatureCache(tmp_path, network).frames(seen, "test")
        path, state = tmp_path / "test-0.f16", tmp_path / "test-0.json"
        whole, done = path.read_bytes(), json.loads(state.read_text())
        for damaged in (whole[: len(whole) // 2], b"", None):
            for stored in (done, {**done, "done": done["done"] - 3}):
                state.write_text(json.dumps(stored))
                path.unlink() if damaged is None else path.write_bytes(damaged)
                FeatureCache(tmp_path, network).frames(seen, "test")
                assert path.read_bytes() == whole

    @pytest.mark.parametrize("content", ["", "{", "[]"])
    def test_a_damaged_state_is_named(self, frames, tmp_path, content):
        network, seen = frames
        (tmp_path / "test-0.json").write_text(content)
        with pytest.raises(WorkFailed, match=r"test-0\.json is damaged"):
            FeatureCache(tmp_path, network).frames(seen, "test")

    def test_a_full_disk_is_named_before_anything_is_computed(self, frames, tmp_path):
        """The system's own limit on file size stands in for one. A file that is mapped would end the process."""
        network, seen = frames
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            with pytest.raises(WorkFailed, match=r"cannot write .*test-0\.f16: File too large"):
                FeatureCache(tmp_path, network).frames(seen, "test")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert not (tmp_path / "test-0.json").exists()
        assert len(FeatureCache(tmp_path, network).frames(seen, "test").tokens[0]) == len(seen)
