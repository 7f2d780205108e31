"""The film on the page: what is kept reaches the component, whichever document is chosen."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from han_core.analysis.film import FRAMES, WATCHED, FrameRecorder
from han_core.models.checkpoint import load_checkpoint
from han_core.training.callbacks import StepEvent
from tests.pages.seen import components
from tests.processes import PATIENCE

TEXTS = ("The green table *walks*.", "Seven quiet rivers. Bread!")


@pytest.fixture
def watched(tmp_path, random_checkpoint):
    """A run's folder with three moments, after the first of two epochs."""
    checkpoint = load_checkpoint(random_checkpoint("han"))
    recorder = FrameRecorder(tmp_path, TEXTS)
    for step, epoch in ((0, 0), (1, 0), (2, 1)):
        recorder(StepEvent(step, epoch, step == 2, lambda: checkpoint))
    return tmp_path


def page(folder: str) -> None:
    from pathlib import Path
    from types import SimpleNamespace

    from pages.train.run_view import film

    history = ({"epoch": 1, "validation": {"accuracy": 0.875}},)
    film(SimpleNamespace(id="1", folder=Path(folder), history=history))


def opened(folder) -> AppTest:
    app = AppTest.from_function(page, args=(str(folder),), default_timeout=PATIENCE).run()
    assert not app.exception
    return app


def film(app: AppTest) -> dict:
    (data,) = components(app, "hanscope_film")
    return data


def test_the_film_of_each_document_reaches_the_browser(watched):
    app = opened(watched)
    assert film(app)["still"]["tokens"] == ["The", "green", "table", "*", "walks", "*", "."]
    assert [frame["step"] for frame in film(app)["frames"]] == [0, 1, 2]
    assert film(app)["frames"][2]["accuracy"] == "Validation accuracy 87.5% after epoch 1."
    app.selectbox(key="film_document_1").select(1).run()
    assert film(app)["still"]["tokens"] == ["Seven", "quiet", "rivers", ".", "Bread", "!"]
    assert len(app.get("plotly_chart")) == 1


def test_a_moment_that_came_is_shown_when_the_page_is_drawn_again(watched, random_checkpoint):
    app = opened(watched)
    checkpoint = load_checkpoint(random_checkpoint("han"))
    FrameRecorder(watched, TEXTS)(StepEvent(4, 1, False, lambda: checkpoint))
    assert [frame["step"] for frame in film(app.run())["frames"]] == [0, 1, 2, 4]


def test_nothing_is_shown_where_nothing_was_watched(tmp_path):
    assert len(opened(tmp_path).main) == 0


@pytest.mark.parametrize("name", [WATCHED, FRAMES])
def test_damaged_files_leave_the_page_usable(watched, name):
    (watched / name).write_text(json.dumps({"labels": []}) + "\n")
    app = opened(watched)
    assert components(app, "hanscope_film") == []
    assert len(app.warning) == (name == WATCHED)
    assert all("is damaged" in warning.value for warning in app.warning)
