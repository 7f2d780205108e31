"""A teacher and three students in separate browsers: predict, reveal, vote again; axe; mistakes."""

import os
import re
from contextlib import ExitStack

import pytest

from benchmarks.server_session import served_class
from tests.journey.test_accessibility import SIDEWAYS, VIOLATIONS, axe  # noqa: F401
from tests.journey.walk import download, settled, watched_page

CHOICES = ("forward", "<i>backward</i>", "both")
PHONE = {"viewport": {"width": 390, "height": 844}}
NAMES = ("Anna", "<b>Ben</b>", "陈")
HISTOGRAM = "[data-testid=class-histogram]"


@pytest.fixture(scope="module")
def class_address(tmp_path_factory):
    """A server for a class, without any model."""
    folder = tmp_path_factory.mktemp("class")
    environment = {
        "HANSCOPE_DATA": str(folder / "data"), "HANSCOPE_CHECKPOINTS": str(folder / "none"),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
    }  # fmt: skip
    with served_class(environment) as (address, _):
        yield address


@pytest.fixture
def opened(chromium, class_address):
    """Open a page of the class's server in a browser of its own, watched until the end."""
    with ExitStack() as stack:

        def open_page(path: str, **settings):
            address = f"{class_address}/{path}"
            deep = path == "Classroom"
            return stack.enter_context(watched_page(chromium, address, deep, **settings))

        yield open_page


def made_room(teacher) -> str:
    """Make a room with one question; return its code."""
    teacher.get_by_role("radio", name="My own").click()
    teacher.locator(".st-key-room_first_text textarea").fill("Which half <b>changes</b>?")
    choices = teacher.locator(".st-key-room_first_choices textarea")
    choices.fill("\n".join(CHOICES))
    choices.press("Control+Enter")
    settled(teacher, 500)
    teacher.locator(".st-key-room_first_right input").click()
    teacher.get_by_role("option", name=CHOICES[1]).click()
    settled(teacher, 500)
    teacher.locator(".st-key-room_make button").click()
    return teacher.locator("[data-testid=room-code]").inner_text()


def join(student, code: str, nickname: str) -> None:
    student.fill("#code", code)
    student.fill("#nickname", nickname)
    student.click("#join button")
    student.locator("#room").wait_for()


def answer(student, choice: int) -> None:
    student.locator(f"[name=choice][value='{choice}']").check()
    student.click("#answer button")
    student.get_by_text("Your answer:").wait_for()


def go(teacher, phase: str) -> None:
    teacher.locator(f".st-key-room_to_{phase} button").click()


def counts(page, at: int = 0) -> list[int]:
    votes = page.locator(HISTOGRAM).nth(at).locator(".hs-vote").all_inner_texts()
    return [int(vote.split()[0]) for vote in votes]


def test_a_class_predicts_sees_the_answers_and_votes_again(opened):
    teacher = opened("Classroom", viewport={"width": 1440, "height": 900})
    code = made_room(teacher)
    students = [opened("join", locale="en-US", **PHONE) for _ in NAMES]
    for student, name, choice in zip(students, NAMES, (0, 1, 1), strict=True):
        join(student, code.lower(), name)
        answer(student, choice)
        assert name in student.locator("#seat").inner_text()
    teacher.get_by_text("3 of 3 students answered").wait_for()
    assert counts(teacher) == [1, 2, 0]
    assert not any(student.locator(HISTOGRAM).count() for student in students)
    for phase in ("locked", "revealed"):
        go(teacher, phase)
    for student, own in zip(students, (0, 1, 1), strict=True):
        student.locator(HISTOGRAM).wait_for()
        assert counts(student) == [1, 2, 0]
        labels = student.locator(f"{HISTOGRAM} th").all_inner_texts()
        assert ["yours" in label for label in labels] == [at == own for at in range(3)]
        assert ["right" in label for label in labels] == [False, True, False]
    for phase in ("explain", "again"):
        go(teacher, phase)
    for student, choice in zip(students, (1, 1, 2), strict=True):
        student.get_by_text("Now answer once more.").wait_for()
        assert student.locator(HISTOGRAM).count() == 0
        answer(student, choice)
    go(teacher, "compared")
    students[0].locator(HISTOGRAM).nth(1).wait_for()
    assert (counts(students[0], 0), counts(students[0], 1)) == ([1, 2, 0], [0, 2, 1])
    teacher.get_by_text("1 became right and 1 became wrong").wait_for()
    lines = download(teacher, teacher.locator(".st-key-room_csv button")).read_text("utf-8-sig")
    assert len(lines.splitlines()) == 7
    assert all(name in lines for name in NAMES)
    teacher.reload()  # the browser keeps the key
    assert teacher.locator("[data-testid=room-code]").inner_text() == code
    students[0].reload()
    students[0].locator(HISTOGRAM).nth(1).wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_and_nothing_is_sideways(opened, axe, scheme):  # noqa: F811
    teacher = opened("Classroom", color_scheme=scheme)
    student = opened("join", locale="en-US", color_scheme=scheme, **PHONE)
    settled(teacher, 500)
    found = []

    def look(*pages) -> None:
        for page in pages:
            page.evaluate(axe)
            found.extend(page.evaluate(VIOLATIONS))

    look(teacher, student)
    code = made_room(teacher)
    join(student, code, "Anna")
    look(student)
    answer(student, 1)
    for phase in ("locked", "revealed"):
        go(teacher, phase)
    student.locator(HISTOGRAM).wait_for()
    teacher.locator(".st-key-room_to_explain").wait_for()
    look(teacher, student)
    assert found == []
    assert student.evaluate("document.documentElement.scrollWidth") <= 390
    teacher.set_viewport_size(PHONE["viewport"])
    settled(teacher, 500)
    assert teacher.evaluate(SIDEWAYS) == []


def test_a_student_joins_and_answers_with_the_keyboard_alone(opened):
    teacher = opened("Classroom")
    code = made_room(teacher)
    student = opened("join", locale="zh-CN", **PHONE)
    assert student.evaluate("document.documentElement.lang") == "zh-CN"
    student.keyboard.press("Tab")
    student.keyboard.type(code)
    student.keyboard.press("Tab")
    student.keyboard.type("Anna")
    student.keyboard.press("Enter")
    student.locator("#room").wait_for()
    student.locator("[name=choice]").first.focus()
    student.keyboard.press("ArrowDown")
    student.keyboard.press("Enter")
    student.get_by_text("你的答案").wait_for()
    teacher.get_by_text("1 of 1 student answered").wait_for()
    assert counts(teacher) == [0, 1, 0]


def test_a_wrong_code_is_one_sentence_and_keeps_what_was_typed(chromium, class_address):
    page = chromium.new_page(locale="en-US")  # its console says that a request was refused
    page.goto(f"{class_address}/join")
    page.fill("#code", "NOROOM")
    page.fill("#nickname", "Anna")
    page.click("#join button")
    page.get_by_role("alert").get_by_text("There is no room").wait_for()
    assert re.fullmatch("There is no room [^.]*\\.", page.locator("#error").inner_text())
    assert page.input_value("#nickname") == "Anna"
    page.close()
