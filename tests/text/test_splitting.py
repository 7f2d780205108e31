"""Chunks of texts as columns, and what crosses a pipe comes out as it went in."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.text import tokenizer_pool
from han_core.text.tokenizer import Tokenizer
from han_core.text.tokenizer_pool import decoded, encoded, receive_split, send_texts, tokenise_texts

TEXTS = ["Good. Good fun!", "fun \ud800", "   ", "Bad, bad film"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer("en", 4)


def test_a_chunk_by_hand(tokenizer):
    found = tokenise_texts(TEXTS, tokenizer)
    assert found.documents.to_pydict() == {
        "words": [[0, 1, 0, 2], [2, 3], [], [4, 5, 6, 7]],
        "sentences": [[2, 2], [2], [], [4]],
        "cut": [True, False, False, False],
    }
    words = ["Good", ".", "fun", "\ud800", "Bad", ",", "bad", "film"]
    assert list(map(decoded, found.lexicon)) == words


def test_no_texts_make_an_empty_chunk(tokenizer):
    found = tokenise_texts([], tokenizer)
    assert (len(found.documents), found.lexicon) == (0, [])


@given(st.lists(st.text(alphabet=st.characters()), max_size=5))
def test_words_come_back_from_the_numbers(tokenizer, texts):
    found = tokenise_texts(texts, tokenizer)
    for text, numbers in zip(texts, found.documents.column("words").to_pylist(), strict=True):
        words = tuple(decoded(found.lexicon[number]) for number in numbers)
        assert words == tokenizer(text).token_texts()


@given(st.text(alphabet=st.one_of(st.characters(), st.characters(categories=["Cs"]))))
def test_any_text_survives_its_encoding(text):
    assert decoded(encoded(text)) == text


class Pipe(io.BytesIO):
    """A pipe that can be looked into, as standard input can."""

    def peek(self, size: int) -> bytes:
        return self.getbuffer()[self.tell() : self.tell() + size].tobytes()


def test_the_process_answers_chunk_after_chunk_until_its_input_ends(monkeypatch, tokenizer):
    asked, answers = Pipe(), io.BytesIO()
    for chunk in (TEXTS, TEXTS[:1]):
        send_texts(chunk, asked)
    asked.seek(0)
    for name, pipe in (("stdin", asked), ("stdout", answers)):
        monkeypatch.setattr(tokenizer_pool.sys, name, type("Stream", (), {"buffer": pipe})())
    tokenizer_pool.serve_chunks("en", 4, "words")
    answers.seek(0)
    for chunk in (TEXTS, TEXTS[:1]):
        found, expected = receive_split(answers), tokenise_texts(chunk, tokenizer)
        assert found.documents.equals(expected.documents)
        assert found.lexicon == expected.lexicon
    assert not answers.read()


def test_numbers_are_32_bits_wide(tokenizer):
    words = tokenise_texts(TEXTS, tokenizer).documents.column("words").chunk(0)
    assert words.values.to_numpy().dtype == np.int32
