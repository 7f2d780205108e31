"""The data map of a run on the page Train, drawn for what was recorded by hand."""

from types import SimpleNamespace

import pytest
import torch
from streamlit.testing.v1 import AppTest

from han_core.data.corpus import Corpus
from han_core.training.dynamics import WATCHED, DynamicsRecorder
from tests.pages.seen import hooks
from tests.processes import PATIENCE


def _panel(folder):
    from pages.shared import page
    from pages.train import dynamics

    page.start_visit("Train")
    dynamics.panel(folder)


def draw(folder, **state) -> AppTest:
    app = AppTest.from_function(_panel, args=(SimpleNamespace(folder=folder),),
                                default_timeout=PATIENCE)  # fmt: skip
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


@pytest.fixture
def recorded(tmp_path):
    """``recorded(epochs)``: a folder in which the second of three documents is hardest."""

    def make(epochs: int):
        corpus = Corpus(
            "made", ("good *film*", "bad one", "so so"), ("p", "p", "n"), tuple("abc"), {}
        )
        recorder = DynamicsRecorder(tmp_path, corpus, resume=False)
        for epoch in range(epochs):
            recorder.seen(epoch, [0, 1, 2], torch.tensor([0.9, 0.1, 0.3 + epoch / 4]))
        recorder.save()
        return tmp_path

    return make


def test_nothing_is_drawn_before_there_is_a_variability(recorded, tmp_path):
    assert not draw(tmp_path).subheader
    assert not draw(recorded(1)).subheader


def test_the_map_and_the_hardest_documents(recorded):
    app = draw(recorded(3))
    assert "data-map" in hooks(app)
    table = app.dataframe(key="hardest_documents").value
    assert table["id"].tolist() == ["b", "c", "a"]
    assert table["region"].tolist() == ["hard", "ambiguous", "easy"]


def test_a_row_shows_its_text_escaped(recorded):
    selected = {"selection": {"rows": [2], "columns": []}}
    app = draw(recorded(3), hardest_documents=selected)
    assert r"good \*film\*" in app.markdown[-1].value


def test_damage_is_one_sentence(recorded):
    folder = recorded(3)
    (folder / WATCHED).write_text("{}")
    assert "damaged" in draw(folder).warning[0].value
