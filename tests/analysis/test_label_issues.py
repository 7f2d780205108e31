"""Likely wrong labels: by hand, and against the paper's equations written out one by one."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from han_core.analysis import label_issues
from han_core.analysis.dataset import Outcomes
from han_core.analysis.document_table import (
    issue_page,
    label_pairs,
    ranked_issues,
    surest_errors,
    table_page,
)
from han_core.analysis.filters import Filter, Marks
from han_core.analysis.label_issues import (
    can_judge_labels,
    confident_learning,
    find_label_issues,
)
from han_core.analysis.query import select
from han_core.analysis.scoring.manifest import Manifest
from han_core.analysis.scoring.table import part_path
from han_core.analysis.sources import Scores
from han_core.runtime.errors import UserError

BY_HAND = np.array([
    [0.9, 0.1],
    [0.7, 0.3],
    [0.2, 0.8],  # labelled a, b is likely
    [0.4, 0.6],  # labelled a: b is predicted, but below its threshold
    [0.1, 0.9],
    [0.3, 0.7],
    [0.6, 0.4],  # labelled b: a is likely, just so
    [0.35, 0.65],
], dtype=np.float32)  # fmt: skip
LABELS_BY_HAND = np.array([0, 0, 0, 0, 1, 1, 1, 1])


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """``kept(probabilities, rows_a_part)``: scores that hold these."""

    def make(probabilities: np.ndarray, rows_a_part: int = 3) -> Scores:
        folder = tmp_path_factory.mktemp("scores")
        rows, classes = probabilities.shape
        manifest = Manifest(
            checkpoint="c", checkpoint_sha256="c", data="d", data_sha256="d",
            classes=tuple(f"class {k}" for k in range(classes)),
            labelled=True, rows=rows, rows_a_part=rows_a_part,
        )  # fmt: skip
        for number in range(manifest.parts):
            part = probabilities[number * rows_a_part :][:rows_a_part]
            column = pa.array(list(part.astype(np.float32)), pa.list_(pa.float32()))
            pq.write_table(pa.table({"probabilities": column}), part_path(folder, number))
        return Scores(folder, folder, manifest, ())

    return make


def by_the_paper(probabilities: np.ndarray, true: np.ndarray):
    """(row → likely class, joint, thresholds), equations 1 and 2 as they stand."""
    n, m = probabilities.shape
    p = probabilities.astype(float)
    t = [np.mean([p[x, j] for x in range(n) if true[x] == j] or [np.nan]) for j in range(m)]
    joint, likely = np.zeros((m, m), dtype=int), {}
    for x in range(n):
        reached = [j for j in range(m) if p[x, j] >= t[j]]
        if reached:
            star = max(reached, key=lambda j: (p[x, j], -j))
            joint[true[x], star] += 1
            if star != true[x] and p[x, true[x]] < max(p[x]):
                likely[x] = star
    return likely, joint, np.array(t)


def test_by_hand(stored):
    result = confident_learning(stored(BY_HAND), LABELS_BY_HAND)
    assert result.thresholds == pytest.approx([(0.9 + 0.7 + 0.2 + 0.4) / 4, 2.65 / 4], abs=1e-6)
    assert result.rows.tolist() == [2, 6]
    assert result.likely.tolist() == [1, 0]
    assert result.margin == pytest.approx([-0.6, -0.2], abs=1e-6)
    assert result.joint.tolist() == [[2, 1], [1, 2]]
    # a third of each label's four
    assert result.wrong_share == pytest.approx(1 / 3)
    assert result.among(np.array([0, 6, 7])).tolist() == [1]
    assert len(result) == 2


@given(st.data(), st.integers(2, 5), st.integers(1, 30), st.booleans())
def test_the_paper_written_out(stored, data, classes, rows, held):
    # Eighths: their sums are exact, and there are many ties.
    eighths = arrays(np.int64, (rows, classes), elements=st.integers(0, 8))
    probabilities = data.draw(eighths).astype(np.float32) / 8
    true = data.draw(arrays(np.int64, rows, elements=st.integers(0, classes - 1)))
    with pytest.MonkeyPatch.context() as patch:
        if not held:
            patch.setattr(label_issues, "HELD", 0)
        result = confident_learning(stored(probabilities, 7), true)
    likely, joint, thresholds = by_the_paper(probabilities, true)
    np.testing.assert_allclose(result.thresholds, thresholds)
    assert result.joint.tolist() == joint.tolist()
    assert dict(zip(result.rows.tolist(), result.likely.tolist(), strict=True)) == likely
    assert (np.diff(result.margin) >= 0).all()
    for row, margin in zip(result.rows, result.margin, strict=True):
        others = np.delete(probabilities[row], true[row])
        assert margin == probabilities[row, true[row]] - others.max()


def test_planted_wrong_labels_are_found(stored):
    draw = np.random.default_rng(0)
    really = draw.integers(0, 3, 3_000)
    logits = draw.normal(0, 1, (3_000, 3)) + 4 * np.eye(3)[really]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    true, turned = really.copy(), draw.choice(3_000, 240, replace=False)
    true[turned] = (really[turned] + 1) % 3
    result = confident_learning(stored(probabilities, 256), true)
    hits = np.isin(result.rows, turned)
    assert hits.sum() > 0.8 * len(turned)  # recall
    assert hits.mean() > 0.9  # precision
    assert hits[:100].all()
    assert result.wrong_share == pytest.approx(240 / 3_000, abs=0.015)
    assert (result.likely[hits] == really[result.rows[hits]]).mean() > 0.95


def test_a_class_that_no_document_is_labelled_with(stored):
    result = confident_learning(stored(BY_HAND), np.zeros(8, dtype=np.int64))
    assert np.isnan(result.thresholds[1])
    assert not len(result)
    assert result.wrong_share == 0


def outcomes(right: int, of: int, classes: int = 2) -> Outcomes:
    """``right`` of ``of`` predictions as the labels say, the others the next class."""
    true = np.arange(of) % classes
    predicted = np.where(np.arange(of) < right, true, (true + 1) % classes)
    nothing = np.zeros(of)
    return Outcomes(
        tuple(map(str, range(classes))), true, predicted,
        nothing, nothing, nothing, nothing, nothing,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("right", "of", "own", "may"),
    [
        (354, 600, 0.92, False),  # 59% out of its domain: kappa .18
        (354, 600, None, False),
        (402, 600, None, True),  # 67% right of two even classes: kappa .34
        (396, 600, None, False),  # kappa .32
        (492, 600, 0.92, False),  # 82%: as far below its own as 10 points
        (493, 600, 0.92, True),
        (3, 4, None, False),  # kappa .5, but its interval holds guessing
        (0, 0, None, False),
    ],
)
def test_only_a_good_model_within_its_domain_judges_labels(right, of, own, may):
    assert can_judge_labels(outcomes(right, of), own) == may


def test_many_classes_are_guessed_less_often():
    """40% right: kappa -.2 of two even classes, .368 of twenty."""
    assert not can_judge_labels(outcomes(400, 1_000))
    assert can_judge_labels(outcomes(400, 1_000, classes=20))


def test_one_class_alone_is_no_skill():
    """Always right where all documents are of one class: guessing is right as often."""
    alone = outcomes(100, 100, classes=1)
    assert not can_judge_labels(alone)


def test_a_part_that_is_gone_or_damaged(stored):
    scores = stored(BY_HAND)
    part_path(scores.folder, 1).write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"Part 1 in .* is damaged"):
        confident_learning(scores, LABELS_BY_HAND)
    part_path(scores.folder, 1).unlink()
    with pytest.raises(UserError, match="Part 1"):
        confident_learning(scores, LABELS_BY_HAND)


@pytest.fixture
def by_hand(make_store):
    """The store of ``test_suspects.BY_HAND``: rows 2 and 6 are suspect; wrong are 2, 3 and 6."""
    return make_store(
        true=["a"] * 4 + ["b"] * 4, probabilities=BY_HAND, labels=("a", "b"), rows_a_part=3,
        texts=[f"Text {row}" for row in range(8)],
    )  # fmt: skip


def test_suspects_are_found_once_for_a_store(by_hand):
    result = find_label_issues(by_hand)
    assert result.rows.tolist() == [2, 6]
    assert result.label.tolist() == [0, 1]
    assert find_label_issues(by_hand) is result


def test_the_filter_keeps_suspects(by_hand):
    assert select(by_hand, Filter(suspect=True), Marks()).tolist() == [2, 6]
    assert select(by_hand, Filter(suspect=True, true=("b",)), Marks()).tolist() == [6]


def test_a_page_of_suspects(by_hand):
    result = find_label_issues(by_hand)
    ranked = ranked_issues(result, np.array([1, 2, 6]))
    shown = issue_page(by_hand, result, ranked, 0, 10)
    assert shown["row"].tolist() == [2, 6]
    assert shown["label"].tolist() == ["a", "b"]
    assert shown["likely"].tolist() == ["b", "a"]
    assert shown["margin"].tolist() == pytest.approx([-0.6, -0.2])
    assert shown["excerpt"].tolist() == ["Text 2", "Text 6"]
    assert issue_page(by_hand, result, ranked, 1, 10)["row"].tolist() == [6]


def test_the_surest_errors_first(by_hand):
    order = surest_errors(by_hand, np.arange(8))
    assert order.tolist() == [2, 3, 6] or order.tolist() == [2, 6, 3]
    assert table_page(by_hand, order, None, 0, 2)["row"].tolist() == order[:2].tolist()
    assert not len(surest_errors(by_hand, np.array([0, 7])))


def test_pairs_of_labels(by_hand):
    pairs = label_pairs(find_label_issues(by_hand), np.arange(8))
    assert pairs.to_dict("records") == [
        {"label": "a", "likely": "b", "documents": 1},
        {"label": "b", "likely": "a", "documents": 1},
    ]
    assert label_pairs(find_label_issues(by_hand), np.array([0])).empty
