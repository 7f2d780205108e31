"""The Transformer beside torch's own layers, and what a request of maps changes."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from han_core.models import attention_patterns
from han_core.models.architecture import Architecture
from han_core.models.attention_patterns import FullAttention
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import predict
from han_core.models.registry import build_model
from han_core.models.self_attention import LayerRequest, MapRequest
from han_core.models.transformer_layers import (
    EncoderLayer,
    LearntPositions,
    MultiHeadSelfAttention,
    sinusoids,
)
from han_core.runtime.errors import UserError
from han_core.text.batch import Batch
from han_core.training.train import train

WORDS, SIZE, HEADS = 12, 8, 2
SIZES = {
    "model": "transformer", "vocabulary_size": WORDS, "classes": 3, "embedding": 6, "hidden": SIZE,
    "heads": HEADS, "layers": 2, "feedforward": 2, "attention_size": 5,
}  # fmt: skip
PATTERNS = [
    {"attention_pattern": "full"},
    {"attention_pattern": "local", "window": 3},
    {"attention_pattern": "sliding", "window": 3, "global_tokens": 2},
]
each_pattern = pytest.mark.parametrize(
    "pattern", PATTERNS, ids=lambda sizes: sizes["attention_pattern"]
)


def model_of(**sizes):
    torch.manual_seed(1)
    model = build_model(Architecture(**{**SIZES, **sizes})).eval().double()
    with torch.no_grad():  # attention that is far from even
        for layer in model.encoder.layers:
            layer.attention.project.weight *= 4
    return model


def batch_of(*lengths: int, seed: int = 0) -> Batch:
    draw = torch.Generator().manual_seed(seed)
    words = torch.randint(1, WORDS, (sum(lengths),), generator=draw)
    return Batch(words, torch.tensor(lengths), torch.ones(len(lengths), dtype=torch.int64))


def full(tokens: int) -> FullAttention:
    return FullAttention(torch.tensor([tokens]))


def test_it_equals_the_attention_of_torch_with_the_same_weights():
    torch.manual_seed(0)
    ours, theirs = MultiHeadSelfAttention(SIZE, HEADS), nn.MultiheadAttention(SIZE, HEADS)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.project.weight)
        theirs.in_proj_bias.copy_(ours.project.bias)
        theirs.out_proj.weight.copy_(ours.output.weight)  # its bias is 0
        states = torch.randn(7, SIZE)
        expected, weights = theirs(states, states, states, average_attn_weights=False)
        mixed, recorded = ours(states, full(7), LayerRequest(record=True))
        torch.testing.assert_close(ours(states, full(7))[0], expected)
    torch.testing.assert_close(mixed, expected)
    torch.testing.assert_close(recorded, weights)


def test_a_layer_equals_that_of_torch_with_normalisation_first():
    torch.manual_seed(0)
    ours = EncoderLayer(Architecture(**SIZES)).eval()
    theirs = nn.TransformerEncoderLayer(SIZE, HEADS, 2 * SIZE, norm_first=True).eval()
    pairs = {
        "self_attn.in_proj_weight": ours.attention.project.weight,
        "self_attn.in_proj_bias": ours.attention.project.bias,
        "self_attn.out_proj.weight": ours.attention.output.weight,
        "linear1.weight": ours.expand.weight, "linear1.bias": ours.expand.bias,
        "linear2.weight": ours.contract.weight, "linear2.bias": ours.contract.bias,
        "norm1.weight": torch.rand(SIZE), "norm1.bias": torch.rand(SIZE),
        "norm2.weight": torch.rand(SIZE), "norm2.bias": torch.rand(SIZE),
    }  # fmt: skip
    ours.attention_norm.load_state_dict(
        {"weight": pairs["norm1.weight"], "bias": pairs["norm1.bias"]}
    )
    ours.feedforward_norm.load_state_dict(
        {"weight": pairs["norm2.weight"], "bias": pairs["norm2.bias"]}
    )
    theirs.load_state_dict({**theirs.state_dict(), **pairs})
    states = torch.randn(5, SIZE)
    with torch.no_grad():
        torch.testing.assert_close(ours(states, full(5))[0], theirs(states))


def test_sinusoids_by_hand():
    # Of four numbers the second pair turns 10000^(2/4) = 100 times as slowly.
    expected = [[0, 1, 0, 1], [math.sin(1), math.cos(1), math.sin(0.01), math.cos(0.01)],
                [math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)]]  # fmt: skip
    torch.testing.assert_close(sinusoids(3, 4), torch.tensor(expected))
    torch.testing.assert_close(sinusoids(3, 3), sinusoids(3, 4)[:, :3].contiguous(), rtol=1, atol=1)
    assert sinusoids(20_000, 3).shape == (20_000, 3)


def test_positions_begin_anew_with_each_document():
    model = model_of()
    words = torch.tensor([3, 5, 3, 3, 5, 3])
    batch = Batch(words, torch.tensor([3, 3]), torch.tensor([1, 1]))
    states = model.read(batch).states
    torch.testing.assert_close(states[:3], states[3:])
    assert (states[0] - states[2]).abs().max() > 1e-3  # the same word in another place


def test_learnt_positions_end_and_say_so():
    layer = LearntPositions(4, SIZE)
    places = torch.tensor([0, 1, 2, 3, 0])
    assert torch.equal(layer(places, torch.float32), layer.table[places])
    with pytest.raises(UserError, match="has learnt 4 positions; a document of 5 words came"):
        model_of(positions="learnt", maximum_positions=4)(batch_of(2, 5))


def test_heads_that_do_not_divide_the_states_are_refused():
    with pytest.raises(UserError, match="hidden=8 is not a multiple of heads=3"):
        model_of(heads=3)


@each_pattern
@settings(max_examples=15)
@given(st.lists(st.integers(1, 50), min_size=2, max_size=5))
def test_company_changes_no_state(pattern, lengths):
    model, batch = model_of(**pattern), batch_of(*lengths)
    together = model(batch)
    for number, words in enumerate(batch.words.split(lengths)):
        alone = model(Batch(words, torch.tensor([len(words)]), torch.tensor([1])))
        torch.testing.assert_close(together.logits[number], alone.logits[0])


def test_a_word_feels_what_its_window_shows_and_nothing_else():
    model, batch = model_of(attention_pattern="local", window=3, layers=1), batch_of(20)
    before = model.read(batch).states
    other = Batch(batch.words.clone(), batch.sentence_lengths, batch.document_lengths)
    other.words[10] = other.words[10] % (WORDS - 1) + 1
    moved = (model.read(other).states - before).abs().max(1).values
    assert (moved > 1e-9).nonzero().flatten().tolist() == list(range(7, 14))


@each_pattern
def test_recorded_weights_are_those_that_decide(pattern):
    model, batch = model_of(**pattern), batch_of(9)
    plain, recorded = model(batch), model(batch, maps=MapRequest())
    torch.testing.assert_close(recorded.logits, plain.logits)
    assert plain.windows == ()
    (window,) = recorded.windows
    assert (window.start, window.end, len(window.layers)) == (0, 9, 2)
    weights = torch.stack(window.layers)
    torch.testing.assert_close(weights.sum(3), torch.ones(2, HEADS, 9, dtype=torch.float64))
    given = MapRequest(record=False, replaced={n: (w,) for n, w in enumerate(window.layers)})
    torch.testing.assert_close(model(batch, maps=given).logits, plain.logits)
    gradients = torch.autograd.grad(recorded.logits[0, 0], window.layers)
    assert all(gradient.abs().max() > 0 for gradient in gradients)


@each_pattern
@pytest.mark.parametrize("record", [False, True])
def test_even_weights_are_even_over_what_may_be_seen(pattern, record):
    model, batch = model_of(**pattern), batch_of(9)
    (window,) = model(batch, maps=MapRequest()).windows
    seen = (window.layers[0] > 0).double()
    even = seen / seen.sum(2, keepdim=True)
    uniform = model(batch, maps=MapRequest(record, replaced={0: "uniform"}))
    by_hand = model(batch, maps=MapRequest(replaced={0: (even,)}))
    torch.testing.assert_close(uniform.logits, by_hand.logits)
    if record:
        torch.testing.assert_close(uniform.windows[0].layers[0], even)
    assert (uniform.logits - model(batch).logits).abs().max() > 1e-4


@each_pattern
@pytest.mark.parametrize("record", [False, True])
def test_without_all_heads_a_layer_has_no_attention(pattern, record):
    model, batch = model_of(**pattern), batch_of(9)
    factors = torch.ones(2, HEADS, dtype=torch.float64)
    factors[1] = 0
    pruned = model(batch, maps=MapRequest(record, head_factors=factors)).logits
    with torch.no_grad():
        model.encoder.layers[1].attention.output.weight.zero_()
    torch.testing.assert_close(pruned, model(batch).logits)


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_other_ways_to_pool_by_hand(pooling):
    model = model_of(pooling=pooling)
    batch = Batch(torch.tensor([1, 2, 3, 4, 5, 6]), torch.tensor([1, 3, 2]), torch.tensor([2, 1]))
    states, output = model.read(batch).states, model(batch)
    first, second = states.split([4, 2])
    expected = [part.mean(0) if pooling == "mean" else part[0] for part in (first, second)]
    torch.testing.assert_close(output.documents, torch.stack(expected))
    sentences = [0.25, 0.75, 1] if pooling == "mean" else [1, 0, 1]
    assert output.sentence_weights.tolist() == pytest.approx(sentences)
    words = [1, *[1 / 3] * 3, 0.5, 0.5] if pooling == "mean" else [1, *[1 / 3] * 3, 1, 0]
    assert output.word_weights.tolist() == pytest.approx(words)


def test_twenty_thousand_words_are_read_to_the_last_and_their_maps_need_memory(monkeypatch):
    model, batch = model_of(), batch_of(20_000)
    model.float()
    sliding = build_model(Architecture(**{**SIZES, "attention_pattern": "sliding"})).eval()
    with torch.no_grad():
        assert (sliding(batch).word_weights > 0).all()
        monkeypatch.setattr(attention_patterns, "available_memory", lambda device: 2**30)
        with pytest.raises(UserError, match=r"needs 35.8 GiB here, and 1 GiB are free"):
            model(batch, maps=MapRequest())
        with pytest.raises(UserError, match="up to 1,024 words"):
            sliding(batch_of(1_025), maps=MapRequest())
        pruned = MapRequest(record=False, replaced={0: "uniform"})
        assert sliding(batch_of(2_000), maps=pruned).logits.isfinite().all()


@each_pattern
def test_a_planted_word_is_learnt_in_seconds(
    tmp_path, make_request, quiet, planted_corpora, pattern
):
    sizes = [f"{name}={value}" for name, value in pattern.items()]
    request = make_request(
        tmp_path / "out", "layers=1", "heads=2", "learning_rate=0.003", "warmup=0.2", "epochs=20",
        "patience=99", *sizes, model="transformer",
    )  # fmt: skip
    train(request, torch.device("cpu"), quiet())
    checkpoint, test = load_checkpoint(request.out), planted_corpora.test
    found = predict(checkpoint, test.texts).argmax(1)
    right = [checkpoint.labels[at] == label for at, label in zip(found, test.labels, strict=True)]
    assert sum(right) / len(right) > 0.9
