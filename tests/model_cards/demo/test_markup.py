from dataclasses import replace

import numpy as np
import pytest
from demo_parts import HOSTILE, PAIN, Page, portrait
from PIL import Image

from model_cards.demo import markup
from model_cards.demo.frame_index import StoredFrame
from model_cards.demo.photo_scorer import Reading
from modeling_vitpain.prediction.image_scores import ImageScores
from modeling_vitpain.prediction.overlay import attention_pictures

GREY = np.full((256, 256, 3), 128, np.uint8)
SCORES = ImageScores(
    HOSTILE,
    pspi=5.25,
    pspi_low=3,
    pspi_high=8,
    au={"AU4": 2.5, "AU6": 0.0, "AU7": 1.0, "AU9": 0.5, "AU10": 0.0, "AU43": 0.25},
    au_interval={"AU4": (1.0, 4.0), "AU43": (0.0, 1.0)},
    pain_probability=0.75,
    faces=3,
    yaw=-12.3,
    pitch=4.0,
    roll=0.0,
)
LABELS = {
    **dict.fromkeys(("subject_id", "identity_id", "pspi", "au", "extra_au", "age", "expression", "expression_kind")),
    **dict.fromkeys(("gender", "age_group", "ethnicity", "prompt", "scene", "posture", "licence", "split", "shard")),
    "frame_id": HOSTILE,
}


def reading(scores: ImageScores) -> Reading:
    maps = attention_pictures(GREY, np.full((6, 8, 8), 1 / 64, np.float32), scores)
    return Reading(scores, True, Image.fromarray(GREY), maps)


def hostile_pieces() -> dict[str, str]:
    """Everything that shows a text of somebody else, given one that would run."""
    told = StoredFrame(LABELS | dict.fromkeys(("subject_id", "prompt", "scene", "licence", "expression"), HOSTILE))
    seen = replace(told, picture=Image.fromarray(GREY))
    return {
        "message": markup.message(HOSTILE, "error"),
        "error": markup.reading(Reading(ImageScores(HOSTILE, error=HOSTILE))),
        "warning": markup.reading(reading(replace(SCORES, warning=HOSTILE))),
        "picture": markup.picture(Image.fromarray(GREY), HOSTILE, HOSTILE),
        "frame": markup.stored_frame(seen, None),
        "damaged frame": markup.stored_frame(replace(told, error=HOSTILE), None),
        "thumbnails": markup.thumbnails([(0, seen), (1, replace(told, error=HOSTILE))]),
    }


@pytest.mark.parametrize("name", hostile_pieces())
def test_text_of_others_is_shown_and_never_runs(name):
    page = Page(hostile_pieces()[name])
    assert HOSTILE in page.text
    assert not page.runs_something


def test_a_face_says_what_its_pspi_is_the_sum_of(faces):
    page = Page(markup.live_face(faces.render(portrait(PAIN), 64)))
    assert "PSPI 11" in page.text
    assert "= AU4 4 + max(AU6 3, AU7 4) + max(AU9 2, AU10 3) + AU43 0" in page.text
    assert "a 40-year-old Black woman" in page.text
    assert page.tags.count("img") == 2
    assert all(value for name, value in page.attributes if name == "alt")


def test_scores_are_shown_with_intervals_on_their_scales():
    html = markup.reading(reading(SCORES))
    text = Page(html).text
    assert "PSPI 5.2" in text and "90 % interval 3 to 8" in text
    assert "2.5 1.0 to 4.0" in text and "0.8" in text
    assert "left:20.0%;width:60.0%" in html  # AU4 from 1 to 4 of 5
    assert "left:0.0%;width:100.0%" in html  # AU43 from 0 to 1 of 1
    assert "compared with the neutral picture" in text and "shows 3 faces" in text
    assert HOSTILE not in text and "script" not in Page(html).tags  # the name of a file is not shown at all


def test_warnings_are_told_beside_the_scores():
    text = Page(markup.reading(reading(replace(SCORES, warning="blurred; dark")))).text
    assert "Do not trust these scores: blurred; dark." in text


def test_a_model_without_queries_says_that_it_cannot_tell_where_it_looked():
    assert "cannot say where it looked" in Page(markup.reading(Reading(SCORES))).text


def test_labels_of_a_frame():
    known = {"frame_id": "00001-02-0", "au": [4, 0, 0, 0, 0, 1], "extra_au": {"AU25": 1.5}, "age": 70, "gender": "man"}
    frame = StoredFrame(LABELS | known | {"ethnicity": "south_asian", "pspi": 5}, Image.fromarray(GREY))
    text = Page(markup.stored_frame(frame, None)).text
    assert "AU4 4 (brow lowerer), AU43 1 (eyes closed), AU25 1.5 (lips part)" in text
    assert "70, Man, South Asian" in text
