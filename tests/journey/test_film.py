"""The film of attention in a real browser: slid, played, driven by keys, growing."""

import json
from dataclasses import replace

import numpy as np
import pytest

from han_core.analysis.film import Film, Frame
from han_core.viz.film import attention_film
from han_core.viz.markup import FILM_SCRIPT, FILM_STYLESHEET
from tests.journey.harness import ROOT, expected_tokens, explained, opened, tokens

TEXT = "A dull film. Go home now, <b>friends</b>! مرحبا بالعالم."
FILM = "[data-testid=attention-film]"
STEPS = (0, 1, 2, 4, 6, 8)


def moments(steps=STEPS, text: str = TEXT) -> list:
    """An explanation for each step; attention gathers."""
    found = []
    for at, step in enumerate(steps):
        explanation = explained(text, seed=step, gathered=8 / (at + 1))
        positive = (at + 1) / 10
        found.append(replace(explanation, probabilities=np.array([1 - positive, positive])))
    return found


def film(steps=STEPS, text: str = TEXT) -> dict:
    found = moments(steps, text)
    frames = [
        Frame(step, step // 4, step in (4, 8), (explanation,))
        for step, explanation in zip(steps, found, strict=True)
    ]
    return attention_film(Film((found[0].document,), tuple(frames)), 0, {1: 0.75}).data


BENCH = (
    '<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    f"<style>{FILM_STYLESHEET}</style><body><div id=one></div><script type=module>{FILM_SCRIPT}\n"
    'window.put = (data) => drawFilm(document.getElementById("one"), data);</script>'
)


def put(page, data: dict) -> None:
    page.evaluate("data => put(JSON.parse(data))", json.dumps(data))


@pytest.fixture
def shown(chromium, tmp_path):
    with opened(chromium, tmp_path, BENCH) as page:
        put(page, film())
        yield page


def step(page) -> int:
    return int(page.locator(FILM).get_attribute("data-step"))


def slide(page, at: int) -> None:
    page.locator(f"{FILM} input").evaluate(
        "(e, at) => { e.value = at; e.dispatchEvent(new Event('input')); }", at
    )


def test_every_moment_shows_its_own_weights_and_prediction(shown):
    assert step(shown) == STEPS[-1]
    for at, explanation in enumerate(moments()):
        slide(shown, at)
        assert step(shown) == STEPS[at]
        assert tokens(shown, FILM) == expected_tokens(explanation)
        assert shown.locator(ROOT).evaluate("e => e.textContent") == TEXT
        side = shown.get_by_test_id("film-prediction")
        assert side.locator("strong").inner_text() == explanation.label
        numbers = side.locator(".hs-chance").all_inner_texts()
        assert numbers == [f"{100 * p:.1f}%" for p in explanation.probabilities]
        assert side.locator(".hs-first").inner_text() == explanation.label
        bars = side.locator(".hs-track i").evaluate_all("all => all.map(e => e.style.cssText)")
        assert [float(bar.split(":")[1].strip(" %;")) for bar in bars] == pytest.approx(
            100 * explanation.probabilities, abs=0.01
        )


def test_a_moment_is_named_in_words_and_for_a_screen_reader(shown):
    slider = shown.get_by_role("slider", name="Moment of training")
    slide(shown, 0)
    assert shown.locator(".hs-film-moment").inner_text() == "Before the first step"
    assert slider.get_attribute("aria-valuetext") == "Before the first step: no"
    assert shown.locator(".hs-film-accuracy").inner_text() == "Not validated yet."
    slide(shown, 3)
    assert shown.locator(".hs-film-moment").inner_text() == "After epoch 1, step 4"
    assert shown.locator(".hs-film-accuracy").inner_text().startswith("Validation accuracy 75.0%")
    assert shown.get_by_role("group", name="How attention formed").count() == 1
    assert shown.locator(".hs-film-marks i").count() == 2


def test_one_weight_has_one_colour_at_every_moment(shown):
    seen = {}
    for at in range(len(STEPS)):
        slide(shown, at)
        found = shown.locator(f"{ROOT} [data-weight]").evaluate_all(
            "all => all.map(e => [+e.dataset.weight, getComputedStyle(e).backgroundColor])"
        )
        for weight, colour in found:
            assert seen.setdefault(weight, colour) == colour
    lightness = [sum(map(int, seen[w][4:-1].split(","))) for w in sorted(seen)]
    assert lightness == sorted(lightness, reverse=True)  # never lighter with more weight


def test_it_plays_from_the_start_to_the_end_and_stops(shown):
    shown.evaluate(
        "() => { window.seen = []; new MutationObserver(() => seen.push(+document.querySelector("
        f"'{FILM}').dataset.step)).observe(document.querySelector('{FILM}'),"
        " {attributes: true, attributeFilter: ['data-step']}); }"
    )
    shown.get_by_role("button", name="Play").click()
    assert step(shown) == 0
    shown.get_by_role("button", name="Pause").wait_for()
    shown.get_by_role("button", name="Play").wait_for()  # it has come to its end
    assert shown.evaluate("seen") == list(STEPS)


def test_keys_move_and_play_it(shown):
    shown.keyboard.press("Tab")
    shown.keyboard.press("Tab")
    shown.keyboard.press("Home")
    assert step(shown) == 0
    shown.keyboard.press("ArrowRight")
    assert step(shown) == 1
    shown.keyboard.press("End")
    assert step(shown) == STEPS[-1]
    shown.keyboard.press("Home")
    shown.keyboard.press(" ")
    assert shown.get_by_role("button", name="Pause").count() == 1
    shown.keyboard.press(" ")
    assert shown.get_by_role("button", name="Play").count() == 1
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.closest('[data-testid=word-heatmap]') !== null")


def test_who_wants_no_motion_gets_a_moment_at_a_press(chromium, tmp_path):
    with opened(chromium, tmp_path, BENCH, reduced_motion="reduce") as page:
        put(page, film())
        button = page.get_by_role("button", name="Next")
        seen = []
        for _ in range(len(STEPS) + 1):
            button.click()
            seen.append(step(page))
        assert seen == [*STEPS, 0]
        page.wait_for_timeout(1_000)
        assert step(page) == 0
        assert page.locator(".hs-track i").first.evaluate(
            "e => getComputedStyle(e).transitionDuration"
        ) in ("0s", "")


def test_a_film_that_grows_is_followed_from_its_end_and_left_alone_elsewhere(shown):
    longer = film((*STEPS, 10, 12))
    put(shown, longer)
    assert step(shown) == 12
    slide(shown, 2)
    put(shown, film((*STEPS, 10, 12, 14)))
    assert step(shown) == STEPS[2]
    put(shown, film((0, 8, 14)))  # thinned meanwhile
    assert step(shown) == 8
    put(shown, film((0,)))
    assert step(shown) == 0
    assert shown.get_by_role("button", name="Play").is_disabled()
    assert shown.locator(FILM).count() == 1


def test_another_document_comes_at_the_same_moment(shown):
    slide(shown, 3)
    put(shown, film(text="Another text. It has other words."))
    assert step(shown) == STEPS[3]
    assert shown.locator(ROOT).evaluate("e => e.textContent") == "Another text. It has other words."


def test_growing_does_not_stop_it_from_playing(shown):
    slide(shown, 0)
    shown.get_by_role("button", name="Play").click()
    put(shown, film((*STEPS, 10)))
    shown.get_by_role("button", name="Play").wait_for()
    assert step(shown) == 10


@pytest.mark.parametrize("width", [1440, 900, 360])
def test_the_prediction_stands_beside_the_words_where_there_is_room(chromium, tmp_path, width):
    with opened(chromium, tmp_path, BENCH, viewport={"width": width, "height": 800}) as page:
        put(page, film())
        words = page.locator(".hs-words").bounding_box()
        side = page.get_by_test_id("film-prediction").bounding_box()
        beside = side["x"] >= words["x"] + words["width"]
        assert beside == (width >= 900)
        assert beside or side["y"] + side["height"] <= words["y"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
