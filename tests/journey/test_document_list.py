"""The list of documents in a browser, alone: any number of rows, of which few are drawn."""

import pytest

from pages.errors.document_list import ASSETS, SENT, first_sent
from tests.journey.harness import opened

SCRIPT = """
window.sent = [];
const place = document.getElementById("place");
window.put = (data) => list({
  data, parentElement: place, setTriggerValue: (name, act) => window.sent.push(act) });
"""


@pytest.fixture
def page(chromium, tmp_path):
    css, js = (
        (ASSETS / f"document_list.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")
    )
    code = js.replace("export default function", "const list = function", 1)
    html = (
        f'<!DOCTYPE html><meta charset="utf-8"><style>{css}</style><body>'
        f'<div id="place" style="--errors-pane: 500px"></div><script type="module">{code}{SCRIPT}'
        "</script>"
    )
    with opened(chromium, tmp_path, html) as page:
        page.wait_for_function("() => Boolean(window.put)")
        yield page


def rows(total: int, at: int, around: int | None = None, selected: frozenset[int] = frozenset()):
    first = first_sent(at if around is None else around, total)
    return {
        "list": f"{total}", "total": total, "first": first, "at": at, "alt": "Documents",
        "words": {"select": "Select {id}", "second": "second: {class}"},
        "rows": [
            {"row": row, "id": f"d{row}", "true": "<b>pos</b>", "predicted": "neg", "wrong": True,
             "other": None, "confidence": "97%", "excerpt": [["so ", False], ["bad", True]],
             "tags": [["irony", "#ff0000"]], "selected": row in selected}
            for row in range(first, min(total, first + SENT))
        ],
    }  # fmt: skip


def put(page, data) -> None:
    page.evaluate("data => put(data)", data)


def in_sight(page) -> list[int]:
    """Places of the rows that stand inside the list's window, in order."""
    return page.evaluate(
        """() => {
          const box = document.querySelector(".scroller").getBoundingClientRect();
          return [...document.querySelectorAll("[role=listitem]")].filter((row) => {
            const { top, bottom } = row.getBoundingClientRect();
            return bottom > box.top + 1 && top < box.bottom - 1;
          }).map((row) => row.ariaPosInSet - 1).sort((a, b) => a - b);
        }"""
    )


@pytest.mark.parametrize("total", [1, 3, 90, 5_000, 1_000_000])
def test_few_rows_are_drawn_and_both_ends_are_reached(page, total):
    put(page, rows(total, 0))
    assert in_sight(page)[0] == 0
    assert page.locator("[role=listitem]").count() <= 12
    page.evaluate("document.querySelector('.scroller').scrollTop = 1e9")
    page.wait_for_function(f"document.querySelector('[aria-posinset=\"{total}\"]')")
    assert in_sight(page)[-1] == total - 1
    assert page.locator("[role=listitem]").count() <= 12
    if total > SENT:
        page.wait_for_function("window.sent.length")
        (asked,) = page.evaluate("window.sent")
        assert asked["do"] == "show"
        put(page, rows(total, 0, around=asked["at"]))
        assert all(text for text in page.locator("[role=listitem]").all_text_contents())


@pytest.mark.parametrize("at", [40, 70_000, 999_999])
def test_the_document_that_is_read_comes_into_sight(page, at):
    put(page, rows(1_000_000, 0))
    put(page, rows(1_000_000, at))
    page.wait_for_function(f"document.querySelector('[aria-posinset=\"{at + 1}\"].current')")
    assert at in in_sight(page)
    page.evaluate("document.querySelector('.scroller').scrollTop += 1")
    put(page, rows(1_000_000, at))  # the same again moves nothing
    assert at in in_sight(page)


def test_a_click_reads_and_a_box_selects_up_to_the_last_one(page):
    put(page, rows(90, 0))
    page.locator("[aria-posinset='3'] button").click()
    boxes = page.locator("[role=listitem] input")
    boxes.nth(1).click()
    boxes.nth(3).click(modifiers=["Shift"])
    put(page, rows(90, 0, selected=frozenset({1, 2, 3})))
    assert page.evaluate("window.sent") == [
        {"do": "read", "at": 2, "row": 2, "from": 2},
        {"do": "select", "at": 1, "row": 1, "from": 1},
        {"do": "select", "at": 3, "row": 3, "from": 1},
    ]
    assert page.locator("[role=listitem] input:checked").count() == 3
    assert page.evaluate("document.activeElement.ariaLabel") == "Select d3"  # the focus stays
    assert page.locator("[aria-posinset='1'] mark").all_text_contents() == ["bad"]
    assert "<b>pos</b>" in page.locator("[aria-posinset='1']").inner_text()
