"""A newcomer's way through the page Translate: a date, its steps, another translation, evidence."""

import pytest

from han_core.viz.alignment import alignment_page, attention_scale
from tests.journey.harness import opened
from tests.journey.walk import go, settled, watched_page
from tests.viz.test_alignment import view

ALIGNMENT = ".st-key-translate_alignment_own [data-testid=alignment]"
BROKEN = '<img src=x onerror="window.broken = 1"> 20 May 2026'


@pytest.fixture
def page(chromium, address):
    with watched_page(chromium, address, viewport={"width": 1440, "height": 1000}) as page:
        page.wait_for_selector("[data-testid=word-heatmap] [data-weight]")
        settled(page)
        go(page, "Translate", f"{ALIGNMENT} [data-row]")
        settled(page)
        yield page


def write(page, text: str) -> None:
    page.locator(".st-key-translate_text input").fill(text)
    page.locator(".st-key-translate_go button").click()
    settled(page, 300)


def test_a_date_is_translated_and_followed_word_by_word(page):
    write(page, "31 December 1999")
    page.locator("[data-testid=translation]", has_text="1999-12-31").wait_for()
    alignment = page.locator(ALIGNMENT)
    assert alignment.locator("[data-row]").count() == 10 * 14
    status, targets = (
        alignment.locator(".hs-line").last,
        alignment.locator("[data-side=target] button"),
    )
    targets.nth(0).hover()
    assert "most on “\u20681\u2069”" in status.inner_text()
    alignment.get_by_role("button", name="Next").click()  # the decoder begins
    alignment.get_by_role("button", name="Next").click()
    assert "Step 2 of 11" in alignment.inner_text()
    assert "9 ✓" in alignment.locator(".hs-said").inner_text()
    assert targets.nth(2).evaluate("word => word.classList.contains('hs-align-later')")
    alignment.get_by_role("button", name="Whole translation").click()
    assert not targets.nth(2).evaluate("word => word.classList.contains('hs-align-later')")


def test_words_and_cells_are_reached_by_keys(page):
    write(page, "31 December 1999")
    alignment = page.locator(ALIGNMENT)
    alignment.locator("[data-side=target] button").first.focus()
    page.keyboard.press("ArrowRight")
    assert "Step 2 of 11" in alignment.inner_text()
    page.keyboard.press("End")
    assert "Step 10 of 11" in alignment.inner_text()
    alignment.locator("[data-row='0'][data-column='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    note = alignment.locator(".hs-align-note")
    assert "“\u20689\u2069” and “\u20681\u2069”: attention" in note.inner_text()


def test_another_translation_and_the_evidence(page):
    write(page, "31 December 1999")
    assert "points of probability" in page.locator("[data-testid=verdict]").inner_text()
    page.locator(".st-key-translate_other input").fill("1999-12-30")
    page.keyboard.press("Enter")
    other = page.locator(".st-key-translate_alignment_other [data-testid=alignment]")
    other.locator("[data-row]").first.wait_for()
    settled(page)
    other.locator("[data-side=target] button").last.hover()
    assert "0 ✓" in other.locator(".hs-said").inner_text()
    page.get_by_text("Words taken out", exact=True).click()
    settled(page, 300)
    page.locator(ALIGNMENT).locator("[data-side=target] button").first.hover()
    assert "Drop without the source word" in page.locator(ALIGNMENT).inner_text()


def test_a_candidate_goes_on_from_its_step(page):
    write(page, "31 December 1999")
    page.locator(ALIGNMENT).locator("[data-side=target] button").nth(3).click()
    button = page.locator(ALIGNMENT).locator(".hs-candidate").first
    word = button.inner_text()
    button.click()
    other = page.locator(".st-key-translate_alignment_other [data-testid=alignment]")
    other.locator("[data-row]").first.wait_for()
    settled(page)
    assert page.locator(".st-key-translate_other input").input_value().startswith("199" + word)
    assert other.locator("[data-side=target] button").nth(3).inner_text() == word


def test_markup_is_shown_as_it_was_typed(page):
    write(page, BROKEN)
    source = page.locator(f"{ALIGNMENT} [data-side=source]")
    assert source.inner_text() == BROKEN
    assert page.evaluate("window.broken") is None


def test_the_page_that_is_saved_is_drawn_from_disk(chromium, tmp_path):
    with opened(chromium, tmp_path, alignment_page(view(), attention_scale(), "t")) as page:
        page.locator("[data-side=target] button").last.hover()
        assert "most on “\u2068<b>\u2069”, 90.0%" in page.locator(".hs-align-steps").inner_text()
        assert page.locator("[data-row]").count() == 4
