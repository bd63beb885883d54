"""What the picture of a planned person is asked for in words: a pure function of plan and seed.

The words say what the row says (age, ethnicity, gender) and what the procedural look draws for the same person: hair,
beard, eyes, clothes, light and place. A portrait painted from them fits the mesh. Nothing is drawn here and nobody else
is looked at: two people share a prompt only where everything that it says is the same.
"""

import functools
import re
from dataclasses import dataclass, replace

import numpy as np

from .accessories import HIDE_HAIR
from .appearance.clothes import PATTERNS, Garment, choose_clothes
from .appearance.colours import colour
from .appearance.eyes import choose_iris
from .appearance.hair.styles import THIN_FROM, HairPaint, choose_beard, choose_style, hair_colour
from .appearance.places.setups import SETUPS, choose_setup
from .plan import IdentityPlan
from .prompt_words import (
    AT_REST,
    BACKGROUND_SENTENCE,
    BALDING,
    CLOTH_COLOURS,
    EYES,
    GARMENTS,
    HAIR,
    HAIR_COLOURS,
    HELD,
    PATTERNED,
    PEOPLE,
    SENTENCES,
    SETTINGS,
    SHOTS,
    WORN,
)
from .streams import stream

NEGATIVE_PROMPT = (
    "smile, open mouth, teeth, frown, closed eyes, looking away, side view, tilted head, glasses, hat, scarf, mask, "
    "jewellery, hand, hair over the face, two people, text, watermark, frame, painting, drawing, cartoon, 3d render, "
    "doll, distorted face, blurry, low quality"
)
"""What no portrait may show: what would be baked into every expression, or is no photograph."""
BACKGROUND_NEGATIVE_PROMPT = (
    "other people, second face, hands, hat, scarf, text, watermark, frame, painting, drawing, cartoon, 3d render, "
    "sharp background, low quality"
)
"""What is not painted around a face."""

BALDING_FROM = 40.0
"""A hairline that recedes further than this (mm) leaves hair at the sides alone."""
GREYING, MOSTLY_GREY, GREY = 0.15, 0.5, 0.85
"""Shares of grey hairs from which hair is called greying, mostly grey and grey."""
SHAVEN, STUBBLE = 0.2, 0.55
"""Density of stubble below which a man is called shaved, and from which he has stubble."""
LAB_WEIGHTS = (1.0, 3.0, 3.0)
"""How much a step of lightness and of the two opponent colours counts for the name of a colour."""
SHORT_BEARD_MM, FULL_BEARD_MM = 3.0, 8.0
WORN_SAID = 2
"""How many accessories a prompt names, those that cover most."""


@dataclass(frozen=True)
class Words:
    """What is said of a person, in phrases that follow "with", "wearing" or a comma.

    Attributes:
        who: age in years, ethnicity and gender.
        hair, beard: "" where nothing is said of it.
        clothes: with what is worn on the head.
    """

    who: str
    hair: str
    beard: str
    eyes: str
    clothes: str
    place: str
    light: str

    @property
    def features(self) -> str:
        """Hair, beard and eyes in one list."""
        return listed([phrase for phrase in (self.hair, self.beard, self.eyes) if phrase])


def prompt_of(plan: IdentityPlan, seed: int) -> str:
    """The portrait of a planned person with the neutral expression: at most 75 tokens of CLIP."""
    rng = stream(seed, "prompt", plan.identity_id)
    words = describe(plan, seed)
    sentence, shot, at_rest = (choices[rng.integers(len(choices))] for choices in (SENTENCES, SHOTS, AT_REST))
    if plan.accessories:
        at_rest = re.sub(r"(, | and )?(face )?(fully visible|unobstructed)", "", at_rest)
    text = sentence.format(shot=shot, at_rest=at_rest, features=words.features, **vars(words))
    return re.sub(r"(?:^|(?<=\. ))[a-z]", lambda letter: letter.group().upper(), text)


def portrait_prompt(plan: IdentityPlan, seed: int) -> str:
    """What is painted of a planned person: the face without what is worn on it, which is drawn over the painted one."""
    return prompt_of(replace(plan, accessories=()), seed)


def background_prompt(plan: IdentityPlan, seed: int) -> str:
    """What is around the face of a planned person: hair, clothes, place and light."""
    words = describe(plan, seed)
    subject = f"{plan.gender} with {words.hair}," if words.hair else plan.gender
    return BACKGROUND_SENTENCE.format(subject=subject, **vars(words))


def who(plan: IdentityPlan) -> str:
    """Age, ethnicity and gender of a planned person, such as "a 34-year-old Latina woman"."""
    return with_article(f"{plan.age}-year-old {PEOPLE[plan.ethnicity][plan.gender]}")


def describe(plan: IdentityPlan, seed: int) -> Words:
    """What is said of a planned person."""
    setup, side = choose_setup(plan, seed)
    setting = SETTINGS[setup]
    cut, garment = choose_clothes(plan, SETUPS[setup].place, seed)
    paint = hair_colour(plan, seed)
    style, recede = choose_style(plan, seed)
    beard = _beard(*choose_beard(plan, seed), paint, style == "bald") if plan.gender == "man" else ""
    return Words(
        who=who(plan),
        hair="" if set(plan.accessories) & set(HIDE_HAIR) else _hair(style, recede, _shade(paint)),
        beard=beard,
        eyes=EYES[choose_iris(plan, seed)],
        clothes=listed([_clothes(cut, garment), *(WORN[name] for name in plan.accessories[:WORN_SAID])]),
        place=setting.place.format(held=HELD.get(plan.circumstances.posture, "")),
        light=setting.light.format(side="right" if side > 0 else "left"),  # the person's left is the picture's right
    )


def with_article(noun: str) -> str:
    """`noun` with "a", or "an" before a vowel, 18 and the eighties."""
    return f"{'an' if re.match('[aeio]|8|18', noun) else 'a'} {noun}"


def listed(phrases: list[str]) -> str:
    """One phrase or more, with commas and "and"."""
    *others, last = phrases
    return f"{', '.join(others)} and {last}" if others else last


def colour_word(albedo: np.ndarray) -> str:
    """What a linear colour (3,) is called: the nearest of `CLOTH_COLOURS`, by hue and chroma before lightness."""
    names, known = _known_colours()
    return names[int(np.argmin(np.linalg.norm((known - oklab(albedo)) * LAB_WEIGHTS, axis=1)))]


@functools.cache
def _known_colours() -> tuple[list[str], np.ndarray]:
    return list(CLOTH_COLOURS), np.stack([oklab(colour(*srgb)) for srgb in CLOTH_COLOURS.values()])


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Lightness and the two opponent colours (3,) of linear sRGB (3,), after Ottosson (2020): distances are as seen."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    opponents = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return opponents @ np.cbrt(cones @ np.asarray(rgb, float))


def _hair(style: str, recede: float, shade: str) -> str:
    if style == "bald":
        return HAIR[style]
    if recede > BALDING_FROM:
        return BALDING.format(colour=shade)
    return HAIR[style].format(colour=f"receding {shade}" if recede > THIN_FROM else shade)


def _shade(paint: HairPaint) -> str:
    if paint.grey >= GREY:
        return "grey"
    if paint.grey >= MOSTLY_GREY:
        return "mostly grey"
    colour_name = HAIR_COLOURS[paint.name]
    return f"greying {colour_name}" if paint.grey >= GREYING else colour_name


def _beard(density: float, length: float, paint: HairPaint, bald: bool) -> str:
    """Of a man; "" for what a picture hardly shows: the shadow of a shave, and grey stubble."""
    if length == 0:
        stubble = density >= STUBBLE and paint.grey < GREYING
        return "stubble" if stubble else "a shaved face" if density < SHAVEN else ""
    kind = "trimmed" if length < SHORT_BEARD_MM else "short" if length < FULL_BEARD_MM else "full"
    # elsewhere it has the colour that is said of the hair
    return f"a {kind} {_shade(paint).removeprefix('mostly ')} beard" if bald else f"a {kind} beard"


def _clothes(cut: str, garment: Garment) -> str:
    kind = GARMENTS[cut][int(garment.knit > 0)]
    return with_article(f"{PATTERNED[PATTERNS[garment.pattern]]}{colour_word(garment.colour)} {kind}")
