"""Explore and Compare with a random Transformer: what self-attention brings to both pages."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from han_core.explanation.attribution import MAP_METHODS, attribute
from han_core.explanation.interventions import intervene, intervention_sentence
from han_core.explanation.layer_replacement import replace_layers
from han_core.explanation.map_attribution import rollout_weights
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from pages.shared import wording
from tests.pages.seen import analysed, captions, components, heatmaps, hooks, open_part, tokens
from tests.pretrained import pretrained_checkpoint
from tests.processes import PATIENCE

NAME = "small-transformer"
TEXT = "the quiet river walk. bread and music under the window. road unheard"
COMPARE = Path(__file__).parents[2] / "pages" / "2_Compare.py"


@pytest.fixture
def attentive(root, random_checkpoint):
    """A Transformer with random weights, among the checkpoints."""
    shutil.copytree(random_checkpoint("transformer"), root / NAME)
    return load_checkpoint(root / NAME)


@pytest.fixture
def explore(open_page, attentive):
    app = analysed(open_page, TEXT)
    app.selectbox(key="checkpoint").set_value(NAME).run()
    assert not app.exception
    return app


@pytest.fixture
def compare(attentive):
    app = AppTest.from_file(str(COMPARE), default_timeout=PATIENCE)
    app.session_state["compared"] = "models"
    app.session_state["checkpoints"] = ["small-han", NAME]
    app.session_state["document"] = TEXT
    app.run()
    assert not app.exception
    return app


def said(app) -> str:
    return "\n".join(one.value for one in app.markdown).replace("\\", "").replace(":small[]", "")


def weights(app) -> list[float]:
    return [weight for _, weight in tokens(app)]


def test_words_are_weighed_by_the_pooling(explore, attentive):
    expected = probe_text(attentive, TEXT).explanation.document_weights
    assert weights(explore) == pytest.approx(expected.tolist())
    assert "verdict" in hooks(explore)


def test_the_panel_draws_every_head(explore, attentive):
    app = open_part(explore, "Layers and heads")
    assert not app.exception
    architecture = attentive.config.architecture
    (data,) = components(app, "hanscope_attention_heads")
    assert len(data["layers"]) == architecture.layers
    assert len(data["heads"]) == architecture.heads


def test_evidence_replaces_the_attention_of_each_layer(explore, attentive):
    app = open_part(explore, "Evidence")
    assert not app.exception
    for layer in replace_layers(probe_text(attentive, TEXT)):
        before, now = (f"{p:.0%}" for p in (layer.probability, layer.uniform))
        assert f"Attention of {layer.name} made even: {before} → {now}" in said(app)


@pytest.mark.parametrize("method", MAP_METHODS)
def test_methods_through_self_attention_colour_the_words(explore, attentive, method):
    app = explore.selectbox(key="method").set_value(method).run()
    assert not app.exception
    assert not app.warning
    expected = attribute(probe_text(attentive, TEXT), method).words
    drawn = [float(value.rstrip("%")) / 100 for value in heatmaps(app)[0]["values"]]
    assert drawn == pytest.approx(expected.tolist(), rel=0.01)  # as written: three digits
    assert wording.METHOD_NAMES[method].lower() in captions(app)
    app.selectbox(key="checkpoint").set_value("small-han").run()
    assert app.selectbox(key="method").value == "attention"
    assert not app.exception


@pytest.mark.parametrize("kind", ["flatten", "shuffle", "sharpen"])
def test_a_layer_is_changed_by_hand_and_a_link_brings_it_back(explore, open_page, attentive, kind):
    app = open_part(explore, "What if")
    app.get_by_key("tamper_kind").set_value(kind).run()
    pooled = weights(app)
    app.selectbox(key="tamper_layer").set_value(0).run()
    assert not app.exception
    assert weights(app) != pooled
    assert "tamper_where" not in [box.key for box in app.selectbox]
    tampering = app.session_state["tampering"]
    assert tampering.layer == 0
    result = intervene(probe_text(attentive, TEXT), tampering)
    assert intervention_sentence(result) in said(app)
    assert "Over 20 random shuffles of layer 1" in captions(app)
    app.button(key="link").click().run()
    again = open_page("1_Explore")
    again.query_params["view"] = app.query_params["view"]
    again.run()
    assert again.session_state["tampering"] == tampering
    assert weights(again) == weights(app)
    again.selectbox(key="checkpoint").set_value("small-han").run()
    assert not again.exception
    assert again.session_state["tampering"] is None


@pytest.fixture
def pieces(root, tmp_path):
    """A BERT with random weights, which reads the text in several windows of word pieces."""
    shutil.copytree(pretrained_checkpoint(tmp_path), root / "small-bert")
    return load_checkpoint(root / "small-bert")


def test_a_model_of_word_pieces_has_all_of_it(open_page, pieces):
    app = analysed(open_page, "the film is unlikely good. not a dull plot, and great!")
    app.selectbox(key="checkpoint").set_value("small-bert").run()
    for part in ("Evidence", "Layers and heads", "What if"):
        open_part(app, part)
        assert not app.exception
        assert not app.warning
        if part == "Evidence":
            assert "Attention of layer 2 made even" in said(app)
        if part == "Layers and heads":
            app.selectbox(key="maps_reading").set_value("gradient").run()
            (data,) = components(app, "hanscope_attention_heads")
            assert data["layers"] == ["Gradient-weighted attention"]
    for method in MAP_METHODS:
        app.selectbox(key="method").set_value(method).run()
        assert not app.exception
        assert not app.warning
    app.get_by_key("tamper_kind").set_value("flatten").run()
    app.selectbox(key="tamper_layer").set_value(1).run()
    assert "With self-attention flattened in layer 2" in said(app)


def test_a_han_and_a_transformer_share_a_scale_that_names_their_weights(compare):
    assert hooks(compare).count("legend") == 1
    legend = "\n".join(element.value for element in compare.html)
    assert f"small-han: {wording.weights_name('attention', False)}" in legend
    assert f"{NAME}: {wording.weights_name('attention', True)}" in legend
    assert "agreement" in hooks(compare)


def test_rollout_stands_beside_a_han(compare, attentive):
    app = compare.selectbox(key="map_words").set_value("rollout").run()
    assert not app.exception
    rollout = rollout_weights(probe_text(attentive, TEXT)).tolist()
    assert heatmaps(app)[1]["weights"] == pytest.approx(rollout, abs=1e-6)
    assert f"{NAME}, rollout" in " ".join(app.dataframe[0].value["pair"])
    assert "agreement" in hooks(app)
