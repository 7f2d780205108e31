"""The panel of layers and heads under AppTest, with a random model that has self-attention."""

import json

import numpy as np
import pytest

from han_core.explanation.head_pruning import prune_heads
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import save_checkpoint
from han_core.viz.map_views import pruning_sentence
from han_core.viz.permalink import restore
from pages.explore.share import _store
from pages.shared.components import valid_head_act
from tests.conftest import WORDS
from tests.pages.seen import act, analysed, components, hooks, open_part
from tests.self_attentive import HEADS, LAYERS, self_attentive

TEXT = "the quiet river walk. bread and music under the window. road unheard"
NAME = "small-heads"


@pytest.fixture
def attentive(root, monkeypatch):
    checkpoint = self_attentive(monkeypatch, WORDS)
    save_checkpoint(
        root / NAME, checkpoint.config, checkpoint.vocabulary, checkpoint.model.state_dict(),
        {"dataset": "nothing", "test": {"accuracy": 0.5}}, [],
    )  # fmt: skip
    return checkpoint


@pytest.fixture
def panel(open_page, attentive):
    """Explore with the panel open."""
    app = analysed(open_page, TEXT)
    app.selectbox(key="checkpoint").set_value(NAME).run()
    app = open_part(app, "Layers and heads")
    assert not app.exception
    return app


def heads(app) -> dict:
    (data,) = components(app, "hanscope_attention_heads")
    return data


def said(app) -> str:
    return "\n".join(one.value for one in app.markdown)


def test_only_models_with_maps_have_the_panel(open_page, panel):
    assert "Layers and heads" in [tab.label for tab in panel.tabs]
    panel.selectbox(key="checkpoint").set_value("small-han").run()
    assert "Layers and heads" not in [tab.label for tab in panel.tabs]
    assert panel.session_state["drawer"] == "Evidence"
    assert not panel.exception


def test_it_is_made_when_it_is_open(panel):
    assert len(components(panel, "hanscope_attention_heads")) == 1
    open_part(panel, "Evidence")
    assert components(panel, "hanscope_attention_heads") == []


def test_a_head_is_sent_when_it_is_opened(panel):
    assert list(heads(panel)["full"]) == ["0,0"]
    act(panel, "heads", do="open", layer=1, head=1)
    assert heads(panel)["open"] == [1, 1]
    assert list(heads(panel)["full"]) == ["1,1"]


@pytest.mark.parametrize(
    ("reading", "layers", "columns"),
    [
        ("layers", ["Layer 1", "Layer 2"], ["Average"]),
        ("across", ["Average"], ["Head 1", "Head 2"]),
        ("all", ["Average of all heads"], [""]),
        ("rollout", ["Rollout"], [""]),
        ("gradient", ["Gradient-weighted attention"], [""]),
    ],
)
def test_other_readings_have_their_own_grid(panel, reading, layers, columns):
    act(panel, "heads", do="open", layer=1, head=1)
    panel.selectbox(key="maps_reading").set_value(reading).run()
    assert not panel.exception
    assert (heads(panel)["layers"], heads(panel)["heads"]) == (layers, columns)
    assert heads(panel)["open"] == [len(layers) - 1, len(columns) - 1]
    assert not heads(panel)["prunes"]


def test_pruning_shows_the_prediction_before_and_now_and_is_undone(panel, attentive):
    probe = probe_text(attentive, TEXT)
    act(panel, "heads", do="prune", heads=[[1, 0]])
    assert "pruning" in hooks(panel)
    assert _plain(pruning_sentence(prune_heads(probe, [(1, 0)]))) in _plain(said(panel))
    act(panel, "heads", do="prune", heads=[[1, 0], [0, 1]])
    assert heads(panel)["pruned"] == [[0, 1], [1, 0]]
    panel.button(key="undo_pruning").click().run()
    assert heads(panel)["pruned"] == [[1, 0]]
    panel.button(key="restore_heads").click().run()
    assert heads(panel)["pruned"] == []
    assert "pruning" not in hooks(panel)


def place(app) -> list[int]:
    """Where the heads stand in the page: a browser draws them anew, under Open, elsewhere."""
    path: list[int] = []

    def found(block) -> bool:
        for number, child in block.children.items():
            name = getattr(child.proto, "component_name", "")
            if name == "hanscope_attention_heads" or (hasattr(child, "children") and found(child)):
                path.insert(0, number)
                return True
        return False

    assert found(app.main)
    return path


def test_the_heads_keep_their_place_while_some_are_pruned(panel):
    before = place(panel)
    act(panel, "heads", do="prune", heads=[[1, 0]])
    assert "pruning" in hooks(panel)
    assert place(panel) == before
    panel.selectbox(key="maps_reading").set_value("rollout").run()
    assert place(panel) == before


def _plain(text: str) -> str:
    return text.replace("\\", "").replace(":small[]", "")


def test_a_link_restores_panel_head_reading_and_pruning(panel, open_page):
    act(panel, "heads", do="prune", heads=[[0, 1]])
    act(panel, "heads", do="open", layer=1, head=0)
    panel.button(key="link").click().run()
    token = panel.query_params["view"]
    view = restore(token, _store())
    assert view.heads is not None
    assert (view.heads.open, view.heads.pruned) == ((1, 0), ((0, 1),))
    again = open_page("1_Explore")
    again.query_params["view"] = token
    again.run()
    assert not again.exception
    assert again.session_state["drawer"] == "Layers and heads"
    assert (heads(again)["open"], heads(again)["pruned"]) == ([1, 0], [[0, 1]])


def test_a_text_too_long_for_maps_is_told(panel):
    panel.text_area(key="document").set_value("the road. " * 400)
    panel.button(key="analyze").click().run()
    assert not panel.exception
    assert "up to 1,000 tokens; this one has 1,200" in _plain(" ".join(o.value for o in panel.info))


DATA = {"layers": ["1"] * LAYERS, "heads": ["1"] * HEADS, "prunes": True}


@pytest.mark.parametrize(
    "sent",
    [
        {"do": "open", "layer": 1, "head": 0},
        {"do": "prune", "heads": []},
        {"do": "prune", "heads": [[0, 0], [1, 1]]},
    ],
)
def test_heads_that_were_drawn_can_be_named(sent):
    assert valid_head_act(sent, DATA) == sent


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        {"do": "open", "layer": 2, "head": 0},
        {"do": "open", "layer": -1, "head": 0},
        {"do": "open", "layer": True, "head": 0},
        {"do": "open", "layer": 0},
        {"do": "prune", "heads": [[0, 2]]},
        {"do": "prune", "heads": [[0]]},
        {"do": "prune", "heads": "00"},
        {"do": "prune", "heads": [[0, 0]] * 5},
        {"do": "run", "heads": []},
    ],
    ids=json.dumps,
)
def test_nothing_else_is_accepted(sent):
    assert valid_head_act(sent, DATA) is None


def test_nothing_is_pruned_where_heads_cannot_be():
    assert valid_head_act({"do": "prune", "heads": []}, DATA | {"prunes": False}) is None


def test_weights_are_kept_in_half_precision(panel, attentive):
    from pages.shared import cache

    (found,) = cache.maps(cache.Question(NAME, panel.selectbox(key="device").value, TEXT))
    assert found.weights.dtype == np.float16
