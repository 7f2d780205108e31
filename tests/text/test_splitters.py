"""Several processes split texts exactly as one does, and in the same order."""

import pytest

from han_core.runtime.errors import UserError
from han_core.text import tokenizer_pool
from han_core.text.tokenizer import Tokenizer
from han_core.text.tokenizer_pool import chunks, processes_for, tokenise_chunks

TEXTS = [
    f"Text {number} isn't good. Not bad, \ud800 {'very ' * (number % 7)}!" for number in range(90)
]


def listed(texts, processes: int, segmentation: str = "words") -> list:
    found = tokenise_chunks(texts, Tokenizer("en", 12, segmentation), processes)
    return [(split.documents.to_pydict(), split.lexicon) for split in found]


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(tokenizer_pool, "CHUNK", 200)


@pytest.mark.long
def test_two_processes_give_what_one_gives(small_chunks):
    by_characters = listed(TEXTS, 1, "characters")
    assert listed(TEXTS, 2, "characters") == by_characters != listed(TEXTS, 1)
    assert len(by_characters) > 10


def test_a_process_that_ends_early_is_one_sentence(small_chunks, monkeypatch):
    monkeypatch.setattr(tokenizer_pool, "__name__", "han_core.text.nothing")
    with pytest.raises(UserError, match="ended before it was done") as caught:
        listed(TEXTS, 2)
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
    found = tokenise_chunks((taken.append(text) or text for text in TEXTS), Tokenizer("en", 12), 2)
    next(found)
    assert len(taken) < len(TEXTS), "texts are taken as they are needed"
    found.close()
    assert len(begun) == 2
    assert all(process.poll() is not None for process in begun)


def test_chunks_hold_all_texts_in_order(small_chunks):
    found = list(chunks(TEXTS))
    assert [text for chunk in found for text in chunk] == TEXTS
    assert all(sum(map(len, chunk)) >= 200 for chunk in found[:-1])
    assert all(sum(map(len, chunk[:-1])) < 200 for chunk in found)
    assert list(chunks([])) == []


def test_few_texts_need_no_other_process(monkeypatch):
    monkeypatch.setattr(tokenizer_pool, "cores", lambda: 64)
    assert processes_for(tokenizer_pool.WORTH - 1) == 1
    assert processes_for(tokenizer_pool.WORTH) == tokenizer_pool.MOST
    monkeypatch.setattr(tokenizer_pool, "cores", lambda: 1)
    assert processes_for(10**12) == 1
