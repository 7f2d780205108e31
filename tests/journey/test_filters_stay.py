"""No condition of the filter comes or goes without the reader's act.

A browser keeps the value that a widget had when it was last in sight, and sends it with the next
key, whatever the server has set in the meantime.
"""

import re

import pytest

from tests.journey.test_errors import MATRIX, RUN_BEGINS, click_cell, press
from tests.journey.walk import go, settled

ONE_CELL = ["true class: negative", "predicted: positive"]


@pytest.fixture
def errors(visit):
    go(visit, "Errors", MATRIX)
    visit.locator("[data-testid=confusion-matrix] .nsewdrag").first.wait_for()
    return visit


def conditions(page) -> list[str]:
    names = page.locator(".st-key-chips button").all_inner_texts()
    return [name.removeprefix("✕ ") for name in names if name.startswith("✕")]


def open_filters(page) -> None:
    page.locator(".st-key-add_filter button").first.click()
    page.locator(".st-key-filter_field input").wait_for()
    settled(page, RUN_BEGINS)


def close_filters(page) -> None:
    page.keyboard.press("Escape")
    page.locator(".st-key-filter_field").wait_for(state="detached")
    settled(page, RUN_BEGINS)


def select_cell(page) -> int:
    """Select negative → positive, and return how many documents that are."""
    click_cell(page, 0, 1)
    page.get_by_text(f"✕ {ONE_CELL[0]}").wait_for()
    count = page.get_by_text(re.compile(r"^\d+ of 88 documents"))
    count.wait_for()
    settled(page, RUN_BEGINS)
    assert conditions(page) == ONE_CELL
    return int(count.inner_text().split()[0])


def read_on(page, of: int, *places: int) -> None:
    """Go on with j, and find the conditions and their documents as they were."""
    before = conditions(page)
    for place in places:
        press(page, "j", f"{place} of {of}")
    assert conditions(page) == before


def test_a_cell_stays_selected_after_the_filters_were_looked_at(errors):
    open_filters(errors)
    close_filters(errors)
    read_on(errors, select_cell(errors), 2, 3)
    open_filters(errors)
    errors.locator(".st-key-filter_true").get_by_text("negative").first.wait_for()
    close_filters(errors)
    assert conditions(errors) == ONE_CELL


def test_a_cell_clicked_while_the_filters_are_open_stays_selected(errors):
    open_filters(errors)
    read_on(errors, select_cell(errors), 2)
    go(errors, "Explore", "[data-testid=word-heatmap]")
    go(errors, "Errors", MATRIX)
    assert conditions(errors) == ONE_CELL


def test_a_condition_that_was_removed_does_not_come_back(errors):
    documents = select_cell(errors)
    open_filters(errors)  # for the first time, with conditions that it has not shown yet
    errors.locator(".st-key-filter_true").get_by_text("negative").first.wait_for()
    close_filters(errors)
    assert conditions(errors) == ONE_CELL
    errors.locator(".st-key-chip_0 button").click()
    errors.get_by_text(f"✕ {ONE_CELL[0]}").wait_for(state="detached")
    settled(errors, RUN_BEGINS)
    assert conditions(errors) == ONE_CELL[1:]
    errors.keyboard.press("j")
    settled(errors, RUN_BEGINS)
    assert conditions(errors) == ONE_CELL[1:]
    assert not errors.get_by_text(f"{documents} of 88 documents").count()
