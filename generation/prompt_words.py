"""The words of prompts: what the procedural look can draw, in phrases.

Plain words only: no judgement of looks, health, class or character, and nobody's name. Words that a painter of pictures
takes literally are avoided ("butterfly lighting" gives butterflies). Left and right are those of the picture.
"""

from typing import NamedTuple


class Setting(NamedTuple):
    """A lighting set-up in words: where it is, and how a person is held there; and its light, `{side}` of the picture
    that it comes from."""

    place: str
    light: str


PEOPLE: dict[str, dict[str, str]] = {
    "latino": {"man": "Latino man", "woman": "Latina woman"},
    "white": {"man": "white man", "woman": "white woman"},
    "south_asian": {"man": "South Asian man", "woman": "South Asian woman"},
    "black": {"man": "Black man", "woman": "Black woman"},
    "middle_eastern": {"man": "Middle Eastern man", "woman": "Middle Eastern woman"},
    "east_asian": {"man": "East Asian man", "woman": "East Asian woman"},
}

HAIR: dict[str, str] = {
    "bald": "a bald head",
    "buzz": "{colour} hair in a buzz cut",
    "short": "short {colour} hair",
    "crop": "cropped {colour} hair",
    "quiff": "short {colour} hair swept up",
    "swept": "{colour} hair swept back",
    "parted": "side-parted {colour} hair",
    "curly_short": "short curly {colour} hair",
    "coils": "short coily {colour} hair",
    "afro": "{colour} hair in an afro",
    "pixie": "{colour} hair in a pixie cut",
    "bob": "{colour} hair in a bob",
    "long": "long {colour} hair",
    "wavy": "long wavy {colour} hair",
    "curly": "long curly {colour} hair",
    "permed": "short permed {colour} hair",
    "set": "short waved {colour} hair brushed back",
    "chin_bob": "a chin-length {colour} bob",
    "locs": "{colour} locs",
    "box_braids": "{colour} box braids",
    "bun": "{colour} hair tied in a bun",
    "ponytail": "{colour} hair tied in a ponytail",
    "braid": "{colour} hair tied in a braid",
}
"""Each style of `appearance.hair.styles`, and none."""
BALDING = "{colour} hair around a balding head"
HAIR_COLOURS: dict[str, str] = {
    "black": "black",
    "dark_brown": "dark brown",
    "brown": "brown",
    "light_brown": "light brown",
    "blond": "blond",
    "red": "auburn",
}
"""Each of `appearance.hair.styles.COLOURS`."""
EYES: dict[str, str] = {
    "dark_brown": "dark brown eyes",
    "brown": "brown eyes",
    "hazel": "hazel eyes",
    "green": "green eyes",
    "grey": "grey eyes",
    "blue": "blue eyes",
}
"""Each of `appearance.eyes.IRISES`."""

GARMENTS: dict[str, tuple[str, str]] = {
    "crew": ("crew neck T-shirt", "crew neck sweater"),
    "scoop": ("scoop neck top", "scoop neck top"),
    "boat": ("boat neck top", "boat neck top"),
    "vee": ("V-neck T-shirt", "V-neck sweater"),
    "shirt": ("collared shirt", "collared shirt"),
    "roll_neck": ("turtleneck sweater", "turtleneck sweater"),
    "hoodie": ("hoodie", "hoodie"),
    "gown": ("hospital gown", "hospital gown"),
}
"""Each of `appearance.clothes.CUTS`: woven, and knitted."""
PATTERNED: dict[str, str] = {
    "plain": "",
    "stripes": "striped ",
    "pinstripes": "striped ",
    "checks": "checked ",
    "print": "patterned ",
}
"""Each of `appearance.clothes.PATTERNS`."""
WORN: dict[str, str] = {
    "hijab": "a hijab",
    "headscarf": "a headscarf",
    "medical_cap": "a medical cap",
    "head_bandage": "a head bandage",
    "oxygen_mask": "an oxygen mask",
    "glasses": "glasses",
    "dressing_forehead": "a forehead dressing",
    "dressing_cheek": "a cheek dressing",
    "dressing_nose": "a nose plaster",
    "dressing_chin": "a chin plaster",
    "nasal_cannula": "a nasal cannula",
    "ecg_wires": "ECG wires",
    "earrings": "earrings",
    "hearing_aid": "hearing aids",
}
"""Each of `accessories.ACCESSORIES`."""
CLOTH_COLOURS: dict[str, tuple[int, int, int]] = {
    "white": (226, 226, 224),
    "light grey": (190, 190, 190),
    "grey": (142, 142, 142),
    "dark grey": (68, 68, 70),
    "black": (26, 26, 28),
    "navy": (28, 34, 52),
    "dark blue": (56, 66, 98),
    "blue": (70, 94, 130),
    "light blue": (120, 152, 186),
    "pale blue": (184, 206, 226),
    "teal": (36, 98, 102),
    "pale green": (184, 214, 204),
    "green": (80, 128, 96),
    "dark green": (40, 78, 56),
    "olive": (82, 84, 54),
    "mustard": (184, 140, 58),
    "cream": (220, 210, 182),
    "beige": (176, 156, 122),
    "brown": (100, 72, 52),
    "rust": (156, 84, 56),
    "red": (150, 44, 46),
    "burgundy": (96, 32, 38),
    "pink": (196, 150, 152),
    "pale pink": (226, 192, 196),
    "lavender": (140, 126, 164),
    "pale lavender": (202, 190, 222),
    "purple": (88, 62, 108),
}
"""sRGB of the colours that cloth is called by; any other is called by the nearest."""

SETTINGS: dict[str, Setting] = {
    "studio_soft": Setting("against a plain studio backdrop", "soft light from the {side}"),
    "studio_loop": Setting("against a plain studio backdrop", "key light from the {side}"),
    "studio_rembrandt": Setting("against a dark studio backdrop", "strong light from the {side}"),
    "studio_split": Setting("against a dark studio backdrop", "hard light from the {side}"),
    "studio_butterfly": Setting("against a plain studio backdrop", "frontal light from above"),
    "studio_clamshell": Setting("against a light studio backdrop", "soft frontal light"),
    "studio_high_key": Setting("against a light studio backdrop", "bright even light"),
    "studio_low_key": Setting("against a dark studio backdrop", "dim light from the {side}"),
    "ring_flash": Setting("against a plain studio backdrop", "frontal ring flash"),
    "passport": Setting("against a pale studio backdrop", "even passport photo light"),
    "ward_ceiling": Setting("in a hospital room", "ceiling light"),
    "ward_day": Setting("in a hospital room", "daylight from the {side}"),
    "ward_night": Setting("in a hospital room at night", "warm light from the {side}"),
    "bedside_lamp": Setting("in a living room", "warm lamplight from the {side}"),
    "examination_lamp": Setting("in a hospital room", "bright lamp from above"),
    "corridor": Setting("in a hospital corridor", "ceiling light"),
    "surgery_light": Setting("in an operating theatre", "bright white light from above"),
    "office_panels": Setting("in an office", "even light of ceiling panels"),
    "office_window": Setting("in an office", "window light from the {side}"),
    "desk_lamp": Setting("in an office at night", "warm desk lamp from the {side}"),
    "screen_glow": Setting("in an office", "cool glow of a screen"),
    "living_room": Setting("in a living room", "warm light from the {side}"),
    "kitchen": Setting("in a kitchen", "warm ceiling light"),
    "window_north": Setting("beside a window", "cool daylight from the {side}"),
    "window_morning": Setting("beside a window", "warm morning sun from the {side}"),
    "window_behind": Setting("against a bright window", "soft light"),
    "doorway": Setting("by an open door", "daylight from the {side}"),
    "overcast": Setting("outdoors with trees behind", "overcast daylight"),
    "open_shade": Setting("outdoors with trees behind", "soft cool shade"),
    "sun_high": Setting("outdoors with trees behind", "high bright sun"),
    "sun_low": Setting("outdoors with trees behind", "low sun from the {side}"),
    "golden_hour": Setting("outdoors with trees behind", "golden evening sun from the {side}"),
    "street_evening": Setting("on an evening street", "warm street light from the {side}"),
    "hazy_noon": Setting("outdoors with trees behind", "hazy noon light"),
    "bed_day": Setting("{held} in a hospital bed", "daylight from a window"),
    "bed_sun": Setting("{held} in a hospital bed", "bright daylight from a window"),
    "bed_ceiling": Setting("{held} in a hospital bed", "ceiling light"),
    "bed_reading_lamp": Setting("{held} in a hospital bed", "warm reading lamp"),
    "bed_night": Setting("{held} in a hospital bed at night", "dim warm lamp"),
    "bed_monitor": Setting("{held} in a hospital bed at night", "monitor glow"),
    "bed_examination": Setting("{held} in a hospital bed", "bright lamp from above"),
    "chair_day": Setting("in a chair in a hospital room", "daylight from a window"),
    "chair_ceiling": Setting("in a chair in a hospital room", "ceiling light"),
    "chair_evening": Setting("in a chair in a hospital room", "warm evening light"),
    "wheelchair_corridor": Setting("in a wheelchair in a corridor", "ceiling light"),
    "wheelchair_day": Setting("in a wheelchair in a hospital room", "daylight from a window"),
    "wheelchair_ceiling": Setting("in a wheelchair in a hospital room", "ceiling light"),
}
"""Each of `appearance.places.setups.SETUPS`; `{held}` in bed as `HELD` says."""
HELD: dict[str, str] = {"lying": "lying", "propped": "sitting up"}
"""Postures in bed."""

SHOTS: tuple[str, ...] = (
    "portrait photograph",
    "portrait photo",
    "headshot photo",
    "frontal photograph",
    "detailed photograph",
    "sharp portrait photo",
)
AT_REST: tuple[str, ...] = (
    "neutral relaxed expression, closed mouth, looking at the camera, fully visible, unobstructed",
    "relaxed neutral expression, mouth closed, eyes on the camera, unobstructed, fully visible",
    "looking at the camera, neutral and relaxed, mouth closed, face fully visible, unobstructed",
    "neutral relaxed face, closed mouth, looking into the camera, fully visible, unobstructed",
)
"""The neutral expression that every portrait must show: the rig moves it."""
SENTENCES: tuple[str, ...] = (
    "{shot} of {who} with {features}, {at_rest}, wearing {clothes}, {place}, {light}.",
    "{shot} of {who} with {features}, {at_rest}. Wearing {clothes}, {place}. {light}.",
    "{who} with {features}: {at_rest}, in {clothes}. {shot} {place}, {light}.",
    "{shot}: {who} with {features}, dressed in {clothes}, {at_rest}, {place}, {light}.",
    "{shot} of {who} in {clothes}, with {features}, {at_rest}, {place}, {light}.",
    "{who} with {features}, wearing {clothes}. {shot}, {at_rest}, {place}, {light}.",
)
BACKGROUND_SENTENCE = "Portrait photograph of a {subject} wearing {clothes}, {place}, {light}, background out of focus."
