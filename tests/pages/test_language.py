"""The language of the pages: by address, by browser, by the button, one visitor at a time.

Outside a page's run AppTest asks for the names of options, so tests speak the page's language too.
"""

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from han_core.runtime.messages import mark, speaking, tr
from pages.compare import charts, comparison
from pages.explore import drawer
from pages.shared import language
from tests.pages.conftest import APP
from tests.pages.seen import english, open_part
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


CHINESE = "酒店很好。但是下雨了，我们没有出门。"


@pytest.fixture
def in_chinese(open_page, root) -> Iterator[Callable[[str], AppTest]]:
    """Opens a page in Chinese, about a Chinese text."""

    def opened(name: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=PATIENCE)
        app.session_state["locale"] = "zh"
        app.run()
        if name != "1_Explore":
            app.switch_page(f"pages/{name}.py").run()
        app.text_area(key="document").set_value(CHINESE)
        return app.button(key="analyze").click().run()

    with speaking("zh"):
        yield opened


def test_explore_in_chinese(in_chinese):
    """Each part of the drawer, with changed attention, without an English sentence."""
    app = in_chinese("1_Explore")
    for part in drawer.PARTS[:-1]:
        if part != drawer.HEADS:
            open_part(app, tr(part))
            assert (app.session_state["drawer"], english(app)) == (tr(part), [])
    open_part(app, tr(drawer.WHAT_IF))
    app.segmented_control(key="tamper_kind").set_value("sharpen").run()
    app.selectbox(key="method").set_value("gradient").run()
    app.button(key="suggest").click().run()
    assert not app.exception
    assert english(app) == []


def test_compare_in_chinese(in_chinese):
    """Models, methods and versions, by value and by difference, without an English sentence."""
    app = in_chinese("2_Compare")
    for kind in comparison.KINDS:
        app.segmented_control(key="compared").set_value(kind).run()
        if kind == "versions":
            app.text_area(key="version").set_value(CHINESE.replace("很好", "不好")).run()
        for shown in comparison.SHOWN:
            app.segmented_control(key="shown").set_value(shown).run()
            assert not app.exception
            assert english(app) == []


def test_the_open_part_stays(in_chinese):
    """To Streamlit a tab is its name, which changes with the language."""
    app = open_part(in_chinese("1_Explore"), "方法")
    app.button(key="locale_switch").click().run()
    assert app.session_state["drawer"] == "Methods"
    assert app.text_area(key="document").value == CHINESE


def test_the_table_of_a_comparison_keeps_english_columns(in_chinese):
    app = in_chinese("2_Compare")
    app.segmented_control(key="compared").set_value("methods").run()
    request = comparison.Request(
        "methods", ("small-han",), "cpu", "document", ("attention", "gradient")
    )
    compared = comparison.compare(request, CHINESE, "")
    assert [column.name for column in compared.columns] == ["注意力", "梯度 × 输入"]
    head = charts.comparison_csv(compared).decode().splitlines()[0]
    assert "Attention" in head
    assert "Gradient × input" in head
