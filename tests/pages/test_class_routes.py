"""The routes of students against Starlette's test client, without Streamlit."""

import asyncio
import json

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from han_core.analysis.classroom import rooms, students
from han_core.analysis.classroom.database import ClassDatabase
from han_core.analysis.classroom.question import Phase, Question
from pages.shared import class_routes
from pages.shared.class_routes import Allowance, RoomChanges, events, routes

QUESTION = Question("half", "Which half changes?", "choice", 1, ("forward", "backward"))


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    database = class_routes.class_database()
    yield database
    database.close()


@pytest.fixture
def key(database):
    return rooms.make_room(database, "States", [QUESTION])


@pytest.fixture(autouse=True)
def fresh_allowances(monkeypatch):
    monkeypatch.setattr(class_routes, "JOINING", Allowance(100, 5))
    monkeypatch.setattr(class_routes, "ASKING", Allowance(20, 2))


def client() -> TestClient:
    return TestClient(Starlette(routes=routes(RoomChanges())))


def joined(key, nickname: str = "Anna") -> TestClient:
    student = client()
    answer = student.post("/join/seat", json={"code": key.code, "nickname": nickname})
    assert answer.status_code == 200, answer.text
    return student


def answer(student: TestClient, value: object, **change: object):
    content = {"question": "half", "round": 1, "answer": value, **change}
    return student.post("/join/answer", json=content)


def test_the_page_brings_its_own_script_and_style_and_nothing_else():
    page = client().get("/join")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path, kind in (("/join/join.js", "text/javascript"), ("/join/join.css", "text/css")):
        assert path.removeprefix("/") in page.text
        assert client().get(path).headers["content-type"].startswith(kind)


def test_a_student_joins_answers_and_sees_the_reveal(database, key):
    student = joined(key)
    assert student.get("/join/state").json()["phase"] == "predict"
    view = answer(student, 0).json()
    assert view["own"] == {"1": "forward"}
    assert "histograms" not in view
    rooms.move_to(database, key, Phase.PREDICT, Phase.LOCKED)
    rooms.move_to(database, key, Phase.LOCKED, Phase.REVEALED)
    view = student.get("/join/state").json()
    assert [bar["count"] for bar in view["histograms"]["1"]] == [1, 0]
    assert view["right"] == "backward"


def test_the_seat_is_a_cookie_that_scripts_do_not_see(key):
    made = client().post("/join/seat", json={"code": key.code, "nickname": "Anna"})
    cookie = made.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/join" in cookie
    secret = made.cookies[class_routes.COOKIE].split(".")[2]
    assert secret not in made.text


@pytest.mark.parametrize("cookie", ["", "x", "ROOM.1.secret", "{code}.1.wrong", "{code}.99.wrong"])
def test_a_stranger_is_refused_with_one_sentence(key, cookie):
    joined(key)
    stranger = client()
    stranger.cookies.set(class_routes.COOKIE, cookie.format(code=key.code))
    for refused in (
        stranger.get("/join/state"), stranger.get("/join/events"), answer(stranger, 1),
    ):  # fmt: skip
        assert refused.status_code == 401
        assert refused.json()["error"].endswith(".")


def test_mistakes_are_one_sentence_and_leave_the_answer_alone(key):
    student = joined(key)
    assert answer(student, 0).status_code == 200
    assert answer(student, 0).status_code == 200
    for refused, sentence in (
        (answer(student, 1), 'You have answered "forward" already'),
        (answer(student, 2), "A choice from 0 to 1 is expected"),
        (answer(student, 1, round=2), "came too late"),
        (answer(student, 1, question="<b>"), "came too late"),
    ):
        assert refused.status_code == 400
        assert sentence in refused.json()["error"]
    assert student.get("/join/state").json()["own"] == {"1": "forward"}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"{", b"\xff", b"[" * 2_000, b'{"question": 1, "round": 1, "answer": 1}',
     b'{"question": "half", "round": "1", "answer": 1}',
     b'{"question": "half", "round": 1, "answer": 1, "more": 1}', b" " * 3_000],
)  # fmt: skip
def test_a_request_that_is_no_answer_is_refused(key, body):
    refused = joined(key).post("/join/answer", content=body)
    assert refused.status_code == 400
    assert "is expected" in refused.json()["error"]


def test_a_wrong_code_is_one_sentence(database):
    refused = client().post("/join/seat", json={"code": "<b>nö", "nickname": "Anna"})
    assert refused.status_code == 400
    assert 'no room "BNÖ"' in refused.json()["error"]


def test_nicknames_stay_text(key):
    assert joined(key, "<b>Ben</b>").get("/join/state").json()["nickname"] == "<b>Ben</b>"


def test_too_many_requests_are_refused_until_time_has_passed(key, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(class_routes, "ASKING", Allowance(3, 2, lambda: now[0]))
    student = joined(key)
    assert [student.get("/join/state").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert answer(student, 1).status_code == 429
    now[0] = 0.5
    assert answer(student, 1).status_code == 200
    monkeypatch.setattr(class_routes, "JOINING", Allowance(0, 1))
    assert client().post("/join/seat", json={}).status_code == 429


def test_an_allowance_is_each_ones_own_and_forgets_who_is_silent():
    now = [0.0]
    allowance = Allowance(1, 1, lambda: now[0])
    assert [allowance.take("a"), allowance.take("a"), allowance.take("b")] == [True, False, True]
    for at in range(10_001):
        allowance.take(str(at))
    now[0] = 2.0
    assert allowance.take("a")
    assert len(allowance._left) < 10


def test_a_stream_says_the_present_phase_and_each_one_that_follows(database, key):
    seat = students.join(database, key.code, "Anna")

    async def heard() -> list[str]:
        changes, views = RoomChanges(), []
        watching = asyncio.create_task(changes.watch())
        stream = events(changes, seat)
        assert (await anext(stream)).startswith("retry:")
        views.append(await anext(stream))
        for before, after in ((Phase.PREDICT, Phase.LOCKED), (Phase.LOCKED, Phase.REVEALED)):
            rooms.move_to(database, key, before, after)
            views.append(await anext(stream))
        rooms.delete_room(database, key)
        views.append(await anext(stream))
        assert [message async for message in stream] == []
        assert changes.listeners.total() == 0
        watching.cancel()
        return views

    views = asyncio.run(heard())
    phases = [json.loads(view.removeprefix("data: "))["phase"] for view in views[:3]]
    assert phases == ["predict", "locked", "revealed"]
    assert views[3].startswith("event: gone\ndata: ")


def test_a_stream_ends_when_the_server_is_told_to(database, key):
    """uvicorn waits for open answers before it stops."""
    seat = students.join(database, key.code, "Anna")

    async def heard() -> list[str]:
        changes, messages = RoomChanges(), []
        stream = events(changes, seat)
        messages = [await anext(stream), await anext(stream)]
        await changes.stop()
        return messages + [message async for message in stream]

    assert len(asyncio.run(heard())) == 2


def test_a_student_has_so_many_streams(database, key, monkeypatch):
    monkeypatch.setattr(class_routes, "STREAMS_EACH", 0)
    assert joined(key).get("/join/events").status_code == 429


def test_rooms_are_in_the_folder_of_the_data(database, key, tmp_path):
    other = ClassDatabase(tmp_path / "classrooms.sqlite")
    assert rooms.open_room(other, key).lesson == "States"
    other.close()


@pytest.mark.parametrize(
    ("accepted", "chinese"),
    [("zh-CN,zh;q=0.9,en;q=0.8", True), ("zh;q=1", True), ("en-US,zh;q=0.5", False), ("fr", False)],
)
def test_a_mistake_is_said_in_the_language_of_the_browser(database, accepted, chinese):
    content = {"code": "noroom", "nickname": "Anna"}
    headers = {"Accept-Language": accepted}
    answer = client().post("/join/seat", json=content, headers=headers)
    assert answer.status_code == 400
    sentence = answer.json()["error"]
    assert "NOROOM" in sentence
    assert sentence.startswith("没有") == chinese
    assert ("There is no room" in sentence) != chinese
