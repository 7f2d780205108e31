"""An analyst's whole way: scored, filtered, read by keyboard, coded, compared, taken away."""

import csv
import io
import re
from itertools import pairwise

from tests.journey.walk import go, settled

MATRIX = "[data-testid=confusion-matrix] .js-plotly-plot"
RUN_BEGINS = 150
NOTE = 'It says "no", twice. <img src=x onerror="window.broken = 1"> =1+1'


def test_an_error_analysis(visit, tmp_path):
    go(visit, "Errors", MATRIX)
    fill(visit, "analyst", "Ada")
    visit.locator("[data-testid=confusion-matrix] .nsewdrag").first.wait_for()
    counts = visit.locator("[data-testid=confusion-matrix] .annotation-text").all_text_contents()
    wrong = int(counts[1])
    click_cell(visit, 0, 1)
    visit.get_by_text(f"{wrong} of 88 documents").wait_for()
    visit.get_by_text(f"1 of {wrong}", exact=True).wait_for()
    settled(visit, RUN_BEGINS)

    first = reading(visit)
    press(visit, "j", f"2 of {wrong}")
    second = reading(visit)
    assert first != second
    press(visit, "ArrowLeft", f"1 of {wrong}")
    assert reading(visit) == first

    starters(visit)
    visit.keyboard.press("1")
    tagged(visit, "negation")
    press(visit, "j", f"2 of {wrong}")
    assert reading(visit) == second
    visit.keyboard.press("1")
    tagged(visit, "negation")
    note(visit)
    typed_keys_stay_in_the_field(visit, wrong)

    save_slice(visit, "false alarms")
    visit.locator(".st-key-clear_filter button").click()
    visit.get_by_text(re.compile("^88 documents")).wait_for()
    view(visit, "Slices")
    visit.locator("[data-testid=slices]").wait_for()

    choose(visit, "beside", "small-bilstm")
    view(visit, "Model comparison")
    visit.locator("[data-testid=change-matrix] .js-plotly-plot").wait_for()
    settled(visit, RUN_BEGINS)

    rows = taken(visit, tmp_path)
    assert len(rows) == 88
    coded = [row for row in rows if "negation" in row["tags"]]
    assert {row["id"] for row in coded} == {first, second}
    assert any("twice" in row["notes"] for row in coded)
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())
    assert visit.evaluate("window.broken") is None


def test_a_click_on_a_cell_filters_the_table(visit):
    go(visit, "Errors", MATRIX)
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
    go(visit, "Errors", MATRIX)
    heading = visit.get_by_role("heading", name=re.compile("^Document "))
    first = heading.inner_text()
    visit.locator(".st-key-errors_form").get_by_text("Table", exact=True).click()
    visit.locator(".st-key-errors_table canvas").first.wait_for()
    settled(visit, RUN_BEGINS)
    corner = visit.locator(".st-key-errors_table canvas").first.bounding_box()
    # The table is a picture: the box before its third row, by the rows' height.
    visit.mouse.click(corner["x"] + 16, corner["y"] + 36 + 35 * 2 + 17)
    visit.wait_for_function(
        "first => ![...document.querySelectorAll('h2')].some(e => e.innerText == first)", arg=first
    )
    assert heading.inner_text() != first


ROWS = ".st-key-errors_list [role=listitem]"


def test_the_list_draws_what_is_in_sight_and_asks_for_the_rest(visit):
    visit.set_viewport_size({"width": 1440, "height": 900})
    go(visit, "Errors", MATRIX)
    visit.locator(ROWS).first.wait_for()
    assert visit.locator(ROWS).count() < 20
    panes = [visit.locator(f".st-key-{name}").bounding_box() for name in
             ("errors_figures", "errors_documents", "errors_reading")]  # fmt: skip
    assert max(box["y"] for box in panes) - min(box["y"] for box in panes) < 2
    assert all(left["x"] + left["width"] <= right["x"] for left, right in pairwise(panes))
    assert visit.evaluate("document.documentElement.scrollWidth") <= 1440
    scroller = visit.locator(".st-key-errors_list .scroller")
    scroller.evaluate("element => element.scrollTop = element.scrollHeight")
    last = visit.locator(f"{ROWS}[aria-posinset='88'] button")
    last.click()
    visit.get_by_text("88 of 88", exact=True).wait_for()
    visit.locator(f"{ROWS}[aria-posinset='88'] [aria-current=true]").wait_for()


def test_many_are_selected_by_keys_and_tagged_at_once(visit):
    go(visit, "Errors", MATRIX)
    fill(visit, "analyst", "Ben")
    starters(visit)
    press(visit, "?", "Next document")
    visit.keyboard.press("?")
    visit.get_by_text("Next document", exact=True).wait_for(state="hidden")
    press(visit, "x", "1 selected")
    press(visit, "j", "2 of 88")
    press(visit, "x", "2 selected")
    boxes = visit.locator(f"{ROWS} input")
    boxes.nth(3).click(modifiers=["Shift"])
    visit.get_by_text("3 selected", exact=True).wait_for()
    settled(visit, RUN_BEGINS)
    visit.locator(".st-key-bulk_popover button").first.click()
    choose(visit, "bulk_tag", "sarcasm")
    visit.locator(".st-key-bulk_add button").click()
    visit.get_by_text("sarcasm added to 3 documents").wait_for()
    tags = visit.locator(f"{ROWS} .tag", has_text="sarcasm")
    tags.nth(2).wait_for()
    visit.keyboard.press("Escape")
    settled(visit, RUN_BEGINS)
    press(visit, "u", "3 of 88")
    visit.locator(".st-key-bulk_undo button").click()
    tags.first.wait_for(state="detached")
    visit.keyboard.press("n")
    visit.wait_for_function("document.activeElement.matches('.st-key-coding_note textarea')")
    visit.keyboard.type("j?")
    assert visit.locator(".st-key-coding_note textarea").input_value() == "j?"
    visit.keyboard.press("Escape")
    press(visit, "j", "4 of 88")


def reading(page) -> str:
    """The id of the document that is read."""
    return page.get_by_role("heading", name=re.compile("^Document ")).inner_text().split(" ", 1)[1]


def press(page, key: str, place: str) -> None:
    page.keyboard.press(key)
    page.get_by_text(place, exact=True).wait_for()
    settled(page, RUN_BEGINS)


def fill(page, key: str, text: str) -> None:
    field = page.locator(f".st-key-{key} :is(input, textarea)").first
    field.fill(text)
    field.press("Tab")
    settled(page, RUN_BEGINS)


def choose(page, key: str, name: str) -> None:
    field = page.locator(f".st-key-{key} input").first
    field.click()
    field.press("ArrowDown")  # opens the list where leaving another field has closed it again
    page.get_by_role("option", name=re.compile(name)).click()
    settled(page, RUN_BEGINS)


def view(page, name: str) -> None:
    page.locator(".st-key-errors_view").get_by_text(name, exact=True).click()
    settled(page, RUN_BEGINS)


def starters(page) -> None:
    """A codebook to begin with, whose first key is 1."""
    view(page, "Codebook")
    page.locator(".st-key-codebook_starters button").first.click()
    page.locator("[data-testid=stDataFrame] canvas").first.wait_for()
    view(page, "Documents")
    page.get_by_role("heading", name=re.compile("^Document ")).wait_for()
    settled(page, RUN_BEGINS)


def tagged(page, name: str) -> None:
    """Waits until the document that is read has the tag."""
    on = ".st-key-coding_tags :is([aria-pressed=true], [aria-checked=true])"
    page.locator(on, has_text=name).wait_for()
    settled(page, RUN_BEGINS)


def note(page) -> None:
    fill(page, "coding_note", NOTE)
    page.get_by_text(re.compile("^Saved")).wait_for()
    page.locator(".st-key-coding_note textarea").blur()


def typed_keys_stay_in_the_field(page, of: int) -> None:
    box = page.locator(".st-key-filter_contains input")
    box.click()
    box.press_sequentially("nj")
    assert box.input_value() == "nj"
    box.fill("")
    box.press("Tab")
    page.get_by_text(f"2 of {of}", exact=True).wait_for()


def save_slice(page, name: str) -> None:
    page.locator(".st-key-slices_popover button").first.click()
    fill(page, "slice_name", name)
    page.locator(".st-key-save_slice button").click()
    page.get_by_role("button", name=name).wait_for()
    page.keyboard.press("Escape")
    settled(page, RUN_BEGINS)


def taken(page, folder) -> list[dict[str, str]]:
    """The rows of the table as a CSV."""
    view(page, "Export")
    page.locator(".st-key-make_table button").click()
    with page.expect_download() as download:
        page.locator(".st-key-save_table button").click()
    download.value.save_as(path := folder / "errors.csv")
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
