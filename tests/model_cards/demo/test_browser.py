"""The page in Chromium, without a window: what a visitor does, on a wide page and on a phone."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from demo_parts import HOSTILE
from PIL import Image

pytestmark = pytest.mark.slow

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
]
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PATIENCE = 600
"""Seconds for anything, on a machine that is busy with other tests."""


@pytest.fixture(scope="module")
def address(comparing_model, dataset, tmp_path_factory) -> Iterator[str]:
    """Of `pain3d demo` as a person starts it. Stopped, it leaves no file where it may write."""
    folder, log = tmp_path_factory.mktemp("tmp"), tmp_path_factory.mktemp("log") / "demo.txt"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "pain3d_cli", "demo", "--port", str(port)]
    with log.open("w") as lines:
        process = subprocess.Popen(
            [*command, "--model", str(comparing_model), "--data", str(dataset)],
            stderr=lines,
            env={**os.environ, "TMPDIR": str(folder)},
        )
    try:
        end = time.monotonic() + PATIENCE
        while not (found := re.search(r"page is at (http://\S+)", log.read_text())):
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.5)
        yield found[1]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0, log.read_text()
    assert not [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install playwright"
    )
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=ARGUMENTS, timeout=1000 * PATIENCE
        )
        yield browser
        browser.close()


class Visit:
    """A page that is open, and all that went wrong or was asked of other machines while it was."""

    def __init__(self, browser, address: str, size: dict[str, int]):
        self.context = browser.new_context(viewport=size, has_touch=size is PHONE)
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * PATIENCE)
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
        self.page.wait_for_selector("#live-face img")

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def wait_for_change(self, selector: str, attribute: str, before: str) -> str:
        self.page.wait_for_function(
            "([s, a, before]) => document.querySelector(s)?.getAttribute(a) !== before",
            arg=[selector, attribute, before],
        )
        return self.page.get_attribute(selector, attribute)

    def is_as_wide_as_the_window(self) -> bool:
        return self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def visit(request, browser, address) -> Iterator[Visit]:
    visit = Visit(browser, address, request.param)
    yield visit
    hosts = {url.split("/")[2] for url in visit.asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {address.split("/")[2]}, "the page works without a network"
    assert not visit.errors
    assert visit.is_as_wide_as_the_window()
    visit.context.close()


def test_a_slider_is_dragged(visit):
    page = visit.page
    slider = page.locator("#AU4 input[type=range]")
    slider.scroll_into_view_if_needed()
    box, before = slider.bounding_box(), page.get_attribute("#live-face img", "src")
    assert page.inner_text("#live-pspi") == "PSPI 11"
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.79, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.4, y, steps=5)
    during = visit.wait_for_change("#live-face img", "src", before)  # before it is let go
    page.mouse.move(box["x"] + 2, y, steps=5)
    page.mouse.up()
    page.wait_for_function("document.querySelector('#live-pspi').textContent === 'PSPI 7'")
    assert len({before, during, page.get_attribute("#live-face img", "src")}) == 3
    assert "AU4 0 + max(AU6 3, AU7 4)" in page.inner_text("#live-face")


def test_another_person_at_rest(visit):
    page = visit.page
    before = page.get_attribute("#live-face img", "src")
    page.get_by_role("button", name="Neutral").click()
    page.wait_for_function("document.querySelector('#live-pspi').textContent === 'PSPI 0'")
    assert "no skin has moved" in page.text_content("#live-face")
    calm = visit.wait_for_change("#live-face img", "src", before)
    page.get_by_role("button", name="Another person").click()
    visit.wait_for_change("#live-face img", "src", calm)
    page.locator("#person input").fill("")
    page.keyboard.press("Tab")
    page.wait_for_selector("text=No face: person is empty")


UNCOVERED = """() => {
  const seen = document.querySelector('#live-face img').getBoundingClientRect();
  const places = [0.05, 0.25, 0.5, 0.75, 0.95];
  return places.every(x => places.every(y => document.elementFromPoint(
    seen.left + x * seen.width, seen.top + y * seen.height)?.closest('#live-face')));
}"""


def test_the_face_stays_in_sight_on_a_phone(visit):
    page = visit.page
    if page.viewport_size == PHONE:
        page.locator("#AU43 input[type=range]").evaluate("slider => slider.scrollIntoView({block: 'end'})")
        page.wait_for_function("window.scrollY > 0")
        assert page.evaluate(UNCOVERED)


def test_a_picture_is_scored_and_then_compared_with_a_neutral_one(visit, photos):
    page = visit.page
    visit.tab("Score a picture")
    named = photos["pain"].with_name(f"{re.sub('[/]', '', HOSTILE)}.png")  # a name that would run if it were shown
    shutil.copy(photos["pain"], named)
    page.set_input_files("#photo input[type=file]", named)
    page.wait_for_selector("#photo-pspi")
    assert "from this picture alone" in page.inner_text("#photo-scores")
    alone = page.inner_text("#photo-scores table")
    page.set_input_files("#neutral input[type=file]", photos["neutral"])
    page.wait_for_selector("text=compared with the neutral picture")
    assert page.inner_text("#photo-scores table") != alone
    assert page.locator("#photo-scores figure img").count() == 10  # seen, for the PSPI, and 8 units
    assert "alert(1)" not in page.inner_text("body")


def test_the_face_of_the_first_tab_is_scored(visit):
    page = visit.page
    page.get_by_role("button", name="Score this face").click()
    page.wait_for_selector("text=compared with the neutral picture")
    assert page.get_by_role("tab", name="Score a picture").get_attribute("aria-selected") == "true"


def test_what_is_no_face_is_said(visit, photos, tmp_path):
    page = visit.page
    visit.tab("Score a picture")
    Image.new("RGB", (300, 300), (90, 120, 150)).save(tmp_path / "wall.png")
    for file, words in ((tmp_path / "wall.png", "no face"), (photos["cut"], "No scores")):
        page.set_input_files("#photo input[type=file]", file)
        page.wait_for_selector(f"#photo-scores .error:has-text('{words}')")
        page.get_by_role("button", name=re.compile("clear|remove", re.IGNORECASE)).first.click()
        page.wait_for_selector("text=Choose a picture of a face")


def test_the_webcam_is_scored(visit):
    """Chromium's own camera, which shows no face."""
    page = visit.page
    visit.tab("Score a picture")
    camera = page.locator("#photo")
    camera.get_by_role("button", name="Capture from camera").click()
    camera.get_by_text("Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('#photo video')?.videoWidth > 0")  # else nothing is captured
    camera.get_by_role("button", name="capture photo").click()
    page.wait_for_selector("#photo-scores .error:has-text('No scores')")


def test_frames_are_filtered_and_looked_at(visit):
    page = visit.page
    visit.tab("Browse data")
    assert "198 of 198 frames, page 1 of 9" in page.inner_text("#count")
    page.locator("#gender").get_by_text("Woman", exact=True).click()
    page.wait_for_function("!document.querySelector('#count').textContent.includes('198 of')")
    women = page.inner_text("#count")
    page.get_by_role("button", name="Next").click()
    page.wait_for_selector("#count:has-text('page 2 of')")
    page.locator("#thumbnails button").nth(3).click()
    page.wait_for_selector("#frame table")
    assert "Woman" in page.inner_text("#frame table")
    slider = page.locator("#pspi-from input[type=range]")
    slider.focus()
    for _ in range(14):
        slider.press("ArrowRight")
    page.wait_for_function("words => document.querySelector('#count').textContent !== words", arg=women)
    page.wait_for_function(
        "[...document.querySelectorAll('#thumbnails figcaption')].every(c => /PSPI 1[4-6]/.test(c.textContent))"
    )
