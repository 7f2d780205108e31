"""What waits for a click where many share the server, and what is there all the same."""

import pytest

from han_core.models.architecture import Architecture
from han_core.models.registry import MODELS
from pages.shared import cache
from tests.pages.seen import hooks


@pytest.fixture
def in_class(monkeypatch):
    monkeypatch.setenv(cache.CLASS, "1")


def test_a_class_gets_evidence_in_words_and_figures_on_request(open_page, in_class):
    app = open_page("1_Explore")
    assert "evidence" in hooks(app)
    assert "sentence-bars" in hooks(app)
    assert len(app.get("plotly_chart")) == 0
    app.session_state["evidence_figures_quick"] = True
    app.run()
    assert len(app.get("plotly_chart")) == 5


def test_leave_one_out_waits_in_a_class(open_page, in_class):
    app = open_page("1_Explore")
    app.button(key="measure_thorough").click().run()
    assert not app.exception
    assert "evidence" in hooks(app)
    assert "measure_thorough" not in {button.key for button in app.button}


def test_the_difference_waits_for_its_switch_in_a_class_too(open_page, in_class):
    app = open_page("2_Compare")
    assert "difference" not in hooks(app)
    app.button_group(key="shown").set_value("difference").run()
    assert "difference" in hooks(app)


def test_agreement_is_folded_in_a_class(open_page, in_class):
    app = open_page("2_Compare")
    folded = len(app.get("plotly_chart"))
    app.session_state["agreement_figures"] = True
    app.run()
    assert len(app.get("plotly_chart")) == folded + 3


def test_alone_nothing_waits(open_page):
    app = open_page("1_Explore")
    assert "evidence" in hooks(app)
    assert "measure_thorough" not in {button.key for button in app.button}


def test_a_text_that_is_too_long_for_a_class_is_refused_in_a_sentence(open_page, in_class):
    app = open_page("1_Explore")
    app.session_state["analysed"] = "A good film. " * 8_000  # as a file or a link does
    app.run()
    (error,) = app.error
    assert "up to 100,000 characters" in error.value.replace("\\", "")
    assert "104,000" in error.value.replace("\\", "")


@pytest.mark.parametrize("kind", MODELS.values(), ids=list(MODELS))
def test_twice_the_layers_that_were_measured_halve_the_text_measured_at_once(kind):
    words = kind.evidence_words
    sizes = {"model": kind.name, "vocabulary_size": 9, "classes": 2}
    shape = Architecture(**sizes, layers=words.layers)
    twice = Architecture(**sizes, layers=2 * words.layers)
    assert cache.ALONE.words_at_once("brief", shape) == words.quick
    assert cache.ALONE.words_at_once("thorough", shape) == words.thorough
    assert cache.ALONE.words_at_once("thorough", twice) == words.thorough // 2
    assert cache.IN_CLASS.words_at_once("brief", twice) == words.shared // 2
    assert cache.IN_CLASS.words_at_once("thorough", shape) == 0
