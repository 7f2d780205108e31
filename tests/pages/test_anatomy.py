"""How a weight was computed: the dialog of Explore under AppTest."""

import base64

import numpy as np
import pytest

from han_core.explanation.explain import explain
from han_core.models.checkpoint import load_checkpoint
from tests.pages.seen import act, analysed, components, heatmaps

TEXT = "The plot is thin. But what actors! I laughed a lot."


@pytest.fixture(params=["small-han", "small-bilstm"])
def page(request, open_page):
    app = analysed(open_page, TEXT)
    app.selectbox(key="checkpoint").set_value(request.param).run()
    return app, request.param


def ask(app, word: str):
    (drawn,) = heatmaps(app)
    at = drawn["tokens"].index(word)
    return act(app, "heatmap", do="ask", start=drawn["starts"][at], end=drawn["ends"][at], id=None)


def figure(app) -> dict:
    (data,) = components(app, "hanscope_anatomy")
    return data


def weights(data: dict) -> np.ndarray:
    scores = np.frombuffer(base64.b64decode(data["numbers"]["scores"]), "<f4").astype(float)
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


def test_a_word_that_was_asked_about_is_chosen(page, root):
    app, name = page
    assert components(app, "hanscope_anatomy") == []
    app = ask(app, "actors")
    assert not app.exception
    data = figure(app)
    assert data["names"][data["chosen"]] == "actors"
    explanation = explain(load_checkpoint(root / name), TEXT)
    tokens = explanation.document.token_texts()
    within = explanation.word_weights if name == "small-han" else explanation.document_weights
    assert weights(data)[data["chosen"]] == pytest.approx(within[tokens.index("actors")], abs=1e-5)
    app.run()
    assert components(app, "hanscope_anatomy") == []
    assert "edits" not in app.session_state


def test_the_button_asks_about_the_strongest_word(page, root):
    app, name = page
    app.button(key="anatomy").click().run()
    explanation = explain(load_checkpoint(root / name), TEXT)
    data = figure(app)
    strongest = explanation.document.token_texts()[explanation.document_weights.argmax()]
    assert data["names"][data["chosen"]] == strongest


def test_sentences_have_a_step_of_their_own(open_page):
    """AppTest knows no fragments: each run asks anew."""
    app = analysed(open_page, TEXT)
    app.selectbox(key="checkpoint").set_value("small-han").run()
    app = ask(app, "laughed")
    (chosen,) = [one for one in app.selectbox if one.key.startswith("anatomy_sentence")]
    app.session_state["anatomy_asked"] = TEXT.index("laughed")
    chosen.set_value(0).run()
    data = figure(app)
    assert data["names"] == ["The", "plot", "is", "thin", "."]
    assert data["chosen"] == weights(data).argmax()
    app.session_state["anatomy_asked"] = TEXT.index("laughed")
    app.radio(key="anatomy_step").set_value("sentence").run()
    assert figure(app)["names"] == ["The plot is thin.", "But what actors!", "I laughed a lot."]
    assert figure(app)["classes"]["labels"] == ["negative", "positive"]


def test_a_text_that_is_too_long_says_so(open_page, monkeypatch):
    monkeypatch.setattr("han_core.viz.anatomy.LONGEST", 3)
    app = ask(analysed(open_page, TEXT), "actors")
    assert "up to 3 words" in "".join(one.value for one in app.info)
