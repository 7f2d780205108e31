"""The page Classroom under AppTest: a room is made, taught, left, opened again and deleted."""

import pytest
from streamlit.testing.v1 import AppTest

from han_core.analysis.classroom import rooms, students
from han_core.analysis.classroom.database import class_database
from han_core.analysis.classroom.question import Phase
from han_core.explanation.lesson import lessons
from han_core.explanation.lesson_measures import live_numbers
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from pages.classroom.live import join_address
from tests.pages.conftest import APP
from tests.processes import PATIENCE

PAGE = str(APP.parent / "pages" / "9_Classroom.py")


@pytest.fixture
def page(root, tmp_path, monkeypatch) -> AppTest:
    monkeypatch.setenv("HANSCOPE_CLASS", "1")
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    app = AppTest.from_file(PAGE, default_timeout=PATIENCE).run()
    assert not app.exception
    return app


def own(page: AppTest) -> None:
    page.segmented_control(key="room_source").set_value("own").run()


@pytest.fixture
def room(page) -> AppTest:
    """A room with the question "Which half changes?"."""
    own(page)
    page.text_area(key="room_first_text").set_value("Which <b>half</b> changes?").run()
    page.text_area(key="room_first_choices").set_value("forward\n\nbackward\n").run()
    page.selectbox(key="room_first_right").select(1).run()
    page.button(key="room_make").click().run()
    assert not page.exception
    assert not page.error
    return page


def drawn(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def click(app: AppTest, key: str) -> None:
    app.button(key=key).click().run()
    assert not app.exception


def test_without_a_class_the_page_says_how_to_have_rooms(root, monkeypatch):
    monkeypatch.delenv("HANSCOPE_CLASS", raising=False)
    app = AppTest.from_file(PAGE, default_timeout=PATIENCE).run()
    assert "make class" in app.info[0].value


def test_a_room_goes_through_its_phases(room):
    key = room.session_state["room_key"]
    database = class_database()
    seats = [students.join(database, key.code, name) for name in ("Anna", "<i>Ben")]
    for seat, choice in zip(seats, (0, 1), strict=True):
        half = rooms.open_room(database, key).question.id
        students.give_answer(database, seat, half, 1, choice)
    room.run()
    shown = drawn(room)
    assert "Which &lt;b&gt;half&lt;/b&gt; changes?" in shown
    assert "2 of 2 students answered" in shown
    assert "1 · 50%" in shown
    assert "✓ right" not in shown
    for phase in ("locked", "revealed", "explain", "again"):
        click(room, f"room_to_{phase}")
    students.give_answer(database, seats[0], half, 2, 1)
    click(room, "room_to_compared")
    assert "✓ right" in drawn(room)
    assert "1 became right and 0 became wrong" in room.markdown[-1].value


def test_the_answers_can_be_hidden_until_the_reveal(room):
    room.toggle(key="room_histogram").set_value(False).run()
    assert "class-histogram" not in drawn(room)
    for phase in ("locked", "revealed"):
        click(room, f"room_to_{phase}")
    assert "class-histogram" in drawn(room)


def test_questions_are_added_and_asked(room):
    room.text_area(key="room_next_text").set_value("How much?").run()
    room.segmented_control(key="room_next_kind").set_value("number").run()
    click(room, "room_add_question")
    room.run()
    click(room, "room_next")
    assert "How much?" in drawn(room)
    click(room, "room_previous")
    assert "half" in drawn(room)


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [("one", "2 to 8 choices are expected"), ("a\nb", "one of the choices")],
)
def test_a_question_that_does_not_fit_is_one_sentence(page, choices, sentence):
    own(page)
    page.text_area(key="room_first_text").set_value("?").run()
    page.text_area(key="room_first_choices").set_value(choices).run()
    click(page, "room_make")
    assert sentence in page.error[0].value


def test_a_room_asks_the_questions_of_lessons(root, page):
    (root / "small-han").rename(root / "han-imdb")
    page.session_state["room_source"] = "lessons"
    page.run()
    click(page, "room_make")
    assert "Choose at least one lesson" in page.error[0].value
    page.multiselect(key="room_lessons").set_value([(3, "en"), (7, "en")]).run()
    click(page, "room_make")
    assert not page.error
    room = rooms.open_room(class_database(), page.session_state["room_key"])
    first = next(one for one in lessons("en") if one.number == 3)
    live = live_numbers(first, probe_text(load_checkpoint(root / "han-imdb"), first.text))
    assert [one.id for one in room.questions] == [
        "3-en-predict", "3-en-check", "7-en-predict", "7-en-check",
    ]  # fmt: skip
    assert room.question.text.startswith(first.text)
    assert room.hidden == ("notes",)
    assert room.lesson_link == "Learn?lesson=3&lang=en&hide=notes"
    page.pills(key="room_hide").set_value(["mask", "notes"]).run()
    room = rooms.open_room(class_database(), page.session_state["room_key"])
    assert room.lesson_link == "Learn?lesson=3&lang=en&hide=mask,notes"
    assert page.code[0].value.endswith("/Learn?lesson=3&lang=en&hide=mask,notes")
    assert all(" · ".join(row) in room.question.text.splitlines() for row in live.rows)
    assert room.question.right == pytest.approx(100 * live.values["weight"])
    assert room.question.tolerance == pytest.approx(0.5)
    check = room.questions[1]
    assert first.check.options[int(check.right)].correct
    word = room.questions[2]
    assert word.kind == "choice"


def test_a_room_is_left_and_opened_again_with_its_key(room):
    key = room.session_state["room_key"]
    click(room, "room_leave")
    room.text_input(key="room_code").set_value(key.code.lower()).run()
    room.text_input(key="room_secret").set_value("wrong").run()
    click(room, "room_open")
    assert "not the teacher" in room.error[0].value
    room.text_input(key="room_secret").set_value(key.secret).run()
    click(room, "room_open")
    assert key.code in drawn(room)


def test_a_deleted_room_is_gone(room):
    key = room.session_state["room_key"]
    click(room, "room_delete")
    assert key.code not in class_database().versions()
    assert room.button(key="room_make")


def test_a_room_that_went_meanwhile_is_one_sentence_and_can_be_left(room):
    key = room.session_state["room_key"]
    rooms.delete_room(class_database(), key)
    room.run()
    assert "There is no room" in room.error[0].value
    click(room, "room_leave")
    assert room.button(key="room_make")


def test_two_clicks_on_one_button_are_one_step(room):
    key = room.session_state["room_key"]
    rooms.move_to(class_database(), key, Phase.PREDICT, Phase.LOCKED)  # another tab was faster
    click(room, "room_to_locked")
    assert rooms.open_room(class_database(), key).phase is Phase.LOCKED


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://192.168.1.7:8501/Classroom", "http://192.168.1.7:8501/join"),
        ("https://school.example/hanscope/Classroom", "https://school.example/hanscope/join"),
        ("http://127.0.0.1:8501/Classroom", "http://10.1.2.3:8501/join"),
        ("http://localhost:8501/Classroom", "http://10.1.2.3:8501/join"),
    ],
)
def test_students_get_an_address_that_they_can_reach(monkeypatch, url, address):
    monkeypatch.setattr("pages.classroom.live.network_address", lambda: "10.1.2.3")
    assert join_address(url) == address


def test_the_page_is_in_chinese_too(root, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_CLASS", "1")
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    app = AppTest.from_file(PAGE, default_timeout=PATIENCE)
    app.session_state["locale"] = "zh"
    app.run()
    assert app.button(key="room_make").label == "创建"
    click(app, "room_make")
    assert app.error[0].value == "请至少选择一课，或自拟一个问题。"
