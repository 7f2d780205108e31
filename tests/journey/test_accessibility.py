"""The pages with content: no violation that axe-core finds, and nothing sideways."""

import time
from collections.abc import Iterator
from importlib.resources import files

import pytest

from tests.journey.walk import go, settled, watched_page

CONTENT = {
    "Explore": "[data-testid=word-heatmap] [data-weight]",
    "Compare": "[data-testid=sentence-bars] .js-plotly-plot",
    "Errors": "[data-testid=confusion-matrix] .js-plotly-plot",
    "Train": ".st-key-train_estimate",
    "Series": "[data-testid=series-figure] .js-plotly-plot",
    "Translate": "[data-testid=alignment] [data-row]",
    "Pictures": "[data-testid=picture-map] .hs-patch",
}
WIDTHS = {"desktop": (1440, 900), "tablet": (900, 1200), "phone": (390, 844), "zoom": (720, 450)}
"""Viewports in CSS pixels; the last is 1440 × 900 at 200%."""

UPLOAD_ZONE = "stFileUploaderDropzone"
"""Streamlit's own, with a button inside a region of role presentation."""

POPOVERS = "[data-testid=stPopover] button:visible"
TABS = "[role=tab]:visible"
FOLDS = "[data-testid=stExpander] details:not([open]) > summary:visible"

VIOLATIONS = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) =>
    `${html.slice(0, 160)} (${failureSummary})`).join("; ")}`)"""

SIDEWAYS = """() => {
  const wide = [document.documentElement, document.querySelector("[data-testid=stMain]")]
    .filter((part) => part.scrollWidth > part.clientWidth).map((part) => part.tagName);
  const hidden = [...document.querySelectorAll("[role=tab], [data-testid=stButtonGroup] button")]
    .filter((tab) => tab.getClientRects().length)
    .filter((tab) => tab.getBoundingClientRect().right > innerWidth + 1
      || tab.getBoundingClientRect().left < -1)
    .map((tab) => tab.textContent);
  return [...wide, ...hidden];
}"""


def staying_sideways(page) -> list[str]:
    """Return what is sideways once figures have followed the width, which takes a moment."""
    until = time.monotonic() + 30
    while (sideways := page.evaluate(SIDEWAYS)) and time.monotonic() < until:
        page.wait_for_timeout(200)
    return sideways


@pytest.fixture(scope="module")
def axe(missing) -> str:
    """The script of axe-core."""
    try:
        return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    except ModuleNotFoundError:
        missing("axe-playwright-python is not installed (requirements-dev.txt)")


def visited(page) -> Iterator[str]:
    """Go to each page, and yield its name when its content is there."""
    page.wait_for_selector(CONTENT["Explore"])
    settled(page)
    yield "Explore"
    for name in ("Compare", "Errors", "Train", "Series", "Translate", "Pictures"):
        go(page, name, CONTENT[name])
        yield name


def opened(page) -> Iterator[str]:
    """Open each popover, each tab, and then all folds; yield the name of what is open."""
    for selector in (POPOVERS, TABS):
        for number in range(page.locator(selector).count()):
            button = page.locator(selector).nth(number)
            if not button.is_enabled():
                continue
            button.click()
            page.mouse.move(2, 2)  # no tooltip beside it
            settled(page, pause=300)
            yield " ".join(button.inner_text().split())
            page.keyboard.press("Escape")
            settled(page, pause=300)
    while (folds := page.locator(FOLDS)).count():
        folds.first.click()
        settled(page, pause=300)
    yield "folds"


def violations(page) -> list[str]:
    """What axe-core finds, but the role of Streamlit's upload zone."""
    return [
        found
        for found in page.evaluate(VIOLATIONS)
        if not (found.startswith("presentation-role-conflict") and UPLOAD_ZONE in found)
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(chromium, address, axe, scheme):
    found = {}
    with watched_page(
        chromium, address, viewport={"width": 1440, "height": 900}, color_scheme=scheme
    ) as page:
        for name in visited(page):
            page.evaluate(axe)
            found[name] = page.evaluate(VIOLATIONS)
    assert found == {name: [] for name in CONTENT}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_what_is_opened(chromium, address, axe, scheme):
    found = {}
    with watched_page(
        chromium, address, viewport={"width": 1440, "height": 900}, color_scheme=scheme
    ) as page:
        for name in visited(page):
            page.evaluate(axe)
            for part in opened(page):
                found[name, part] = violations(page)
    assert {part: wrong for part, wrong in found.items() if wrong} == {}


def test_nothing_is_sideways(chromium, address):
    found = {}
    with watched_page(chromium, address, viewport={"width": 1440, "height": 900}) as page:
        for name in visited(page):
            for screen, (width, height) in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": height})
                page.wait_for_function("width => innerWidth === width", arg=width)
                settled(page)
                if sideways := staying_sideways(page):
                    found[name, screen] = sideways
            page.set_viewport_size({"width": 1440, "height": 900})
    assert found == {}


def test_the_focus_is_seen(chromium, address):
    """A button, a link and a tab that the tab key reaches have a ring of two pixels."""
    with watched_page(chromium, address, viewport={"width": 1440, "height": 900}) as page:
        page.wait_for_selector(CONTENT["Explore"])
        settled(page)
        rings = set()
        for _ in range(12):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
                " return [e.tagName, s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2,"
                " s.boxShadow !== 'none' || ['INPUT', 'TEXTAREA'].includes(e.tagName)] })()"
            )
            rings.add((focused[0], focused[1] or focused[2]))
        assert {tag for tag, _ in rings} >= {"A", "BUTTON"}
        assert all(seen for tag, seen in rings if tag != "BODY")
