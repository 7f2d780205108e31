"""Texts are read once, however they are divided, and by however many processes."""

import numpy as np
import pytest

from han_core.data import prepared
from han_core.data.prepared import Chosen, tokenised
from han_core.runtime.errors import UserError
from han_core.text import tokenizer, tokenizer_pool
from han_core.text.token_table import digests
from han_core.text.tokenizer import Tokenizer

TEXTS = [f"Text {n % 50} is Good. Not {'very ' * (n % 6)}bad, \ud800 {n % 50}!" for n in range(80)]


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    """A folder for kept texts that nobody else uses."""
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


class Follow:
    """Remembers what was read."""

    def __init__(self):
        self.read = []

    def __call__(self, texts, name):
        for text in texts:
            self.read.append(text)
            yield text


def found_words(table, rows) -> list:
    words = table.words()
    documents = [table.document(int(row)) for row in rows]
    return [(tuple(words[n] for n in numbers), tuple(ends)) for numbers, ends in documents]


def test_every_text_gets_the_words_that_the_tokenizer_finds():
    table, rows, note = tokenised([TEXTS[:60], TEXTS[60:], []], "en", 12, Follow())
    one_by_one = list(map(Tokenizer("en", 12), TEXTS))
    expected = [(document.token_texts(), document.sentence_lengths) for document in one_by_one]
    assert found_words(table, np.concatenate(rows)) == expected
    assert [len(group) for group in rows] == [60, 20, 0]
    cut = [document.seen < len(document.text) for document in one_by_one]
    assert table.cut[np.concatenate(rows)].tolist() == cut
    assert {True, False} == set(cut)
    assert note == ""


def test_each_different_text_is_read_once_in_an_order_of_its_own():
    follow, other = Follow(), Follow()
    tokenised([TEXTS, TEXTS[:3]], "en", 99, follow)
    assert sorted(follow.read) == sorted(set(TEXTS))
    assert digests(follow.read).tolist() == sorted(digests(follow.read).tolist())
    tokenised([TEXTS[40:], TEXTS[:40][::-1]], "en", 99, other)
    assert other.read == [], "the same texts, divided otherwise"


def test_language_and_limit_make_other_words():
    tokenised([TEXTS], "en", 99, Follow())
    for language, limit in (("de", 99), ("en", 98)):
        follow = Follow()
        tokenised([TEXTS], language, limit, follow)
        assert follow.read


def test_another_tokenizer_reads_again(tmp_path, monkeypatch):
    tokenised([TEXTS], "en", 99, Follow())
    follow = Follow()
    monkeypatch.setattr(prepared, "version", lambda package: "0.0.0")
    tokenised([TEXTS], "en", 99, follow)
    assert follow.read
    for file in prepared.SPLITTING:
        (tmp_path / file).write_text("# another")
    follow = Follow()
    monkeypatch.setattr(tokenizer, "__file__", str(tmp_path / "tokenizer.py"))
    tokenised([TEXTS], "en", 99, follow)
    assert follow.read


@pytest.mark.parametrize("piece", [1, 100, 10_000])
@pytest.mark.long
def test_pieces_and_processes_make_no_difference(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(tokenizer_pool, "CHUNK", 300)
    one, rows, _ = tokenised([TEXTS], "en", 9, Follow())
    monkeypatch.setattr(prepared, "PIECE", piece)
    monkeypatch.setattr(prepared, "processes_for", lambda characters: 2 if piece == 100 else 1)
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "other"))
    other, other_rows, _ = tokenised([TEXTS], "en", 9, Follow())
    assert one.texts.to_pydict() == other.texts.to_pydict()
    assert one.lexicon.equals(other.lexicon)
    assert np.array_equal(rows, other_rows)


def test_without_a_disk_the_words_are_the_same_and_a_sentence_says_so(root):
    kept, rows, _ = tokenised([TEXTS], "en", 9, Follow())
    (root / "prepared").rename(root / "aside")
    (root / "prepared").write_text("a file where a folder should be")
    table, other_rows, note = tokenised([TEXTS], "en", 9, Follow())
    assert table.texts.to_pydict() == kept.texts.to_pydict()
    assert np.array_equal(rows, other_rows)
    assert "could not be kept on disk" in note
    assert "\n" not in note
    assert (root / "prepared").read_text().startswith("a file")


def test_a_text_without_a_word_is_refused_and_nothing_is_kept(root):
    for _ in range(2):
        with pytest.raises(UserError, match="at least one word"):
            tokenised([["good", " \n "]], "en", 9, Follow())
    assert not [path for path in (root / "prepared").iterdir() if path.is_dir()]


def test_who_follows_may_stop_the_reading(root):
    def stopping(texts, name):
        yield texts[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tokenised([TEXTS], "en", 9, stopping)
    follow = Follow()
    tokenised([TEXTS], "en", 9, follow)
    assert len(follow.read) == len(set(TEXTS))


def test_no_texts_are_an_empty_table():
    table, rows, _ = tokenised([[], ()], "en", 9, Follow())
    assert (len(table), [len(group) for group in rows]) == (0, [0, 0])


def test_chosen_texts_stay_where_they_are():
    chosen = Chosen([["a", "b"], (), ["c"]], np.array([2, 0, 0]))
    assert list(chosen) == ["c", "a", "a"]
    assert list(chosen[1:]) == ["a", "a"]
    assert chosen[-1] == "a"
    with pytest.raises(IndexError):
        chosen[3]


def test_an_unknown_language_is_refused_before_anything_is_shown():
    with pytest.raises(UserError, match="language"):
        tokenised([["one text"]], "qq", 12, lambda texts, name: pytest.fail("nothing to follow"))
