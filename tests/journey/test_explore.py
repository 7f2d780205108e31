"""Explore in a real browser: hover, click, undo, replace, share, take away."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.journey import walk
from tests.processes import PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
TEXT = "The plot is thin, honestly. But what actors! I laughed a lot."
WORDS = ".st-key-words [data-testid=word-heatmap]"


def settled(page) -> None:
    page.wait_for_function(
        "document.querySelector('.stApp').dataset.testScriptState != 'running'"
        " && !document.querySelector('[data-stale=true]')"
    )


def begin(page, text: str) -> None:
    settled(page)
    walk.analyse(page, text)
    settled(page)


def out(page) -> list[str]:
    return page.locator(f"{WORDS} .hs-out").evaluate_all("all => all.map(e => e.dataset.text)")


def take_out(page, word: str) -> None:
    page.locator(f"{WORDS} .hs-token").get_by_text(word, exact=True).click()
    page.locator(f"{WORDS} .hs-out[data-text='{word}']").wait_for()
    settled(page)


def attributes(page, within: str = "") -> list[list]:
    return page.locator(f"{within} [data-weight]").evaluate_all(
        "all => all.map(e => [e.dataset.start, e.dataset.end, e.dataset.weight, e.textContent])"
    )


@contextmanager
def fresh(chromium, address: str, offline: bool = False) -> Iterator:
    """A browser that has never been here; Streamlit itself asks for what a deep link lacks."""
    context, wrong = chromium.new_context(offline=offline), []
    page = context.new_page()
    page.set_default_timeout(1_000 * PATIENCE)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda said: (
            wrong.append(said.text)
            if said.type == "error" and "_stcore" not in said.location.get("url", "")
            else None
        ),
    )
    page.goto(address)
    page.wait_for_selector("[data-weight]")
    yield page
    context.close()
    assert wrong == []


def test_hover_click_undo_and_replace(visit):
    begin(visit, TEXT)
    visit.locator(f"{WORDS} .hs-token").get_by_text("thin", exact=True).hover()
    note = visit.locator(".st-key-words .hs-note")
    assert "Click takes it out" in note.inner_text()
    take_out(visit, "thin")
    visit.locator("[data-testid=what-if]", has_text="Without 1 word").wait_for()
    take_out(visit, "actors")
    visit.locator(".st-key-undo button").click()
    visit.locator(f"{WORDS} .hs-token").get_by_text("actors", exact=True).wait_for()
    settled(visit)
    assert out(visit) == ["thin"]
    field = visit.get_by_label("Instead of “thin”")
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


def test_keys_take_a_word_out_and_the_focus_stays(visit):
    begin(visit, TEXT)
    visit.locator(f"{WORDS} [tabindex='0']").focus()
    visit.keyboard.press("ArrowRight")
    visit.keyboard.press("ArrowRight")
    visit.keyboard.press("Enter")
    visit.locator(f"{WORDS} .hs-out").wait_for()
    settled(visit)
    assert visit.evaluate("document.activeElement.dataset.text") == out(visit)[0]
    visit.keyboard.press("Enter")
    visit.wait_for_function("place => !document.querySelector(place + ' .hs-out')", arg=WORDS)


def test_a_tab_stays_open_when_something_is_refused(visit):
    begin(visit, "Superb")
    visit.get_by_role("tab", name="Change attention").click()
    visit.locator(".st-key-tamper_kind").get_by_text("Flatten").click()
    visit.get_by_text("there is nothing to flatten").wait_for()
    assert visit.locator(".st-key-tamper_kind").is_visible()


def test_a_link_in_another_browser_and_a_page_without_a_network(visit, chromium, tmp_path):
    begin(visit, TEXT)
    take_out(visit, "thin")
    visit.locator(".st-key-reading").get_by_text("Lift over uniform").click()
    visit.get_by_text("1 = uniform").wait_for()
    settled(visit)
    here = attributes(visit, WORDS)
    for label, name in [("Page (HTML)", "page.html"), ("Weights (CSV)", "weights.csv")]:
        with visit.expect_download() as download:
            visit.get_by_role("button", name=label).click()
        download.value.save_as(tmp_path / name)
    with fresh(chromium, (tmp_path / "page.html").as_uri(), offline=True) as page:
        assert attributes(page) == here
        assert page.get_by_text("1 = uniform").is_visible()
        assert page.get_by_text("Without 1 word").is_visible()
    with (tmp_path / "weights.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["token"] for row in csv.DictReader(file)] == [text for *_, text in here]
    visit.locator(".st-key-link button").click()
    link = visit.locator("[data-testid=stCode] code").inner_text()
    with fresh(chromium, link) as page:
        settled(page)
        assert attributes(page, WORDS) == here
        assert out(page) == ["thin"]
        assert page.get_by_text("1 = uniform").is_visible()
