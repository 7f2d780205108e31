"""Compare in a real browser: what is compared, how it is lined up, and what is exported."""

import csv
import io

import pytest

from han_core.explanation.explain import explain
from han_core.models.checkpoint import load_checkpoint
from han_core.text.document import align_versions
from tests.journey.walk import (
    REVIEW,
    analyse,
    download,
    drawn_tokens,
    expected_tokens,
    go,
    settled,
    watched_page,
)

PANELS = "[data-testid=compare-panel]"
SENTENCES = "[data-testid=sentence-bars] .js-plotly-plot"
BARS = "[data-testid=sentence-bars] .hs-jump"
"""The sentence bars of Explore."""
NAMES = ("small-han", "small-bilstm")


@pytest.fixture
def compare(visit):
    """On Compare with a short text."""
    analyse(visit, "A fine film. But what a mess it became! Go.")
    go(visit, "Compare", SENTENCES)
    return visit


def choose(page, kind: str, panels: int) -> None:
    page.locator(".st-key-compared").get_by_text(kind, exact=True).click()
    page.wait_for_function(
        "([panels, number, kind]) => document.querySelectorAll(panels).length == number"
        " && document.querySelector('.st-key-' + kind) != null",
        arg=[PANELS, panels, {"Models": "checkpoints", "Methods": "methods"}.get(kind, "version")],
    )
    page.wait_for_selector(SENTENCES)
    settled(page)


def panel_texts(page) -> list[str]:
    words = f"{PANELS} [data-testid=word-heatmap] [data-weight]"
    return page.locator(words).all_text_contents()


def test_compare_what_was_pasted(visit, checkpoints):
    analyse(visit, REVIEW)
    go(visit, "Compare", SENTENCES)
    assert visit.locator(".st-key-document textarea").input_value() == REVIEW
    panels = visit.locator(PANELS)
    assert panels.count() == 2
    assert panels.locator("[data-testid=prediction]").count() == 2
    expected = [
        token
        for name in NAMES
        for token in expected_tokens(load_checkpoint(checkpoints / name), REVIEW)
    ]
    assert drawn_tokens(visit, PANELS) == expected
    assert visit.evaluate("window.broken") is None
    go(visit, "Explore", BARS)
    assert visit.locator(".st-key-document textarea").input_value() == REVIEW


def test_the_difference_stands_in_the_panels(compare):
    """The switch recolours the same words; their notes are the differences of both panels."""
    both = drawn_tokens(compare, PANELS)
    half = len(both) // 2
    compare.locator(".st-key-shown").get_by_text("Difference", exact=True).click()
    within = "[data-testid=difference]"
    compare.wait_for_selector(f"{within} [data-weight]")
    settled(compare)
    assert drawn_tokens(compare, PANELS) == both
    gaps = [one[2] - other[2] for one, other in zip(both[:half], both[half:], strict=True)]
    largest = max(range(half), key=lambda i: abs(gaps[i]))
    for panel, gap in enumerate((gaps[largest], -gaps[largest])):
        place = compare.locator(PANELS).nth(panel)
        place.locator("[data-weight]").nth(largest).hover()
        note = place.locator(".hs-note")
        note.wait_for()
        assert f"{'+' if gap > 0 else '−'}{100 * abs(gap):.3g}%" in note.inner_text()


ROWS = """panels => [...document.querySelectorAll(panels)].map(panel => Object.fromEntries(
  [...panel.querySelectorAll('.hs-sentence')].map(row => [row.textContent.trim(),
    Math.round(row.getBoundingClientRect().top)])))"""


def test_sentences_stand_in_rows(compare):
    """Side by side, a sentence of both versions begins at one height; narrower, nothing moves."""
    choose(compare, "Versions", 2)
    text = compare.locator(".st-key-version textarea").input_value()
    longer = text.replace("A fine film.", "A fine film, " + "and a very long one, " * 12 + "too.")
    compare.locator(".st-key-version textarea").fill(longer)
    compare.locator(".st-key-analyze_version button").click()
    compare.locator(PANELS).nth(1).locator(".hs-added").first.wait_for()
    settled(compare)
    same = "But what a mess it became!"
    compare.wait_for_function(
        f"([panels, same]) => {{ const [one, other] = ({ROWS})(panels);"
        " return Math.abs(one[same] - other[same]) <= 1 && Math.abs(one['Go.'] - other['Go.']) <= 1"
        " }",
        arg=[PANELS, same],
    )
    compare.set_viewport_size({"width": 390, "height": 844})
    compare.wait_for_function(
        f"([panels, same]) => {{ const [one, other] = ({ROWS})(panels);"
        " return other[same] - one[same] > 200 && ![...document.querySelectorAll('.hs-sentence')]"
        ".some(row => row.style.marginTop) }",
        arg=[PANELS, same],
    )
    assert compare.evaluate("document.documentElement.scrollWidth") <= 390


def test_three_methods_fit_on_one_screen(chromium, address):
    """The example that everybody sees first, down to the evidence and the export."""
    with watched_page(chromium, address, viewport={"width": 1440, "height": 900}) as page:
        page.wait_for_selector(BARS)
        go(page, "Compare", SENTENCES)
        choose(page, "Methods", 3)
        page.get_by_text("highest ranked").nth(1).wait_for()
        settled(page)
        bottoms = "panels => panels.map(panel => panel.getBoundingClientRect().bottom)"
        assert max(page.locator(PANELS).evaluate_all(bottoms)) <= 900


def test_methods_stand_side_by_side(compare):
    choose(compare, "Methods", 3)
    words = panel_texts(compare)
    third = len(words) // 3
    assert words[:third] == words[third : 2 * third] == words[2 * third :]
    compare.locator(f"{PANELS} >> nth=1 >> [data-weight]").nth(1).hover()
    note = compare.locator(f"{PANELS} >> nth=1 >> .hs-note")
    note.wait_for()
    assert "Gradient × input" in compare.locator("body").inner_text()
    assert "speaks against" in note.inner_text() or "supports" in note.inner_text()
    assert compare.get_by_text("highest ranked").count() == 2


def test_two_versions(compare, checkpoints):
    choose(compare, "Versions", 2)
    area = compare.locator(".st-key-version textarea")
    text = area.input_value()
    changed = text.replace("fine", "<b> bad </b>").replace(" Go.", "")
    area.fill(changed)
    compare.locator(".st-key-analyze_version button").click()
    compare.locator(PANELS).nth(1).locator(".hs-added").first.wait_for()
    settled(compare)
    checkpoint = load_checkpoint(checkpoints / "small-han")
    expected = [*expected_tokens(checkpoint, text), *expected_tokens(checkpoint, changed)]
    assert drawn_tokens(compare, PANELS) == expected
    before, after = explain(checkpoint, text), explain(checkpoint, changed)
    second, words = compare.locator(PANELS).nth(1), after.document.token_texts()
    added = [words[token] for token in align_versions(before.document, after.document).added]
    assert "bad" in added
    assert second.locator(".hs-added").all_text_contents() == added
    assert second.locator(".hs-out").evaluate_all("all => all.map(e => e.dataset.text)") == [
        "fine", "Go.",
    ]  # fmt: skip
    assert compare.locator(f"{PANELS} [data-testid=prediction]").all_text_contents() == [
        before.label, after.label,
    ]  # fmt: skip
    go(compare, "Explore", BARS)
    go(compare, "Compare", SENTENCES)
    assert compare.locator(".st-key-version textarea").input_value() == changed


def test_a_table_and_pictures_are_exported(compare, checkpoints):
    table = download(compare, compare.locator(".st-key-get_comparison button"))
    rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8-sig"), newline="")))
    text = compare.locator(".st-key-document textarea").input_value()
    for name in NAMES:
        explanation = explain(load_checkpoint(checkpoints / name), text)
        assert [float(row[name]) for row in rows] == explanation.document_weights.tolist()
    for place in ("panel_figure_0", "agreement", "classes"):
        button = compare.locator(f".st-key-{place}_export").get_by_text("PNG")
        picture = download(compare, button).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert int.from_bytes(picture[16:20]) > 300  # its width
