"""Marks that are known beforehand: what is ranked first, what nobody ranks, what people share."""

import json
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from han_core.data.rationales import Rationales
from han_core.explanation.attribution import attention_weights, gradient_ranking, leave_one_out
from han_core.explanation.model_probe import probe_text
from han_core.explanation.plausibility import (
    OTHERS,
    SCORED,
    Report,
    average_precision,
    f1_at_length,
    marked_words,
    measure,
    measure_one,
    people_average_precision,
    people_f1,
    random_average_precision,
    random_f1,
    report,
)
from han_core.explanation.statistics import NO_INTERVAL
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.text.document import Document, Sentence, Span

TEXTS = (
    "the quiet river walk. bread and music under the window. road unheard. a green table",
    "seven stone letters. the train of paper. garden morning bread",
    "night cloud. chair",
)


@pytest.fixture(scope="module", params=["han", "bilstm"])
def checkpoint(request, random_checkpoint):
    return load_checkpoint(random_checkpoint(request.param))


def top(checkpoint, text: str, of: int) -> tuple[Span, ...]:
    """The words that the checkpoint attends to most."""
    probe = probe_text(checkpoint, text)
    return tuple(
        probe.document.tokens[at] for at in np.argsort(-attention_weights(probe, "word"))[:of]
    )


def test_who_marks_what_is_attended_agrees_with_attention(checkpoint):
    marks = tuple((top(checkpoint, text, 2), top(checkpoint, text, 1)) for text in TEXTS)
    found = measure(checkpoint, Rationales("marked", TEXTS, marks))
    assert found.n == 3
    assert found.people.mean == 2
    for measured in (found.auprc, found.f1):
        assert tuple(measured) == SCORED
        assert measured["attention"].mean == 1
        assert measured["random"].mean < 0.5
    lengths = [len(probe_text(checkpoint, text).document.tokens) for text in TEXTS]
    assert found.marked.mean == pytest.approx(np.mean([1.5 / words for words in lengths]))
    assert found.f1["random"].mean == found.marked.mean
    assert found.f1["people"].mean == pytest.approx(2 / 3)
    for measured in ("auprc", "f1"):
        for other in OTHERS:
            others = getattr(found, measured)[other].mean
            assert found.ahead[measured][other].mean == pytest.approx(1 - others)


def test_rankings_have_no_sign_and_the_gradient_holds_attention(checkpoint):
    probe = probe_text(checkpoint, TEXTS[0])
    found = measure_one(probe, ((probe.document.tokens[1], probe.document.tokens[7]),))
    marked = np.isin(np.arange(probe.tokens), [1, 7])
    scores = {
        "attention": attention_weights(probe, "word"),
        "gradient": np.abs(gradient_ranking(probe, "word", hold_attention=True)),
        "leave_one_out": np.abs(leave_one_out(probe, "word")),
    }
    for name, ranked in scores.items():
        assert found[f"auprc {name}"] == pytest.approx(average_precision(marked, ranked))
        assert found[f"f1 {name}"] == pytest.approx(f1_at_length(marked, ranked))


def test_people_count_alike_and_whoever_marked_no_word_is_left_out(checkpoint):
    probe = probe_text(checkpoint, TEXTS[1])
    tokens = probe.document.tokens
    people = (tokens[:1], (), tokens[2:6], (Span(5, 6),))  # the last one marked a space
    found = measure_one(probe, people)
    alone = [measure_one(probe, (people[person],)) for person in (0, 2)]
    assert found["people"] == 2
    for name in ("marked", "auprc attention", "f1 leave_one_out", "auprc random"):
        assert found[name] == pytest.approx(np.mean([one[name] for one in alone]))
    assert alone[0]["f1 people"] is alone[0]["auprc people"] is None
    assert found["f1 people"] == 0


def test_documents_without_a_choice_are_left_out(checkpoint):
    texts = ("chair", "quiet  night", TEXTS[2])
    marks = (((Span(0, 5),),), ((Span(5, 7),),), ((Span(0, 5),),))
    found = measure(checkpoint, Rationales("marked", texts, marks))
    assert found.n == 1
    assert found.auprc["people"] == NO_INTERVAL
    value = found.to_json()
    assert value["f1"]["people"] == {"mean": None, "low": None, "high": None}
    json.dumps(value, allow_nan=False)
    with pytest.raises(UserError, match="marked has none"):
        measure(checkpoint, Rationales("marked", texts[:2], marks[:2]))


def test_the_interval_is_of_documents():
    rows = [
        {f"{name} {by}": value for name in ("auprc", "f1") for by in SCORED}
        | {"people": 1, "marked": 0.1}
        for value in (0.0, 1.0) * 50
    ]
    found = report(rows, seed=0).f1["attention"]
    assert found.mean == 0.5
    assert (found.low, found.high) == pytest.approx((0.4, 0.6), abs=0.03)


def test_a_report_checks_its_rankings(checkpoint):
    found = measure(checkpoint, Rationales("x", TEXTS[:1], (((Span(0, 3),),),)))
    with pytest.raises(ValueError, match="leave_one_out"):
        Report(found.n, found.people, found.marked, {}, found.f1, found.ahead)


LEVELS = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0])  # so few that ties are usual


@st.composite
def ranked(draw, most: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Which words are marked, one at least, and scores."""
    words = draw(st.integers(1, most))
    marked = np.array(draw(st.lists(st.booleans(), min_size=words, max_size=words)))
    marked[draw(st.integers(0, words - 1))] = True
    return marked, np.array(draw(st.lists(LEVELS, min_size=words, max_size=words)))


@given(ranked())
def test_average_precision_is_that_of_scikit_learn(given):
    marked, scores = given
    expected = average_precision_score(marked, scores)
    assert average_precision(marked, scores) == pytest.approx(expected)


def test_average_precision_by_hand():
    marked = np.array([True, False, True, False])
    assert average_precision(marked, np.array([4, 3, 2, 1])) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(marked, np.array([4, 1, 3, 2])) == 1
    assert average_precision(marked, np.zeros(4)) == 0.5


@given(ranked(most=5))
def test_f1_is_the_mean_over_all_ways_to_break_ties(given):
    marked, scores = given
    length, found = int(marked.sum()), []
    for tiebreak in permutations(range(len(scores))):
        top = np.lexsort((tiebreak, -scores))[:length]
        found.append(marked[top].sum() / length)  # precision and recall
    assert f1_at_length(marked, scores) == pytest.approx(np.mean(found))


@pytest.mark.parametrize(("words", "length"), [(1, 1), (4, 1), (4, 4), (5, 2), (6, 3)])
def test_random_is_the_mean_over_all_orders(words, length):
    marked = np.arange(words) < length
    orders = np.array(list(permutations(range(words))), dtype=float)
    expected = np.mean([average_precision(marked, order) for order in orders])
    assert random_average_precision(marked) == pytest.approx(expected)
    expected = np.mean([f1_at_length(marked, order) for order in orders])
    assert random_f1(marked) == pytest.approx(expected)


def test_people_by_hand():
    a, b, c = [1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 1]
    marked = np.array([a, b, c], dtype=bool)
    assert people_f1(marked) == pytest.approx((2 / 4 + 4 / 5 + 2 / 5) / 3)
    # Others of a: [2, 1, 1, 1]; of b: [2, 2, 0, 1]; of c: [2, 1, 1, 0].
    by_a = (1 + 2 / 4) / 2
    by_b = 1 / 2 * 1 / 2 + 1 / 2 * 2 / 4
    by_c = 1 / 3 * 1 + 1 / 3 * 2 / 3 + 1 / 3 * 3 / 4
    assert people_average_precision(marked) == pytest.approx((by_a + by_b + by_c) / 3)


@given(st.lists(ranked().map(lambda drawn: drawn[0]), min_size=2, max_size=5))
def test_agreement_is_f1_of_pairs(rows):
    words = max(map(len, rows))
    marked = np.array([np.pad(row, (0, words - len(row))) for row in rows])
    expected = np.mean([f1_score(a, b) for a, b in combinations(marked, 2)])
    assert people_f1(marked) == pytest.approx(expected)


def test_one_person_agrees_with_nobody():
    marked = np.array([[True, False]])
    assert people_f1(marked) is None
    assert people_average_precision(marked) is None


@given(st.data())
def test_a_word_is_marked_where_a_character_of_it_is(data):
    edges = sorted(data.draw(st.sets(st.integers(0, 30), min_size=2)))
    tokens = tuple(Span(*pair) for pair in zip(edges[::2], edges[1::2], strict=False))
    text = "x" * 30
    document = Document(text, (Sentence(tokens),), len(text))
    pairs = st.tuples(st.integers(0, 29), st.integers(0, 29)).map(sorted)
    spans = data.draw(st.lists(pairs.map(lambda pair: Span(pair[0], pair[1] + 1)), max_size=4))
    characters = {at for start, end in spans for at in range(start, end)}
    expected = [bool(characters & set(range(start, end))) for start, end in tokens]
    assert marked_words(document, tuple(spans)).tolist() == expected
