"""Calibration finds a temperature or deviation that is known, and makes intervals hold what they say."""

import numpy as np
import pytest
import torch
from small_faces import processor, rows_of, small_model

from dataset_script.errors import InvalidInput
from modeling_vitpain.frames.dataset import PainFrames
from modeling_vitpain.frames.neutral_frames import NeutralFrames
from modeling_vitpain.heads_vitpain import au_interval, pspi_distribution, pspi_interval
from modeling_vitpain.training.calibration import (
    DEVIATIONS,
    FACTORS,
    TEMPERATURES,
    calibrate,
    coverage,
    factors_needed,
    fit_deviation,
    fit_factor,
    fit_temperature,
    negative_log_likelihood,
)


def drawn(true_logits: torch.Tensor) -> torch.Tensor:
    return torch.distributions.Categorical(logits=true_logits).sample()


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_finds_the_temperature_that_made_the_labels(temperature):
    torch.manual_seed(0)
    logits = torch.randn(20_000, 17) * 3
    labels = drawn(logits / temperature)
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(temperature, rel=0.03)
    for other in (found * 0.98, found * 1.02):
        assert negative_log_likelihood(logits / found, labels) < negative_log_likelihood(logits / other, labels)


@pytest.mark.parametrize("sd", [0.7, 2.0, 4.0])
def test_finds_the_deviation_that_made_the_labels(sd):
    torch.manual_seed(1)
    pspi = torch.rand(20_000) * 16
    labels = drawn(pspi_distribution(pspi, sd, 17))
    assert fit_deviation(pspi, labels, 17) == pytest.approx(sd, rel=0.03)


@pytest.mark.parametrize("temperature", [0.3, 4.0])
def test_coverage_is_right_after_and_wrong_before(temperature):
    torch.manual_seed(2)
    logits = torch.randn(20_000, 17) * 3
    labels = drawn(logits / temperature)
    found = fit_temperature(logits, labels)
    before, after = (coverage(logits, labels, 0.9, t) for t in (1.0, found))
    low, high = pspi_interval(logits / temperature, 0.9)
    expected = ((low <= labels) & (labels <= high)).double().mean().item()  # whole classes: never below the level
    assert after == pytest.approx(expected, abs=0.005)
    assert after >= 0.89
    assert abs(before - expected) > abs(after - expected)


def test_coverage_by_hand():
    logits = torch.full((4, 17), -100.0)
    logits[:, 3] = logits[:, 4] = 0.0  # half each: the 90 % interval is 3 to 4
    assert coverage(logits, torch.tensor([2, 3, 4, 5]), 0.9) == 0.5


def test_search_stays_in_its_bounds():
    certain = torch.eye(17).repeat(3, 1) * 50
    right = torch.arange(17).repeat(3)
    assert fit_temperature(certain, right) == pytest.approx(TEMPERATURES[0], rel=0.01)
    assert fit_temperature(certain, (right + 8) % 17) == pytest.approx(TEMPERATURES[1], rel=0.01)
    assert fit_deviation(right.float(), right, 17) == pytest.approx(DEVIATIONS[0], rel=0.6)  # flat once all is certain


@pytest.mark.parametrize(
    ("settings", "key", "field"),
    [
        ({}, "temperature", "interval_temperature"),
        ({"reference": "neutral", "pspi_head": "regression"}, "sd", "regression_sd"),
    ],
)
def test_writes_the_configuration_and_moves_no_score(settings, key, field, tmp_path):
    model = small_model(**settings).eval()
    frames = PainFrames(
        rows_of(range(3), 5), processor(), reference=NeutralFrames() if "reference" in settings else None
    )
    batch = {k: torch.stack([frames[j][k] for j in range(10)]) for k in ("pixel_values",)}
    before = model(**batch).pspi
    report = calibrate(model, frames)
    assert report[key] == getattr(model.config, field)
    assert report["frames"] == 30
    assert report["nll_after"] <= report["nll_before"]
    assert torch.equal(model(**batch).pspi, before)
    again = calibrate(model, frames)
    assert again[key] == pytest.approx(report[key], rel=1e-6)
    assert again["coverage_before"] == again["coverage_after"] == report["coverage_after"]
    model.save_pretrained(tmp_path)
    loaded = type(model).from_pretrained(tmp_path)
    assert getattr(loaded.config, field) == report[key]
    logits = torch.from_numpy(np.random.default_rng(0).normal(size=(5, 17)))
    expected = pspi_interval(logits, 0.9, loaded.config.interval_temperature)
    assert all(map(torch.equal, loaded.pspi_interval(logits, 0.9), expected))


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_intervals_of_units_hold_the_level(level):
    """Of errors that are no normal, on frames that the factors were not fitted on; AU43 is 0 or 1."""
    generator = torch.Generator().manual_seed(0)
    au = torch.rand(8_000, 3, generator=generator) * torch.tensor([5.0, 5.0, 1.0])
    noise = torch.distributions.Laplace(0.0, 1.0).icdf(torch.rand(8_000, 3, generator=generator) * 0.998 + 0.001)
    labels = (au + noise * torch.tensor([0.3, 2.0, 1.0])).clamp(torch.zeros(3), torch.tensor([5.0, 5.0, 1.0]))
    labels[:, 2] = (torch.rand(8_000, generator=generator) < au[:, 2]).float()
    labels[::5, 1] = torch.nan
    sd, top = torch.full_like(au, 0.4), [5, 5, 1]
    needed = factors_needed(au[:4_000], sd[:4_000], labels[:4_000], level, top)
    scale = [fit_factor(unit[~unit.isnan()], level) for unit in needed.T]
    for part in (slice(0, 4_000), slice(4_000, None)):
        low, high = au_interval(au[part], sd[part], level, scale, top)
        known = ~labels[part].isnan()
        inside = ((low <= labels[part]) & (labels[part] <= high)).double().sum(dim=0) / known.sum(dim=0)
        torch.testing.assert_close(inside, torch.full((3,), level, dtype=torch.float64), atol=0.03, rtol=0)


def test_few_frames_ask_for_the_widest():
    needed = torch.tensor([0.5, 3.0, 1.0])
    assert (fit_factor(needed, 0.9), fit_factor(needed, 0.5)) == (3.0, 1.0)
    assert fit_factor(torch.zeros(3), 0.9) == FACTORS[0]


def test_calibration_reports_each_unit_and_moves_no_intensity(tmp_path):
    names = ["AU4", "AU6", "AU7", "AU9", "AU10", "AU43", "AU12"]
    model = small_model(au_names=names, au_spread=True).eval()
    rows = rows_of(range(3), 5)
    frames = PainFrames(rows.remove_columns("extra_au"), processor(), au_names=names)
    pixels = torch.stack([frames[j]["pixel_values"] for j in range(10)])
    before = model(pixels)
    report = calibrate(model, frames)["au"]
    after = model(pixels)
    assert torch.equal(before.au, after.au) and torch.equal(before.au_sd, after.au_sd)
    assert list(report) == names
    assert report["AU12"] == {"frames": 0, "scale": 1.0}
    assert model.config.au_interval_scale == [unit["scale"] for unit in report.values()]
    low, high = model.au_interval(torch.cat([model(f["pixel_values"][None]).au for f in frames]), after.au_sd[:1])
    assert low.shape == high.shape == (30, 7)
    for name in names[:6]:
        assert report[name]["frames"] == 30
        assert report[name]["coverage_after"] >= 0.9
    again = calibrate(model, frames)["au"]
    assert all(again[name]["coverage_before"] == report[name]["coverage_after"] for name in names[:6])
    model.save_pretrained(tmp_path)
    assert type(model).from_pretrained(tmp_path).config.au_interval_scale == model.config.au_interval_scale


def test_training_mode_and_no_frames_are_refused():
    frames = PainFrames(rows_of(range(1), 2), processor())
    with pytest.raises(InvalidInput, match="allowed is eval mode"):
        calibrate(small_model().train(), frames)
    with pytest.raises(InvalidInput, match="with 0 frames"):
        calibrate(small_model().eval(), PainFrames(rows_of(range(1), 2).select([]), processor()))
