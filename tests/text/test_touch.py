"""What stands where in an edited text, and what touching it does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.text.edits import Edit, RemovedRun, apply_edits, edits_after_click, removed_runs
from han_core.text.tokenizer import Tokenizer

TEXT = "One two three. Four five six."
TOKENIZER = Tokenizer("en")
DOCUMENT = TOKENIZER(TEXT)


def place(word: str, text: str = TEXT) -> tuple[int, int]:
    return text.index(word), text.index(word) + len(word)


def after(*edits: Edit):
    return apply_edits(DOCUMENT, edits, TOKENIZER)


def test_words_taken_out_stand_where_they_stood():
    new = after(Edit(*place("two")), Edit(*place("six")), Edit(*place("One")))
    assert new.document.text == "three. Four five ."
    assert removed_runs(DOCUMENT, new) == (
        RemovedRun(0, "One", 2),
        RemovedRun(0, "two", 0),
        RemovedRun(4, "six", 1),
    )


def test_a_sentence_taken_out_is_one_piece_and_may_stand_at_the_end():
    new = after(Edit(*place("Four five six.")))
    assert removed_runs(DOCUMENT, new) == (RemovedRun(4, "Four five six.", 0),)


def test_a_replacement_stands_behind_what_it_replaces():
    new = after(Edit(*place("two"), "2 and a half"))
    assert new.document.text == "One 2 and a half three. Four five six."
    assert removed_runs(DOCUMENT, new) == (RemovedRun(1, "two", 0),)
    assert new.made_by == (None, 0, 0, 0, 0, *[None] * 6)


def test_a_word_touched_goes_and_touched_again_where_it_stood_comes_back():
    new = after(Edit(*place("two")))
    shown = new.document.text
    edits = edits_after_click(DOCUMENT, [Edit(*place("two"))], new, *place("five", shown))
    assert edits == (Edit(*place("two")), Edit(*place("five")))


def test_a_touched_sentence_goes_with_what_was_replaced_in_it():
    first = [Edit(*place("five"), "5")]
    new = after(*first)
    edits = edits_after_click(DOCUMENT, first, new, *place("Four 5 six.", new.document.text))
    assert after(*edits).document.text == "One two three."


def test_a_touched_replacement_is_taken_back():
    both = [Edit(*place("five"), "5"), Edit(*place("One"), "1")]
    new = after(*both)
    assert edits_after_click(DOCUMENT, both, new, *place("5", new.document.text)) == (both[1],)


@given(st.lists(st.integers(0, 7), max_size=7), st.integers(0, 7))
def test_touching_any_word_takes_out_that_word_alone(gone, which):
    edits = [Edit(*DOCUMENT.tokens[i]) for i in dict.fromkeys(gone)]
    new = after(*edits)
    at = which % len(new.document.tokens)
    more = edits_after_click(DOCUMENT, edits, new, *new.document.tokens[at])
    if len(new.document.tokens) == 1:
        with pytest.raises(ValueError, match="At least one word"):
            after(*more)
    else:
        assert set(after(*more).removed) == {*new.removed, new.origin[at]}


@given(st.lists(st.integers(0, 7), max_size=7), st.data())
def test_kept_and_struck_words_together_are_the_text(gone, data):
    replacement = data.draw(st.sampled_from(["", "new"]))
    new = after(*(Edit(*DOCUMENT.tokens[i], replacement) for i in dict.fromkeys(gone)))
    words = [
        None if owner is not None else text
        for text, owner in zip(new.document.token_texts(), new.made_by, strict=True)
    ]
    for before, text, _ in reversed(removed_runs(DOCUMENT, new)):
        words[before:before] = text.split()
    assert [word for word in words if word is not None] == list(DOCUMENT.token_texts())
