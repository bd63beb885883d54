"""Which licences allow to publish, and what must be stated for the others."""

from pathlib import Path

import pytest

from dataset_script.directory import DatasetDirectory
from generation.catalogue import CATALOGUE, HEADS, LOOKS, OTHER
from model_cards.publishing.card import Card
from model_cards.publishing.dataset import training_licences
from model_cards.publishing.licences import FORBIDDEN, FREE, NEEDED, dataset_licence_problems, training_licence_problems

CONSENT = "written consent of the person shown to publication, ethics board 2026-114"


def judged(
    licences, rights: dict | None = None, spec: dict | None = None, imported: bool = False, licence: str = "cc-by-4.0"
) -> list[str]:
    """Why data with these licences of rows may not be published, where the card states these rights."""
    record = {"hash": "0"} if imported else None
    found = DatasetDirectory(Path("data"), (), False, (), None if imported else spec or {}, record)
    return dataset_licence_problems(found, licences, Card({"license": licence, "rights": rights or {}}))


def test_flame_needs_a_licence_that_allows_it():
    flame = [HEADS["flame"].frames_licence]
    assert "must state under `rights: head:`" in judged(flame)[0]
    assert "such a licence forbids" in judged(flame, {"head": "FLAME 2020, for non-commercial research"})[0]
    assert judged(flame, {"head": "FLAME 2023 Open, CC-BY-4.0"}) == []


def test_a_word_is_no_statement():
    scan, head = [HEADS["mesh"].frames_licence], "my own scan, CC-BY-4.0"
    assert len(judged(scan, {"head": head, "consent": "yes"})) == 1
    assert judged(scan, {"head": head, "consent": CONSENT}) == []


def test_every_licence_of_the_catalogue_is_judged():
    for entries in CATALOGUE.values():
        for entry in entries.values():
            licence = entry.frames_licence
            assert licence.lower() in FREE or licence in NEEDED or licence in FORBIDDEN, entry.name


def test_licences_of_several_parts_are_each_asked_for():
    both = OTHER + "; ".join(entry.frames_licence.removeprefix(OTHER) for entry in (HEADS["mesh"], LOOKS["diffusion"]))
    assert ["rights: models" in each or "rights: head" in each for each in judged([both], {"consent": CONSENT})] == [
        True,
        True,
    ]
    rights = {"head": "mine, CC0-1.0", "consent": CONSENT, "models": "a depth ControlNet, Apache-2.0"}
    assert judged([both], rights) == []
    assert judged([both + "; whatever else"], rights)


def test_the_specification_is_believed_before_the_rows():
    assert judged(["CC-BY-4.0"], spec={"look": "hunyuan"})
    assert judged(["CC-BY-4.0"], spec={"head": "mesh", "look": "procedural"})
    assert not judged(["CC-BY-4.0"], spec={"head": "makehuman", "look": "procedural"})


@pytest.mark.parametrize("licences", [[], [None], ["CC-BY-4.0", None], ["unknown"], ["all rights reserved"]])
def test_rows_without_a_licence_that_allows_it_are_refused(licences):
    assert judged(licences, {"consent": CONSENT}, imported=True)


def test_imported_pictures_need_consent():
    assert judged(["CC-BY-4.0"], imported=True)
    assert not judged(["CC-BY-4.0"], {"consent": CONSENT}, imported=True)


def test_training_data_decide_on_a_model():
    free, stated = Card({"license": "mit"}), Card({"license": "mit", "rights": {"data": "UNBC-McMaster, by agreement"}})
    assert training_licence_problems(["CC-BY-4.0"], free) == []
    assert training_licence_problems([None], free) and training_licence_problems(["UNBC-McMaster agreement"], free)
    assert training_licence_problems([None, "UNBC-McMaster agreement"], stated) == []
    assert training_licence_problems([LOOKS["hunyuan"].frames_licence], stated)


def test_the_licences_of_a_training_are_those_it_recorded_else_those_of_its_data(dataset_with_card, tmp_path):
    origin = DatasetDirectory.open(dataset_with_card).origin
    data = {"path": str(dataset_with_card), "spec_hash": origin}
    assert training_licences(data) == ["CC-BY-4.0"]  # a record of an earlier version
    assert training_licences(data | {"spec_hash": "0" * 64}) == [None]
    assert training_licences({"path": str(tmp_path / "gone"), "spec_hash": origin}) == [None]
    recorded = {"path": str(tmp_path / "gone"), "spec_hash": None, "licences": ["UNBC-McMaster agreement", None]}
    assert training_licences(recorded) == ["UNBC-McMaster agreement", None]
