"""What pages of texts say of models for other inputs, and that they never list one."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import system_pages
from tests.pages.conftest import APP
from tests.processes import PATIENCE

SENTENCE = "Models for other inputs than texts have their own pages: "


@pytest.fixture
def with_series(root):
    """The small checkpoints beside one for time series."""
    shutil.copytree(APP.parent / "checkpoints" / "series-pulse", root / "series-pulse")
    return root


@pytest.mark.parametrize(
    ("page", "key"),
    [("1_Explore", "checkpoint"), ("2_Compare", "checkpoints"), ("3_Errors", "checkpoint")],
)
def test_pickers_of_text_models_name_the_other_pages_and_list_none_of_their_models(
    with_series, open_page, page, key
):
    app = open_page(page)
    pickers = [*app.selectbox, *app.multiselect]
    assert not [one.key for one in pickers if any("series-pulse" in name for name in one.options)]
    (picker,) = [one for one in pickers if one.key == key]
    assert SENTENCE in picker.help
    assert "Series (time series)" in picker.help


def test_the_models_of_the_training_form_name_the_other_pages(open_page):
    model = open_page("4_Train").segmented_control(key="train_model")
    assert model.help.startswith(SENTENCE)


def test_the_card_of_a_model_leads_to_the_other_pages(open_page):
    app = open_page("1_Explore")
    app.session_state["drawer"] = "Model"
    app.run()
    assert not app.exception
    links = app.get("page_link")
    assert [link.proto.label for link in links] == list(
        dict.fromkeys(system_pages.system_pages().values())
    )


def test_a_link_that_names_a_model_of_another_page_says_which(with_series, open_page):
    app = open_page("3_Errors")
    app.query_params["checkpoint"] = "series-pulse"
    app.run()
    assert not app.exception
    assert "is for time series" in app.warning[0].value


def test_an_unknown_model_is_not_on_this_server(with_series):
    assert system_pages.absence("series-pulse") == "is for time series (page Series)"
    assert system_pages.absence("gone") == "is not on this server"


def test_without_a_model_for_texts_pages_say_so(with_series, root):
    for folder in root.iterdir():
        if folder.name != "series-pulse":
            shutil.rmtree(folder)
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
    assert not app.exception
    assert "There is no model for texts in the folder" in app.error[0].value
