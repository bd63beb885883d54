"""Prompts: specific, true of row and picture, short enough for CLIP, and neutral."""

import colorsys
import functools
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from dataset_script.spec import Spec
from generation import prompts
from generation.accessories import ACCESSORIES, HIDE_HAIR, choose_accessories
from generation.appearance.clothes import CUTS, PATTERNS, choose_clothes
from generation.appearance.colours import colour
from generation.appearance.eyes import IRISES, choose_iris
from generation.appearance.hair.styles import COLOURS, STYLES, THIN_FROM, choose_beard, choose_style, hair_colour
from generation.appearance.places.setups import SETUPS, choose_setup
from generation.labels import planned_row
from generation.plan import IdentityPlan, Plan
from generation.populations import HAIR_STYLES
from generation.prompt_words import (
    AT_REST,
    CLOTH_COLOURS,
    EYES,
    GARMENTS,
    HAIR,
    HAIR_COLOURS,
    PATTERNED,
    PEOPLE,
    SETTINGS,
    WORN,
)
from generation.prompts import (
    BACKGROUND_NEGATIVE_PROMPT,
    BALDING_FROM,
    GREY,
    GREYING,
    MOSTLY_GREY,
    NEGATIVE_PROMPT,
    background_prompt,
    colour_word,
    describe,
    portrait_prompt,
    prompt_of,
    who,
    with_article,
)

CLIP_TOKENS = 75
"""CLIP reads 77, of which two mark start and end."""
IN_PIECES = {
    "balding": 2, "cannula": 3, "coily": 2, "collared": 2, "distorted": 2, "frown": 2, "headscarf": 2, "hijab": 2,
    "lamplight": 2, "parted": 2, "tilted": 2, "turtleneck": 3, "unobstructed": 3, "watermark": 2,
}  # fmt: skip
"""Tokens of the words that CLIP's vocabulary does not have as a whole, counted once with its own tokenizer."""
FORBIDDEN = (
    "beautiful|handsome|pretty|attractive|gorgeous|ugly|elegant|exotic|youthful|elderly|frail|sick|ill|illness|patient|"
    "suffering|pain|disabled|disease|ailing|wrinkled|weathered|tired|healthy|fit|slim|fat|obese|poor|rich|wealthy|"
    "ethnic|oriental|tribal|traditional|immigrant|native|foreign|skin|criminal|angry|sad|happy|smiling|smile|"
    "celebrity|actor|actress|model|star|famous|rembrandt|butterfly|clamshell"
)
DRAWN_HUES = {
    "mustard": (0.06, 0.18), "rust": (0.0, 0.09), "red": (0.94, 1.04), "burgundy": (0.90, 1.04), "navy": (0.55, 0.75),
    "dark blue": (0.55, 0.75), "blue": (0.52, 0.70), "light blue": (0.48, 0.70), "pale blue": (0.48, 0.70),
    "teal": (0.42, 0.58), "green": (0.25, 0.48), "dark green": (0.25, 0.48), "pale green": (0.22, 0.56),
    "olive": (0.10, 0.27), "lavender": (0.62, 0.92), "pink": (0.86, 1.06),
}  # fmt: skip
"""Hues (0-1) of cloth, above 1 around again, that a word may name."""


OTHERS = (("paper", 7, "studio"), ("balanced", 0, "studio"), ("balanced", 7, "studio"), ("paper", 0, "clinical"))
"""Where else people are drawn from: a few hundred, and all where there is time."""


@pytest.fixture(
    scope="module",
    params=[
        ("paper", 0, "studio", 2500),
        *(
            pytest.param((*drawn_from, count), marks=[pytest.mark.slow] if count == 2500 else [])
            for drawn_from in OTHERS
            for count in (500, 2500)
        ),
    ],
)
def people(request) -> tuple[list[IdentityPlan], int, list[str]]:
    """People, their seed and their prompts."""
    return drawn(*request.param)


@functools.cache  # a fixture of a module with parameters is made again whenever another process took a test between
def drawn(preset: str, seed: int, scene: str, count: int) -> tuple[list[IdentityPlan], int, list[str]]:
    plan = list(Plan(Spec(preset=preset, seed=seed, scene=scene, identities=count)))
    return plan, seed, [prompt_of(person, seed) for person in plan]


def says(text: str, words: str) -> bool:
    return re.search(rf"\b{words}\b", text) is not None


def tokens(text: str) -> int:
    """CLIP's tokens: each digit, mark and word, and more of the words of `IN_PIECES` and of longer new ones."""
    pieces = re.findall(r"[a-z]+|[0-9]|[^\sa-z0-9]", text.lower())
    return sum(IN_PIECES.get(piece, 1 + (len(piece) > 10)) for piece in pieces)


def srgb(albedo: np.ndarray) -> np.ndarray:
    return np.where(albedo <= 0.0031308, 12.92 * albedo, 1.055 * np.asarray(albedo, float) ** (1 / 2.4) - 0.055)


def test_everything_that_can_be_drawn_has_words():
    assert set(HAIR) == {*STYLES, "bald"} == {style for row in HAIR_STYLES.values() for style in row}
    assert set(HAIR_COLOURS) == set(COLOURS) and set(EYES) == set(IRISES)
    assert set(GARMENTS) == set(CUTS) and set(PATTERNED) == set(PATTERNS)
    assert set(SETTINGS) == set(SETUPS) and set(WORN) == set(ACCESSORIES)


def test_light_has_a_side_only_where_the_key_stands_clearly_on_one():
    for name, setting in SETTINGS.items():
        assert "{side}" not in setting.light or SETUPS[name].yaw >= 35, name


def test_no_two_people_share_a_prompt(people):
    plan, seed, texts = people
    assert len(set(texts)) == len(plan)
    # not by their wording alone; wards are more alike than studios, streets and homes
    assert len({str(describe(person, seed)) for person in plan}) >= (1 if plan[0].scene == "studio" else 0.996) * len(
        plan
    )
    assert len({background_prompt(person, seed) for person in plan}) > 0.9 * len(plan)


def test_sentences_vary(people):
    _, _, texts = people
    assert len({" ".join(text.split()[:2]) for text in texts}) > 10
    assert len({text.split(" year")[0] for text in texts}) > 50


def test_prompts_say_what_the_row_says(people):
    plan, _, texts = people
    for person, text in zip(plan, texts, strict=True):
        assert says(text, f"{person.age}-year-old {PEOPLE[person.ethnicity][person.gender]}")
        assert len(re.findall(r"\d+", text)) == 1  # the age
        assert not says(text.lower(), {"man": "woman", "woman": "man"}[person.gender])
        named = [names[person.gender] for names in PEOPLE.values() if names[person.gender] in text]
        assert named == [PEOPLE[person.ethnicity][person.gender]]


def test_prompts_say_the_hair_that_is_drawn(people):
    plan, seed, texts = people
    for person, text in zip(plan, texts, strict=True):
        style, recede = choose_style(person, seed)
        name, _, grey = hair_colour(person, seed)
        hair = describe(person, seed).hair
        assert hair in text
        if set(person.accessories) & set(HIDE_HAIR):
            assert not hair and not says(text, "hair|bald|balding")
            continue
        assert says(text, "bald") == (style == "bald")
        if style == "bald":
            assert not says(text, "hair")
            continue
        assert says(text, "balding") == (recede > BALDING_FROM)
        assert says(text, "receding") == (THIN_FROM < recede <= BALDING_FROM)
        assert says(hair, "greying") == (GREYING <= grey < MOSTLY_GREY)
        assert says(hair, "mostly grey") == (MOSTLY_GREY <= grey < GREY)
        assert says(hair, "grey") == (grey >= MOSTLY_GREY)
        assert (HAIR_COLOURS[name] in hair) == (grey < MOSTLY_GREY)
        assert "long" not in hair or style in ("long", "wavy", "curly")
        assert not says(hair, "curly") or "curly" in style


def test_prompts_say_the_beard_that_is_drawn(people):
    plan, seed, texts = people
    for person, text in zip(plan, texts, strict=True):
        density, length = choose_beard(person, seed)
        assert says(text, "beard") == (length > 0)
        assert not says(text, "stubble") or (length == 0 and density > 0.5 and hair_colour(person, seed).grey < GREYING)
        assert not says(text, "shaved") or (person.gender == "man" and length == 0 and density < 0.25)
        assert person.gender == "man" or not re.search("beard|stubble|shaved|balding|receding", text)
        if length > 0 and choose_style(person, seed)[0] == "bald":
            assert says(text, "grey beard") == (hair_colour(person, seed).grey >= MOSTLY_GREY)


def test_prompts_say_the_clothes_that_are_drawn(people):
    plan, seed, texts = people
    for person, text in zip(plan, texts, strict=True):
        cut, garment = choose_clothes(person, SETUPS[choose_setup(person, seed)[0]].place, seed)
        clothes = describe(person, seed).clothes
        assert clothes in text
        assert says(text, "hospital gown") == (cut == "gown")
        assert says(text, "hoodie") == (cut == "hoodie") and says(text, "turtleneck") == (cut == "roll_neck")
        assert says(text, "collared shirt") == (cut == "shirt") and says(text, "V-neck") == (cut == "vee")
        assert says(text, "sweater") == (garment.knit > 0)
        pattern = PATTERNS[garment.pattern]
        assert says(text, "striped") == (pattern in ("stripes", "pinstripes"))
        assert says(text, "checked") == (pattern == "checks") and says(text, "patterned") == (pattern == "print")
        word = next(word for word in sorted(CLOTH_COLOURS, key=len, reverse=True) if says(clothes, word))
        hue, saturation, value = colorsys.rgb_to_hsv(*srgb(garment.colour))
        if word in DRAWN_HUES:
            low, high = DRAWN_HUES[word]
            assert low <= hue <= high or low <= hue + 1 <= high, (word, hue)
        if word in ("white", "grey", "light grey", "dark grey", "black"):
            assert saturation * value < 0.14, (word, saturation)
        assert value > 0.7 or not re.match("white|pale|cream", word), (word, value)
        assert value < 0.48 or not re.match("black|navy|dark", word), (word, value)


def test_prompts_say_place_light_and_eyes_that_are_drawn(people):
    plan, seed, texts = people
    for person, text in zip(plan, map(str.lower, texts), strict=True):
        name, side = choose_setup(person, seed)
        place = SETUPS[name].place
        assert says(text, "studio") == (place == "studio") and says(text, "office") == (place == "office")
        assert says(text, "outdoors|street") == (place == "outdoor")
        assert says(text, "corridor") == (place in ("corridor", "passage"))
        assert says(text, "hospital room|operating theatre") == (place in ("ward", "chair"))
        daylight = place in ("bed", "chair") and SETUPS[name].variant == "day"
        assert says(text, "window") == (place == "window" or name == "office_window" or daylight)
        assert says(text, "in a hospital bed") == (person.circumstances.support == "bed")
        assert says(text, "lying in") == (person.circumstances.posture == "lying")
        assert says(text, "sitting up in") == (person.circumstances.posture == "propped")
        assert says(text, "in a wheelchair") == (person.circumstances.support == "wheelchair")
        assert says(text, "in a chair") == (person.circumstances.support == "chair")
        assert "{" not in text
        assert not says(text, "from the right") or side > 0  # the person's left is the picture's right
        assert not says(text, "from the left") or side < 0
        assert says(text, EYES[choose_iris(person, seed)])


def test_every_prompt_asks_for_a_face_at_rest_and_portraits_for_one_in_full_view(people):
    plan, seed, texts = people
    at_rest, in_view = ("neutral", "relaxed", "mouth", "closed", "camera"), ("fully visible", "unobstructed")
    for person, text in zip(plan, texts, strict=True):
        assert all(says(text, word) for word in at_rest), text
        assert all(says(text, word) == (not person.accessories) for word in in_view), text
        painted = portrait_prompt(person, seed)
        assert all(says(painted, word) for word in (*at_rest, *in_view)), painted
        assert (painted == text) == (not person.accessories)
    assert all(len(rest.split()) < 16 for rest in AT_REST)


def test_prompts_say_what_is_worn_and_portraits_do_not(people):
    plan, seed, _ = people
    rng = np.random.default_rng(seed)
    clinical = [replace(person, scene="clinical") for person in plan]
    clinical = [replace(person, accessories=choose_accessories(person, seed)) for person in clinical]
    for person in (*plan, *clinical, *(replace(p, accessories=(rng.choice(ACCESSORIES),)) for p in plan[:200])):
        text, painted = prompt_of(person, seed), portrait_prompt(person, seed)
        assert tokens(text) <= CLIP_TOKENS, (tokens(text), text)
        for name in person.accessories[:2]:
            assert says(text, WORN[name]), text
        for name in set(ACCESSORIES) - set(person.accessories):
            assert not says(text, WORN[name]), text
        assert not any(says(painted, WORN[name]) for name in ACCESSORIES)
        assert re.fullmatch(r"[A-Z][A-Za-z0-9 ,.:-]+\.", text) and not re.search(r"  | ,|\.\.|, ,", text), text


def test_prompts_are_short_and_begin_with_the_person(people):
    plan, _, texts = people
    for person, text in zip(plan, texts, strict=True):
        assert tokens(text) <= CLIP_TOKENS, (tokens(text), text)
        assert len(text.split()) <= 60
        assert text.index(f"{person.age}-year-old") < 40
        assert re.fullmatch(r"[A-Z][A-Za-z0-9 ,.:-]+\.", text) and not re.search(r"  | ,|\.\.|\{|\ba [aeio8]", text)


def test_no_prompt_judges_anybody(people):
    plan, seed, texts = people
    for text in (*texts, *(background_prompt(person, seed) for person in plan)):
        assert not re.search(rf"\b({FORBIDDEN})\b", text.lower()), text


def test_other_prompts_are_short_too(people):
    plan, seed, _ = people
    for text in (NEGATIVE_PROMPT, BACKGROUND_NEGATIVE_PROMPT, *(background_prompt(person, seed) for person in plan)):
        assert tokens(text) <= CLIP_TOKENS, text
    assert {"open mouth", "closed eyes", "looking away", "glasses"} <= set(NEGATIVE_PROMPT.split(", "))


def test_the_background_has_the_same_hair_clothes_and_light(people):
    plan, seed, _ = people
    for person in plan[:100]:
        words, text = describe(person, seed), background_prompt(person, seed)
        assert all(phrase in text for phrase in (words.hair, words.clothes, words.place, words.light))


def test_a_prompt_depends_on_person_and_seed_alone():
    few, many = Plan(Spec(identities=3, preset="balanced")), Plan(Spec(identities=3, preset="balanced", size=64))
    assert [prompt_of(p, 0) for p in few] == [prompt_of(p, 0) for p in reversed(many)][::-1]
    assert prompt_of(few[0], 0) != prompt_of(few[0], 1)


def test_every_row_of_a_person_has_the_same_prompt():
    spec = Spec(identities=3)
    person = Plan(spec)[1]
    text = prompt_of(person, spec.seed)
    rows = [planned_row(spec, person, text, e, v) for e in person.expressions for v in person.views]
    assert {row["prompt"] for row in rows} == {text}


def test_articles():
    assert [with_article(noun) for noun in ("18-year-old", "81-year-old", "28-year-old", "olive top", "bald head")] == [
        "an 18-year-old", "an 81-year-old", "a 28-year-old", "an olive top", "a bald head"
    ]  # fmt: skip
    assert who(Plan(Spec(identities=1))[0]).startswith(("a ", "an "))


@pytest.mark.parametrize("name", CLOTH_COLOURS)
def test_a_colour_is_called_by_its_own_name(name):
    assert colour_word(colour(*CLOTH_COLOURS[name])) == name


def test_words_need_neither_pictures_nor_a_compiler():
    """`pain3d verify` asks for every person's prompt."""
    program = f"import sys, {prompts.__name__}; print([m for m in ('numba', 'scipy', 'PIL') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
