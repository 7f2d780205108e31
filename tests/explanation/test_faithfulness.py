"""The evidence of one document is what its parts say, in two stages, for any document."""

from dataclasses import astuple, replace
from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from han_core.explanation import faithfulness
from han_core.explanation.attribution import (
    MAP_METHODS,
    attention_weights,
    attribute,
    gradient_ranking,
    leave_one_out,
)
from han_core.explanation.deletion import DRAWS, removed_units
from han_core.explanation.faithfulness import Evidence, brief, quick, thorough
from han_core.explanation.layer_replacement import replace_layers
from han_core.explanation.model_probe import probe_text
from han_core.explanation.verdicts import evidence_sentences
from han_core.explanation.worker import from_json, to_json
from han_core.models.checkpoint import load_checkpoint
from han_core.models.classifier import Attention
from han_core.runtime.errors import UserError
from han_core.text.batch import collate
from tests.self_attentive import gradient_weighted_by_loops, rollout_by_paths

TEXT = "the quiet river walk. bread and music under the window. road unheard. a green table"
MODELS = [
    ("transformer", "additive"),
    ("han", "additive"),
    ("bilstm", "additive"),
    ("bilstm", "dot"),
]


@pytest.fixture(scope="module", params=MODELS, ids="-".join)
def probe(request, random_checkpoint):
    return probe_text(load_checkpoint(random_checkpoint(*request.param)), TEXT)


def test_the_quick_answer_has_all_but_leave_one_out(probe):
    of_maps = MAP_METHODS if probe.checkpoint.kind.maps else ()
    found = quick(probe)
    assert (found.label, found.probability) == (
        probe.explanation.label, probe.explanation.probability,
    )  # fmt: skip
    assert (found.words, found.sentences, found.unit) == (probe.tokens, 4, "word")
    assert list(found.deletion.comprehensiveness) == ["attention", "gradient", *of_maps, "random"]
    assert found.deletion.comprehensiveness["random"].values.shape == (DRAWS, 5)
    assert (found.tau_leave_one_out, found.tau_ceiling) == (None, None)
    assert found.swaps is not None
    assert tuple(found.methods) == of_maps


def test_the_brief_answer_is_a_part_of_the_quick_one(probe):
    found, whole = brief(probe), quick(probe)
    assert evidence_sentences(found)[:2] == evidence_sentences(whole)[:2]
    assert (found.swaps, found.tau_gradient) == (None, None)
    for by in ("attention", "random"):
        np.testing.assert_allclose(
            found.deletion.comprehensiveness[by].values,
            whole.deletion.comprehensiveness[by].values,
            atol=1e-6,
        )


def test_of_one_word_there_is_nothing_to_say_briefly_either(probe):
    found = brief(probe_text(probe.checkpoint, "river"))
    assert found.deletion is None
    assert evidence_sentences(found) == evidence_sentences(
        quick(probe_text(probe.checkpoint, "river"))
    )


@pytest.mark.parametrize("by", ["attention", "gradient", "leave_one_out"])
def test_the_top_word_of_each_ranking_goes_first(probe, by):
    """1% of few words is one word, so the first point of a curve is that word's own Δp."""
    found, drops = thorough(probe, quick(probe)).deletion, leave_one_out(probe, "word")
    scores = {
        "attention": attention_weights(probe, "word"),
        "gradient": gradient_ranking(probe, "word"),
        "leave_one_out": drops,
    }[by]
    assert found.comprehensiveness[by].mean[0] == pytest.approx(drops[scores.argmax()], abs=1e-6)


@pytest.mark.parametrize("method", MAP_METHODS)
def test_methods_through_self_attention_have_a_curve(self_attentive_probe, method):
    probe = self_attentive_probe
    found, drops = quick(probe).deletion, leave_one_out(probe, "word")
    top = attribute(probe, method).words.argmax()
    assert found.comprehensiveness[method].mean[0] == pytest.approx(drops[top], abs=1e-6)
    kept = np.arange(probe.tokens) == top
    alone = probe.explanation.probability - probe.probabilities(kept[None])[0, probe.target]
    assert found.sufficiency[method].mean[0] == pytest.approx(alone, abs=1e-6)


def test_a_method_without_an_answer_has_no_curve(self_attentive_probe):
    with torch.no_grad():
        self_attentive_probe.checkpoint.model.classifier.weight.zero_()
    found = quick(probe_text(self_attentive_probe.checkpoint, "the quiet river"))
    curves = found.deletion.comprehensiveness
    assert list(curves) == ["attention", "gradient", "rollout", "random"]
    assert list(found.methods) == list(found.swaps.flip.methods) == ["rollout"]


def test_the_taus_are_scipys(probe):
    found = thorough(probe, quick(probe))
    gradient = abs(gradient_ranking(probe, "word", hold_attention=True))
    weights, drops = attention_weights(probe, "word"), abs(leave_one_out(probe, "word"))

    def tau(one, other):
        return pytest.approx(kendalltau(one, other, variant="b").statistic, abs=0.02)

    assert found.tau_gradient == tau(weights, gradient)
    assert found.tau_leave_one_out == tau(weights, drops)
    assert found.tau_ceiling == tau(gradient, drops)


def pair_tau(one, other) -> float:
    """Kendall's tau-b by counting pairs, for values without ties."""
    pairs = list(combinations(range(len(one)), 2))
    agree = [(one[a] < one[b]) == (other[a] < other[b]) for a, b in pairs]
    return 2 * np.mean(agree) - 1


def gradient_by_torch(probe) -> np.ndarray:
    """|gradient × word vector| of p(predicted class), the pooling's weights held."""
    model, batch = probe.checkpoint.model, collate([probe.numbered])
    vectors = probe.vectors.clone().requires_grad_()
    own = probe.explanation
    held = Attention(*(torch.tensor(w).float() for w in (own.sentence_weights, own.word_weights)))
    output = model.decide(model.encode(vectors, batch), batch, held)
    output.logits.softmax(1)[0, probe.target].backward()
    return abs((vectors.grad * vectors).sum(1).detach().double().numpy())


def drops_by_reading(probe) -> np.ndarray:
    """|Δp| where the model reads the text anew without each word."""
    spans = [(span.start, span.end) for span in probe.document.tokens]
    texts = [probe.document.text[:start] + probe.document.text[end:] for start, end in spans]
    answers = [probe_text(probe.checkpoint, text).explanation.probabilities for text in texts]
    return abs(probe.explanation.probability - np.array(answers)[:, probe.target])


def test_the_taus_of_methods_through_self_attention_by_counting_pairs(self_attentive_probe):
    words = "the quiet river walk bread and music under window road"  # none twice: no ties
    probe = probe_text(self_attentive_probe.checkpoint, words)
    values = {
        "rollout": rollout_by_paths(probe),
        "gradient_weighted": gradient_weighted_by_loops(probe, probe.target)[0],
    }
    first = quick(probe)
    whole = thorough(probe, first)
    assert [*first.methods] == [*whole.methods] == [*values]
    gradient, drops = gradient_by_torch(probe), drops_by_reading(probe)
    for method, found in values.items():
        assert first.methods[method].leave_one_out is None
        assert whole.methods[method].gradient == first.methods[method].gradient
        assert whole.methods[method].gradient == pytest.approx(pair_tau(found, gradient))
        assert whole.methods[method].leave_one_out == pytest.approx(pair_tau(found, drops))
    assert len({tau for taus in whole.methods.values() for tau in astuple(taus)}) == 4
    assert from_json(to_json(whole)).methods == whole.methods


def test_methods_through_self_attention_rank_sentences_too(self_attentive_probe):
    text = ". ".join(["quiet river", "bread", "a road", "music", "under the window", "letter"])
    probe = probe_text(self_attentive_probe.checkpoint, text)
    whole = thorough(probe, quick(probe, unit="sentence"))
    sums = attribute(probe, "rollout").sentences
    assert len(sums) == 6
    drops = abs(leave_one_out(probe, "sentence"))
    assert whole.methods["rollout"].leave_one_out == pytest.approx(pair_tau(sums, drops))


def test_thorough_leaves_what_was_there(probe):
    before = quick(probe, unit="sentence", fill="unknown", draws=3)
    after = thorough(probe, before)
    of_maps = MAP_METHODS if probe.checkpoint.kind.maps else ()
    assert list(after.deletion.comprehensiveness) == [
        "attention", "gradient", *of_maps, "random", "leave_one_out",
    ]  # fmt: skip
    assert (after.deletion.unit, after.deletion.fill) == ("sentence", "unknown")
    assert after.deletion.removed.tolist() == removed_units(4).tolist()
    assert after.deletion.comprehensiveness["random"] is before.deletion.comprehensiveness["random"]
    assert after.swaps is before.swaps
    assert (after.tau_gradient, after.tau_leave_one_out) == (None, None)  # four sentences


def test_the_seed_decides_and_nothing_else(probe):
    def random(seed):
        return quick(probe, seed=seed).deletion.comprehensiveness["random"].values.tolist()

    assert random(3) == random(3) != random(4)


def test_progress_of_both_stages(probe):
    seen = []
    found = quick(probe, progress=lambda *done: seen.append(done))
    assert seen[-1][0] == seen[-1][1]
    seen.clear()
    thorough(probe, found, progress=lambda *done: seen.append(done))
    assert seen[-1] == (probe.tokens, probe.tokens)


@pytest.mark.parametrize("unit", ["word", "sentence"])
@pytest.mark.parametrize(
    "text",
    [
        "river", "zebra", "river walk", "river.", "a. b.", "the " * 40, "the the. the the.",
        "zebra okapi gnu", "😀 😀", "river\n\n\nstone", ". . .",
    ],
)  # fmt: skip
def test_any_document_has_evidence_without_gaps(probe, unit, text):
    """One word, one sentence, unknown words, ties everywhere: no crash and no NaN."""
    small = probe_text(probe.checkpoint, text)
    found = thorough(small, quick(small, unit, draws=4), seed=1)
    assert (found.deletion is None) == ((small.tokens, small.sentences)[unit == "sentence"] == 1)
    assert (found.swaps is None) == (small.tokens == 1)
    if found.deletion is not None:
        for curves in (found.deletion.comprehensiveness, found.deletion.sufficiency):
            assert np.isfinite([curve.average for curve in curves.values()]).all()
    if found.swaps is not None:
        assert np.isfinite(found.swaps.permuted).all()
        assert np.isfinite(found.swaps.uniform).all()
    taus = (found.tau_gradient, found.tau_leave_one_out, found.tau_ceiling)
    assert all(tau is None or -1 <= tau <= 1 for tau in taus)
    few = (small.tokens, small.sentences)[unit == "sentence"] < 6
    assert not few or taus == (None, None, None)


def test_units_that_disagree_are_refused(probe):
    found: Evidence = quick(probe)
    with pytest.raises(ValueError, match="of sentences expected"):
        replace(found, unit="sentence")


def test_layers_come_with_leave_one_out_and_travel_as_json(self_attentive_probe):
    first = quick(self_attentive_probe)
    assert first.self_attention
    assert first.layers == ()
    whole = thorough(self_attentive_probe, first, seed=3)
    expected = replace_layers(self_attentive_probe, 3)
    for one, other in zip(whole.layers, expected, strict=True):
        assert one.uniform == other.uniform
        assert one.shuffled.tolist() == other.shuffled.tolist()
    back = from_json(to_json(whole))
    assert [one.shuffled.tolist() for one in back.layers] == [
        one.shuffled.tolist() for one in expected
    ]
    assert evidence_sentences(back) == evidence_sentences(whole)


def test_a_text_too_long_for_maps_keeps_all_other_evidence(self_attentive_probe, monkeypatch):
    def too_long(*_):
        raise UserError("Too long for maps.")

    monkeypatch.setattr(faithfulness, "replace_layers", too_long)
    whole = thorough(self_attentive_probe, quick(self_attentive_probe))
    assert (whole.layers, whole.no_layers) == ((), "Too long for maps.")
    assert whole.deletion.captured is None or "leave_one_out" in whole.deletion.comprehensiveness
