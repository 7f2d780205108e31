"""Full, local and sliding attention against one softmax a word, written out."""

import gc
import weakref

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from han_core.models import attention_patterns
from han_core.models.architecture import Architecture
from han_core.models.attention_patterns import (
    LONGEST_DENSE,
    WASTE,
    FullAttention,
    LocalAttention,
    SlidingAttention,
    attention_pattern,
    check_memory,
    dense_weights,
)
from han_core.runtime.errors import UserError
from han_core.text.batch import Batch

HEADS, SIZE = 2, 3
CPU = torch.device("cpu")


def batch_of(lengths: list[int]) -> Batch:
    """Documents of one sentence each."""
    return Batch(
        torch.ones(sum(lengths), dtype=torch.int64),
        torch.tensor(lengths),
        torch.ones(len(lengths), dtype=torch.int64),
    )


def projections(tokens: int, seed: int = 0, grad: bool = False) -> list[Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return [
        torch.randn(tokens, HEADS, SIZE, generator=draw, dtype=torch.float64).requires_grad_(grad)
        for _ in range(3)
    ]


def sees(pattern: str, window: int, globals: int, i: int, j: int) -> bool:
    near, first = abs(i - j) <= window, min(i, j) < globals
    return {"full": True, "local": near, "sliding": near or first}[pattern]


def word_by_word(pattern, lengths, window, globals, query, key, value) -> Tensor:
    """The definition: each word and head has a softmax over what the word may see."""
    rows, start = [], 0
    for length in lengths:
        for i in range(length):
            seen = [start + j for j in range(length) if sees(pattern, window, globals, i, j)]
            heads = []
            for head in range(HEADS):
                scores = key[seen, head] @ query[start + i, head] / SIZE**0.5
                heads.append(scores.softmax(0) @ value[seen, head])
            rows.append(torch.stack(heads))
        start += length
    return torch.stack(rows)


def pattern_of(name: str, lengths: list[int], window: int, globals: int):
    batch = batch_of(lengths)
    if name == "full":
        return FullAttention(batch.tokens_per_document)
    if name == "local":
        return LocalAttention(batch.document_of_token, window)
    return SlidingAttention(batch, window, globals)


@pytest.mark.parametrize("name", ["full", "local", "sliding"])
@settings(max_examples=25)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
    st.integers(1, 50),
    st.integers(1, 4),
    st.integers(1, 16),
)
def test_each_word_takes_in_what_it_may_see(name, lengths, window, globals, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention_patterns, "BLOCK", block)
        query, key, value = projections(sum(lengths))
        mixed = pattern_of(name, lengths, window, globals).attend(query, key, value, 0.0)
    expected = word_by_word(name, lengths, window, globals, query, key, value)
    torch.testing.assert_close(mixed, expected)


@pytest.mark.parametrize("name", ["full", "local", "sliding"])
def test_gradients_are_those_of_the_definition(name):
    lengths, parts = [7, 1, 70, 3], projections(81, grad=True)
    mixed = pattern_of(name, lengths, 4, 2).attend(*parts, 0.0)
    expected = word_by_word(name, lengths, 4, 2, *parts)
    directions = torch.randn(mixed.shape, dtype=mixed.dtype)
    for ours, by_hand in zip(
        torch.autograd.grad((mixed * directions).sum(), parts),
        torch.autograd.grad((expected * directions).sum(), parts),
        strict=True,
    ):
        torch.testing.assert_close(ours, by_hand)


@pytest.mark.parametrize("name", ["full", "local", "sliding"])
@pytest.mark.parametrize("length", [1, 2, 9, 80])
def test_the_weights_written_out_are_those_that_are_used(name, length):
    query, key, value = projections(length)
    pattern = pattern_of(name, [length], 3, 2)
    weights = dense_weights(query, key, pattern.visible(length, CPU))
    torch.testing.assert_close(weights.sum(2), torch.ones(HEADS, length, dtype=torch.float64))
    torch.testing.assert_close(
        torch.einsum("hij,jhs->ihs", weights, value), pattern.attend(query, key, value, 0.0)
    )
    for i in range(length):
        for j in range(length):
            assert (weights[:, i, j] > 0).all() == sees(name, 3, 2, i, j)


@pytest.mark.parametrize("name", ["full", "local", "sliding"])
def test_what_is_left_out_in_training_is_made_up_for_on_average(name):
    query, key, value = projections(6)
    torch.manual_seed(0)
    pattern = pattern_of(name, [6], 2, 1)
    drawn = torch.stack([pattern.attend(query, key, value, 0.4) for _ in range(2_000)])
    assert drawn.std(0).min() > 0
    whole = pattern.attend(query, key, value, 0.0)
    torch.testing.assert_close(drawn.mean(0), whole, rtol=0, atol=0.12)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_little_is_padded_and_each_word_stands_in_one_place(lengths):
    groups = FullAttention(torch.tensor(lengths)).groups
    words = torch.cat([group.rows[group.real] for group in groups])
    assert sorted(words.tolist()) == list(range(sum(lengths)))
    for group in groups:
        sizes = group.real.sum(1)
        assert group.rows.shape[1] == sizes.max() <= WASTE * sizes.min()


def test_a_window_from_end_to_end_is_full_attention():
    sizes = {"model": "transformer", "vocabulary_size": 9, "classes": 2, "window": 4}
    for pattern in ("local", "sliding"):
        shape = Architecture(attention_pattern=pattern, **sizes)
        assert isinstance(attention_pattern(shape, batch_of([5, 2])), FullAttention)
        assert not isinstance(attention_pattern(shape, batch_of([6, 2])), FullAttention)


def test_all_weights_of_a_long_document_are_refused_where_words_see_a_window():
    pattern = LocalAttention(torch.zeros(9, dtype=torch.int64), 2)
    assert pattern.visible(LONGEST_DENSE, CPU).shape == (LONGEST_DENSE, LONGEST_DENSE)
    with pytest.raises(UserError, match="up to 1,024 words; this one has 5,000"):
        pattern.visible(5_000, CPU)


def test_attention_that_needs_more_memory_than_there_is_is_refused(monkeypatch):
    monkeypatch.setattr(attention_patterns, "available_memory", lambda device: 2**30)
    check_memory(2**30 // 12, CPU)
    with pytest.raises(UserError, match=r"needs 35.8 GiB here, and 1 GiB are free: shorten"):
        check_memory(8 * 20_000**2, CPU)
    long = FullAttention(torch.tensor([20_000]))
    with pytest.raises(UserError, match=r"4\.47 GiB"):
        long.attend(*(torch.empty(20_000, 1, 1) for _ in range(3)), 0.1)


class PeakMemory(TorchDispatchMode):
    """Bytes of all tensors that live at once within, at most."""

    def __init__(self):
        super().__init__()
        self.alive, self.peak, self.known = 0, 0, set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, list | tuple) else (result,):
            if isinstance(tensor, Tensor):
                self._take(tensor.untyped_storage())
        return result

    def _take(self, storage) -> None:
        key, size = storage.data_ptr(), storage.nbytes()
        if key in self.known:
            return
        self.known.add(key)
        self.alive += size
        self.peak = max(self.peak, self.alive)
        weakref.finalize(storage, self._release, key, size)

    def _release(self, key: int, size: int) -> None:
        self.known.discard(key)
        self.alive -= size


def peak_of(name: str, tokens: int) -> int:
    """Bytes of a pass forward and back over one document."""
    parts = [torch.randn(tokens, 4, 8, requires_grad=True) for _ in range(3)]
    gc.collect()
    with PeakMemory() as memory:
        pattern_of(name, [tokens], 32, 1).attend(*parts, 0.0).sum().backward()
    return memory.peak


@pytest.mark.parametrize("name", ["local", "sliding"])
def test_memory_grows_with_the_document_and_not_with_its_square(name):
    small, large = peak_of(name, 1_250), peak_of(name, 5_000)
    assert 3 < large / small < 5
    assert large < 4 * 5_000**2 / 2  # half of one head's weights, written out
