import re
import shutil

import pytest

from tests.pages.seen import hooks, marked, predicted, tokens


@pytest.fixture
def three(root):
    shutil.copytree(root / "small-han", root / "small-han-again")


def test_a_panel_for_each_model(open_page):
    app = open_page("2_Compare")
    assert app.multiselect(key="checkpoints").value == ["small-han", "small-bilstm"]
    assert hooks(app).count("compare-panel") == 2
    assert hooks(app).count("word-heatmap") == len(predicted(app)) == 2
    assert hooks(app).count("legend") == 1
    assert len(app.get("plotly_chart")) == 1


def test_panels_share_one_scale(open_page, three):
    app = open_page("2_Compare")
    app.multiselect(key="checkpoints").set_value(["small-han", "small-han-again"]).run()
    panels = [text for value, text in marked(app, "data-testid") if value == "compare-panel"]
    assert len(panels) == 2
    styles = [re.findall(r'style="background[^"]*"', element.value) for element in app.html]
    first, second = [found for found in styles if len(found) > 20]
    assert first == second  # equal weights, equal colours


def test_equal_models_agree_and_do_not_differ(open_page, three):
    app = open_page("2_Compare")
    app.multiselect(key="checkpoints").set_value(["small-han", "small-han-again"]).run()
    agreement = app.dataframe[0].value.iloc[0]
    assert agreement["tau of words"] == pytest.approx(1)
    assert agreement["top words shared"] == pytest.approx(1)
    assert agreement["divergence"] == pytest.approx(0)
    assert (app.dataframe[2].value["difference"] == 0).all()


def test_differences_are_those_of_the_weights_on_the_page(open_page):
    app = open_page("2_Compare")
    words = tokens(app)
    half = len(words) // 2
    differences = sorted(
        (abs(one - other) for (_, one), (_, other) in zip(words[:half], words[half:], strict=True)),
        reverse=True,
    )
    shown = app.dataframe[2].value
    assert shown["difference"].abs().tolist() == pytest.approx(differences[: len(shown)])


def test_three_models_have_three_pairs(open_page, three):
    app = open_page("2_Compare")
    names = ["small-han", "small-bilstm", "small-han-again"]
    app.multiselect(key="checkpoints").set_value(names).run()
    assert hooks(app).count("compare-panel") == 3
    assert len(app.dataframe[0].value) == 3
    app.selectbox(key="pair").set_value("small-han and small-han-again").run()
    assert (app.dataframe[2].value["difference"] == 0).all()


def test_one_model_is_too_few(open_page):
    app = open_page("2_Compare")
    app.multiselect(key="checkpoints").set_value(["small-han"]).run()
    assert "Two checkpoints" in app.error[0].value
    assert not hooks(app).count("compare-panel")
    app.multiselect(key="checkpoints").set_value(["small-bilstm", "small-han"]).run()
    assert not app.error
    assert hooks(app).count("compare-panel") == 2


def test_empty_text_gets_one_sentence(open_page):
    app = open_page("2_Compare")
    app.text_area(key="document").set_value(" ")
    app.button(key="analyze").click().run()
    assert len(app.error) == 1
    assert not app.exception
