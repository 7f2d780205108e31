"""Readings as views, names of the grid, tables and sentences, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from han_core.explanation.attention_map import AttentionMap
from han_core.explanation.head_pruning import Pruning
from han_core.viz.map_views import (
    grid_names,
    labels,
    map_table,
    one_head,
    pruning_sentence,
    read_map,
    within,
)
from tests.journey.harness import explained

TEXT = "go home"
PLACES = ((0, 0), (0, 2), (3, 7))
ROWS = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.2, 0.3, 0.5]])


def made(*heads: np.ndarray, layers: int = 1) -> AttentionMap:
    weights = np.stack([np.stack(heads)] * layers)
    return AttentionMap("self-attention", "token", "token", PLACES, PLACES, weights, ("[CLS]",))


def test_each_reading_by_hand():
    one = made(ROWS, np.eye(3))
    half = (ROWS + np.eye(3)) / 2
    assert read_map(one, "heads") is one
    assert read_map(one, "layers").weights == pytest.approx(half[None, None])
    assert read_map(one, "across").weights == pytest.approx(one.weights)
    assert read_map(one, "all").weights == pytest.approx(half[None, None])
    assert read_map(one, "rollout").weights == pytest.approx((half / 2 + np.eye(3) / 2)[None, None])
    assert read_map(one, "layers") is read_map(one, "layers")  # made once
    with pytest.raises(ValueError, match="gradients"):
        read_map(one, "gradient")


@pytest.mark.parametrize(
    ("reading", "rows", "columns"),
    [
        ("heads", ["Layer 1", "Layer 2"], ["Head 1", "Head 2", "Head 3"]),
        ("layers", ["Layer 1", "Layer 2"], ["Average"]),
        ("across", ["Average"], ["Head 1", "Head 2", "Head 3"]),
        ("all", ["Average of all heads"], [""]),
        ("rollout", ["Rollout"], [""]),
        ("gradient", ["Gradient-weighted attention"], [""]),
    ],
)
def test_names_fit_the_grid(reading, rows, columns):
    assert grid_names(reading, 2, 3) == (rows, columns)
    if reading != "gradient":
        drawn = read_map(made(ROWS, ROWS, np.eye(3), layers=2), reading)
        assert (drawn.layers, drawn.heads) == (len(rows), len(columns))


def test_a_head_that_is_not_there_gives_way_to_the_nearest():
    one = made(ROWS, np.eye(3))
    assert within((0, 1), one) == (0, 1)
    assert within((5, 9), one) == (0, 1)


def test_one_head_stands_alone():
    assert one_head(made(ROWS, np.eye(3)), (0, 1)).weights == pytest.approx(np.eye(3)[None, None])


def test_labels_are_the_text_or_the_special_names():
    assert labels(PLACES, ("[CLS]",), TEXT) == ["[CLS]", "go", "home"]
    assert labels(PLACES, (), TEXT) == ["special", "go", "home"]


def test_a_table_has_a_row_for_each_query_and_key():
    table = map_table(made(ROWS), TEXT, (0, 0))
    assert list(table.columns) == [
        "query number", "query", "query start", "query end",
        "key number", "key", "key start", "key end", "weight",
    ]  # fmt: skip
    assert len(table) == 9
    assert table.iloc[7].tolist() == [3, "home", 3, 7, 2, "go", 0, 2, 0.3]
    assert table.groupby("query number")["weight"].sum().tolist() == pytest.approx([1, 1, 1])


def test_pruning_in_a_sentence():
    before = replace(explained("A dull film."), probabilities=np.array([0.08, 0.92]))
    now = replace(before, probabilities=np.array([0.387, 0.613]))
    flip = replace(before, probabilities=np.array([0.6, 0.4]))
    assert pruning_sentence(Pruning(frozenset({(0, 1)}), before, now)) == (
        "Without layer 1 head 2: yes 92.0% → 61.3%."
    )
    six = frozenset((layer, 0) for layer in range(6))
    assert pruning_sentence(Pruning(six, before, flip)) == (
        "Without layer 1 head 1, layer 2 head 1, layer 3 head 1, layer 4 head 1 and 2 more heads: "
        "yes 92.0% → 40.0%, now no."
    )
