"""Filters leave what pandas leaves of the same columns."""

import re
import time
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from han_core.analysis import search
from han_core.analysis import search as scan
from han_core.analysis.dataset import Store
from han_core.analysis.documents import content_hash
from han_core.analysis.filters import DocumentSet, Filter, Marks, Range
from han_core.analysis.query import select
from han_core.analysis.scoring.table import part_path
from han_core.runtime.errors import UserError

LABELS = ("bad", "good", "neither")
TEXTS = ("Bad, bad day.", "a good DAY", "nothing\x00 100%", "Straße (é)", "day_1 [x] \\ ^$", "日本")
SPLITS, STARS, TAGS = ("dev", "test"), ("1", "2", ""), ("irony", "long", "unused")
ROWS = 60
NONE = Marks()


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """The columns by hand, and marks; numbers are of few values so that bounds are met."""
    draw = np.random.default_rng(8)

    def of(values: Iterable) -> list:
        return draw.choice(np.array(list(values), dtype=object), ROWS).tolist()

    result = pd.DataFrame(
        {
            "true": of(LABELS), "predicted": of(LABELS), "other": of(LABELS), "texts": of(TEXTS),
            "confidence": of([0.4, 0.7, 0.9, 1.0]), "loss": of([0.1, 0.5, 2.0]),
            "tokens": of([1, 5, 10]), "unknown": of([0, 1]), "entropy": of([0.0, 0.3, 1.0]),
            "attended": of([["day"], ["day", "bad"], ["good", "Bad"], []]),
            "split": of(SPLITS), "stars": of(STARS),
        }
    )  # fmt: skip
    result["texts"] += [f" {row % 20}" for row in range(ROWS)]  # some documents stand there twice
    result["content"] = result.texts.map(content_hash)
    return result


@pytest.fixture(scope="module")
def marks(frame) -> Marks:
    def some(step: int) -> frozenset[str]:
        return frozenset(frame.content[::step])

    return Marks(
        {"irony": some(7), "long": some(11)}, {"ambiguous": some(13)}, some(5) | {"elsewhere"}
    )


@pytest.fixture
def by_hand(make_store, frame) -> Store:
    columns = {"split": frame.split, "stars": frame.stars}
    cells = {name: frame[name].tolist() for name in frame if name not in (*columns, "content")}
    return make_store(labels=LABELS, columns=columns, rows_a_part=25, **cells)


def any_of(values: Iterable) -> st.SearchStrategy:
    return st.lists(st.sampled_from(list(values)), max_size=2).map(tuple)


def ranges(*ends: float) -> st.SearchStrategy:
    end = st.none() | st.sampled_from(ends)
    pairs = st.tuples(end, end).filter(lambda pair: None in pair or pair[0] <= pair[1])
    return st.none() | pairs.map(lambda pair: Range(low=pair[0], high=pair[1]))


def rarely(values: st.SearchStrategy, otherwise: object) -> st.SearchStrategy:
    """Mostly ``otherwise``: all conditions at once would leave nothing to compare."""
    return st.one_of(*[st.just(otherwise)] * 4, values)


FILTERS = st.builds(
    Filter,
    true=rarely(any_of(LABELS), ()),
    predicted=rarely(any_of(LABELS), ()),
    outcome=rarely(st.sampled_from(("right", "wrong")), None),
    confidence=rarely(ranges(0.4, 0.7, 0.8, 0.9), None),
    loss=rarely(ranges(0.1, 0.3, 2.0), None),
    tokens=rarely(ranges(1, 5, 5.5, 10), None),
    unknown=rarely(ranges(0, 0.1, 0.2, 1), None),
    entropy=rarely(ranges(0, 0.3, 0.5, 1), None),
    contains=rarely(st.sampled_from(("BAD", "day", "é", "\x00", "[x]", "\\ ^$", "1")), ""),
    pattern=rarely(st.sampled_from((r"^[Bb]ad", r"\d\d", "d.y", "日", "(good|nothing)")), ""),
    attended=rarely(any_of(("day", "bad", "Bad", "DAY", "none")), ()),
    tags=rarely(any_of(TAGS), ()),
    flags=rarely(any_of(("ambiguous", "label_is_wrong")), ()),
    annotated=rarely(st.booleans(), None),
    split=rarely(any_of(SPLITS), ()),
    columns=rarely(any_of([("stars", "1"), ("stars", ""), ("split", "dev")]), ()),
    change=rarely(st.sampled_from(("fixed", "broken", "both_right", "both_wrong")), None),
)


def in_pandas(frame: pd.DataFrame, filter: Filter, marks: Marks) -> list[int]:
    """The same, a condition after the other as a person would write it."""
    left = frame
    for name in ("true", "predicted", "split"):
        if wanted := getattr(filter, name):
            left = left[left[name].isin(wanted)]
    for name in ("confidence", "loss", "tokens", "entropy", "unknown"):
        if (range_ := getattr(filter, name)) is not None:
            cells = left.unknown / left.tokens if name == "unknown" else left[name]
            low = -np.inf if range_.low is None else range_.low
            high = np.inf if range_.high is None else range_.high
            left = left[cells.astype(float).between(low, high)]
    if filter.outcome:
        left = left[(left.true == left.predicted) == (filter.outcome == "right")]
    if filter.change:
        right = {"fixed": (False, True), "broken": (True, False), "both_right": (True, True),
                 "both_wrong": (False, False)}[filter.change]  # fmt: skip
        first, second = left.true == left.predicted, left.true == left.other
        left = left[(first == right[0]) & (second == right[1])]
    if filter.contains:
        left = left[
            left.texts.str.lower().str.contains(filter.contains.lower(), regex=False).astype(bool)
        ]
    if filter.pattern:
        left = left[left.texts.map(lambda text: bool(re.search(filter.pattern, text))).astype(bool)]
    for word in filter.attended:
        result = left.attended.map(lambda words: bool({word, word.lower()} & {*words}))  # noqa: B023
        left = left[result.astype(bool)]
    for name in {name for name, _ in filter.columns}:
        left = left[left[name].isin([value for other, value in filter.columns if other == name])]
    if filter.tags:
        left = left[left.content.isin(set().union(*(marks.tagged.get(t, ()) for t in filter.tags)))]
    if filter.flags:
        chosen = set().union(*(marks.flagged.get(flag, ()) for flag in filter.flags))
        left = left[left.content.isin(chosen)]
    if filter.annotated is not None:
        left = left[left.content.isin(marks.annotated) == filter.annotated]
    return left.index.tolist()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filter=FILTERS)
def test_filters_equal_pandas(by_hand, frame, marks, filter):
    expected = in_pandas(frame, filter, marks)
    for _ in range(2):  # found, and remembered
        result = select(by_hand, filter, marks)
        assert result.dtype == np.int64
        assert result.tolist() == expected


def test_nothing_asked_leaves_everything(by_hand):
    assert select(by_hand, Filter(), NONE).tolist() == list(range(ROWS))


def test_a_bound_as_people_write_it_is_met(make_store):
    store = make_store(confidence=[0.7, 0.1, 0.9])
    assert select(store, Filter(confidence=Range(low=0.7, high=0.9)), NONE).tolist() == [0, 2]
    assert select(store, Filter(confidence=Range(high=0.1)), NONE).tolist() == [1]
    share = make_store(tokens=[10, 3, 7], unknown=[3, 1, 0])
    assert select(share, Filter(unknown=Range(low=0.3)), NONE).tolist() == [0, 1]


def test_attended_words_of_a_trained_model(store, scored_corpus):
    result = select(store, Filter(attended=("Dreadful",)), NONE)
    expected = [row for row, word in enumerate(scored_corpus.extra["word"]) if word == "dreadful"]
    assert set(result) <= set(expected)
    assert len(result) > 0.9 * len(expected)


def test_a_damaged_part_is_named_without_its_folder(make_store):
    store = make_store(true=["a", "b"], texts=["one", "two"])
    path = part_path(store.scores.folder, 0)
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(len(content) // 3) + content[4 + len(content) // 3 :])
    with pytest.raises(UserError, match="cannot be searched") as refused:
        select(store, Filter(attended=("one",)), NONE)
    assert str(store.scores.folder.parent) not in str(refused.value)


def test_case_means_nothing_where_words_are_sought(make_store):
    store = make_store(texts=["ÉTÉ", "été", "Straße", "ΣΑΣ", "K", "other"])
    for words, expected in (("été", [0, 1]), ("STRAßE", [2]), ("σας", [3]), ("k", [4])):
        assert select(store, Filter(contains=words), NONE).tolist() == expected


def test_no_character_is_a_pattern_where_words_are_sought(make_store):
    characters = [chr(code) for code in range(128)]
    store = make_store(texts=[f"<{character}>" for character in characters])
    for row, character in enumerate(characters):
        same = {ord(character.lower()), ord(character.upper())}
        assert set(select(store, Filter(contains=f"<{character}>"), NONE)) == same, row


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(abc", "at character 1: missing )"),
        ("ab[z-a]", "at character 4: invalid character class range"),
        ("a(?=b)", "at character 2: invalid perl operator"),
        ("*", "at character 1: no argument for repetition operator"),
        (r"(a)\1", "at character 4: invalid escape sequence"),
        ("a\x00(", "missing )"),
        ("((a{1000}){1000})", "invalid repetition size|too large"),
        ("\\", "trailing \\"),
    ],
)
def test_a_broken_pattern_is_one_sentence_that_says_where(by_hand, pattern, message):
    with pytest.raises(
        UserError, match=re.escape(message) if "|" not in message else message
    ) as refusal:
        select(by_hand, Filter(pattern=pattern), NONE)
    assert "regular expression" in str(refusal.value)


def test_a_pattern_that_backtracking_never_ends_is_quick(make_store):
    store = make_store(texts=["a" * 40_000 + "b", "c"])
    assert select(store, Filter(pattern="(a+)+$"), NONE).tolist() == []


def test_a_search_that_takes_too_long_is_stopped(make_store, monkeypatch):
    draw = np.random.default_rng(3)
    store = make_store(texts=["".join(draw.choice(list("abx "), 2_000)) for _ in range(600)])
    monkeypatch.setattr(scan, "SECONDS", 0.1)
    started = time.monotonic()
    with pytest.raises(UserError, match="took longer than"):
        select(store, Filter(pattern="x.{900}y"), NONE)
    assert time.monotonic() - started < 60
    monkeypatch.undo()
    assert len(select(store, Filter(pattern="(?s)a.*b"), NONE)) == 600


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        (Filter(true=("bad", "worse")), "“worse” is none of the model's 3 classes"),
        (Filter(predicted=("",)), "none of the model's 3 classes"),
        (Filter(columns=(("colour", "red"),)), "no column “colour”"),
    ],
)
def test_what_is_not_there_is_said(by_hand, filter, message):
    with pytest.raises(UserError, match=message):
        select(by_hand, filter, NONE)


def test_what_the_data_or_a_second_model_must_have(make_store):
    store = make_store(true=["pos"])
    with pytest.raises(UserError, match="no column “split”"):
        select(store, Filter(split=("test",)), NONE)
    with pytest.raises(UserError, match="beside a second model"):
        select(store, Filter(change="fixed"), NONE)


def test_documents_chosen_one_by_one_are_of_their_own_data(by_hand):
    data = by_hand.scores.manifest.data_sha256
    chosen = Filter(chosen=DocumentSet.of("lasso", data, [5, 1, 8]))
    assert select(by_hand, chosen, NONE).tolist() == [1, 5, 8]
    for strange in (DocumentSet.of("lasso", "0", [1]), DocumentSet.of("lasso", data, [ROWS])):
        with pytest.raises(UserError, match="“lasso” was chosen in other documents"):
            select(by_hand, Filter(chosen=strange), NONE)


def test_values_cannot_become_sql(by_hand):
    for value in ("' OR 1=1 --", '"; DROP TABLE documents; --', "') OR ('a'='a"):
        for filter in (Filter(contains=value), Filter(columns=(("stars", value),)),
                       Filter(attended=(value,)), Filter(split=(value,))):  # fmt: skip
            assert select(by_hand, filter, NONE).tolist() == []


def test_answers_that_are_kept_are_bounded(make_store, monkeypatch):
    monkeypatch.setattr(search, "KEPT", 3)
    store = make_store(texts=["a1", "b2", "c3"])
    for words in ("a", "b", "c", "1", "2", "a"):
        select(store, Filter(contains=words), NONE)
    assert len(store.search._answers) == 3


def test_the_connection_reads_nothing_else(by_hand, tmp_path):
    import duckdb

    (secret := tmp_path / "secret.csv").write_text("a\n1\n")
    connection = by_hand.search._connection
    for sql in (f"SELECT * FROM read_csv('{secret}')", f"COPY (SELECT 1) TO '{secret}'",
                "SET enable_external_access = true", "INSTALL httpfs"):  # fmt: skip
        with pytest.raises(duckdb.Error), connection.cursor() as cursor:
            cursor.execute(sql)


def test_many_threads_get_their_own_answers(by_hand, frame):
    from concurrent.futures import ThreadPoolExecutor

    wanted = [Filter(contains=f" {number}") for number in range(20)] * 3
    with ThreadPoolExecutor(8) as pool:
        result = list(pool.map(lambda filter: select(by_hand, filter, NONE).tolist(), wanted))
    assert result == [in_pandas(frame, filter, NONE) for filter in wanted]
