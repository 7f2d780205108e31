"""Filters as chips and as text in an address."""

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from han_core.analysis.filters import (
    LARGEST,
    LONGEST,
    MOST_CHOSEN,
    DocumentSet,
    Filter,
    Range,
    chips,
    from_text,
    to_text,
    without,
)
from han_core.runtime.errors import UserError

FULL = Filter(
    true=("a", "b"), predicted=("c",), outcome="wrong", confidence=Range(low=0.9),
    loss=Range(high=2), tokens=Range(low=5, high=5), unknown=Range(low=0.125, high=0.5),
    entropy=Range(low=0, high=1), contains="not <b>", pattern="x+", attended=("very", "not"),
    tags=("irony",), flags=("ambiguous", "label_is_wrong"), annotated=False, split=("dev",),
    columns=(("stars", "1"), ("stars", "2")), change="fixed", suspect=True,
    chosen=DocumentSet.of("lasso", "0" * 64, [7, 2, 3]),
)  # fmt: skip

WORDS = st.text(max_size=8)
RANGES = st.none() | st.builds(Range, low=st.none() | st.floats(0, 1), high=st.none())
FILTERS = st.builds(
    Filter,
    true=st.lists(WORDS, max_size=3).map(tuple),
    outcome=st.sampled_from((None, "right", "wrong")),
    confidence=RANGES,
    contains=WORDS,
    columns=st.lists(st.tuples(WORDS, WORDS), max_size=3, unique=True).map(tuple),
    flags=st.lists(st.sampled_from(("ambiguous", "label_is_wrong")), unique=True).map(tuple),
    annotated=st.sampled_from((None, True, False)),
    suspect=st.booleans(),
)


def test_chips_say_every_condition():
    assert [chip.words for chip in chips(FULL)] == [
        "true class: a", "true class: b", "predicted: c", "wrong", "confidence at least 90%",
        "loss at most 2 nats", "length exactly 5 tokens", "unknown words 12.5% to 50%",
        "attention entropy 0 to 1", "contains “not <b>”", "matches “x+”",
        "among the top 5 attended “very”", "among the top 5 attended “not”", "tag: irony",
        "flag: ambiguous", "flag: label is wrong", "not annotated", "split: dev", "stars: 1",
        "stars: 2", "fixed by the second model", "label is likely wrong",
        "lasso: 3 documents",
    ]  # fmt: skip
    assert chips(Filter()) == ()


@pytest.mark.parametrize(
    ("share", "message"), [(0, "0%"), (1, "100%"), (0.1, "10%"), (1 / 3, "33.3333%"), (1e-9, "0%")]
)
def test_shares_are_said_as_percentages(share, message):
    (chip,) = chips(Filter(confidence=Range(low=share)))
    assert chip.words == f"confidence at least {message}"


def test_a_chip_alone_is_taken_out():
    left = without(FULL, chips(FULL)[1])
    assert left == FULL.model_copy(update={"true": ("a",)})
    assert without(FULL, chips(FULL)[-2]) == FULL.model_copy(update={"suspect": False})


@given(FILTERS, st.randoms())
def test_chips_are_taken_out_one_by_one_in_any_order(filter, draw):
    left = filter
    for remaining in range(len(result := list(chips(filter))), 0, -1):
        assert len(chips(left)) <= remaining  # the same class twice goes at once
        left = without(left, result.pop(draw.randrange(remaining)))
    assert left.model_copy(update={"confidence": None}) == Filter()


@given(FILTERS)
def test_a_filter_in_an_address_comes_back(filter):
    text = to_text(filter)
    assert from_text(text) == filter
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_everything_in_an_address_comes_back():
    assert from_text(to_text(FULL)) == FULL
    assert to_text(Filter()) == ""


def packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(content, 9)).decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "cut or changed"),
        ("%%%%", "cut or changed"),
        ("é", "cut or changed"),
        (to_text(FULL)[:-4], "cut or changed"),
        (to_text(FULL) + to_text(FULL), "cut or changed"),
        (packed(b"{"), "cut or changed"),
        (packed(b"\xff"), "cut or changed"),
        (packed(b"[" * 20_000), "cut or changed"),
        (packed(b" " * (LARGEST + 1)), "cut or changed"),
        ("A" * (LONGEST + 1), "4,001 came"),
        (packed(b"[]"), "what cannot be"),
        (packed(b'{"rows": 1}'), "rows: Extra inputs"),
        (packed(b'{"outcome": "so"}'), "outcome: Input should be 'right' or 'wrong'"),
        (packed(b'{"confidence": {"low": 1, "high": 0}}'), "confidence: .*1.0 to 0.0 came"),
        (packed(b'{"loss": {"low": NaN}}'), "what cannot be"),
        (packed(b'{"contains": "\\ud800"}'), "contains"),
        (packed(json.dumps({"contains": "x" * 201}).encode()), "contains"),
        (packed(json.dumps({"true": ["x"] * 201}).encode()), "true"),
        (packed(b'{"chosen": {"name": "", "data": "", "steps": [0]}}'), "chosen.steps.0: .*than"),
        (packed(b'{"chosen": {"name": "", "data": "", "steps": [1e30]}}'), "chosen.steps.0"),
    ],
)
def test_a_hostile_address_is_refused_in_one_sentence(text, message):
    with pytest.raises(UserError, match=message):
        from_text(text)


def test_a_filter_too_long_for_an_address_is_refused():
    import random

    draw = random.Random(1)
    classes = tuple("".join(draw.choices("abcdefghijklmnop", k=100)) for _ in range(150))
    with pytest.raises(UserError, match="up to 4,000 characters"):
        to_text(Filter(true=classes))


def test_a_range_the_wrong_way_round_is_none():
    with pytest.raises(ValidationError, match="from low to high"):
        Range(low=2, high=1)


def test_documents_chosen_one_by_one_keep_their_rows_and_fit_into_a_link():
    rows = [*range(100, 5_000, 7), 0, 5_000, 5_000]
    chosen = DocumentSet.of("lasso", "f" * 64, rows)
    assert chosen.rows.tolist() == sorted(set(rows))
    assert from_text(to_text(Filter(chosen=chosen))).chosen == chosen
    assert DocumentSet.of("none", "", []).rows.tolist() == []
    with pytest.raises(ValidationError, match="steps"):
        DocumentSet.of("too many", "", range(MOST_CHOSEN + 1))
