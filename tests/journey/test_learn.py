"""Lessons in a real browser: from the question to the computed weight, on the models that ship."""

import re
import shutil
from pathlib import Path

import pytest

from tests.journey.conftest import PROJECT
from tests.journey.test_accessibility import SIDEWAYS, VIOLATIONS, axe  # noqa: F401
from tests.journey.walk import settled, watched_page

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> Path:
    """The models of the lessons."""
    root = tmp_path_factory.mktemp("checkpoints")
    forms = (f"bilstm-{form}-imdb" for form in ("additive", "dot", "general", "linear"))
    for name in (*forms, "han-imdb", "han-zh", "transformer-imdb", "dates"):
        shutil.copytree(PROJECT / "checkpoints" / name, root / name)
    return root


def at(address: str, query: str) -> str:
    return f"{address}/Learn?{query}"


def arrive(page) -> None:
    page.wait_for_selector("[data-testid=lesson]")
    settled(page)


def skip(page) -> None:
    page.locator(".st-key-learn_skip button").click()
    page.locator(".st-key-learn_answer").wait_for()
    settled(page)


def test_lesson_3_from_the_question_to_the_computed_weight(chromium, address):
    url = at(address, "lesson=3&lang=en")
    with watched_page(chromium, url, deep_link=True, viewport=DESKTOP) as page:
        arrive(page)
        assert page.locator("[data-testid=lesson]").get_attribute("data-lesson") == "3"
        cells = page.locator("[data-testid=stTable] td").all_inner_texts()
        rows = [cells[start : start + 3] for start in range(0, len(cells), 3)]
        exponentials = {word: float(exp) for word, _, exp in rows}
        total = exponentials.pop("sum")
        share = 100 * exponentials["cheated"] / total
        page.locator("[data-testid=stNumberInput] input").fill(f"{share:.2f}")
        page.keyboard.press("Enter")
        page.locator(".st-key-learn_predict button:not([disabled])").click()
        page.get_by_text("Right.").wait_for()
        page.wait_for_selector("[data-testid=anatomy]")
        while (following := page.get_by_role("button", name="Next step")).is_enabled():
            following.click()
        row = page.locator(".hs-anatomy .hs-chosen")
        weight = row.locator("td.hs-number[data-part=weight]").inner_text()
        assert float(weight.rstrip("%")) == pytest.approx(share, abs=0.02)
        settled(page)
        page.locator("[class*=st-key-learn_check] label").last.click()
        settled(page)
        page.locator(".st-key-learn_answer button:not([disabled])").click()
        page.get_by_text("To take home").wait_for()


def test_lesson_5_padding_takes_what_it_said(chromium, address):
    url = at(address, "lesson=5&lang=en")
    with watched_page(chromium, url, deep_link=True, viewport=DESKTOP) as page:
        arrive(page)
        skip(page)
        said = page.locator("[data-testid=lesson]").inner_text()
        left = re.search(r"falls from [\d.]+% to ([\d.]+)%", said)
        assert left is not None, said
        page.wait_for_selector("[data-testid=anatomy]")
        page.locator(".hs-anatomy input[type=range]").fill("50")
        page.get_by_label("Mask the padding").uncheck()
        weight = page.locator(".hs-chosen td.hs-number[data-part=weight]").inner_text()
        assert float(weight.rstrip("%")) == pytest.approx(float(left[1]), abs=0.01)


def test_lesson_10_on_a_pasted_text(chromium, address):
    url = at(address, "lesson=10&lang=en")
    with watched_page(chromium, url, deep_link=True, viewport=DESKTOP) as page:
        arrive(page)
        page.locator(".st-key-learn_own button").first.click()
        field = page.locator(".st-key-learn_text textarea")
        field.fill("I did not enjoy <b>the</b> film, though the actors are wonderful.")
        field.press("Control+Enter")
        page.wait_for_url("**text=*")  # the words themselves stand in the field, too
        page.keyboard.press("Escape")
        settled(page)
        page.locator("[class*=st-key-learn_choice] label", has_text="flips").click()
        page.locator(".st-key-learn_predict button:not([disabled])").click()
        page.get_by_text("What the model computes").wait_for()
        page.locator("[data-testid=word-heatmap]").wait_for()
        settled(page)
        assert page.locator("[data-testid=word-heatmap] b").count() == 0


def test_lesson_8_steps_the_decoder_of_a_day_that_there_is_not(chromium, address):
    url = at(address, "lesson=8&lang=en")
    with watched_page(chromium, url, deep_link=True, viewport=DESKTOP) as page:
        arrive(page)
        page.locator("[class*=st-key-learn_choice] label", has_text="t[w]ent").click()
        page.locator(".st-key-learn_predict button:not([disabled])").click()
        page.get_by_text("Right.", exact=True).first.wait_for()
        page.locator("[class*=st-key-learn_date] button", has_text="31 February").click()
        settled(page)
        target = page.locator(".hs-align-line[data-side=target]")
        page.wait_for_function(  # the figure is drawn after the page has settled
            "wanted => document.querySelector('.hs-align-line[data-side=target]')"
            "?.innerText.replaceAll('\\n', '') === wanted",
            arg="2026-02-31",
        )
        target.locator("button").nth(8).click()  # the 3 of the day
        lit = page.locator(".hs-align-line[data-side=source] span").evaluate_all(
            "all => all.map(one => getComputedStyle(one).backgroundColor)"
        )
        assert lit[0] not in lit[1:]


def test_lesson_9_masks_what_comes_later(chromium, address):
    url = at(address, "lesson=9&lang=en")
    with watched_page(chromium, url, deep_link=True, viewport=DESKTOP) as page:
        arrive(page)
        skip(page)
        page.wait_for_selector(".hs-maps .hs-heads")
        page.locator("[class*=st-key-learn_mask] button", has_text="Causal").click()
        settled(page)
        page.locator(".hs-head").nth(5).click()
        page.get_by_text("Layer 2, head 2", exact=True).wait_for()
        settled(page)


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh", "dark")])
def test_axe_finds_no_violation_and_nothing_is_sideways(
    chromium, address, axe, scheme, language  # noqa: F811
):  # fmt: skip
    found = {}
    settings = {"viewport": DESKTOP, "color_scheme": scheme}
    for number in (1, 2, 3, 6, 7, 8, 9, 10, 11):
        url = at(address, f"lesson={number}&lang={language}")
        with watched_page(chromium, url, deep_link=True, **settings) as page:
            arrive(page)
            skip(page)
            page.evaluate(axe)
            found[number] = page.evaluate(VIOLATIONS)
            page.set_viewport_size(PHONE)
            page.wait_for_function("innerWidth === 390")
            settled(page)
            found[number] += page.evaluate(SIDEWAYS)
    assert not any(found.values()), found


def test_the_browsers_language_is_the_first(chromium, address):
    url = at(address, "lesson=7")
    with watched_page(chromium, url, deep_link=True, viewport=DESKTOP, locale="zh-CN") as page:
        arrive(page)
        page.get_by_role("heading", name="两个层次").wait_for()
        page.get_by_role("button", name="English").click()
        page.get_by_role("heading", name="Two levels").wait_for()
        settled(page)
        assert "lang=en" in page.url
