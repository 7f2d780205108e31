"""Streamlit's browser forgets what AppTest remembers, so values are dropped by hand here."""

import threading
import time

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.page import RenderQueue
from tests.processes import PATIENCE


def script():
    import streamlit as st

    from pages.shared import page

    page.start_visit(st.session_state.get("where", "here"))
    there = st.session_state.get("there", ["a", "b", "c"])
    page.restore_value("one", "a", there)
    page.restore_value("many", ["a", "b"], there)
    st.selectbox("One", there, key="one")
    st.multiselect("Many", there, key="many")


def test_the_usual_comes_first_and_choices_stay():
    app = AppTest.from_function(script).run()
    assert app.selectbox(key="one").value == "a"
    assert app.multiselect(key="many").value == ["a", "b"]
    app.selectbox(key="one").set_value("c").run()
    app.session_state["where"] = "elsewhere"
    app.run()
    assert app.selectbox(key="one").value == "c"
    assert not app.warning


def test_an_empty_choice_of_several_is_a_choice():
    app = AppTest.from_function(script).run()
    app.multiselect(key="many").set_value([]).run()
    app.run()
    assert app.multiselect(key="many").value == []


def test_what_is_gone_gives_way_with_a_warning():
    app = AppTest.from_function(script).run()
    app.selectbox(key="one").set_value("b").run()
    app.session_state["there"] = ["a", "c"]
    app.run()
    assert app.selectbox(key="one").value == "a"
    assert app.multiselect(key="many").value == ["a"]
    assert [warning.value for warning in app.warning] == [
        "The one b is no longer there.",
        "The many b is no longer there.",
    ]
    app.run()
    assert not app.warning


def in_threads(*work) -> list[threading.Thread]:
    threads = [threading.Thread(target=each, daemon=True) for each in work]
    for thread in threads:
        thread.start()
        time.sleep(0.02)  # they come in this order
    return threads


def test_one_after_another_in_the_order_in_which_they_came():
    turns, log = RenderQueue(at_once=1, patience=PATIENCE), []
    first_may_end = threading.Event()

    def run(name: str):
        with turns.turn():
            log.append(f"{name} begins")
            if name == "a":
                first_may_end.wait(PATIENCE)
            log.append(f"{name} ends")

    threads = in_threads(*(lambda name=name: run(name) for name in "abc"))
    assert log == ["a begins"]
    first_may_end.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert log == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]


def test_nobody_waits_for_a_slow_one():
    turns, began = RenderQueue(at_once=1, patience=0.05), threading.Event()
    may_end = threading.Event()

    def slow():
        with turns.turn():
            may_end.wait(PATIENCE)

    def quick():
        with turns.turn():
            began.set()

    (thread, _) = in_threads(slow, quick)
    assert began.wait(PATIENCE)
    assert thread.is_alive()
    may_end.set()
    thread.join(PATIENCE)


def test_as_many_as_allowed_are_at_it_together():
    turns = RenderQueue(at_once=2, patience=PATIENCE)
    together = threading.Barrier(2, timeout=PATIENCE)

    def run():
        with turns.turn():
            together.wait()

    threads = in_threads(run, run)
    for thread in threads:
        thread.join(PATIENCE)
    assert not together.broken


def test_a_run_that_breaks_gives_its_turn_back():
    turns = RenderQueue(at_once=1, patience=PATIENCE)
    with pytest.raises(ZeroDivisionError), turns.turn():
        raise ZeroDivisionError
    with turns.turn():
        pass


def test_a_run_that_waits_for_another_process_lets_others_go_and_then_is_next():
    turns, log = RenderQueue(at_once=1, patience=PATIENCE), []
    answered, may_end = threading.Event(), threading.Event()

    def asking():
        with turns.turn():
            with turns.paused():
                answered.wait(PATIENCE)
            log.append("asking goes on")

    def other(name: str, wait: bool):
        with turns.turn():
            log.append(f"{name} begins")
            if wait:
                may_end.wait(PATIENCE)

    threads = in_threads(asking, lambda: other("a", True), lambda: other("b", False))
    assert log == ["a begins"]
    answered.set()
    end = time.monotonic() + PATIENCE
    while len(turns._waiting) < 2 and time.monotonic() < end:  # b, and the one that was answered
        time.sleep(0.001)
    may_end.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert log == ["a begins", "asking goes on", "b begins"]
    with turns.paused():  # outside a turn: nothing to let go
        log.append("done")


def test_a_run_that_is_stopped_while_it_waits_to_go_on_blocks_nobody():
    turns, log = RenderQueue(at_once=1, patience=PATIENCE), []

    def stopped():
        with pytest.raises(KeyError), turns.turn(), turns.paused():
            raise KeyError

    for thread in in_threads(stopped):
        thread.join(PATIENCE)
    with turns.turn():
        log.append("goes")
    assert log == ["goes"]
