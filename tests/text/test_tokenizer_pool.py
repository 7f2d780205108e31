"""Chunks of texts as columns; several processes split them exactly as one does, in order."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.runtime.errors import UserError
from han_core.text import tokenizer_pool
from han_core.text.tokenizer import Tokenizer
from han_core.text.tokenizer_pool import (
    chunks,
    decoded,
    encoded,
    processes_for,
    receive_split,
    send_texts,
    tokenise_chunks,
    tokenise_texts,
)

TEXTS = ["Good. Good fun!", "fun \ud800", "   ", "Bad, bad film"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer("en", 4)


def test_a_chunk_by_hand(tokenizer):
    result = tokenise_texts(TEXTS, tokenizer)
    assert result.documents.to_pydict() == {
        "words": [[0, 1, 0, 2], [2, 3], [], [4, 5, 6, 7]],
        "sentences": [[2, 2], [2], [], [4]],
        "cut": [True, False, False, False],
    }
    words = ["Good", ".", "fun", "\ud800", "Bad", ",", "bad", "film"]
    assert list(map(decoded, result.lexicon)) == words


def test_no_texts_make_an_empty_chunk(tokenizer):
    result = tokenise_texts([], tokenizer)
    assert (len(result.documents), result.lexicon) == (0, [])


@given(st.lists(st.text(alphabet=st.characters()), max_size=5))
def test_words_come_back_from_the_numbers(tokenizer, texts):
    result = tokenise_texts(texts, tokenizer)
    for text, numbers in zip(texts, result.documents.column("words").to_pylist(), strict=True):
        words = tuple(decoded(result.lexicon[number]) for number in numbers)
        assert words == tokenizer(text).token_texts()


@given(st.text(alphabet=st.one_of(st.characters(), st.characters(categories=["Cs"]))))
def test_any_text_survives_its_encoding(text):
    assert decoded(encoded(text)) == text


class Pipe(io.BytesIO):
    """A pipe that can be looked into, as standard input can."""

    def peek(self, size: int) -> bytes:
        return self.getbuffer()[self.tell() : self.tell() + size].tobytes()


def test_the_process_answers_chunk_after_chunk_until_its_input_ends(monkeypatch, tokenizer):
    requests, answers = Pipe(), io.BytesIO()
    for chunk in (TEXTS, TEXTS[:1]):
        send_texts(chunk, requests)
    requests.seek(0)
    for name, pipe in (("stdin", requests), ("stdout", answers)):
        monkeypatch.setattr(tokenizer_pool.sys, name, type("Stream", (), {"buffer": pipe})())
    tokenizer_pool.serve_chunks(tokenizer)
    answers.seek(0)
    for chunk in (TEXTS, TEXTS[:1]):
        result, expected = receive_split(answers), tokenise_texts(chunk, tokenizer)
        assert result.documents.equals(expected.documents)
        assert result.lexicon == expected.lexicon
    assert not answers.read()


def test_numbers_are_32_bits_wide(tokenizer):
    words = tokenise_texts(TEXTS, tokenizer).documents.column("words").chunk(0)
    assert words.values.to_numpy().dtype == np.int32


MANY = [
    f"Text {number} isn't good. Not bad, \ud800 {'very ' * (number % 7)}!" for number in range(90)
]


def listed(texts, processes: int, segmentation: str = "words") -> list:
    result = tokenise_chunks(texts, Tokenizer("en", 12, segmentation), processes)
    return [(split.documents.to_pydict(), split.lexicon) for split in result]


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(tokenizer_pool, "CHUNK", 200)


@pytest.mark.long
def test_two_processes_give_what_one_gives(small_chunks):
    by_characters = listed(MANY, 1, "characters")
    assert listed(MANY, 2, "characters") == by_characters != listed(MANY, 1)
    assert len(by_characters) > 10


def test_a_process_that_ends_early_is_one_sentence(small_chunks, monkeypatch):
    monkeypatch.setattr(tokenizer_pool, "__name__", "han_core.text.nothing")
    with pytest.raises(UserError, match="ended before it was done") as caught:
        listed(MANY, 2)
    assert "\n" not in str(caught.value)


@pytest.mark.long
def test_processes_end_when_nobody_wants_more(small_chunks, monkeypatch):
    begun = []
    popen = tokenizer_pool.subprocess.Popen
    monkeypatch.setattr(
        tokenizer_pool.subprocess,
        "Popen",
        lambda *a, **k: begun.append(popen(*a, **k)) or begun[-1],
    )
    taken = []
    result = tokenise_chunks((taken.append(text) or text for text in MANY), Tokenizer("en", 12), 2)
    next(result)
    assert len(taken) < len(MANY), "texts are taken as they are needed"
    result.close()
    assert len(begun) == 2
    assert all(process.poll() is not None for process in begun)


def test_chunks_hold_all_texts_in_order(small_chunks):
    result = list(chunks(MANY))
    assert [text for chunk in result for text in chunk] == MANY
    assert all(sum(map(len, chunk)) >= 200 for chunk in result[:-1])
    assert all(sum(map(len, chunk[:-1])) < 200 for chunk in result)
    assert list(chunks([])) == []


def test_few_texts_need_no_other_process(monkeypatch):
    monkeypatch.setattr(tokenizer_pool, "cores", lambda: 64)
    assert processes_for(tokenizer_pool.WORTH - 1) == 1
    assert processes_for(tokenizer_pool.WORTH) == tokenizer_pool.MOST
    monkeypatch.setattr(tokenizer_pool, "cores", lambda: 1)
    assert processes_for(10**12) == 1
