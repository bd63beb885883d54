"""The functions behind the tabs, without a page around them."""

from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from demo_parts import PAIN, Page
from gradio.data_classes import ImageData

from dataset_script.errors import InvalidInput
from dataset_script.facs import EXTRA_AU_NAMES
from model_cards.demo.data_tab import PAGE, frame_html, page_html, wanted_of
from model_cards.demo.face_tab import face_and_neutral, face_html, portrait_of
from model_cards.demo.frame_index import FrameIndex
from model_cards.demo.photo_scorer import PhotoScorer
from model_cards.demo.photo_tab import photo_html, uploaded

CHOSEN = ["man", "east_asian", 72.0, 5.0, 20.0, -5.0, *PAIN, *(0.0 for _ in EXTRA_AU_NAMES)]


@pytest.fixture(scope="module")
def scorer(model) -> PhotoScorer:
    return PhotoScorer(model)


@pytest.fixture(scope="module")
def index(dataset) -> FrameIndex:
    return FrameIndex(dataset)


class TestFace:
    def test_controls_become_a_portrait(self):
        asked = portrait_of(CHOSEN)
        assert (asked.gender, asked.ethnicity, asked.age, asked.person) == ("man", "east_asian", 72, 5)
        assert (asked.view.yaw, asked.view.pitch, asked.au) == (20.0, -5.0, PAIN)

    @pytest.mark.parametrize(("place", "value", "named"), [(0, "x", "gender is 'x'"), (3, None, "person is empty")])
    def test_what_the_controls_cannot_be_is_named(self, place, value, named):
        with pytest.raises(InvalidInput, match=named):
            portrait_of([*CHOSEN[:place], value, *CHOSEN[place + 1 :]])

    def test_a_face_or_why_there_is_none(self, faces):
        assert "PSPI 11" in Page(face_html(faces, CHOSEN)).text
        assert "No face: age is 7" in Page(face_html(faces, [*CHOSEN[:2], 7, *CHOSEN[3:]])).text

    def test_a_face_to_be_scored_comes_with_the_person_at_rest(self, faces):
        face, neutral = face_and_neutral(faces, CHOSEN)
        assert face.size == neutral.size == (512, 512)
        frontal = [*CHOSEN[:4], 0.0, 0.0, *(0.0 for _ in CHOSEN[6:])]
        np.testing.assert_array_equal(np.asarray(neutral), np.asarray(faces.render(portrait_of(frontal), 512).picture))
        with pytest.raises(gr.Error, match="age is 7"):
            face_and_neutral(faces, [*CHOSEN[:2], 7, *CHOSEN[3:]])


class TestPhoto:
    def test_scores_or_what_is_missing(self, scorer, photos, tmp_path):
        assert "Choose a picture" in Page(photo_html(scorer, None)).text
        assert "choose it again" in Page(photo_html(scorer, tmp_path / "deleted.png")).text
        assert "90 % interval" in Page(photo_html(scorer, photos["pain"])).text

    def test_files_are_taken_as_they_are_and_data_addresses_not_at_all(self):
        assert uploaded(ImageData(path="/uploads/me.heic", orig_name="me.heic")) == Path("/uploads/me.heic")
        assert uploaded(ImageData(url="data:image/png;base64,AAAA")) is None
        assert uploaded(None) is None


class TestData:
    def test_controls_become_a_filter(self):
        wanted = wanted_of(2, 9, "AU4", 3, ["test"], ["pain"], ["man"], [], ["black"])
        assert (wanted.pspi, wanted.unit, wanted.level, wanted.splits) == ((2, 9), "AU4", 3, ("test",))
        assert (wanted.expression_kind, wanted.gender, wanted.age_group) == (("pain",), ("man",), ())
        assert wanted_of(0, 16, "any", 1, [], [], [], [], []).unit is None

    def test_pages_end_at_the_last(self, index):
        found = np.arange(50)
        html, page, words = page_html(index, found, 99)
        assert (page, words) == (2, f"50 of {len(index)} frames, page 3 of 3")
        assert Page(html).tags.count("button") == 50 - 2 * PAGE
        assert page_html(index, found, -5)[1] == 0

    def test_no_frame_is_said(self, index):
        html, page, words = page_html(index, np.arange(0), 3)
        assert page == 0 and words.startswith("0 of") and "widen the filters" in html

    def test_a_frame_with_its_labels(self, index):
        page = Page(frame_html(index, 7))
        assert index.labels(7)["frame_id"] in page.text and page.tags.count("img") == 2

    @pytest.mark.parametrize("number", [-1, 10**6, "7", None, 1.5])
    def test_a_frame_that_is_not_there(self, index, number):
        """The number comes from the page, and so from whoever sends one."""
        assert "no such frame" in frame_html(index, number)

    def test_a_shard_that_was_lost_meanwhile_is_named(self, copy):
        index = FrameIndex(copy)
        for shard in (copy / "data").glob("*.parquet"):
            shard.unlink()
        assert "is missing" in page_html(index, np.arange(3), 0)[0]
        assert "is missing" in frame_html(index, 0)
