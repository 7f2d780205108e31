"""Edited documents against the same edits made on lists of words; texts and clicks by hand."""

import time
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from han_core.runtime.errors import UserError
from han_core.text.document import Document
from han_core.text.edits import (
    LONGEST_REPLACEMENT,
    MOST_EDITS,
    Edit,
    RemovedRun,
    apply_edits,
    edits_after_click,
    removed_runs,
    toggle,
)
from tests.text.spans import odd_text, sentence_texts, tokenizer

languages = pytest.mark.parametrize("language", ["en", "zh"])


def spanning(document: Document, first: int, last: int, replacement: str = "") -> Edit:
    """An edit of tokens ``first`` to ``last``, both included."""
    return Edit(document.tokens[first].start, document.tokens[last].end, replacement)


def words(text: str, part: str, replacement: str = "") -> Edit:
    """An edit of the first place where ``part`` stands."""
    return Edit(text.index(part), text.index(part) + len(part), replacement)


def after_edits(text: str, *parts: str) -> str:
    """The text without these parts."""
    edits = [words(text, part) for part in parts]
    return apply_edits(tokenizer("en")(text), edits, tokenizer("en")).document.text


def sentence_numbers(document: Document) -> list[int]:
    return [n for n, sentence in enumerate(document.sentences) for _ in sentence.tokens]


def by_sentence(pairs: list[tuple[int, str]]) -> list[list[str]]:
    """Words with their sentences' numbers, sentence by sentence."""
    numbers = sorted({number for number, _ in pairs})
    return [[word for number, word in pairs if number == wanted] for wanted in numbers]


def documents(language: str, words: int = 1) -> st.SearchStrategy[Document]:
    """Documents of at least so many words."""
    return (
        st.tuples(odd_text, st.just(" good" * words), odd_text)
        .map("".join)
        .map(tokenizer(language))
    )


@languages
@given(st.data())
def test_nothing_changed_is_the_same_document(language, data):
    document = data.draw(documents(language))
    same = [spanning(document, at, at, text) for at, text in enumerate(document.token_texts())]
    for edits in ((), same[:MOST_EDITS]):
        edited = apply_edits(document, edits, tokenizer(language))
        assert edited.document == document
        assert edited.origin == tuple(range(len(document.tokens)))
        assert edited.removed == ()


@languages
@given(st.data())
def test_words_that_stay_are_as_they_were(language, data):
    document = data.draw(documents(language, words=2))
    texts, numbers = document.token_texts(), sentence_numbers(document)
    gone = data.draw(
        st.sets(st.sampled_from(range(len(texts))), min_size=1, max_size=len(texts) - 1)
    )
    edits = [spanning(document, at, at) for at in data.draw(st.permutations(sorted(gone)))]
    edited = apply_edits(document, edits, tokenizer(language))
    stay = [at for at in range(len(texts)) if at not in gone]
    assert (edited.origin, edited.removed) == (tuple(stay), tuple(sorted(gone)))
    assert sentence_texts(edited.document) == by_sentence([(numbers[at], texts[at]) for at in stay])
    new, old = edited.document, document
    assert new.seen == len(new.text)
    assert new.text[: new.tokens[0].start] == old.text[: old.tokens[0].start]
    assert new.text[new.tokens[-1].end :] == old.text[old.tokens[-1].end :]
    for (a, b), (left, right) in zip(pairwise(stay), pairwise(new.tokens), strict=True):
        before = old.text[old.tokens[a].end : old.tokens[b].start]
        now = new.text[left.end : right.start]
        assert not now or now.isspace()
        assert now in before  # one of the white spaces that stood there
        assert bool(now) == any(map(str.isspace, before))
        assert b > a + 1 or now == before


@languages
@given(st.data())
def test_edits_are_those_of_a_list_of_words(language, data):
    """Any edits, overlapping too: for each word the last that covers it, looked up one by one."""
    document, split = data.draw(documents(language)), tokenizer(language)
    texts, numbers = document.token_texts(), sentence_numbers(document)
    place = st.integers(0, len(texts) - 1)
    drawn = st.tuples(place, place, st.sampled_from(["", " ", "电影", "It was bad. So.", "x<b>"]))
    ranges = [(min(a, b), max(a, b), text) for a, b, text in data.draw(st.lists(drawn, max_size=4))]
    expected, stood, removed = [], set(), []
    for at, text in enumerate(texts):
        covering = [n for n, (a, b, _) in enumerate(ranges) if a <= at <= b]
        if not covering:
            expected.append((numbers[at], text, at))
            continue
        a, b, replacement = ranges[covering[-1]]
        if replacement == document.text[document.tokens[a].start : document.tokens[b].end]:
            expected.append((numbers[at], text, at))
            continue
        removed.append(at)
        if covering[-1] not in stood:
            stood.add(covering[-1])
            new = split(replacement).token_texts()
            expected += [(numbers[at], word, None) for word in new]
    assume(expected)
    edited = apply_edits(document, [spanning(document, *values) for values in ranges], split)
    assert sentence_texts(edited.document) == by_sentence([(n, word) for n, word, _ in expected])
    assert edited.origin == tuple(origin for _, _, origin in expected)
    assert edited.removed == tuple(removed)


TEXT = "A title\n\nThe good film (a very good one). I don't like\tit . "


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["good"], "A title\n\nThe film (a very good one). I don't like\tit . "),
        (["A"], "title\n\nThe good film (a very good one). I don't like\tit . "),
        (["title"], "A\n\nThe good film (a very good one). I don't like\tit . "),
        (["The", "good"], "A title\n\nfilm (a very good one). I don't like\tit . "),
        (["film", "("], "A title\n\nThe good a very good one). I don't like\tit . "),
        (["a very"], "A title\n\nThe good film ( good one). I don't like\tit . "),
        ([")."], "A title\n\nThe good film (a very good one I don't like\tit . "),
        (["n't"], "A title\n\nThe good film (a very good one). I do like\tit . "),
        (["."], "A title\n\nThe good film (a very good one) I don't like\tit . "),
        (["The good film (a very good one)."], "A title\n\nI don't like\tit . "),
        (["I don't like\tit ."], "A title\n\nThe good film (a very good one). "),
        (["\tit", " . "], "A title\n\nThe good film (a very good one). I don't like "),
        (["A title\n\nThe"], "good film (a very good one). I don't like\tit . "),
    ],
)
def test_texts_read_naturally_without_some_words(parts, expected):
    assert after_edits(TEXT, *parts) == expected


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([words(TEXT, "good", "very  bad")], "The very  bad film"),
        ([words(TEXT, "good", " bad \n")], "The bad \nfilm"),
        ([words(TEXT, "n't", "not")], "I donot like"),
        ([words(TEXT, "n't", " not ")], "I do not like"),
        ([words(TEXT, "a very good one", "bad")], "film (bad). I"),
        ([words(TEXT, "a very good one", " bad")], "film ( bad). I"),
        ([words(TEXT, "good", "<b>&")], "The <b>& film"),
        ([words(TEXT, "good film", "bad film"), words(TEXT, "film")], "The bad film (a"),
        ([words(TEXT, "good film", "bad film"), words(TEXT, "good", "x")], "The x bad film (a"),
        ([words(TEXT, "good film", "bad film"), words(TEXT, "good film")], "The (a"),
        ([words(TEXT, "The good film"), words(TEXT, "good", "good")], "\n\ngood (a"),
        ([words(TEXT, "good", "x"), words(TEXT, "good", "y")], "The y film"),
        ([words(TEXT, "A", "Another")], "Another title"),
        ([words(TEXT, "good", "\ud800")], "The \ud800 film"),
    ],
)  # fmt: skip
def test_replacements_stand_where_the_words_stood(edits, expected):
    assert expected in apply_edits(tokenizer("en")(TEXT), edits, tokenizer("en")).document.text


def test_a_line_end_stays_rather_than_wide_spaces():
    text = "The    good\nfilm. It \t was"
    assert after_edits(text, "good") == "The\nfilm. It \t was"
    assert after_edits(text, "It") == "The    good\nfilm. \t was"


def test_a_replacement_is_part_of_one_sentence():
    text = "One. Two three. Four."
    edits = [words(text, "three. Four", "It was. It is!")]
    edited = apply_edits(tokenizer("en")(text), edits, tokenizer("en"))
    assert edited.document.text == "One. Two It was. It is!."
    assert sentence_texts(edited.document) == [
        ["One", "."], ["Two", "It", "was", ".", "It", "is", "!"], ["."],
    ]  # fmt: skip
    assert edited.origin == (0, 1, 2, None, None, None, None, None, None, 6)
    assert edited.removed == (3, 4, 5)


def test_a_full_stop_taken_out_merges_no_sentences():
    text = "Good film. bad ending"
    edited = apply_edits(tokenizer("en")(text), [words(text, ".")], tokenizer("en"))
    assert sentence_texts(edited.document) == [["Good", "film"], ["bad", "ending"]]


def test_chinese_stays_without_white_space():
    text = "这部电影很好。我不喜欢结尾。"
    document = tokenizer("zh")(text)
    edits = [words(text, "很"), words(text, "喜欢", "讨厌")]
    edited = apply_edits(document, edits, tokenizer("zh"))
    assert edited.document.text == "这部电影好。我不讨厌结尾。"


def test_what_a_limit_cut_off_stays_unseen():
    split = tokenizer("en", 4)
    document = split("One two three four. Five")
    edited = apply_edits(
        document, [words(document.text, "two"), words(document.text, "four")], split
    )
    assert edited.document.text == "One three . Five"
    assert edited.document.text[: edited.document.seen] == "One three "
    assert edited.document.token_texts() == ("One", "three")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda: Edit(3, 3), "counted from 0; 3 to 3"),
        (lambda: Edit(-1, 3), "counted from 0; -1 to 3"),
        (lambda: Edit(0, 3, "x" * 2001), "at most 2,000 characters; 2,001"),
        (lambda: Edit(3, 4), "characters 3 to 4 hold none"),
        (lambda: Edit(0, 2), "characters 0 to 2 cut through one"),
        (lambda: Edit(1, 3), "characters 1 to 3 cut through one"),
        (lambda: Edit(1, 2), "characters 1 to 2 cut through one"),
        (lambda: Edit(0, 5), "characters 0 to 5 cut through one"),
        (lambda: Edit(4, 14), "within the 13 characters"),
        (lambda: Edit(14, 19), "within the 13 characters"),
        (lambda: Edit(0, 13), "At least one word must stay"),
        (lambda: Edit(0, 13, " \n"), "At least one word must stay"),
        (lambda: Edit(4, 7, "two or"), "3 words at most"),
        (lambda: Edit(0, 13, "a b c d"), "3 words at most"),
    ],
)
def test_edits_that_cannot_be_made_are_one_sentence(edit, message):
    document = tokenizer("en", 3)("One two three four five.")
    with pytest.raises(UserError, match=message) as caught:
        apply_edits(document, [edit()], tokenizer("en", 3))
    assert "\n" not in str(caught.value)


def test_white_space_alone_has_nothing_to_edit():
    document = tokenizer("en")(" \n ")
    assert apply_edits(document, (), tokenizer("en")).document == document
    with pytest.raises(UserError, match="hold none"):
        apply_edits(document, [Edit(0, 3)], tokenizer("en"))


def test_toggle_makes_takes_back_and_keeps_the_order():
    one, two, other = Edit(0, 3), Edit(4, 7), Edit(0, 3, "x")
    assert toggle((), one) == (one,)
    assert toggle((one, two), one) == (two,)
    assert toggle((one, two), other) == (one, two, other)
    # The word was taken out, then replaced; taking it out again is no way back.
    assert toggle((one, two, other), one) == (two, other, one)
    assert toggle((two, other, one), one) == (two, other)


def test_there_is_a_bound_on_edits():
    text = "a " * (MOST_EDITS + 2)
    document = tokenizer("en")(text)
    edits = tuple(spanning(document, at, at) for at in range(MOST_EDITS))
    assert apply_edits(document, edits, tokenizer("en")).document.text == "a a "
    with pytest.raises(UserError, match="At most 500 edits"):
        toggle(edits, spanning(document, MOST_EDITS, MOST_EDITS))
    assert len(toggle(edits, edits[7])) == MOST_EDITS - 1
    with pytest.raises(UserError, match="At most 500 edits"):
        apply_edits(document, (*edits, edits[0]), tokenizer("en"))


def test_the_longest_text_takes_a_second():
    document = tokenizer("en")("The green river. " * 5_000)
    assert len(document.tokens) == 20_000
    long = spanning(document, 0, 19_998)
    edits = [long] * (MOST_EDITS - 1) + [spanning(document, 5, 9, "y" * LONGEST_REPLACEMENT)]
    started = time.process_time()
    edited = apply_edits(document, edits, tokenizer("en"))
    assert time.process_time() - started < 5
    assert edited.origin[-1] == 19_999


SIX = "One two three. Four five six."
DOCUMENT = tokenizer("en")(SIX)


def after(*edits: Edit):
    return apply_edits(DOCUMENT, edits, tokenizer("en"))


def click(edits, edited, part: str):
    """The edits after a click on a part of the edited text."""
    start = edited.document.text.index(part)
    return edits_after_click(DOCUMENT, edits, edited, start, start + len(part))


def test_words_taken_out_stand_where_they_stood():
    new = after(words(SIX, "two"), words(SIX, "six"), words(SIX, "One"))
    assert new.document.text == "three. Four five ."
    assert removed_runs(DOCUMENT, new) == (
        RemovedRun(0, "One", 2),
        RemovedRun(0, "two", 0),
        RemovedRun(4, "six", 1),
    )


def test_a_sentence_taken_out_is_one_piece_and_may_stand_at_the_end():
    new = after(words(SIX, "Four five six."))
    assert removed_runs(DOCUMENT, new) == (RemovedRun(4, "Four five six.", 0),)


def test_a_replacement_stands_behind_what_it_replaces():
    new = after(words(SIX, "two", "2 and a half"))
    assert new.document.text == "One 2 and a half three. Four five six."
    assert removed_runs(DOCUMENT, new) == (RemovedRun(1, "two", 0),)
    assert new.made_by == (None, 0, 0, 0, 0, *[None] * 6)


def test_a_word_touched_goes_and_touched_again_where_it_stood_comes_back():
    new = after(words(SIX, "two"))
    edits = click([words(SIX, "two")], new, "five")
    assert edits == (words(SIX, "two"), words(SIX, "five"))


def test_a_touched_sentence_goes_with_what_was_replaced_in_it():
    first = [words(SIX, "five", "5")]
    new = after(*first)
    edits = click(first, new, "Four 5 six.")
    assert after(*edits).document.text == "One two three."


def test_a_touched_replacement_is_taken_back():
    both = [words(SIX, "five", "5"), words(SIX, "One", "1")]
    new = after(*both)
    assert click(both, new, "5") == (both[1],)


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
