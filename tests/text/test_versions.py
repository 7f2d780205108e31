"""Versions lined up: by hand, and what holds of any two lists of words."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from han_core.text.document import Document, Sentence, Span
from han_core.text.versions import EXACT, RemovedWords, align_versions


def document(*sentences: str) -> Document:
    """Sentences of words that blanks part."""
    text, at, found = "  ".join(sentences), 0, []
    for sentence in sentences:
        lengths = [len(word) + 1 for word in sentence.split(" ")]
        starts = [at + start for start in accumulate(lengths, initial=0)]
        spans = [Span(s, s + n - 1) for s, n in zip(starts, lengths, strict=False)]
        found.append(Sentence(tuple(spans)))
        at += len(sentence) + 2
    return Document(text, tuple(found), len(text))


def test_by_hand():
    found = align_versions(
        document("a fine old film", "go"), document("a bad film", "really", "go")
    )
    assert found.first.text == found.second.text == "a fine old bad film really go"
    assert found.first.token_texts() == ("a", "fine", "old", "film", "go")
    assert found.second.token_texts() == ("a", "bad", "film", "really", "go")
    assert found.first.tokens[3] == found.second.tokens[2] == Span(15, 19)
    assert found.second.sentence_lengths == (3, 1, 1)
    assert found.came == (1, 3)
    assert found.gone == (RemovedWords(1, "fine old"),)


def test_what_went_at_the_end_stands_behind_the_last_word():
    found = align_versions(document("a b", "c d"), document("a"))
    assert found.gone == (RemovedWords(1, "b  c d"),)  # the characters of the first version
    assert found.came == ()


def test_the_same_text_stays_and_another_goes():
    same = align_versions(document("a b", "c"), document("a b", "c"))
    assert (same.came, same.gone) == ((), ())
    assert same.first.tokens == same.second.tokens
    other = align_versions(document("a b"), document("c d"))
    assert other.came == (0, 1)
    assert other.gone == (RemovedWords(0, "a b"),)
    assert not set(other.first.tokens) & set(other.second.tokens)


def test_a_long_text_is_lined_up_too():
    words = [str(i % 700) for i in range(2_100)]
    changed = [*words[:900], "new", *words[901:1_500], *words[1_501:]]
    assert len(words) * len(changed) > EXACT
    found = align_versions(document(" ".join(words)), document(" ".join(changed)))
    assert [gone.text for gone in found.gone] == [words[900], words[1_500]]
    assert [changed[i] for i in found.came] == ["new"]


words = st.lists(st.sampled_from("abc"), min_size=1, max_size=12).map(" ".join)
documents = st.lists(words, min_size=1, max_size=3).map(lambda sentences: document(*sentences))


@given(documents, documents)
def test_the_line_holds_the_words_of_both_in_order(first, second):
    found = align_versions(first, second)
    for placed, version in ((found.first, first), (found.second, second)):
        assert placed.token_texts() == version.token_texts()
        assert placed.sentence_lengths == version.sentence_lengths
    together = sorted({*found.first.tokens, *found.second.tokens})
    assert " ".join(found.first.text[start:end] for start, end in together) == found.first.text
    both = set(found.first.tokens) & set(found.second.tokens)
    came = [i for i, span in enumerate(found.second.tokens) if span not in both]
    assert list(found.came) == came
    gone = sum(len(gone.text.split()) for gone in found.gone)
    assert gone == len(first.tokens) - len(both)


@given(documents)
def test_a_version_of_itself_has_not_changed(same):
    found = align_versions(same, same)
    assert (found.came, found.gone) == ((), ())
