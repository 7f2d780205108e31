"""Every question put to the model one variant at a time, by plain means."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from han_core.explanation.attribution import attribute
from han_core.explanation.explain import explain
from han_core.explanation.faithfulness import quick, thorough
from han_core.explanation.model_probe import probe_text, shared_batch
from han_core.models.checkpoint import load_checkpoint
from han_core.text.batch import Batch, collate
from han_core.text.vocabulary import UNKNOWN

TEXT = "the quiet river walk. bread and music under the window. road unheard"
MODELS = [
    ("transformer", "additive"),
    ("han", "additive"),
    ("bilstm", "additive"),
    ("bilstm", "dot"),
    ("han", "general"),
    ("han", "linear"),
    ("han", "additive", "deep"),
    ("bilstm", "dot", "deep"),
]


@pytest.fixture(params=MODELS, ids="-".join)
def probe(request, random_checkpoint):
    return probe_text(load_checkpoint(random_checkpoint(*request.param)), TEXT)


def probabilities_alone(probe, sentences: list[list[int]]) -> list[float]:
    """The model's answer to these sentences of word numbers, run by themselves."""
    batch = Batch(
        torch.tensor([word for sentence in sentences for word in sentence]),
        torch.tensor([len(sentence) for sentence in sentences]),
        torch.tensor([len(sentences)]),
    )
    with torch.no_grad():
        return probe.checkpoint.model(batch).logits.double().softmax(1)[0].tolist()


def sentences_of(probe, words) -> list[list[int]]:
    cut = np.split(np.asarray(words), np.cumsum(probe.numbered.sentence_lengths)[:-1])
    return [part.tolist() for part in cut]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_without_words_the_model_answers_as_it_would_alone(probe, data):
    row = st.lists(st.booleans(), min_size=probe.tokens, max_size=probe.tokens).filter(any)
    kept = np.array(data.draw(st.lists(row, min_size=1, max_size=6)))
    deleted, unknown = probe.probabilities(kept), probe.probabilities(kept, "unknown")
    for mask, first, second in zip(kept, deleted, unknown, strict=True):
        words = sentences_of(probe, np.where(mask, probe.numbered.words, -1))
        left = [[word for word in sentence if word >= 0] for sentence in words]
        assert first.tolist() == pytest.approx(
            probabilities_alone(probe, [s for s in left if s]), abs=1e-6
        )
        filled = np.where(mask, probe.numbered.words, UNKNOWN)
        assert second.tolist() == pytest.approx(
            probabilities_alone(probe, sentences_of(probe, filled)), abs=1e-6
        )


def test_many_passes_give_what_one_gives(probe, monkeypatch):
    kept = ~np.eye(probe.tokens, dtype=bool)
    once, seen = probe.probabilities(kept), []
    monkeypatch.setattr("han_core.explanation.model_probe.PASS_TOKENS", 3 * probe.tokens)
    assert probe.probabilities(kept, progress=lambda *done: seen.append(done)) == pytest.approx(
        once
    )
    assert seen[0] == (3, probe.tokens)
    assert seen[-1] == (probe.tokens, probe.tokens)


def test_every_pass_over_one_document_takes_one_thread(probe, monkeypatch):
    """Those who measure at the same time share the cores; waking others for little is waste."""
    seen, model = set(), type(probe.checkpoint.model)
    for name in ("encode", "decide", "forward_shared"):
        plain = getattr(model, name)

        def watched(self, *given, plain=plain, **named):
            seen.add(torch.get_num_threads())
            return plain(self, *given, **named)

        monkeypatch.setattr(model, name, watched)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        fresh = probe_text(probe.checkpoint, TEXT)
        thorough(fresh, quick(fresh))
        attribute(fresh, "integrated_gradients")
        assert (seen, torch.get_num_threads()) == ({1}, 3)
    finally:
        torch.set_num_threads(before)


def test_many_at_once_get_what_each_gets_alone(probe):
    texts = [TEXT, "bread under the window. the quiet walk", "road music river stone. night"]
    alone = [
        thorough(made, quick(made)) for made in (probe_text(probe.checkpoint, t) for t in texts)
    ]

    def measured(text: str):
        made = probe_text(probe.checkpoint, text)
        return thorough(made, quick(made))

    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(measured, texts * 4))
    for found, expected in zip(together, alone * 4, strict=True):
        assert found.tau_ceiling == expected.tau_ceiling
        for by, curve in expected.deletion.comprehensiveness.items():
            assert found.deletion.comprehensiveness[by].values == pytest.approx(curve.values)


def test_nothing_kept_and_other_shapes_are_refused(probe):
    with pytest.raises(ValueError, match="at least one"):
        probe.probabilities(np.zeros((1, probe.tokens), dtype=bool))
    with pytest.raises(ValueError, match="expected"):
        probe.probabilities(np.ones((1, 3), dtype=bool))
    assert probe.probabilities(np.ones((0, probe.tokens), dtype=bool)).shape == (0, 2)


def test_its_own_attention_gives_its_own_answer(probe):
    own = probe.explanation
    answer = probe.with_attention(
        np.tile(own.word_weights, (3, 1)), np.tile(own.sentence_weights, (3, 1))
    )
    assert answer == pytest.approx(np.tile(own.probabilities, (3, 1)), abs=1e-6)


def test_other_attention_is_a_weighted_sum_of_the_states(probe):
    """By hand: a flat model pools its words' states; a HAN its sentences' from pooled words."""
    rng, lengths = np.random.default_rng(3), probe.numbered.sentence_lengths
    words = np.concatenate([rng.dirichlet(np.ones(n)) for n in lengths])
    sentences = rng.dirichlet(np.ones(len(lengths)))
    model, batch = probe.checkpoint.model, collate([probe.numbered])
    with torch.no_grad():
        states = model.read(batch).states
        weighted = states * torch.tensor(words).float().unsqueeze(1)
        pooled = torch.stack([part.sum(0) for part in weighted.split(lengths.tolist())])
        if hasattr(model, "sentence_encoder"):
            pooled, _ = model.sentence_encoder(pooled, torch.tensor([len(lengths)]))
        document = (pooled * torch.tensor(sentences).float().unsqueeze(1)).sum(0)
        expected = model.classifier(document).double().softmax(0).tolist()
    assert probe.with_attention(words[None], sentences[None])[0].tolist() == pytest.approx(
        expected, abs=1e-6
    )


@pytest.mark.parametrize("hold", [True, False])
@pytest.mark.parametrize("target", [0, 1])
def test_gradients_are_finite_differences(probe, hold, target):
    gradient = probe.gradients(target)[int(hold)]
    assert gradient.shape == probe.vectors.shape
    step = 1e-2
    for token, number in [(0, 0), (3, 2), (probe.tokens - 1, 5)]:
        pair = probe.vectors.repeat(2, 1, 1)
        pair[0, token, number] += step
        pair[1, token, number] -= step
        with torch.no_grad():
            above, below = probe.probability_of(pair, target, hold).tolist()
        assert gradient[token, number] == pytest.approx((above - below) / (2 * step), abs=2e-5)


def test_held_attention_leaves_part_of_the_gradient_out(probe):
    full, held = probe.gradients(0)
    assert abs(full - held).max() > 1e-5


def test_the_answer_is_that_of_explain(probe):
    told = explain(probe.checkpoint, TEXT)
    assert probe.explanation.probabilities.tolist() == told.probabilities.tolist()
    assert probe.target == told.probabilities.argmax()
    assert (probe.tokens, probe.sentences) == (14, 3)


def test_no_sentence_is_read_twice():
    words = np.array([[1, 2, 3, 4], [-1, 2, 3, 4], [1, 2, -1, -1], [1, 2, 3, 4]])
    shared = shared_batch(words, np.array([2, 2]))
    assert len(shared.sentences.sentence_lengths) == 3
    flat = shared.flat()
    assert flat.words.tolist() == [1, 2, 3, 4, 2, 3, 4, 1, 2, 1, 2, 3, 4]
    assert flat.document_lengths.tolist() == [2, 2, 1, 2]


def test_an_entry_alone_is_all_attention_on_it(probe):
    """A HAN's sentence, a flat model's word: what ``under`` says of weights with a single 1."""
    alone, lengths = probe.entry_log_probabilities(), probe.numbered.sentence_lengths
    for entry in range(len(alone)):
        if len(alone) == probe.sentences:
            words = probe.explanation.word_weights
            sentences = np.eye(probe.sentences)[entry]
        else:
            words = np.eye(probe.tokens)[entry]
            sentences = np.add.reduceat(words, np.cumsum(lengths) - lengths)
        answer = probe.with_attention(words[None], sentences[None])[0]
        assert np.exp(alone[entry]) == pytest.approx(answer, abs=1e-6)


def test_gradient_times_input_is_kept_and_leaves_the_states_as_they_are(probe):
    fresh = probe_text(probe.checkpoint, TEXT)
    first = fresh.gradient_times_input(1)
    assert fresh.gradient_times_input(1) is first
    sums = (probe.gradients(1) * probe.vectors.double().numpy()).sum(2)
    assert first == pytest.approx(sums, abs=1e-7)
    alone = probe_text(probe.checkpoint, TEXT).entry_log_probabilities()  # read without a gradient
    assert fresh.entry_log_probabilities() == pytest.approx(alone, abs=1e-6)
