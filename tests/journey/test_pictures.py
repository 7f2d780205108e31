"""A newcomer's way through the page Pictures: each side alone, a word out, a patch white, keys."""

import pytest

from tests.journey.walk import go, settled, watched_page

MAP = "[data-testid=picture-map]"
PREDICTION = "[data-testid=prediction]"


@pytest.fixture
def page(chromium, address):
    with watched_page(chromium, address, viewport={"width": 1440, "height": 1000}) as page:
        page.wait_for_selector("[data-testid=word-heatmap] [data-weight]")
        settled(page)
        go(page, "Pictures", f"{MAP} .hs-patch")
        settled(page)
        yield page


def test_each_side_alone_changes_the_prediction(page):
    before = page.locator(PREDICTION).inner_text().strip()
    sides = page.locator("[data-testid=modalities]").inner_text()
    assert all(side in sides for side in ("Text alone", "Picture alone", "Both"))
    page.get_by_text("Picture alone", exact=True).first.click()
    page.locator(PREDICTION).get_by_text("→").wait_for()
    assert page.locator(PREDICTION).inner_text().strip().startswith(before)
    settled(page)
    assert page.locator("[data-testid=word-heatmap]").count() == 0
    page.get_by_text("Both", exact=True).first.click()
    page.wait_for_selector("[data-testid=word-heatmap] [data-weight]")


def test_patches_become_white_by_click_and_by_keys(page):
    patches = page.locator(f"{MAP} .hs-patch")
    assert patches.count() == 36
    total = sum(float(patch.get_attribute("data-weight")) for patch in patches.all())
    assert total == pytest.approx(1, abs=1e-4)
    patches.nth(14).click()
    page.locator(f"{MAP} .hs-patch-white").wait_for()
    settled(page)
    assert "→" in page.locator(PREDICTION).inner_text()
    assert "made white" in patches.nth(14).get_attribute("aria-label")
    patches.nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    line = page.locator(f"{MAP} [role=status]")
    assert line.inner_text().startswith("Row 2, column 2: ")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "document.querySelectorAll('[data-testid=picture-map] .hs-patch-white').length === 2"
    )
    settled(page)
    page.locator(".st-key-pictures_undo button").click()
    page.wait_for_selector(f"{MAP} .hs-patch-white", state="detached")
    settled(page)
    assert "→" not in page.locator(PREDICTION).inner_text()


def test_a_word_goes_and_comes_back(page):
    words = page.locator("[data-testid=word-heatmap] [data-weight]")
    count = words.count()
    words.first.click()
    page.locator("[data-testid=word-heatmap] .hs-out").wait_for()
    settled(page)
    assert words.count() == count - 1
    page.locator("[data-testid=word-heatmap] .hs-out").click()
    page.wait_for_selector("[data-testid=word-heatmap] .hs-out", state="detached")
    settled(page)
    assert words.count() == count


def test_the_last_word_stays(page):
    words = page.locator("[data-testid=word-heatmap] [data-weight]")
    for left in range(words.count() - 1, 0, -1):
        words.first.click()
        page.wait_for_function(
            "left => document.querySelectorAll('[data-testid=word-heatmap] [data-weight]').length"
            " === left",
            arg=left,
        )
        settled(page)
    words.first.click()
    page.get_by_text("At least one word must stay").wait_for()
    assert words.count() == 1
