"""What an analyst does with the figures of Errors by mouse: a lasso on the map, a weak slice."""

import re

from tests.journey.test_errors import MATRIX, RUN_BEGINS, view
from tests.journey.walk import go, settled

MAP = "[data-testid=document-map] .js-plotly-plot"
WEAK = ".st-key-weak_slices_table canvas"
HEADER, ROW = 36, 35  # pixels of a table's parts


def chips(page) -> list[str]:
    names = page.locator(".st-key-chips button").all_inner_texts()
    return [name.removeprefix("✕ ") for name in names if name.startswith("✕")]


def left_documents(page) -> int:
    """How many documents the filter leaves of the 88."""
    line = page.get_by_text(re.compile(r"^\d+ of 88 documents"))
    line.wait_for()
    return int(line.inner_text().split()[0])


def test_a_lasso_on_the_map_becomes_a_filter_that_its_chip_removes(visit):
    go(visit, "Errors", MATRIX)
    view(visit, "Map")
    visit.locator(f"{MAP} .nsewdrag").first.wait_for()
    settled(visit, RUN_BEGINS)
    box = visit.locator(f"{MAP} .nsewdrag").first.bounding_box()
    inside = [(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98), (0.02, 0.02)]
    corners = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in inside]
    visit.mouse.move(*corners[0])
    visit.mouse.down()
    for corner in corners[1:]:
        visit.mouse.move(*corner, steps=8)
    visit.mouse.up()
    chosen = left_documents(visit)
    assert 0 < chosen < 88
    assert any("chosen on the map" in name for name in chips(visit))
    settled(visit, RUN_BEGINS)
    view(visit, "Documents")
    assert left_documents(visit) == chosen
    visit.locator(".st-key-clear_filter button").click()
    visit.get_by_text(re.compile("^88 documents")).wait_for()


def test_a_click_on_a_weak_slice_makes_it_the_filter(visit):
    go(visit, "Errors", MATRIX)
    view(visit, "Slices")
    visit.locator(WEAK).first.wait_for()
    settled(visit, RUN_BEGINS)
    table = visit.locator(WEAK).first.bounding_box()
    visit.mouse.click(table["x"] + 16, table["y"] + HEADER + ROW // 2)
    chosen = left_documents(visit)
    assert 0 < chosen < 88
    assert chips(visit)
