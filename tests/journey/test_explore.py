"""Explore in a real browser: paste, analyse, hover, click, undo, replace, share, export."""

import csv

import pytest

from han_core.explanation.explain import explain
from han_core.models.checkpoint import load_checkpoint
from tests.journey.walk import (
    REVIEW,
    analyse,
    download,
    drawn_tokens,
    expected_tokens,
    settled,
    watched_page,
)

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
TEXT = "The plot is thin, honestly. But what actors! I laughed a lot."
WORDS = ".st-key-words [data-testid=word-heatmap]"


def test_paste_analyse_and_read(visit, checkpoints):
    analyse(visit, REVIEW)
    checkpoint = load_checkpoint(checkpoints / "small-han")
    prediction = visit.locator("[data-testid=prediction]")
    assert prediction.inner_text() == explain(checkpoint, REVIEW).label
    assert drawn_tokens(visit) == expected_tokens(checkpoint, REVIEW)
    shown = visit.locator("[data-testid=word-heatmap]").evaluate("e => e.textContent")
    assert "".join(shown.split()) == "".join(REVIEW.split())
    assert visit.evaluate("window.broken") is None
    assert visit.locator("[data-testid=word-heatmap] :is(script, img, b)").count() == 0


def test_marks_stay_where_they_belong(visit):
    bars = visit.locator("[data-testid=sentence-bars]")
    before = drawn_tokens(visit)
    visit.locator(".st-key-reading").get_by_text("× average").click()
    visit.get_by_text("1 = uniform").wait_for()
    assert bars.count() == 1
    assert drawn_tokens(visit) == before
    light = colour_of(visit, "[data-testid=word-heatmap]")
    visit.emulate_media(color_scheme="dark")
    visit.wait_for_function(
        "getComputedStyle(document.querySelector('.stApp')).colorScheme == 'dark'"
    )
    assert bars.count() == 1
    assert colour_of(visit, "[data-testid=word-heatmap]") != light


def colour_of(page, selector: str) -> str:
    return page.locator(selector).evaluate("e => getComputedStyle(e).color")


def removed(page) -> list[str]:
    return page.locator(f"{WORDS} .hs-out").evaluate_all("all => all.map(e => e.dataset.text)")


def remove(page, word: str) -> None:
    page.locator(f"{WORDS} .hs-token").get_by_text(word, exact=True).click()
    page.locator(f"{WORDS} .hs-out[data-text='{word}']").wait_for()
    settled(page)


def attributes(page, within: str = "") -> list[list]:
    return page.locator(f"{within} [data-weight]").evaluate_all(
        "all => all.map(e => [e.dataset.start, e.dataset.end, e.dataset.weight, e.textContent])"
    )


def test_hover_click_undo_and_replace(visit):
    analyse(visit, TEXT)
    visit.locator(f"{WORDS} .hs-token").get_by_text("thin", exact=True).hover()
    note = visit.locator(".st-key-words .hs-note")
    assert "Click takes it out" in note.inner_text()
    remove(visit, "thin")
    visit.locator("[data-testid=what-if]", has_text="Without 1 word").wait_for()
    remove(visit, "actors")
    visit.locator(".st-key-undo button").click()
    visit.locator(f"{WORDS} .hs-token").get_by_text("actors", exact=True).wait_for()
    settled(visit)
    assert removed(visit) == ["thin"]
    field = visit.locator("[class*=st-key-replacement_] input")
    field.fill("<b onclick=alert(1)>good</b>")
    field.press("Enter")
    visit.locator(f"{WORDS} .hs-added").first.wait_for()
    settled(visit)
    assert visit.locator(f"{WORDS} b").count() == 0
    assert "<b onclick=alert(1)>good</b>" in visit.locator(WORDS).evaluate("e => e.textContent")
    visit.locator(f"{WORDS} .hs-out").click()
    visit.wait_for_function("place => !document.querySelector(place + ' .hs-out')", arg=WORDS)
    settled(visit)
    assert visit.locator("[data-testid=what-if]").count() == 0


def test_a_bar_shows_its_sentence_and_bars_sort_by_weight(visit):
    analyse(visit, " ".join(f"The part number {number} was long and dull." for number in range(39)))
    bars = visit.locator("[data-testid=sentence-bars] .hs-jump")
    assert bars.count() == 39
    row = visit.locator(f"{WORDS} [data-sentence='39']")
    pane = visit.locator(WORDS).bounding_box()
    assert row.bounding_box()["y"] > pane["y"] + pane["height"]
    bars.nth(38).click()
    visit.wait_for_function(
        """() => {
          const [pane, row] = [".st-key-words .hs-running", "[data-sentence='39']"].map(
            (place) => document.querySelector(place).getBoundingClientRect());
          return row.top >= pane.top && row.bottom <= pane.bottom + 1;
        }"""
    )
    visit.get_by_role("button", name="Heaviest first").click()
    ranks = [int(text[1:]) for text in bars.locator(".hs-rank").all_inner_texts()]
    assert ranks == sorted(ranks)


def test_the_text_opens_while_somebody_writes(visit):
    area = visit.locator(".st-key-document textarea")
    folded = area.bounding_box()["height"]
    area.focus()
    assert area.bounding_box()["height"] > 3 * folded
    visit.locator(".st-key-analyze button").focus()
    assert area.bounding_box()["height"] == folded
    visit.locator(".st-key-text_fold button").click()
    settled(visit, 300)
    assert area.bounding_box()["height"] > 3 * folded


def test_keys_take_a_word_out_and_the_focus_stays(visit):
    analyse(visit, TEXT)
    visit.locator(f"{WORDS} [tabindex='0']").focus()
    visit.keyboard.press("ArrowRight")
    visit.keyboard.press("ArrowRight")
    visit.keyboard.press("Enter")
    visit.locator(f"{WORDS} .hs-out").wait_for()
    settled(visit)
    assert visit.evaluate("document.activeElement.dataset.text") == removed(visit)[0]
    visit.keyboard.press("Enter")
    visit.wait_for_function("place => !document.querySelector(place + ' .hs-out')", arg=WORDS)


def test_a_tab_stays_open_when_something_is_refused(visit):
    analyse(visit, "Superb")
    visit.get_by_role("tab", name="What if").click()
    visit.locator(".st-key-tamper_kind").get_by_text("Flatten").click()
    visit.get_by_text("there is nothing to flatten").wait_for()
    assert visit.locator(".st-key-tamper_kind").is_visible()


def test_a_link_in_another_browser_and_a_page_without_a_network(visit, chromium, tmp_path):
    analyse(visit, TEXT)
    remove(visit, "thin")
    visit.locator(".st-key-reading").get_by_text("× average").click()
    visit.get_by_text("1 = uniform").wait_for()
    settled(visit)
    here = attributes(visit, WORDS)
    visit.locator(".st-key-share button").first.click()
    keys = "get_text-html", "get_text-csv"
    html, table = (download(visit, visit.locator(f".st-key-{key} button")) for key in keys)
    (tmp_path / "page.html").write_bytes(html.read_bytes())  # the browser knows it by its name
    path = (tmp_path / "page.html").as_uri()
    with watched_page(chromium, path, offline=True) as page:
        page.wait_for_selector("[data-weight]")
        assert attributes(page) == here
        assert page.get_by_text("1 = uniform").is_visible()
        assert page.get_by_text("Without 1 word").is_visible()
    with table.open(encoding="utf-8-sig", newline="") as file:
        assert [row["token"] for row in csv.DictReader(file)] == [text for *_, text in here]
    visit.locator(".st-key-link button").click()
    link = visit.locator("[data-testid=stCode] code").inner_text()
    with watched_page(chromium, link, deep_link=True) as page:
        page.wait_for_selector("[data-weight]")
        settled(page)
        assert attributes(page, WORDS) == here
        assert removed(page) == ["thin"]
        assert page.get_by_text("1 = uniform").is_visible()
