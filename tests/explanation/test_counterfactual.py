"""Before and after an edit: the model run by hand on what is left, and figures by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from han_core.explanation.counterfactual import (
    WhatIf,
    class_changes,
    divergence,
    largest_weight_changes,
    signed,
    what_if,
    what_if_sentence,
)
from han_core.explanation.explain import explain
from han_core.explanation.explanation import Explanation
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.text.document import Document, Sentence, Span
from han_core.text.edits import Edit
from tests.reference import batch_of

TEXT = "The quiet river. Bread and music under the window. Road unheard!"
MODELS = [
    ("transformer", "additive"),
    ("han", "additive"),
    ("bilstm", "additive"),
    ("bilstm", "dot"),
    ("han", "linear"),
]


@pytest.fixture(scope="module", params=MODELS, ids="-".join)
def checkpoint(request, random_checkpoint):
    return load_checkpoint(random_checkpoint(*request.param))


@settings(max_examples=10)
@given(gone=st.sets(st.integers(0, 13), max_size=12))
def test_the_model_reads_the_words_that_stay_in_their_sentences(checkpoint, gone):
    document = checkpoint.tokenizer(TEXT)
    edits = [Edit(*document.tokens[token]) for token in gone]
    found = what_if(checkpoint, document, edits)
    left, at = [], 0
    for length in document.sentence_lengths:
        places = [token for token in range(at, at + length) if token not in gone]
        texts = [document.token_texts()[token] for token in places]
        left += [checkpoint.vocabulary.numbers(texts)] if texts else []
        at += length
    output = checkpoint.model(batch_of(left))
    assert found.after.probabilities == pytest.approx(
        output.logits.softmax(1)[0].tolist(), abs=1e-6
    )
    assert found.after.word_weights == pytest.approx(output.word_weights.tolist(), abs=1e-6)
    assert found.after.sentence_weights == pytest.approx(output.sentence_weights.tolist(), abs=1e-6)
    assert found.before.to_json() == explain(checkpoint, TEXT).to_json()


def test_a_replacement_is_read_as_if_it_had_stood_there(checkpoint):
    document = checkpoint.tokenizer(TEXT)
    found = what_if(checkpoint, document, [Edit(4, 9, "green table")])
    there = explain(checkpoint, "The green table river. Bread and music under the window. "
                    "Road unheard!")  # fmt: skip
    assert found.after.to_json() == there.to_json()
    assert (found.added, found.removed) == (2, (1,))
    assert found.stayed.tolist() == [0, *range(3, 15)]


def test_nothing_left_is_one_sentence(checkpoint):
    document = checkpoint.tokenizer(TEXT)
    with pytest.raises(UserError, match="At least one word must stay"):
        what_if(checkpoint, document, [Edit(0, len(TEXT))])


def explained(sentences: list[list[str]], probabilities, sentence_weights, word_weights):
    """An explanation of words that stand one character apart."""
    text, made = " ".join(" ".join(s) for s in sentences), []
    at = 0
    for tokens in sentences:
        spans = []
        for token in tokens:
            spans.append(Span(at, at + len(token)))
            at += len(token) + 1
        made.append(Sentence(tuple(spans)))
    return Explanation(
        "1", Document(text, tuple(made), len(text)), ("negative", "positive"),
        np.array(probabilities), np.array(sentence_weights), np.array(word_weights),
        np.ones(len(word_weights), dtype=bool),
    )  # fmt: skip


BEFORE = explained([["very", "good"], ["bad", "end"]], [0.06, 0.94], [0.6, 0.4],
                   [0.5, 0.5, 0.25, 0.75])  # fmt: skip
# .3, .3, .1, .3 within the document; without "very" .3, .1, .3 of .7 are left.
AFTER = explained([["good"], ["bad", "end"]], [0.29, 0.71], [0.4, 0.6], [1.0, 0.5, 0.5])
WITHOUT_VERY = WhatIf(BEFORE, AFTER, (1, 2, 3), (0,))
# "good" becomes "so so": .5 for what is new, .5 for the three that stayed and held .7.
NEW = explained([["very", "so", "so"], ["bad", "end"]], [0.58, 0.42], [0.7, 0.3],
                [2 / 7, 3 / 7, 2 / 7, 0.5, 0.5])  # fmt: skip
SO_SO = WhatIf(BEFORE, NEW, (0, None, None, 2, 3), (1,))


def test_probabilities_side_by_side():
    found = class_changes(WITHOUT_VERY)
    assert found.columns.tolist() == ["class", "before", "after", "change"]
    assert found["class"].tolist() == ["negative", "positive"]
    assert found[["before", "after"]].to_numpy().tolist() == [[0.06, 0.29], [0.94, 0.71]]
    assert found["change"].tolist() == pytest.approx([0.23, -0.23])


def test_moved_by_hand():
    found = largest_weight_changes(WITHOUT_VERY, 9)
    assert found.columns.tolist() == [
        "text", "start", "end", "before", "after", "change", "expected", "beyond",
    ]  # fmt: skip
    assert found["text"].tolist() == ["bad", "good", "end"]
    assert found[["start", "end"]].to_numpy().tolist() == [[5, 8], [0, 4], [9, 12]]
    assert found["before"].tolist() == pytest.approx([0.1, 0.3, 0.3])
    assert found["after"].tolist() == pytest.approx([0.3, 0.4, 0.3])
    assert found["change"].tolist() == pytest.approx([0.2, 0.1, 0])
    assert found["expected"].tolist() == pytest.approx([1 / 7, 3 / 7, 3 / 7])
    assert found["beyond"].tolist() == pytest.approx([0.3 - 1 / 7, 0.4 - 3 / 7, 0.3 - 3 / 7])
    assert largest_weight_changes(WITHOUT_VERY, 1)["text"].tolist() == ["bad"]


def test_a_replacement_is_expected_to_keep_what_it_holds():
    found = largest_weight_changes(SO_SO, 9)
    assert found["text"].tolist() == ["end", "very", "bad"]  # -.15, -.1, +.05
    assert found["change"].tolist() == pytest.approx([-0.15, -0.1, 0.05])
    assert found["expected"].tolist() == pytest.approx([0.15 / 0.7, 0.15 / 0.7, 0.05 / 0.7])
    assert found["beyond"].sum() == pytest.approx(0)


def test_divergence_by_hand():
    p, q = np.array([3, 1, 3]) / 7, np.array([0.4, 0.3, 0.3])
    middle = (p + q) / 2
    expected = (p @ np.log(p / middle) + q @ np.log(q / middle)) / 2
    assert divergence(WITHOUT_VERY) == pytest.approx(expected)
    same = explained([["good"], ["bad", "end"]], [0.5, 0.5], [3 / 7, 4 / 7], [1.0, 0.25, 0.75])
    assert divergence(WhatIf(BEFORE, same, (1, 2, 3), (0,))) == pytest.approx(0, abs=1e-15)


def test_words_that_held_nothing_or_did_not_stay():
    nothing = explained([["very", "good"]], [0.2, 0.8], [1.0], [1.0, 0.0])
    left = explained([["good"]], [0.2, 0.8], [1.0], [1.0])
    found = WhatIf(nothing, left, (1,), (0,))
    assert largest_weight_changes(found, 1)[
        ["before", "expected", "beyond"]
    ].to_numpy().tolist() == [[0, 1, 0]]
    assert divergence(found) is None
    other = WhatIf(left, left, (None,), (0,))
    assert largest_weight_changes(other, 5).empty
    assert (
        largest_weight_changes(other, 5).columns.tolist()
        == largest_weight_changes(found, 5).columns.tolist()
    )
    assert divergence(other) is None


def test_sentences():
    assert what_if_sentence(WITHOUT_VERY) == (
        "Without 1 word the probability of positive went from .94 to .71 (−.23); "
        "the prediction stays."
    )
    assert what_if_sentence(SO_SO) == (
        "Without 1 word and with 2 new words the probability of positive went from .94 to .42 "
        "(−.52); the prediction changes to negative."
    )
    back = explained([["good"], ["bad", "end"]], [0.0, 1.0], [0.4, 0.6], [1.0, 0.5, 0.5])
    assert "from .94 to 1.00 (+.06); the prediction stays" in what_if_sentence(
        WhatIf(BEFORE, back, (1, 2, 3), (0,))
    )
    assert what_if_sentence(WhatIf(BEFORE, BEFORE, (0, 1, 2, 3), ())) == (
        "Nothing is taken out; the probability of positive is .94."
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.05, "+.05"), (-0.234, "−.23"), (0.004, "±.00"), (-0.004, "±.00"), (-1, "−1.00")],
)
def test_signed_figures(value, expected):
    assert signed(value) == expected


@pytest.mark.parametrize(
    ("origin", "removed"),
    [((1, 2), (0, 3)), ((1, 2, 3), ()), ((1, 2, 3), (0, 1)), ((1, 2, 2), (0,)), ((1, 2, 4), (0,))],
)
def test_words_neither_gone_nor_there_are_refused(origin, removed):
    with pytest.raises(ValueError):
        WhatIf(BEFORE, AFTER, origin, removed)
