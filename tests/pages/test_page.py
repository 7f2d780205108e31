"""Streamlit's browser forgets what AppTest remembers, so values are dropped by hand here."""

from streamlit.testing.v1 import AppTest


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
