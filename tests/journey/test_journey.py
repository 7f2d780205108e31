"""The whole way in a real browser: paste, analyse, click an error."""

import re

from han_core.explanation.explain import explain
from han_core.models.checkpoint import load_checkpoint
from tests.journey.walk import REVIEW, analyse, drawn_tokens, go, told_tokens


def test_paste_analyse_and_read(visit, checkpoints):
    analyse(visit, REVIEW)
    checkpoint = load_checkpoint(checkpoints / "small-han")
    prediction = visit.locator("[data-testid=prediction]")
    assert prediction.inner_text() == explain(checkpoint, REVIEW).label
    assert drawn_tokens(visit) == told_tokens(checkpoint, REVIEW)
    shown = visit.locator("[data-testid=word-heatmap]").evaluate("e => e.textContent")
    assert "".join(shown.split()) == "".join(REVIEW.split())
    assert visit.evaluate("window.broken") is None
    assert visit.locator("[data-testid=word-heatmap] :is(script, img, b)").count() == 0


def test_marks_stay_where_they_belong(visit):
    bars = visit.locator("[data-testid=sentence-bars] .js-plotly-plot")
    before = drawn_tokens(visit)
    visit.get_by_text("Lift over uniform").click()
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


def test_a_click_on_a_cell_filters_the_table(visit):
    go(visit, "Errors", "[data-testid=confusion-matrix] .js-plotly-plot")
    counts = visit.locator("[data-testid=confusion-matrix] .annotation-text").all_text_contents()
    assert sum(map(int, counts)) == 88
    names, chip = ("negative", "positive"), visit.locator(".st-key-clear_filter button")
    for row, column in [(0, 1), (1, 0)]:
        click_cell(visit, row, column)
        visit.get_by_text(f"✕ true class: {names[row]}").wait_for()
        visit.get_by_text(f"✕ predicted: {names[column]}").wait_for()
        visit.get_by_text(f"{counts[2 * row + column]} of 88 documents").wait_for()
        prediction = visit.locator("[data-testid=prediction]", has_text=names[column])
        prediction.wait_for()
    click_cell(visit, 1, 0)
    visit.get_by_text(re.compile("^88 documents")).wait_for()
    chip.wait_for(state="detached")


def click_cell(page, row: int, column: int) -> None:
    area = page.locator("[data-testid=confusion-matrix] .nsewdrag").first
    box = area.bounding_box()
    x, y = box["width"] * (0.25 + 0.5 * column), box["height"] * (0.25 + 0.5 * row)
    area.click(position={"x": x, "y": y})


def test_a_row_of_the_table_shows_its_document(visit):
    go(visit, "Errors", "[data-testid=confusion-matrix] .js-plotly-plot")
    heading = visit.get_by_role("heading", name=re.compile("^Document "))
    first = heading.inner_text()
    corner = visit.locator(".st-key-errors_table canvas").first.bounding_box()
    # The table is a picture: the box before its third row, by the rows' height.
    visit.mouse.click(corner["x"] + 16, corner["y"] + 36 + 35 * 2 + 17)
    visit.wait_for_function(
        "first => ![...document.querySelectorAll('h3')].some(e => e.innerText == first)", arg=first
    )
    assert heading.inner_text() != first
