"""Measures of `benchmarks.shift` by hand, and what is compared on photographs."""

import numpy as np
import pytest
from datasets import Dataset

from benchmarks.shift.frames import Observed
from benchmarks.shift.measures import measure, smiles_above
from benchmarks.shift.neutrals import less_neutral
from benchmarks.shift.photographs import ORDER, PAIN, SMILE, agreement
from benchmarks.shift.tables import below
from evaluation.statistics.bootstrap import ClusterBootstrap


def observed_of(rng: np.random.Generator, people: int = 12, each: int = 8) -> Observed:
    """Frames of people: the first two neutral, the third a smile, the others pain."""
    n = people * each
    place = np.tile(np.arange(each), people)
    au = rng.integers(0, 6, (n, 6)).astype(float)
    au[:, 5] = rng.integers(0, 2, n)
    au[place < 2] = 0
    pspi = (au[:, 0] + au[:, 1:3].max(axis=1) + au[:, 3:5].max(axis=1) + au[:, 5]).astype(int)
    identity = np.repeat(np.arange(people), each)
    names = np.array([f"{who}-{k}" for who, k in zip(identity, place, strict=True)])
    return Observed(names, identity, place < 2, place == 2, pspi, au, np.zeros((n, 6), bool))


def scores_of(observed: Observed, rng: np.random.Generator, noise: float) -> dict[str, np.ndarray]:
    pspi = (observed.pspi + noise * rng.normal(size=len(observed.pspi))).clip(0, 16)
    logits = -0.5 * (pspi[:, None] - np.arange(17)) ** 2
    return {"pspi": pspi, "logits": logits, "au": observed.au + noise * rng.normal(size=observed.au.shape)}


@pytest.fixture(scope="module")
def observed() -> Observed:
    return observed_of(np.random.default_rng(0))


def test_a_perfect_row_is_perfect_and_a_noisy_one_is_not(observed):
    rng = np.random.default_rng(1)
    perfect = measure(scores_of(observed, rng, 0.0), observed, None)
    noisy = measure(scores_of(observed, rng, 3.0), observed, None)
    assert perfect["mae"]["value"] == 0 and perfect["accuracy_within_1"]["value"] == 1
    for name in ("macro_auroc", "auroc_pspi_3", "r_pspi", "auroc_units", "auroc_AU43", "r_AU9"):
        assert perfect[name]["value"] == pytest.approx(1)
        low, high = noisy[name]["interval_95"]
        assert low < noisy[name]["value"] < high < 1
    assert "kept" not in perfect


def test_what_is_kept_is_of_the_same_frames_of_home(observed):
    rng = np.random.default_rng(2)
    good, bad = scores_of(observed, rng, 0.5), scores_of(observed, rng, 4.0)
    assert measure(good, observed, (good, observed))["kept"] == {"value": 1.0, "interval_95": [1.0, 1.0]}
    some = np.arange(len(observed.pspi)) % 8 < 5
    part = Observed(**{name: values[some][::-1] for name, values in vars(observed).items()})
    reversed_part = {name: values[some][::-1] for name, values in bad.items()}
    kept = measure(reversed_part, part, (good, observed))["kept"]
    alone = [
        measure({k: v[some] for k, v in row.items()}, _at(observed, some), None)["macro_auroc"]["value"]
        for row in (bad, good)
    ]
    assert kept["value"] == pytest.approx(alone[0] / alone[1])
    assert kept["interval_95"][1] < 1


def _at(observed: Observed, mask: np.ndarray) -> Observed:
    return Observed(**{name: values[mask] for name, values in vars(observed).items()})


def test_hidden_units_and_unseen_faces_are_left_out(observed):
    rng = np.random.default_rng(3)
    scores = scores_of(observed, rng, 0.0)
    hidden = observed.hidden.copy()
    hidden[::3, 3] = True
    scores["au"][::3, 3] = rng.normal(size=len(scores["au"][::3]))  # nonsense where AU9 cannot be seen
    covered = Observed(**(vars(observed) | {"hidden": hidden}))
    assert measure(scores, covered, None)["auroc_AU9"]["value"] == 1
    assert measure(scores, observed, None)["auroc_AU9"]["value"] < 1
    for values in scores.values():
        values[1::4] = np.nan
    found = measure(scores, covered, None)
    assert found["found"]["value"] == 0.75 and found["mae"]["value"] == 0


def test_a_row_without_a_scale_has_no_errors(observed):
    scores = scores_of(observed, np.random.default_rng(4), 1.0)
    found = measure({"pspi": scores["pspi"], "au": scores["au"]}, observed, (scores, observed))
    assert not {"mae", "macro_auroc", "accuracy_within_1", "kept"} & set(found)
    assert found["auroc_pspi_3"]["value"] > 0.8


def test_smiles_are_counted_above_nine_tenths_of_the_neutral_faces():
    neutral = np.array([True] * 20 + [False] * 10)
    observed = Observed(
        *(np.arange(30).astype(str), np.arange(30) % 5, neutral, ~neutral, np.zeros(30, int)),
        *(np.zeros((30, 6)), np.zeros((30, 6), bool)),
    )
    score = np.concatenate([np.arange(20) / 20, np.full(4, 0.86), np.full(6, 0.2)])  # 18 of 20 are 0.85 or lower
    whole = ClusterBootstrap(observed.identity, 50).whole
    found = smiles_above(score, observed, whole)
    assert found[0] == 0.4 and np.isfinite(found).all() and len({*found.tolist()}) > 1
    assert smiles_above(np.where(observed.smile, 0.84, score), observed, whole)[0] == 0


def test_a_neutral_face_is_not_told_by_being_its_own_neutral():
    rows = Dataset.from_dict(
        {
            "frame_id": ["a-0", "a-1", "a-p", "b-0", "b-p"],
            "identity_id": [0, 0, 0, 1, 1],
            "expression_id": [0, 0, 1, 0, 1],
            "neutral_frame_id": ["a-0", "a-1", "a-1", "b-0", "b-0"],
        }
    )
    values = np.array([[1.0], [2.0], [7.0], [6.0], [6.5]])
    assert less_neutral(values, rows)[:, 0].tolist() == [-1.0, 1.0, 5.0, 3.0, 0.5]  # b-0: less the mean of 1, 2 and 6


def test_where_the_model_is_below_others_is_listed():
    def row(area: float) -> dict:
        return {f"auroc_{unit}": {"value": area} for unit in ("AU4", "AU6", "AU7", "AU9", "AU10", "AU43")}

    rows = {"model": row(0.8), "HOG + ridge": row(0.8), "MediaPipe": row(0.7) | {"auroc_AU43": {"value": 0.9}}}
    assert below(rows | {"frozen + ridge": row(0.99)}) == ["MediaPipe in AU43"]


def test_agreement_on_photographs_is_of_ranks():
    rng = np.random.default_rng(5)
    au = rng.uniform(size=(40, 6))
    au[:, 1], au[:, 3] = au[:, 2], au[:, 4]  # of MediaPipe two units have one score
    judged = {"pspi": rng.uniform(size=40), "au": au, "smile": rng.uniform(size=40)}
    same = agreement({"pspi": np.exp(5 * judged["pspi"]), "au": au**3}, judged)
    for name in (PAIN, "AU4 and browDown", "AU6/7 and eyeSquint", "AU43 and eyeBlink", ORDER):
        assert same[name]["value"] == pytest.approx(1), name
    smiling = agreement({"pspi": judged["smile"], "au": 1 - au}, judged)
    assert smiling[SMILE]["value"] == pytest.approx(1) and smiling[ORDER]["value"] == pytest.approx(-1)
    for values in judged.values():
        values[::2] = np.nan
    assert agreement({"pspi": np.exp(5 * judged["pspi"]), "au": au}, judged)[PAIN]["value"] == pytest.approx(1)
