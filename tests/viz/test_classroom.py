"""Histogram, summary and exports of a class room; markup in names and answers stays text."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import datetime
from urllib.parse import unquote

import pytest
import segno
from lxml import etree
from lxml import html as lxml_html

from han_core.analysis.classroom.question import Phase, Question
from han_core.analysis.classroom.rooms import Answer, Results, Room
from han_core.viz import classroom

HOSTILE = '<b>=1+1</b> & "x"'
QUESTION = Question("half", HOSTILE, "choice", 1, ("forward", HOSTILE, "both"))
NUMBER = Question("share", "How much?", "number", 64.65, tolerance=0.5, unit="%")
AT = datetime(2026, 11, 29, 9, 30, 5)
ROOM = Room("K7QM3P", "States", (QUESTION, NUMBER), QUESTION, Phase.COMPARED, 7, AT)
RESULTS = Results(
    ROOM,
    {1: "=cmd", 2: HOSTILE, 3: "Chen"},
    (
        Answer("half", 1, 1, 0, AT), Answer("half", 1, 2, 1, AT), Answer("half", 1, 3, 0, AT),
        Answer("half", 2, 1, 1, AT), Answer("half", 2, 2, 0, AT), Answer("share", 1, 1, 64.5, AT),
    ),
)  # fmt: skip


def in_phase(phase: Phase) -> Results:
    return replace(RESULTS, room=replace(ROOM, phase=phase))


def rows(html: str) -> list[list[str]]:
    """The label and the votes of each row of a histogram."""
    table = lxml_html.fromstring(html).xpath("//table")[0]
    return [
        [row.find("th").text_content(), *[vote.text_content() for vote in row.xpath("td/div")]]
        for row in table.xpath("tbody/tr")
    ]


def test_a_histogram_has_counts_and_shares_and_marks_the_right_answer_when_revealed():
    hidden = classroom.histogram(QUESTION, [[0, 1, 0]], reveal=False)
    assert rows(hidden) == [["forward", "2 · 67%"], [HOSTILE, "1 · 33%"], ["both", "0 · 0%"]]
    assert "right" not in hidden
    shown = rows(classroom.histogram(QUESTION, [[0, 1, 0]], reveal=True))
    assert [row[0] for row in shown] == ["forward", f"{HOSTILE}✓ right", "both"]


def test_two_rounds_stand_beside_each_other():
    shown = rows(classroom.histogram(QUESTION, [[0, 1, 0], [1, 0]], reveal=False))
    assert shown[0] == ["forward", "2 · 67%", "1 · 50%"]


def test_no_answers_are_no_division_by_zero():
    assert rows(classroom.histogram(NUMBER, [[]], reveal=False))[0] == ["0–10%", "0 · 0%"]


@pytest.mark.parametrize(
    ("phase", "rounds"),
    [
        (Phase.PREDICT, [[0, 1, 0]]), (Phase.LOCKED, [[0, 1, 0]]), (Phase.REVEALED, [[0, 1, 0]]),
        (Phase.EXPLAIN, [[0, 1, 0]]), (Phase.AGAIN, [[1, 0]]),
        (Phase.COMPARED, [[0, 1, 0], [1, 0]]),
    ],
)  # fmt: skip
def test_the_teacher_sees_the_round_of_the_phase(phase, rounds):
    assert classroom.shown_rounds(in_phase(phase)) == rounds


def test_a_second_vote_without_answers_stands_beside_the_first():
    without = replace(RESULTS, answers=RESULTS.answers[:3])
    assert classroom.shown_rounds(without) == [[0, 1, 0], []]


def test_the_summary_counts_right_answers_and_moves():
    assert classroom.summary(RESULTS, QUESTION) == (
        "Before: 1 of 3 answers right (33%). After: 1 of 2 answers right (50%). "
        "Of those who answered twice, 1 became right and 1 became wrong."
    )
    assert classroom.summary(RESULTS, NUMBER) == "1 of 1 answer right (100%)."
    assert classroom.summary(replace(RESULTS, answers=()), NUMBER) == "No answers yet."


def test_the_heading_marks_the_phase_and_names_the_address():
    page = lxml_html.fromstring(classroom.heading(ROOM, "http://10.0.0.5:8501/join", 1))
    assert page.xpath("string(//*[@data-testid='room-code'])") == "K7QM3P"
    assert page.xpath("string(//strong)") == "http://10.0.0.5:8501/join"
    assert page.xpath("string(//*[@data-testid='room-students'])") == "1 student"
    assert page.xpath("//li[@aria-current='step']/text()") == ["Before and after"]


def test_the_heading_has_the_address_as_a_qr_code():
    address = "http://10.0.0.5:8501/join"
    page = lxml_html.fromstring(classroom.heading(ROOM, address, 1))
    (code,) = page.xpath("//*[@data-testid='room-qr']")
    target = f"{address}?room=K7QM3P"
    assert code.get("alt") == f"QR code of {target}"
    squares, edge = drawn_squares(code)
    expected = segno.make(target, error="m", micro=False).matrix
    assert edge == len(expected) + 2 * 4  # a margin of four squares
    assert squares == {
        (row + 4, column + 4)
        for row, line in enumerate(expected)
        for column, dark in enumerate(line)
        if dark
    }


def drawn_squares(code) -> tuple[set[tuple[int, int]], int]:
    """Row and column of each dark square of an SVG, and the length of its edge."""
    svg = etree.fromstring(unquote(code.get("src").partition(",")[2]).encode())
    edge = int(svg.get("viewBox").split()[2])
    squares, row, column = set(), 0.0, 0.0
    path = svg.xpath("//*[local-name()='path']")[0].get("d")
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", path):
        if command == "h":
            squares |= {(int(row), int(column) + at) for at in range(int(first))}
            column += float(first)
        elif command == "M":
            column, row = float(first), float(second)
        else:
            column, row = column + float(first), row + float(second)
    return squares, edge


def test_the_question_is_text():
    page = lxml_html.fromstring(classroom.question_line(ROOM))
    assert page.xpath("string(//*[@class='hs-question'])") == HOSTILE
    assert "Question 1 of 2" in page.text_content()


def test_csv_has_a_row_for_each_answer_and_no_formula():
    lines = list(csv.DictReader(io.StringIO(classroom.results_csv(RESULTS).decode("utf-8-sig"))))
    assert len(lines) == len(RESULTS.answers)
    assert lines[0] == {
        "room": "K7QM3P", "question": HOSTILE, "round": "1", "nickname": "'=cmd",
        "answer": "forward", "right": "False", "at": "2026-11-29 09:30:05",
    }  # fmt: skip
    assert lines[-1]["answer"] == "64.5%"


def test_json_has_questions_histograms_and_shifts():
    content = json.loads(classroom.results_json(RESULTS))
    assert (content["room"], content["students"], content["created"]) == (
        "K7QM3P", 3, "2026-11-29T09:30:05Z",
    )  # fmt: skip
    first, second = content["questions"]
    assert [[bar["count"] for bar in bars] for bars in first["histograms"]] == [
        [2, 1, 0],
        [1, 1, 0],
    ]
    assert first["shift"] == {
        "stayed_right": 0, "became_right": 1, "became_wrong": 1, "stayed_wrong": 0,
    }  # fmt: skip
    assert second["right"] == 64.65
    assert len(content["answers"]) == 6


def test_html_is_one_page_with_every_answer_as_text():
    page = classroom.results_html(RESULTS).decode()
    assert "<b>=1+1" not in page
    tree = lxml_html.fromstring(page)
    assert tree.xpath("string(//h1)") == "States: class room K7QM3P"
    assert [len(table.xpath("tbody/tr")) for table in tree.xpath("//table")] == [3, 10, 6]
    assert not tree.xpath("//@src | //link/@href")


def test_a_room_without_answers_is_exported():
    empty = Results(ROOM, {}, ())
    assert classroom.results_csv(empty).decode("utf-8-sig").startswith("room,question,round")
    assert json.loads(classroom.results_json(empty))["answers"] == []
    assert "No answers yet." in classroom.results_html(empty).decode()
