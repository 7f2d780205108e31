"""Long documents: folds, paper, and how soon five thousand words are there."""

import json

import pytest

from tests.journey.harness import (
    ROOT,
    bench,
    drawn,
    expected_tokens,
    explained,
    focused,
    opened,
    put,
    tokens,
)


@pytest.fixture
def long(chromium, tmp_path):
    """Sixty sentences, most of them light; (page, explanation, the data drawn)."""
    text = " ".join(f"Sentence number {i} is here." for i in range(60))
    explanation = explained(text, gathered=0.15)
    shown = drawn(explanation)
    assert len(shown.data["folds"]) > 2
    with opened(chromium, tmp_path, bench("one")) as page:
        put(page, "one", shown)
        yield page, explanation, shown.data


def folded(page) -> list[int]:
    """The numbers of the sentences out of sight, from 0."""
    return page.locator("[data-sentence]").evaluate_all(
        "all => all.filter(e => !e.querySelector('.hs-token').checkVisibility("
        "{contentVisibilityAuto: true})).map(e => e.dataset.sentence - 1)"
    )


def test_light_sentences_fold_and_every_token_stays(long):
    page, explanation, data = long
    inside = [first + i for first, count, _ in data["folds"] for i in range(count)]
    assert folded(page) == inside
    assert tokens(page) == expected_tokens(explanation)
    assert page.locator(ROOT).evaluate("e => e.textContent") == explanation.document.text
    first, count, weight = data["folds"][0]
    row = page.locator(".hs-fold").first
    assert row.get_attribute("aria-label") == (
        f"{count} sentences with {weight} of the weight: show"
    )
    row.click()
    assert folded(page) == [i for i in inside if i not in range(first, first + count)]
    assert focused(page).startswith(f"Sentence {first + 1}: ")
    page.get_by_role("button", name="Show all 60 sentences").click()
    assert folded(page) == []
    page.get_by_role("button", name="Fold sentences of little weight").click()
    assert folded(page) == inside


def test_folds_that_were_opened_stay_open_when_other_data_come(long):
    page, explanation, data = long
    first, count, _ = data["folds"][0]
    page.locator(".hs-fold").first.click()
    put(page, "one", drawn(explanation, added={0}))
    assert not set(range(first, first + count)) & set(folded(page))
    assert folded(page)


def test_arrows_pass_over_what_is_folded_and_enter_opens_it(long):
    page, _, data = long
    first, count, _ = data["folds"][0]
    page.locator(".hs-fold").first.focus()
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith(("Sentence", str(data["folds"][1][1])))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert not set(range(first, first + count)) & set(folded(page))


def test_the_browsers_search_opens_a_fold(long):
    page, _, data = long
    first, count, _ = data["folds"][1]
    page.locator(f"[data-sentence='{first + 1}']").evaluate(
        "e => e.dispatchEvent(new Event('beforematch', {bubbles: true}))"
    )
    assert not set(range(first, first + count)) & set(folded(page))


def test_paper_shows_everything_in_its_colours(long):
    page, _, _ = long
    page.emulate_media(media="print")
    assert folded(page) == []
    assert page.locator(".hs-fold").first.is_hidden()
    assert page.locator(".hs-all").is_hidden()
    exact = "e => getComputedStyle(e).printColorAdjust"
    assert page.locator(".hs-token").first.evaluate(exact) == "exact"


def test_five_thousand_words_are_drawn_and_hovered_smoothly(chromium, tmp_path):
    text = " ".join(" ".join(f"word{i % 97}" for i in range(19)) + "." for _ in range(250))
    explanation = explained(text)
    assert len(explanation.known) == 5_000
    with opened(chromium, tmp_path, bench("one")) as page:
        first, hovers = page.evaluate(
            """async (data) => {
                const painted = () => new Promise((done) => requestAnimationFrame(
                    () => setTimeout(done)));
                await painted();
                const start = performance.now();
                put("one", JSON.parse(data));
                await painted();
                const first = performance.now() - start;
                const words = [...document.querySelectorAll(".hs-token")].slice(0, 900);
                const hovers = [];
                for (let i = 0; i < 20; i++) {
                    await painted();
                    const start = performance.now();
                    words[i * 41].dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
                    await painted();
                    hovers.push(performance.now() - start);
                }
                return [first, hovers.sort((a, b) => a - b)];
            }""",
            json.dumps(drawn(explanation).data),
        )
    assert hovers[len(hovers) // 2] < first / 2  # nothing is drawn anew
