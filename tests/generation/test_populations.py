"""One table for every group: complete, shown in full, and as its sources say."""

import dataclasses

import numpy as np
import pytest

from dataset_script.facs import EXTRA_AU_NAMES
from dataset_script.spec import Spec
from dataset_script.vocabulary import AGE_GROUPS, ETHNICITIES, GENDERS
from generation.accessories import OWN, WARD
from generation.appearance.eyes import IRISES
from generation.appearance.hair.styles import COLOURS, STYLES, THIN_FROM, choose_style, hair_colour
from generation.appearance.skin import BLOOD_ABSORPTION, BLOODLESS, MELANIN_ABSORPTION
from generation.appearance.wrinkles import FAMILIES
from generation.distributions import HairColour, IrisColour, Lines, Stated, YearsOfChange
from generation.plan import Plan
from generation.population_tables import population_tables
from generation.populations import (
    AGE_RANGES,
    ANCESTRY_AXES,
    BY_ETHNICITY,
    BY_GENDER,
    COMPANIONS,
    HAIR_STYLES,
    Ageing,
    Everyone,
    draw_ancestry,
    hair_styles,
)

PEOPLE = list(Plan(Spec(identities=1200, preset="balanced")))
MEN = [person for person in PEOPLE if person.gender == "man"]


def at(age: int, people=MEN):
    return [dataclasses.replace(person, age=age) for person in people]


def test_rows_cover_every_label():
    assert set(BY_ETHNICITY) == set(ETHNICITIES) and set(BY_GENDER) == set(GENDERS)
    assert set(AGE_RANGES) == set(AGE_GROUPS) and set(COMPANIONS) <= set(EXTRA_AU_NAMES)
    assert set(HAIR_STYLES) == {f"{prefix}{gender}{suffix}" for gender in GENDERS for prefix, suffix in (
        ("coily ", ""), ("", " to 60"), ("", " over 60"))}  # fmt: skip


def test_shares_are_distributions():
    for row in BY_ETHNICITY.values():
        for shares in (row.ancestry, row.hair_colour, row.iris):
            assert np.isclose(sum(shares), 1) and min(shares) >= 0
        assert 0 <= row.coily_hair <= 1 and min(row.melanin) > 0
    for row in BY_GENDER.values():
        assert all(0 <= share <= 1 for share in (row.dyed, row.fringe, row.lipstick, row.sagging))


def test_names_are_those_of_what_is_painted():
    assert HairColour._fields == tuple(COLOURS) and IrisColour._fields == tuple(IRISES) and Lines._fields == FAMILIES
    assert {style for chances in HAIR_STYLES.values() for style in chances} == {*STYLES, "bald"}


def test_a_change_of_ageing_begins_and_ends_in_its_years():
    years = YearsOfChange(40, 20, most=1.1)
    assert [years.share(age) for age in (18, 40, 50, 60, 62, 90)] == pytest.approx([0, 0, 0.5, 1, 1.1, 1.1])
    assert str(years) == "40 to 62"


def test_ancestry_is_drawn_around_its_row():
    rng = np.random.default_rng(0)
    for ethnicity, row in BY_ETHNICITY.items():
        people = [draw_ancestry(ethnicity, rng) for _ in range(400)]
        assert all(tuple(person) == ANCESTRY_AXES and np.isclose(sum(person.values()), 1) for person in people)
        assert np.mean([list(p.values()) for p in people], axis=0) == pytest.approx(row.ancestry, abs=0.03)


def test_hair_styles_depend_on_gender_texture_and_age():
    assert hair_styles("man", 60, False) is HAIR_STYLES["man to 60"]
    assert hair_styles("man", 61, False) is HAIR_STYLES["man over 60"]
    assert hair_styles("woman", 90, True) is HAIR_STYLES["coily woman"]


def test_tables_show_every_value_and_its_source():
    tables = population_tables()
    assert len({table.title for table in tables}) == len(tables)
    for table in tables:
        assert table.header[-1] == "source" and all(len(row) == len(table.header) for row in table.rows), table.title
        assert all(cell for row in table.rows for cell in row[:-1]), table.title
        assert "{}" not in str(table.rows) and "|" not in str(table.rows), table.title
        named = [row[0] for row in table.rows]
        assert len(set(named)) == len(named), table.title
    ethnicity, gender, styles, age, everyone, companions, own, ward = (table.rows for table in tables)
    assert ["eyes: share with blue", "0.01", "0.3", "0", "0", "0.01", "0", ""] in ethnicity
    assert ["face: centre of MakeHuman's axis cheek-bones", "0", "0.08", ""] in gender
    assert [row[0] for row in styles[:2]] == ["bald", "buzz"] and len(styles) == len(STYLES) + 1
    assert ["skin: crepe, times 0.6 to 1.2", "48 to 83", "0.17", "by eye"] in age
    stated = [value for holder in (Ageing, Everyone) for value in vars(holder).values() if isinstance(value, Stated)]
    assert {of.what for of in stated if "{}" not in of.what} <= {row[0] for row in (*age, *everyone)}
    assert [row[0] for row in companions] == list(COMPANIONS)
    assert [row[0] for row in own] == [name.replace("_", " ") for name in OWN]
    assert [row[0] for row in ward] == [name.replace("_", " ") for name in WARD]
    assert all(rows[0][-1] for rows in (ethnicity, gender, styles, age, everyone, companions, own, ward))


def test_hair_greys_as_its_source_says():
    """ "Ours start later (3 % at 50)": the share of people with at least half of their hair grey, before any dye."""
    half = np.mean([hair_colour(person, 0).grey >= 0.5 for person in at(50)])
    assert 0.01 < half < 0.05


def test_hairlines_recede_as_their_source_says():
    """ "The crown opens (14 mm) in none of our men at 25 and in 31 % at 45 years, whatever their ethnicity"."""
    assert THIN_FROM == 14
    young, middle = (np.array([choose_style(person, 0)[1] > THIN_FROM for person in at(age)]) for age in (25, 45))
    assert young.mean() < 0.005 and middle.mean() == pytest.approx(0.31, abs=0.04)
    for ethnicity in ETHNICITIES:
        assert middle[[person.ethnicity == ethnicity for person in MEN]].mean() == pytest.approx(0.31, abs=0.15)


def test_skin_spans_what_its_source_says():
    """Classes of the individual typology angle: very light above 55 degrees, light above 41, intermediate above 28, tan
    above 10, brown above -30, dark below. Fair is very light or light."""
    classes = {"fair": (41, 90), "intermediate": (28, 41), "tan": (10, 28), "brown": (-30, 10), "dark": (-90, -30)}
    spans = {
        "white": ("fair", "intermediate"),  # and not tan, as the source states
        "black": ("tan", "dark"),
        "latino": ("fair", "brown"),
        "east_asian": ("fair", "intermediate"),
        "south_asian": ("fair", "dark"),
    }
    rng = np.random.default_rng(0)
    for ethnicity, (lightest, darkest) in spans.items():
        mean, spread = BY_ETHNICITY[ethnicity].melanin
        melanin = np.hypot(rng.gamma((mean / spread) ** 2, spread**2 / mean, 4000), Everyone.least_melanin.value)
        blood = rng.uniform(*Everyone.blood.value, 4000)
        absorbed = np.outer(melanin, MELANIN_ABSORPTION) + np.outer(blood, BLOOD_ABSORPTION)
        low, high = np.percentile(typology_angle(BLOODLESS * np.exp(-absorbed)), (5, 95))
        assert classes[darkest][0] - 5 < low < classes[darkest][1], (ethnicity, low)
        assert classes[lightest][0] < high < classes[lightest][1], (ethnicity, high)


def typology_angle(albedo: np.ndarray) -> np.ndarray:
    """Degrees (N,) of linear sRGB colours (N, 3)."""
    xyz = albedo @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.degrees(np.arctan2(116 * f[:, 1] - 66, 200 * (f[:, 1] - f[:, 2])))
