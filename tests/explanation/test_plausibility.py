"""Marks that are known beforehand: what is ranked first, what nobody ranks, what people share."""

import json

import numpy as np
import pytest

from han_core.data.rationales import Rationales
from han_core.explanation.attribution import attention_weights, gradient_ranking, leave_one_out
from han_core.explanation.model_probe import probe_text
from han_core.explanation.plausibility import (
    OTHERS,
    SCORED,
    Report,
    average_precision,
    f1_at_length,
    measure,
    measure_one,
    report,
)
from han_core.explanation.statistics import NO_INTERVAL
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.text.document import Span

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
    asked = probe_text(checkpoint, text)
    return tuple(
        asked.document.tokens[at] for at in np.argsort(-attention_weights(asked, "word"))[:of]
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
    asked = probe_text(checkpoint, TEXTS[0])
    found = measure_one(asked, ((asked.document.tokens[1], asked.document.tokens[7]),))
    marked = np.isin(np.arange(asked.tokens), [1, 7])
    scores = {
        "attention": attention_weights(asked, "word"),
        "gradient": np.abs(gradient_ranking(asked, "word", hold_attention=True)),
        "leave_one_out": np.abs(leave_one_out(asked, "word")),
    }
    for name, ranked in scores.items():
        assert found[f"auprc {name}"] == pytest.approx(average_precision(marked, ranked))
        assert found[f"f1 {name}"] == pytest.approx(f1_at_length(marked, ranked))


def test_people_count_alike_and_whoever_marked_no_word_is_left_out(checkpoint):
    asked = probe_text(checkpoint, TEXTS[1])
    tokens = asked.document.tokens
    people = (tokens[:1], (), tokens[2:6], (Span(5, 6),))  # the last one marked a space
    found = measure_one(asked, people)
    alone = [measure_one(asked, (people[person],)) for person in (0, 2)]
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
