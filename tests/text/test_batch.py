"""Documents one after another: who owns which token, by hand and as a property."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.text.batch import (
    Batch,
    NumberedDocument,
    SharedBatch,
    collate,
    document_lengths,
    number_document,
)
from han_core.text.document import Document, Sentence, Span
from han_core.text.vocabulary import RESERVED, Vocabulary


def numbered(words, lengths) -> NumberedDocument:
    return NumberedDocument(np.array(words, dtype=np.int32), np.array(lengths, dtype=np.int32))


def test_a_batch_by_hand():
    batch = collate([numbered([5, 6, 7], [2, 1]), numbered([8], [1]), numbered([9, 9], [2])])
    assert batch.words.tolist() == [5, 6, 7, 8, 9, 9]
    assert batch.words.dtype == torch.int64
    assert batch.sentence_lengths.tolist() == [2, 1, 1, 2]
    assert batch.document_lengths.tolist() == [2, 1, 1]
    assert batch.sentence_of_token.tolist() == [0, 0, 1, 2, 3, 3]
    assert batch.document_of_sentence.tolist() == [0, 0, 1, 2]
    assert batch.document_of_token.tolist() == [0, 0, 0, 1, 2, 2]
    assert batch.tokens_per_document.tolist() == [3, 1, 2]
    assert len(batch) == 3


def test_a_batch_moves_whole():
    batch = collate([numbered([5, 6, 7], [2, 1]), numbered([8], [1])])
    moved = batch.to("cpu")
    assert moved.words.equal(batch.words)
    assert moved.sentence_lengths.equal(batch.sentence_lengths)
    assert moved.document_lengths.equal(batch.document_lengths)


@given(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=5), min_size=1, max_size=5))
def test_owners_agree_with_loops(shape):
    documents = [numbered(range(2, 2 + sum(lengths)), lengths) for lengths in shape]
    batch = collate(documents)
    expected = [
        (d, s)
        for d, lengths in enumerate(shape)
        for s, length in enumerate(lengths)
        for _ in range(length)
    ]
    assert batch.document_of_token.tolist() == [d for d, _ in expected]
    before = np.cumsum([0, *map(len, shape)])
    assert batch.sentence_of_token.tolist() == [before[d] + s for d, s in expected]
    assert batch.tokens_per_document.tolist() == list(map(sum, shape))


def test_tokens_get_the_numbers_of_the_vocabulary():
    document = Document(
        "Good, zebra", (Sentence((Span(0, 4), Span(4, 5))), Sentence((Span(6, 11),))), 11
    )
    numbers = number_document(document, Vocabulary((*RESERVED, ",", "good")))
    assert numbers.words.tolist() == [3, 2, 1]
    assert numbers.sentence_lengths.tolist() == [2, 1]
    assert numbers.known.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("words", "lengths"), [([], []), ([2, 3], [1]), ([2, 3], [2, 0]), ([2], [2]), ([2], [2, -1])]
)
def test_words_and_lengths_that_disagree_are_refused(words, lengths):
    with pytest.raises(ValueError):
        numbered(words, lengths)


@pytest.mark.parametrize(
    ("sentence_lengths", "document_lengths"), [([2], [1]), ([3], [2]), ([1, 2], [1])]
)
def test_a_batch_whose_lengths_disagree_is_refused(sentence_lengths, document_lengths):
    with pytest.raises(ValueError):
        Batch(
            torch.tensor([2, 3, 4]), torch.tensor(sentence_lengths), torch.tensor(document_lengths)
        )


def test_shared_sentences_are_written_out_again():
    sentences = Batch(torch.tensor([5, 6, 7, 8, 9]), torch.tensor([2, 1, 2]), torch.tensor([3]))
    shared = SharedBatch(sentences, torch.tensor([2, 0, 0, 1]), torch.tensor([1, 3]))
    flat = shared.flat()
    assert flat.words.tolist() == [8, 9, 5, 6, 5, 6, 7]
    assert flat.sentence_lengths.tolist() == [2, 2, 2, 1]
    assert flat.document_lengths.tolist() == [1, 3]


def test_shared_sentences_must_add_up():
    sentences = Batch(torch.tensor([5]), torch.tensor([1]), torch.tensor([1]))
    with pytest.raises(ValueError, match="add up"):
        SharedBatch(sentences, torch.tensor([0, 0]), torch.tensor([1]))


def test_lengths_are_counted_unless_the_documents_know_them():
    documents = [numbered([5, 6, 7], [2, 1]), numbered([8], [1])]
    assert document_lengths(documents).tolist() == [3, 1]
    assert document_lengths([]).dtype == np.int64

    class Knows(list):
        lengths = np.array([9, 9])

    assert document_lengths(Knows(documents)).tolist() == [9, 9]
