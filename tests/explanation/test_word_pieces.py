"""Evidence for a model that reads pieces of words, in windows with special positions."""

import numpy as np
import pytest
import torch

from han_core.explanation.attribution import attribute, methods_of
from han_core.explanation.dataset_evidence import measure
from han_core.explanation.explain import explain, run_model
from han_core.explanation.explain_maps import record_windows, with_maps
from han_core.explanation.faithfulness import quick, thorough
from han_core.explanation.head_pruning import head_importance, prune_heads
from han_core.explanation.interventions import Intervention, intervene, measure_shuffling
from han_core.explanation.map_attribution import gradient_weighted_maps, map_gradients
from han_core.explanation.map_readings import head_figures, join_windows, without_special
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.models.self_attention import MapRequest
from tests.pretrained import pretrained_checkpoint

SHORT = "the film didn't like"
LONG = "the film is unlikely good. not a dull plot, and great! 我 did the films like it? a bad film"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return load_checkpoint(pretrained_checkpoint(tmp_path_factory.mktemp("pretrained")))


@pytest.fixture(scope="module", params=[SHORT, LONG], ids=["one window", "several windows"])
def probe(checkpoint, request):
    return probe_text(checkpoint, request.param)


@pytest.mark.parametrize("method", ["attention", "gradient", "leave_one_word_out", "rollout",
                                    "gradient_weighted"])  # fmt: skip
def test_each_method_has_a_value_for_each_word(probe, method):
    assert method in methods_of(probe.checkpoint.kind)
    found = attribute(probe, method)
    assert len(found.words) == len(probe.document.tokens)
    assert np.isfinite(found.words).all()
    if not found.signed:
        assert found.words.sum() == pytest.approx(1)


def test_a_word_left_out_is_a_text_without_it(checkpoint, probe):
    tokens, drops = probe.document.tokens, attribute(probe, "leave_one_word_out").words
    at = [probe.document.text[a:b] for a, b in tokens].index("film")
    text = probe.document.text
    without = explain(checkpoint, text[: tokens[at].start] + text[tokens[at].end :])
    expected = probe.explanation.probability - without.probabilities[probe.target]
    assert drops[at] == pytest.approx(expected, abs=1e-5)


def test_evidence_of_both_stages(probe):
    found = thorough(probe, quick(probe))
    assert {"rollout", "gradient_weighted", "leave_one_out"} <= found.deletion.sufficiency.keys()
    assert [one.name for one in found.layers] == ["layer 1", "layer 2"]
    assert all(np.isfinite(one.shuffled).all() for one in found.layers)


def test_figures_over_documents_have_layers_and_methods(checkpoint):
    value = measure(checkpoint, [SHORT, LONG], draws=3).to_json()
    assert (set(value["layers"]), len(value["methods"])) == ({"layer 1", "layer 2"}, 2)


@pytest.mark.parametrize("kind", ["flatten", "shuffle", "sharpen"])
def test_a_layer_is_changed_in_all_windows(probe, kind):
    result = intervene(probe, Intervention(kind, temperature=0.5, layer=0))
    assert result.total_variation > 0
    assert result.explanation.document_weights.sum() == pytest.approx(1)
    assert measure_shuffling(probe, 3, layer=1).largest > 0


def test_pruning_of_every_head_is_measured(probe):
    falls = head_importance(probe)
    now = prune_heads(probe, [(1, 0)]).now
    assert falls.shape == (2, 2)
    assert falls[1, 0] == pytest.approx(
        probe.explanation.probability - now.probabilities[probe.target], abs=1e-6
    )


def test_maps_are_of_words_and_name_special_positions(probe):
    maps = [m for m in with_maps(probe.checkpoint, probe.explanation).maps if m.special]
    assert len(maps) == len(record_windows(probe.checkpoint, probe.document))
    places = {tuple(token) for token in probe.document.tokens}
    for one in (*maps, *gradient_weighted_maps(probe, probe.target)):
        assert one.special == ("[CLS]", "[SEP]")
        assert set(without_special(one).keys) <= places
        assert len(set(without_special(one).keys)) == len(one.keys) - 2
        assert np.isfinite(head_figures(one).special).all()
    whole = join_windows(maps)
    assert {place for place in whole.keys if place[0] < place[1]} == places


def test_gradients_of_pieces_are_differences(probe):
    windows, gradients, _ = map_gradients(probe, 0)
    # Along a row that moves from its own weights to even ones, by finite differences.
    layer, own = 1, [window.layers[1].detach() for window in windows]
    even = [torch.full_like(w, 1 / w.shape[2]) for w in own]
    step = 1e-2

    def moved(sign):
        mixed = tuple(a + sign * step * (b - a) for a, b in zip(own, even, strict=True))
        with torch.no_grad():
            request = MapRequest(record=False, replaced={layer: mixed})
            output = run_model(probe.checkpoint, [probe.numbered], request)
        return float(output.logits.double().softmax(1)[0, 0])

    slope = sum(
        float((g[layer] * (b - a).numpy()).sum())
        for g, a, b in zip(gradients, own, even, strict=True)
    )
    assert slope == pytest.approx((moved(1) - moved(-1)) / (2 * step), rel=0.05, abs=1e-5)
