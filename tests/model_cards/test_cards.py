"""Cards state what is there: the numbers are counted again here, and the Hub's own readers take them."""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml
from fake_maker import FakeMaker
from fake_predictions import imagine
from huggingface_hub import DatasetCard, ModelCard
from unbc_layout import write_unbc

import pain3d_cli
from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.features import FEATURES, IMPORTED_FEATURES
from dataset_script.importers.importing import import_dataset
from dataset_script.spec import GENERATOR_VERSION, Spec
from dataset_script.vocabulary import AGE_GROUPS, ETHNICITIES, GENDERS, SPLITS
from evaluation.explanations.agreement import UnitMaps, agreement
from evaluation.fairness.gaps import fairness
from evaluation.markdown import to_json
from evaluation.provenance import spec_hash, weight_hashes
from evaluation.split.labels import read_columns
from evaluation.split.scores import evaluate_predictions
from evaluation.statistics.comparison import compare
from evaluation.statistics.measures import TrainingLabels
from generation.plan import Plan
from generation.prompts import prompt_of
from generation.run.generate import generate
from model_cards.dataset_card import CONFIGS, FIELDS, METADATA
from model_cards.expression_words import PSPI_SAMPLINGS
from model_cards.imported_card import IMPORTED_FIELDS
from model_cards.prompt_list import EXAMPLES, prompt_examples, prompt_list
from model_cards.results import GAPS, METRIC_TYPES
from model_cards.write import write_card


def front_matter(readme) -> dict:
    return yaml.safe_load(readme.read_text().split("---\n")[1])


def cells(text: str, label: str) -> list[str]:
    """The cells after `label` in the table row that begins with it."""
    row = re.search(rf"^\| {re.escape(label)} \| (.*) \|$", text, re.MULTILINE)
    assert row, f"no row {label!r}"
    return row.group(1).split(" | ")


@pytest.fixture
def copy(dataset, tmp_path):
    return shutil.copytree(dataset, tmp_path / "faces")


def test_every_column_configuration_and_sampling_is_explained():
    from dataset_script.spec import PSPI_SAMPLINGS as ALLOWED
    from generation.populations import AGE_RANGES

    assert set(FIELDS) == {name for features in FEATURES.values() for name in features}
    assert all(FIELDS.values())
    assert FIELDS["age_group"] == ", ".join(f"{name} {low}-{high}" for name, (low, high) in AGE_RANGES.items())
    assert set(IMPORTED_FIELDS) >= set(IMPORTED_FEATURES)
    assert set(CONFIGS) == set(FEATURES)
    assert set(PSPI_SAMPLINGS) == set(ALLOWED)


def test_the_dataset_card_keeps_what_the_generator_wrote_and_adds_to_it(copy):
    before = front_matter(copy / "README.md")
    assert pain3d_cli.main(["card", str(copy)]) == 0
    after = front_matter(copy / "README.md")
    for name, value in before.items():
        if name in METADATA:
            assert set(value) <= set(after[name])
        else:
            assert after[name] == value
    assert list(after["configs"]) == list(before["configs"])
    assert after["license"] == "cc-by-4.0"
    assert after["annotations_creators"] == ["machine-generated"]
    assert DatasetCard.load(copy / "README.md").data["dataset_info"] == before["dataset_info"]


def test_the_dataset_card_counts_right(copy):
    text = write_card(copy).read_text()
    parts = {
        split: read_columns(copy, split, ["identity_id", "pspi", "age_group", "ethnicity", "gender"])
        for split in SPLITS
    }
    frames = {split: part.to_pydict() for split, part in parts.items()}
    assert f"{sum(map(len, parts.values())):,} rendered frames of 24 synthetic people" in text
    for split, rows in frames.items():
        assert cells(text, split) == [str(len(set(rows["identity_id"]))), str(len(rows["pspi"]))]
    for level in range(17):
        counts = [rows["pspi"].count(level) for rows in frames.values()]
        assert cells(text, str(level)) == [str(n) for n in (*counts, sum(counts))]
    for attribute, names in {"age_group": AGE_GROUPS, "ethnicity": ETHNICITIES, "gender": GENDERS}.items():
        for k, name in enumerate(names):
            people = [
                len({i for i, value in zip(rows["identity_id"], rows[attribute], strict=True) if value == k})
                for rows in frames.values()
            ]
            label = f"{attribute.replace('_', ' ')}: {name.replace('_', ' ')}"
            assert cells(text, label) == [str(n) for n in (*people, sum(people))]
    for name, value in json.loads((copy / "spec.json").read_text()).items():
        assert cells(text, name) == [str(value)]
    assert spec_hash(copy) in text
    assert "$" not in text  # every blank of the template is filled


def test_the_dataset_card_says_who_is_who_where_the_generator_decided_it(copy):
    from generation.population_tables import population_tables

    text = write_card(copy).read_text()
    for part in population_tables():
        assert f"### {part.title}\n" in text
        for name, *others in part.rows:
            assert f"| {' | '.join([name, *others])} |" in text
    spec = json.loads((copy / "spec.json").read_text())
    for other in ({"head": "ict", "head_file": "0" * 64}, {"version": GENERATOR_VERSION + 1}):
        (copy / "spec.json").write_text(json.dumps(spec | other))
        text = write_card(copy).read_text()
        assert "## Who is who" in text and "This dataset is another" in text
        assert not any(f"### {part.title}" in text for part in population_tables())


def test_the_dataset_card_written_twice_is_the_same(copy):
    first = write_card(copy).read_bytes()
    assert write_card(copy).read_bytes() == first


def test_the_appendix_lists_everybodys_prompt_and_disturbs_nobody(copy, capsys):
    text = write_card(copy).read_text()
    appendix = (copy / "PROMPTS.md").read_text()
    spec = Spec.load(copy)
    plan = Plan(spec)
    for person in plan:
        assert f"| {person.identity_id} | {person.split} | {prompt_of(person, spec.seed)} |" in appendix
    assert len(re.findall(r"^\| \d+ \|", appendix, re.MULTILINE)) == len(plan) == 24
    assert "[`PROMPTS.md`](PROMPTS.md) lists all 24" in text
    assert len(set(re.findall(r"\d+-year-old", text))) and text.count("-year-old") == EXAMPLES
    assert pain3d_cli.main(["verify", str(copy)]) == 0
    capsys.readouterr()


def test_data_without_prompts_get_no_list():
    assert prompt_examples([]) == "The rows have no prompts."
    assert r"a \| b c" in prompt_list([(3, "test", "a | b\nc")])


def test_the_dataset_still_loads_offline_in_a_fresh_process(copy, tmp_path):
    write_card(copy)
    program = """
import json
from datasets import load_dataset
frames, pairs = load_dataset("faces"), load_dataset("faces", "pairs", split="test")
row = next(iter(load_dataset("faces", split="train", streaming=True)))
genders = frames["test"].features["gender"].names
print(json.dumps([{k: len(v) for k, v in frames.items()}, len(pairs), row["image"].size, genders]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")},
    )
    assert done.returncode == 0, done.stderr
    frames, pairs, size, genders = json.loads(done.stdout)
    assert frames == {split: len(read_columns(copy, split, ["pspi"])) for split in SPLITS}
    assert pairs == frames["test"] // 11 * 10
    assert (size, genders) == ([64, 64], list(GENDERS))


def test_the_dataset_card_names_people_and_licences_by_the_parts_of_its_spec(copy):
    assert "No real person is shown." in write_card(copy).read_text()
    change_json(copy / "spec.json", head="mesh", head_file="0" * 64)
    text = write_card(copy).read_text()
    assert "If it is a scan" in text or "if it is a scan" in text
    assert "No real person is shown." not in text
    change_json(copy / "spec.json", version=9, head="metahuman", pspi="clinical")
    text = write_card(copy).read_text()
    assert cells(text, "head metahuman") == ["not known to this version of Pain3D"]
    assert "Whether real people can be recognised is not known" in text
    assert "Version 9 of the generator made it" in text


def test_the_card_of_imported_data_counts_them_and_says_what_may_be_done(tmp_path):
    import_dataset(write_unbc(tmp_path / "UNBC"), tmp_path / "data")
    before = front_matter(tmp_path / "data" / "README.md")
    text = write_card(tmp_path / "data").read_text()
    after = front_matter(tmp_path / "data" / "README.md")
    assert after["configs"] == before["configs"] and after["license_name"] == "UNBC-McMaster agreement"
    parts = {split: read_columns(tmp_path / "data", split, ["subject_id", "pspi"]).to_pydict() for split in SPLITS}
    for split, rows in parts.items():
        assert cells(text, split) == [str(len(set(rows["subject_id"]))), str(len(rows["pspi"]))]
    for level in (0, 3, 16):
        counts = [rows["pspi"].count(level) for rows in parts.values()]
        assert cells(text, str(level)) == [str(n) for n in (*counts, sum(counts))]
    assert "forbids to pass it on" in text and "on this machine only" in text
    assert cells(text, "left out") == ["black", "4"]
    assert cells(text, "`subject_id`") == ["string", "the source's own name of the person"]
    assert "`heatmap`" in text.partition("does not fill: ")[2].partition("\n")[0]
    assert "## Licence\n\nUNBC-McMaster agreement." in text
    assert write_card(tmp_path / "data").read_text() == text


def test_an_unfinished_dataset_has_no_card(copy):
    (copy / "README.md").unlink()
    with pytest.raises(InvalidInput, match="not a complete dataset"):
        write_card(copy)


TRAINING = {
    "options": {"data": "somewhere/faces", "config": "tiny", "backbone": None, "input": "image", "seed": 7},
    "recipe": {"head_lr": 0.00125, "epochs": 60},
    "data": {"path": "somewhere/faces", "spec_hash": "abc123", "frames": {"train": 561, "validation": 165}},
    "parameters": 901_234,
    "best": {"epoch": 41, "validation_pspi_mae": 2.3456},
    "steps": 1234,
    "seconds": 88.4,
    "versions": {"torch": "2.13.0"},
    "curve": [],
}


@pytest.fixture
def scores(dataset) -> dict:
    columns = read_columns(dataset, "train", ["pspi", "au"])
    training = TrainingLabels(columns["pspi"].to_numpy(), np.array(columns["au"].to_pylist()))
    return evaluate_predictions(imagine(dataset, "test"), imagine(dataset, "validation"), training, resamples=50)


@pytest.fixture
def model(tmp_path, scores):
    """A directory with the files that the card is made of; the weights need not be real."""
    directory = tmp_path / "vitpain-test"
    directory.mkdir()
    backbone = {"model_type": "vit", "num_hidden_layers": 4, "hidden_size": 128, "image_size": 112, "patch_size": 14}
    config = {"model_type": "vitpain", "au_head": "query", "backbone_config": backbone}
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "training.json").write_text(json.dumps(TRAINING))
    (directory / "model.safetensors").write_bytes(b"weights")
    context = {
        "model": "vitpain-test",
        "data": "faces",
        "split": "test",
        "input": "image",
        "frames": 66,
        "identities": 2,
        "calibration_split": "validation",
        "training_frames": 561,
        "spec_hash": "abc123",
        "weights": weight_hashes(directory),
        "resamples": 50,
        "seed": 0,
        "versions": {"numpy": "2.4.6"},
    }
    (directory / "metrics.json").write_text(to_json({"context": context, **scores}))
    return directory


def test_the_model_card_has_the_numbers_of_the_evaluation(model, scores):
    assert pain3d_cli.main(["card", str(model)]) == 0
    card = ModelCard.load(model / "README.md")
    results = {result.metric_name: result.metric_value for result in card.data.eval_results}
    assert results["MAE"] == scores["pspi"]["mae"]["value"]
    assert results["macro AUROC, 17 classes (0-16)"] == scores["pspi"]["macro_auroc"]["value"]
    assert results["F1 at PSPI >= 3"] == scores["detection"]["pspi>=3"]["model"]["f1"]["value"]
    assert {result.dataset_name for result in card.data.eval_results} == {"faces (66 frames of 2 identities)"}
    row = cells(card.text, "MAE ↓")
    assert row[0] == f"{scores['pspi']['mae']['value']:.3f}"
    assert row[3:] == [f"{scores['trivial'][name]['mae']:.3f}" for name in ("majority", "prior", "mean")]
    assert cells(card.text, "AU43 eyes closed")[1] == f"{scores['au']['AU43']['mae_of_mean']:.3f}"
    assert (card.data.license, card.data.library_name) == ("apache-2.0", "transformers")
    assert "$" not in card.text


def test_the_model_card_has_hog_and_ridge_beside_the_trivial_rows(model, scores):
    hog = {
        "strength": 10.0,
        "training_frames": 561,
        "pspi": scores["pspi"],
        "detection": {name: entry["model"] for name, entry in scores["detection"].items()},
        "au": scores["au"],
    }
    metrics = json.loads((model / "metrics.json").read_text())
    (model / "metrics.json").write_text(to_json({**metrics, "hog_ridge": hog}))
    text = write_card(model).read_text()
    assert cells(text, "MAE ↓")[-1].startswith(f"{scores['pspi']['mae']['value']:.3f} (")
    assert cells(text, "PSPI ≥ 3")[-1].startswith(f"{scores['detection']['pspi>=3']['model']['auroc']['value']:.3f} (")
    assert cells(text, "AU43 eyes closed")[-1].startswith(f"{scores['au']['AU43']['auroc']['value']:.3f} (")
    assert "fitted to 561 training frames. **The model is no better than it in: macro AUROC, 17 classes (0-16)" in text


def test_the_model_card_of_scores_on_data_without_training_frames(model, dataset):
    """Their tables lack the rows that know training frames, and the card says so."""
    metrics = json.loads((model / "metrics.json").read_text())
    metrics["context"] |= {"calibration_split": None, "training_frames": 0}
    alone = evaluate_predictions(imagine(dataset, "test"), None, None, resamples=50)
    (model / "metrics.json").write_text(to_json({**metrics, **alone}))
    text = write_card(model).read_text()
    assert "Rows fitted to training frames are left out" in text and "majority" not in text
    assert len(cells(text, "MAE ↓")) == 3  # the model's, and two intervals


def test_the_model_card_tells_how_it_was_trained(model):
    text = write_card(model).read_text()
    for fact in ("901,234 parameters", "561 train, 165 validation", "epoch 41", "2.346", "abc123", "1,234 steps"):
        assert fact in text, fact
    assert cells(text, "head_lr") == ["0.00125"]
    assert cells(text, "seed") == ["7"]


def test_every_metric_has_a_type_on_the_hub(scores):
    assert set(METRIC_TYPES) == set(scores["pspi"])


def test_a_model_card_needs_neither_scores_nor_a_record(model):
    (model / "metrics.json").unlink()
    (model / "training.json").unlink()
    card = ModelCard.load(write_card(model))
    assert card.data.eval_results is None
    assert "Not evaluated yet" in card.text
    assert card.data.license == "other"


def test_the_licence_follows_the_backbone(model):
    for backbone, licence in {"facebook/dinov2-large": "apache-2.0", "facebook/dinov3-vitl16": "other"}.items():
        record = {**TRAINING, "options": {**TRAINING["options"], "backbone": backbone}}
        (model / "training.json").write_text(json.dumps(record))
        assert ModelCard.load(write_card(model)).data.license == licence


def test_scores_of_other_weights_are_refused(model):
    (model / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(InvalidInput, match="other weights"):
        write_card(model)
    assert not (model / "README.md").exists()


def test_wrong_calls(model, copy, tmp_path, capsys):
    for arguments, message in (
        ([str(tmp_path / "nothing")], "neither a dataset"),
        ([str(copy), "--metrics", str(model / "metrics.json")], "--metrics is of a model"),
        ([str(model), "--metrics", str(tmp_path / "none.json")], "there is no"),
    ):
        assert pain3d_cli.main(["card", *arguments]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
    (model / "metrics.json").write_text("{")
    with pytest.raises(WorkFailed, match="damaged"):
        write_card(model)
    (model / "config.json").write_text('{"model_type": "vit"}')
    with pytest.raises(InvalidInput, match="allowed is 'vitpain'"):
        write_card(model)


def test_the_card_tells_of_calibration(model, scores):
    card = ModelCard.load(write_card(model))
    entry = scores["calibration"]
    row = cells(card.text, "Brier score ↓")
    assert row[0].startswith(f"{entry['model']['brier']['value']:.3f} (")
    assert row[1] == f"{entry['prior']['brier']:.3f}"
    values = {result.metric_type: result.metric_value for result in card.data.eval_results}
    assert values["ece"] == entry["model"]["ece"]["value"]
    assert values["brier_score"] == entry["model"]["brier"]["value"]


def test_the_card_tells_of_a_comparison(model, dataset):
    assert "Against" not in write_card(model).read_text()
    ours, other = imagine(dataset, "test"), imagine(dataset, "test", noise=4.0)
    found = {"model": "vitpain-other", "weights": {}, "metrics": compare(ours, other, resamples=20)}
    change_json(model / "metrics.json", comparison=found)
    text = write_card(model).read_text()
    assert "### Against vitpain-other" in text
    section = text.split("### Against")[1]
    assert cells(section, "MAE ↓")[2] == f"{found['metrics']['mae']['difference']:.3f}"


def test_the_card_tells_of_gaps_between_groups_of_these_weights(model, dataset):
    assert "### Gaps" not in write_card(model).read_text()
    few = fairness(imagine(dataset, "test"), imagine(dataset, "validation"), resamples=20)
    found = fairness(imagine(dataset, "train"), imagine(dataset, "validation"), resamples=20, min_identities=2)
    context = json.loads((model / "metrics.json").read_text())["context"]
    (model / "fairness.json").write_text(json.dumps({"context": context, **found}))
    (attribute, metric, entry), *_ = [
        (attribute, metric, found["attributes"][attribute]["gaps"][metric])
        for attribute in ("age_group", "ethnicity", "gender")
        for metric in ("mae", "bias", "auroc_pspi_3")
        if metric in found["attributes"][attribute]["gaps"]
    ]
    text = write_card(model).read_text().split("### Gaps between groups")[1]
    row = cells(text, f"{attribute.replace('_', ' ')}: {GAPS[metric]}")
    assert row[:3] == [entry["worst"].replace("_", " "), entry["best"].replace("_", " "), f"{entry['gap']:.3f}"]
    (model / "fairness.json").write_text(json.dumps({"context": context, **few}))  # of two people
    assert "no attribute has two groups of 5 identities" in write_card(model).read_text()
    change_json(model / "fairness.json", context={**context, "weights": {"model.safetensors": "other"}})
    with pytest.raises(InvalidInput, match=r"fairness\.json was computed with other weights"):
        write_card(model)


def test_the_card_tells_where_the_model_looks(model):
    random = np.random.default_rng(0)
    maps = random.random((30, 6, 4, 4)) + 0.01
    people = np.arange(30) // 5
    judged = agreement(UnitMaps(maps, maps, np.ones((30, 6), bool), people, maps.mean(axis=0)), resamples=20)
    context = json.loads((model / "metrics.json").read_text())["context"]
    (model / "explanations.json").write_text(json.dumps({"context": context, "agreement": judged, "removal": None}))
    text = write_card(model).read_text().split("### Where it looks")[1]
    assert f"{judged['mean']['energy']['attention']['value']:.3f} (" in text
    assert f"{judged['mean']['energy']['training_heat']['value']:.3f}" in text


def test_a_teacher_says_that_it_sees_heatmaps(model):
    assert "it sees displacement heatmaps" not in write_card(model).read_text()
    record = {**TRAINING, "options": {**TRAINING["options"], "input": "heatmap"}}
    (model / "training.json").write_text(json.dumps(record))
    assert "it sees displacement heatmaps" in write_card(model).read_text()


def test_a_model_with_references_says_how_to_give_neutral_frames(model):
    assert "Neutral frames" not in write_card(model).read_text()
    change_json(model / "config.json", reference="neutral", reference_encoder="own", reference_fallback=True)
    text = write_card(model).read_text()
    assert "## Neutral frames" in text
    assert "pain3d predict visit.mp4 --model vitpain-test --reference" in text
    assert "an encoder of their own" in text and "learned fallback" in text
    change_json(model / "config.json", reference_fallback=False)
    assert "refuses to run" in write_card(model).read_text()


def test_the_card_names_the_pspi_head(model):
    assert "PSPI by classification" in write_card(model).read_text()
    change_json(model / "config.json", pspi_head="regression", pspi_thresholds=[1, 2, 3], regression_sd=1.25)
    text = write_card(model).read_text()
    assert "PSPI by regression, and one binary head each for pain at PSPI >= 1, 2, 3" in text
    assert "standard deviation 1.25" in text


@pytest.mark.parametrize("fitted", [{"temperature": 1.62}, {"sd": 1.62}])
def test_the_intervals_calibration_is_reported(model, fitted):
    assert "It was not calibrated" in write_card(model).read_text()
    calibration = {"level": 0.9, "coverage_before": 0.812, "coverage_after": 0.903, **fitted}
    change_json(model / "training.json", calibration=calibration)
    text = write_card(model).read_text()
    assert "at the level of 90% it held 81.2% of their true scores before and 90.3% after" in text
    assert "1.62" in text


def test_the_framing_is_the_image_processors(model):
    assert "not recorded" in write_card(model).read_text()
    (model / "preprocessor_config.json").write_text(json.dumps({"face_crop": 1.1}))
    assert "1.1 times the longer side of the face's box" in write_card(model).read_text()
    (model / "preprocessor_config.json").write_text("{}")
    assert "It sees whole pictures" in write_card(model).read_text()


def test_merged_lora_is_told(model):
    assert "LoRA" not in write_card(model).read_text()
    change_json(model / "training.json", recipe={"lora_rank": 8})
    assert "LoRA of rank 8 on the backbone's attention, merged" in write_card(model).read_text()


def test_the_licence_of_a_preset_is_that_of_its_backbone(model):
    options = {**TRAINING["options"], "config": None}
    for preset, licence in {"paper": "apache-2.0", "v5": "other", "scratch": "apache-2.0"}.items():
        change_json(model / "training.json", preset=preset, options=options)
        assert ModelCard.load(write_card(model)).data.license == licence
    change_json(model / "training.json", options={**options, "start": "models/earlier"})
    card = ModelCard.load(write_card(model))
    assert card.data.license == "other" and "`earlier`" in card.text


def test_a_converted_model_says_from_what(model):
    (model / "training.json").unlink()
    conversion = {
        "source": "best.ckpt",
        "sha256": "0123abcd",
        "layout": "the authors' release",
        "parameters": 303_000_000,
        "lora_layers": 96,
        "lora_ranks": [8],
        "lora_alpha": 16.0,
        "notes": ["Patches may be shuffled without changing a score."],
        "licence": "DINOv3 License for the backbone.",
    }
    (model / "conversion.json").write_text(json.dumps(conversion))
    backbone = json.loads((model / "config.json").read_text())["backbone_config"] | {
        "model_type": "dinov3_vit",
        "num_register_tokens": 4,
    }
    changes = {"backbone_config": backbone, "backbone_positions": "none", "backbone_registers": False}
    change_json(model / "config.json", **changes)
    card = ModelCard.load(write_card(model))
    for fact in ("best.ckpt", "0123abcd", "303,000,000", "rank 8, alpha 16", "- Patches may be", "DINOv3 License"):
        assert fact in card.text, fact
    assert "runs without position information and register tokens" in card.text
    assert card.data.license == "other"


def change_json(path, **changes) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_dataset_card_tells_of_others_references_and_sampling(tmp_path):
    spec = Spec(identities=3, size=64, others=2, references=2, pspi="clinical")
    generate(tmp_path / "pain3d", spec, maker_factory=FakeMaker)
    text = write_card(tmp_path / "pain3d").read_text()
    assert "ten pain expressions, and 2 that are no pain" in text
    assert "Lucey et al. 2011" in text and "Neutral frames are the whole of PSPI 0" not in text
    assert f"- `references`: {CONFIGS['references']}" in text
    assert cells(text, "`reference_id`")
    assert "$" not in text
