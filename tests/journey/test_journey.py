"""The whole way in a real browser: paste, analyse, compare, click an error."""

import re

from han_core.explanation.explain import explain
from han_core.models.checkpoint import load_checkpoint

REVIEW = (
    "I loved the first half, honestly. <script>window.broken = 1</script> But the ending?\n\n"
    'What a mess & a <b>shame</b> <img src=x onerror="window.broken = 1"> 5 < 6! 好电影。'
)


def analyse(page, text: str) -> None:
    page.locator(".st-key-document textarea").fill(text)
    page.locator(".st-key-analyze button").click()
    page.locator("[data-testid=word-heatmap]", has_text=text[:12]).first.wait_for()
    page.wait_for_function("!document.querySelector('[data-stale=true]')")


def drawn_tokens(page) -> list[list]:
    return page.locator("[data-testid=word-heatmap] [data-weight]").evaluate_all(
        "all => all.map(e => [+e.dataset.start, +e.dataset.end, +e.dataset.weight, e.textContent])"
    )


def told_tokens(checkpoint, text: str) -> list[list]:
    """The tokens of ``explain``'s JSON, with their weights within the document."""
    return [
        [token["start"], token["end"], sentence["weight"] * token["weight"],
         text[token["start"] : token["end"]]]
        for sentence in explain(checkpoint, text).to_json()["sentences"]
        for token in sentence["tokens"]
    ]  # fmt: skip


def go(page, name: str, wait_for: str) -> None:
    page.get_by_role("link", name=name).click()
    page.get_by_role("heading", name=name, level=1).wait_for()  # not the page that is left
    page.wait_for_selector(wait_for)
    page.wait_for_function("!document.querySelector('[data-stale=true]')")


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


def test_compare_what_was_pasted(visit, checkpoints):
    analyse(visit, REVIEW)
    go(visit, "Compare", "[data-testid=sentence-bars] .js-plotly-plot")
    assert visit.locator(".st-key-document textarea").input_value() == REVIEW
    panels = visit.locator("[data-testid=compare-panel]")
    assert panels.count() == 2
    assert panels.locator("[data-testid=prediction]").count() == 2
    told = [
        token
        for name in ("small-han", "small-bilstm")
        for token in told_tokens(load_checkpoint(checkpoints / name), REVIEW)
    ]
    assert drawn_tokens(visit) == told
    go(visit, "Explore", "[data-testid=sentence-bars] .js-plotly-plot")
    assert visit.locator(".st-key-document textarea").input_value() == REVIEW


def test_a_click_on_a_cell_filters_the_table(visit):
    go(visit, "Errors", "[data-testid=confusion-matrix] .js-plotly-plot")
    counts = visit.locator("[data-testid=confusion-matrix] .annotation-text").all_text_contents()
    assert sum(map(int, counts)) == 88
    names, chip = ("negative", "positive"), visit.locator(".st-key-clear_filter button")
    for row, column in [(0, 1), (1, 0)]:
        click_cell(visit, row, column)
        visit.get_by_text(f"✕ True {names[row]}, predicted {names[column]}").wait_for()
        visit.get_by_text(f"{counts[2 * row + column]} of 88 documents").wait_for()
        prediction = visit.locator("[data-testid=prediction]", has_text=names[column])
        prediction.wait_for()
    click_cell(visit, 1, 0)
    visit.get_by_text(re.compile("^88 documents")).wait_for()
    assert chip.count() == 0


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
