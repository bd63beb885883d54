"""Who is who: every distribution that decides what a demographic group looks like, one row a group, each with a source.

Heads and looks draw from these numbers and have none of their own that depend on ethnicity, gender or age. A source
says who measured the value, or "by eye" where nobody did; where somebody measured and our value is another, it says so.
Groups are crude proxies and not models of populations. `population_tables.py` shows all of it as tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from .distributions import (
    Ancestry,
    Beard,
    Companion,
    HairColour,
    HalfNormal,
    IrisColour,
    Lines,
    Meaning,
    Normal,
    Range,
    Receding,
    Stated,
    YearsOfChange,
)

ANCESTRY_AXES = Ancestry._fields


@dataclass(frozen=True, kw_only=True)
class Ethnicity:
    """What depends on ethnicity. The annotations say what a value is and where it comes from."""

    ancestry: Annotated[
        Ancestry,
        Meaning(
            "head: mean weight of MakeHuman's {} shape",
            "by eye: these are shapes, not genes. Genomes of African Americans are 73 % African and 24 % European, "
            "those of US Latinos are 65 % European, 18 % Native American and 6 % African on average (Bryc et al. 2015, "
            "Am J Hum Genet 96:37)",
        ),
    ]
    melanin: Annotated[
        Normal,
        Meaning(
            "skin: melanin (optical depth; gamma distribution)",
            "by eye. Of 8,452 women, white ones had fair to tan skin, black ones tan to dark, Hispanic ones fair to "
            "brown, East Asian ones fair to intermediate, Indian ones fair to dark (L'Oréal, The Skin Colour "
            "Continuum, 2015). Ours span about the same, but hardly any white ones are tan",
        ),
    ]
    hair_colour: Annotated[
        HairColour,
        Meaning(
            "hair: share with {}",
            "by eye. Little has been counted outside Europe (Katsara & Nothnagel 2019, Forensic Sci Int Genet 39:109)",
        ),
    ]
    coily_hair: Annotated[
        float,
        Meaning(
            "hair: share with coils",
            "by eye. Measured hair falls into eight shapes, which were defined without regard to ethnicity (de la "
            "Mettrie et al. 2007, Hum Biol 79:265)",
        ),
    ]
    iris: Annotated[
        IrisColour,
        Meaning(
            "eyes: share with {}",
            "by eye. 34 % of white Americans born 1936-1951 have blue ones (Grant & Lauderdale 2002, Ann Hum Biol "
            "29:657), about 90 % of 3,030 Iranian children brown and 50 % dark brown ones "
            "(brieflands.com/articles/jcp-66099)",
        ),
    ]


BY_ETHNICITY: dict[str, Ethnicity] = {
    "latino": Ethnicity(
        ancestry=Ancestry(0.20, 0.32, 0.48),
        melanin=Normal(0.80, 0.34),
        hair_colour=HairColour(0.48, 0.38, 0.12, 0.02, 0.0, 0.0),
        coily_hair=0.08,
        iris=IrisColour(0.42, 0.42, 0.10, 0.04, 0.01, 0.01),
    ),
    "white": Ethnicity(
        ancestry=Ancestry(0.02, 0.03, 0.95),
        melanin=Normal(0.38, 0.17),
        hair_colour=HairColour(0.06, 0.22, 0.28, 0.20, 0.18, 0.06),
        coily_hair=0.02,
        iris=IrisColour(0.06, 0.26, 0.14, 0.12, 0.12, 0.30),
    ),
    "south_asian": Ethnicity(
        ancestry=Ancestry(0.24, 0.16, 0.60),
        melanin=Normal(1.10, 0.40),
        hair_colour=HairColour(0.74, 0.24, 0.02, 0.0, 0.0, 0.0),
        coily_hair=0.03,
        iris=IrisColour(0.62, 0.34, 0.03, 0.01, 0.0, 0.0),
    ),
    "black": Ethnicity(
        ancestry=Ancestry(0.90, 0.03, 0.07),
        melanin=Normal(1.80, 0.50),
        hair_colour=HairColour(0.86, 0.13, 0.01, 0.0, 0.0, 0.0),
        coily_hair=0.85,
        iris=IrisColour(0.78, 0.21, 0.01, 0.0, 0.0, 0.0),
    ),
    "middle_eastern": Ethnicity(
        ancestry=Ancestry(0.14, 0.06, 0.80),
        melanin=Normal(0.72, 0.28),
        hair_colour=HairColour(0.50, 0.38, 0.10, 0.02, 0.0, 0.0),
        coily_hair=0.05,
        iris=IrisColour(0.38, 0.44, 0.12, 0.04, 0.01, 0.01),
    ),
    "east_asian": Ethnicity(
        ancestry=Ancestry(0.03, 0.92, 0.05),
        melanin=Normal(0.55, 0.18),
        hair_colour=HairColour(0.82, 0.16, 0.02, 0.0, 0.0, 0.0),
        coily_hair=0.02,
        iris=IrisColour(0.70, 0.29, 0.01, 0.0, 0.0, 0.0),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Gender:
    """What depends on gender. The annotations say what a value is and where it comes from."""

    face_axes: Annotated[
        Mapping[str, float],
        Meaning(
            "face: centre of MakeHuman's axis {}",
            "by eye: MakeHuman's old female shapes alone pass for men. Nasal, cranial and facial measures of adults "
            "differ by sex (Kesterke et al. 2016, Biol Sex Differ 7:23)",
        ),
    ]
    face_axes_gain: Annotated[float, Meaning("face: share by which these centres have grown at 90 years")]
    sagging: Annotated[float, Meaning("face: share of the ageing of its shape", "by eye: sagging widens the jaw")]
    hairline_mm: Annotated[
        Receding | HalfNormal,
        Meaning(
            "hair: how far the front hairline recedes (mm)",
            "by eye. Type III baldness and more: 16 % of US men of 18-29 and 53 % of 40-49 years (Rhodes et al. 1998, "
            "Dermatol Surg 24:1330), 11 % of Korean men in their forties (Br J Dermatol 2001, "
            "doi:10.1046/j.1365-2133.2001.04289.x). The crown opens (14 mm) in none of our men at 25 and in 31 % at 45 "
            "years, whatever their ethnicity. Women's hair loss is not modelled: over 80, 57 % have some (Gan & "
            "Sinclair 2005, J Investig Dermatol Symp Proc 10:184)",
        ),
    ]
    hairline_most_mm: Annotated[float, Meaning("hair: how far it recedes at most (mm)")]
    dyed: Annotated[
        float,
        Meaning(
            "hair: share who dye the grey",
            "by eye. 44 % of 620 Koreans with grey hair, women more often than men (Jo et al. 2013, Ann Dermatol "
            "25(4))",
        ),
    ]
    parting_mm: Annotated[Range, Meaning("hair: place of the parting (mm from the middle)")]
    fringe: Annotated[float, Meaning("hair: share with a fringe, of those with a parting")]
    beard: Annotated[Beard | None, Meaning("beard", "by eye; the same for all ethnicities")]
    brow_arch_mm: Annotated[Normal, Meaning("brows: arch (mm)", "by eye; the same for all ethnicities")]
    brow_thickness: Annotated[Normal, Meaning("brows: height (relative)")]
    brow_density: Annotated[Normal, Meaning("brows: density (0 to about 1)")]
    lip_blood: Annotated[
        float,
        Meaning(
            "lips: blood (optical depth)",
            "by eye. Eyes and lips of women stand out more from the skin (Russell 2009, Perception 38:1211)",
        ),
    ]
    lipstick: Annotated[float, Meaning("lips: share with painted ones")]


BY_GENDER: dict[str, Gender] = {
    "man": Gender(
        face_axes={
            "chin-width": 0.18, "chin-bones": 0.18, "chin-prominent": 0.08, "chin-jaw-drop": 0.08,
            "head-rectangular": 0.14, "nose-volume": 0.05, "nose-scale-horiz": 0.05, "mouth-upperlip-volume": -0.10,
            "mouth-lowerlip-volume": -0.08, "eye-scale": -0.06, "eyebrows-angle-up": 0.03,
            "eyebrows-trans-forward": 0.06, "eyebrows-trans-up": -0.03, "mouth-angles-up": 0.08,
            "eye-height1": 0.07, "eye-height2": 0.08, "eye-height3": 0.07,
        },
        face_axes_gain=0.0,
        sagging=1.0,
        hairline_mm=Receding(shape=1.8, mm_a_year=0.28, start=22, least=4),
        hairline_most_mm=80.0,
        dyed=0.0,
        parting_mm=Range(24, 42),
        fringe=0.0,
        beard=Beard((1.3, 2.2), 0.42, Range(0.65, 1.0), (Range(1.5, 3), Range(3, 8), Range(8, 18))),
        brow_arch_mm=Normal(-0.5, 1.4),
        brow_thickness=Normal(1.10, 0.24),
        brow_density=Normal(0.85, 0.18),
        lip_blood=0.62,
        lipstick=0.0,
    ),
    "woman": Gender(
        face_axes={
            "chin-width": -0.24, "chin-bones": -0.22, "chin-prominent": -0.08, "chin-height": -0.10,
            "chin-jaw-drop": -0.10, "nose-volume": -0.14, "nose-scale-horiz": -0.14, "nose-width2": -0.10,
            "nose-width3": -0.10, "nose-hump": -0.08, "mouth-upperlip-volume": 0.08, "mouth-lowerlip-volume": 0.08,
            "mouth-upperlip-height": 0.06, "mouth-lowerlip-height": 0.06, "mouth-angles-up": 0.16, "eye-height2": 0.05,
            "eye-scale": 0.06, "neck-scale-horiz": -0.22, "measure-neck-height": -0.15, "cheek-bones": 0.08,
            "head-oval": 0.22, "head-invertedtriangular": 0.26, "eyebrows-trans-forward": -0.14,
            "eyebrows-trans-up": 0.14, "eyebrows-angle-up": 0.05, "cheek-volume": 0.06,
        },
        face_axes_gain=0.7,
        sagging=0.72,
        hairline_mm=HalfNormal(3),
        hairline_most_mm=6.0,
        dyed=0.3,
        parting_mm=Range(0, 30),
        fringe=0.35,
        beard=None,
        brow_arch_mm=Normal(0.6, 1.4),
        brow_thickness=Normal(0.92, 0.25),
        brow_density=Normal(0.74, 0.22),
        lip_blood=0.74,
        lipstick=0.3,
    ),
}  # fmt: skip


HAIR_STYLES: dict[str, dict[str, float]] = {
    "coily man": {"bald": 0.16, "buzz": 0.46, "coils": 0.24, "afro": 0.08, "locs": 0.06},
    "coily woman": {
        "bald": 0.02, "buzz": 0.08, "coils": 0.28, "afro": 0.30, "bun": 0.12, "locs": 0.06, "box_braids": 0.14,
    },
    "man to 60": {
        "bald": 0.06, "buzz": 0.17, "short": 0.24, "crop": 0.11, "quiff": 0.10, "swept": 0.13, "parted": 0.12,
        "curly_short": 0.08,
    },
    "man over 60": {
        "bald": 0.14, "buzz": 0.17, "short": 0.24, "crop": 0.11, "quiff": 0.10, "swept": 0.13, "parted": 0.12,
        "curly_short": 0.03,
    },
    "woman to 60": {
        "short": 0.02, "pixie": 0.08, "bob": 0.18, "long": 0.22, "wavy": 0.18, "curly": 0.10, "bun": 0.10,
        "ponytail": 0.09, "braid": 0.03,
    },
    "woman over 60": {
        "short": 0.04, "pixie": 0.15, "permed": 0.19, "set": 0.16, "chin_bob": 0.13, "bob": 0.13, "long": 0.03,
        "wavy": 0.04, "curly": 0.03, "bun": 0.08, "ponytail": 0.02,
    },
}  # fmt: skip
"""How often each style of `appearance.hair.styles`, relative to the others of its row. By eye."""

AGE_RANGES: dict[str, tuple[int, int]] = {"young": (18, 45), "elderly": (65, 90)}
"""Years, both ends included. Nobody is in between: the two groups of the paper stay apart."""


OVER_60 = 60
"""Above this age (years) pupils are narrower, and hair is worn as in the rows "over 60" of HAIR_STYLES."""
FACE_YEARS, SKIN_YEARS, CREPE_YEARS = YearsOfChange(25, 65), YearsOfChange(40, 50), YearsOfChange(48, 35)
LINE_YEARS, FOLD_YEARS = YearsOfChange(30, 50, most=1.1), YearsOfChange(18, 50)
BROW_YEARS, LASH_YEARS = YearsOfChange(45, 45), YearsOfChange(50, 35)


class Ageing:
    """What has changed at the end of its years, in everyone alike. Shares are of what it is when young."""

    head_age = Stated(
        0.35,
        "face: weight of the shape head-age-incr beside the old shapes, which have 1; times the sagging",
        years=FACE_YEARS,
    )
    rough = Stated(0.04, "skin: more roughness of the highlight", years=SKIN_YEARS)
    pores = Stated(0.03, "skin: deeper pores", years=SKIN_YEARS)
    uneven = Stated(0.02, "skin: fine unevenness of melanin", years=SKIN_YEARS)
    patches = Stated(0.03, "skin: patches of melanin", years=SKIN_YEARS)
    under_eyes = Stated(0.06, "skin: melanin under the eyes", years=SKIN_YEARS)
    freckles_lost = Stated(0.6, "skin: share of the freckles that is lost", years=SKIN_YEARS)
    freckle_spots = Stated(0.10, "skin: spots like freckles, times 0.3 to 1", years=SKIN_YEARS)
    age_spots = Stated(Range(0.1, 0.9), "skin: age spots; half of it where melanin is 1.3 or more", years=SKIN_YEARS)
    crepe = Stated(0.17, "skin: crepe, times 0.6 to 1.2", years=CREPE_YEARS)
    pale_lips = Stated(
        0.25,
        "lips: share of the blood that is lost",
        "by eye. Lips and brows stand out less with age, in women (Porcheron et al. 2013, PLoS ONE 8:e57985) and men "
        "(Russell et al. 2017, Adapt Hum Behav Physiol 3:293)",
        SKIN_YEARS,
    )
    teeth = Stated(
        0.6,
        "teeth: yellowness (from 0.25)",
        "by eye. Teeth of 674 Koreans were darker and yellower with age (repository.ajou.ac.kr/handle/201003/17697)",
        SKIN_YEARS,
    )
    eye_whites = Stated(0.4, "eyes: yellowness of the white", years=SKIN_YEARS)
    brow_shadow_lost = Stated(0.6, "brows: share of the shadow of fine hairs that is lost", years=SKIN_YEARS)
    brow_height_lost = Stated(0.15, "brows: share of the height that is lost", years=BROW_YEARS)
    brow_tail_lost = Stated(0.3, "brows: share of the tail's height that is lost besides", years=BROW_YEARS)
    brow_hairs_lost = Stated(0.45, "brows: share of the hairs that is lost", years=BROW_YEARS)
    brow_disorder = Stated(0.12, "brows: more spread of the hairs' directions (rad)", years=BROW_YEARS)
    brow_longer = Stated(0.2, "brows: longer hairs (relative, from 0.85)", years=BROW_YEARS)
    lashes_lost = Stated(0.4, "lashes: share that is lost", years=LASH_YEARS)
    lines = Stated(
        Lines(0.22, 0.60, 0.45, 0.45, 0.15, 0.55),
        "wrinkles at rest: {}, share of the full depth, with the power 1.4 of the time",
        "by eye. Forehead, glabella and crow's feet deepen with age, earlier in men, at the glabella after 40 "
        "(Dermatol Surg 2014, doi:10.1111/dsu.12377); earlier in white than in Japanese women (J Cosmet Sci "
        "2004;55(4)). Ours differ neither by gender nor by ethnicity",
        LINE_YEARS,
    )
    folding = Stated(0.75, "wrinkles: how easily the skin folds (from 0.45)", years=FOLD_YEARS)


class Everyone:
    """What is alike in all groups."""

    ancestry_concentration = Stated(10.0, "head: concentration of the Dirichlet distribution around the mean weights")
    own_sex = Stated(Normal(0.95, 0.05), "head: weight of the shapes of one's own gender, from 0.8 to 1")
    own_ageing = Stated(
        Normal(1.0, 0.2), "head: how far a face has aged, relative to its years, from 0.6 to 1.3; at most as at 90"
    )
    blood = Stated(Range(0.16, 0.36), "skin: haemoglobin (optical depth)")
    least_melanin = Stated(
        0.24, "skin: melanin that nobody falls short of", "by eye: without any, faces look like chalk"
    )
    freckled = Stated(0.35, "skin: share with freckles, of those with melanin below 0.6")
    greying_onset = Stated(
        Normal(56, 9),
        "hair: first grey (years)",
        "by eye. At 50, half of the hair or more is grey in 6-23 % of people; of 45-65 years, 74 % have some, 27 % of "
        "the hair on average; men more than women, white people more than Asian and African ones (Panhard et al. 2012, "
        "Br J Dermatol 167:865). Ours start later (3 % at 50) and differ neither by gender nor by ethnicity",
    )
    greying_years = Stated(22, "hair: from the first grey to the last dark one (years)")
    dyed_grey = Stated(0.12, "hair: share of the grey that dye leaves")
    narrow_pupils = Stated(
        0.06,
        "eyes: pupils over 60 narrower by this share of the iris",
        "0.7 mm in diameter. Measured: 0.015 to 0.043 mm a year in bright to dim light, which is 0.7 to 2 mm in 46 "
        "years (Winn et al. 1994, Invest Ophthalmol Vis Sci 35:1132)",
    )


COMPANIONS: dict[str, Companion] = {
    "AU25": Companion(0.45, 4),
    "AU26": Companion(0.22, 3),
    "AU20": Companion(0.18, 3),
    "AU12": Companion(0.12, 2),
    "AU1": Companion(0.12, 2),
}
"""Action units that accompany pain, with the same chances for everyone."""
COMPANIONS_SOURCE = (
    "by eye. An open mouth (AU25, AU26, AU27) is among what pain shows most consistently (Kunz, Meixner & Lautenbacher "
    "2019, Pain 160:535). Where AU9 or AU10 part the lips, AU25 is at least as high as they are, besides"
)


def draw_ancestry(ethnicity: str, rng: np.random.Generator) -> dict[str, float]:
    """Weight of each of ANCESTRY_AXES of a person; they sum to 1."""
    drawn = rng.dirichlet(Everyone.ancestry_concentration.value * np.array(BY_ETHNICITY[ethnicity].ancestry))
    return dict(zip(ANCESTRY_AXES, drawn.tolist(), strict=True))


def hair_styles(gender: str, age: float, coily: bool) -> dict[str, float]:
    """The row of HAIR_STYLES that a person's style is drawn from."""
    return HAIR_STYLES[f"coily {gender}" if coily else f"{gender} {'over' if age > OVER_60 else 'to'} {OVER_60}"]
