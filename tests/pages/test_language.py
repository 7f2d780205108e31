"""The language of the pages: by address, by browser, by the button, one visitor at a time."""

import pytest
from streamlit.testing.v1 import AppTest

from han_core.runtime.messages import mark, speaking, tr
from pages.shared import language
from tests.pages.conftest import APP
from tests.processes import PATIENCE


def titles(app) -> list[str]:
    return [one.value for one in app.title]


@pytest.fixture
def learn(open_page):
    return open_page("0_Learn")


def test_the_button_changes_language_and_back(learn):
    assert titles(learn) == ["Learn"]
    learn.button(key="locale_switch").click().run()
    assert titles(learn) == ["学习"]
    assert learn.button(key="locale_switch").label == "English"
    learn.button(key="locale_switch").click().run()
    assert titles(learn) == ["Learn"]


def test_what_was_chosen_stays(learn):
    learn.segmented_control(key="lesson").set_value(7).run()
    learn.button(key="locale_switch").click().run()
    assert learn.segmented_control(key="lesson").value == 7


@pytest.mark.parametrize(
    ("asked", "title"), [("zh", "探索"), ("de", "Explore"), ("<b>", "Explore")]
)
def test_the_address_comes_first(root, asked, title):
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    app.query_params["lang"] = asked
    assert titles(app.run()) == [title]


def test_what_is_drawn_or_made_later_speaks_the_visitors_language():
    waiting = language.Late(mark("Explore"))
    with speaking("zh"):
        download = language.in_language(lambda: tr("Explore").encode())
        assert (str(waiting), waiting) == ("探索", "Explore")
    assert (download().decode(), tr("Explore"), str(waiting)) == ("探索", "Explore", "Explore")
