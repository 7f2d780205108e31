"""The figure of a series against Plotly's schema, and its words."""

from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest

from han_core.explanation.series import DeletionEvidence, SeriesExplanation
from han_core.viz.series import (
    MOST_LINES,
    around_peak,
    evidence_rows,
    prediction_sentence,
    series_figure,
    stretches,
)

STEPS = np.array([True, False, True, True, False])


def figure(channels=3, changed=False):
    series = np.arange(5 * channels, dtype=np.float32).reshape(5, channels)
    names = [f"<b>{n}</b>" for n in range(channels)]
    attention = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
    return series_figure(series, names, attention, STEPS, series + 1 if changed else None)


@pytest.mark.parametrize(("channels", "changed"), [(1, False), (3, True), (20, False)])
def test_it_follows_plotlys_schema(channels, changed):
    made = go.Figure(figure(channels, changed).to_dict())
    lines = [trace for trace in made.data if trace.type == "scatter"]
    assert len(lines) == min(channels, MOST_LINES) * (1 + changed)
    (strip,) = (trace for trace in made.data if trace.type == "heatmap")
    assert list(strip.z[0]) == [0.1, 0.2, 0.4, 0.2, 0.1]
    assert list(lines[0].y) == [float(n * channels) for n in range(5)]
    domains = [made.layout["yaxis"].domain] + [
        made.layout[f"yaxis{n + 2}"].domain for n in range(min(channels, MOST_LINES))
    ]
    for above, below in pairwise(domains):
        assert above[0] >= below[1]


def test_the_top_steps_are_shaded_and_names_are_no_markup():
    made = figure()
    shapes = made.layout.shapes
    assert [(shape.x0, shape.x1) for shape in shapes] == [(-0.5, 0.5), (1.5, 3.5)]
    assert "<b>" not in made.data[1].name
    assert stretches(np.zeros(3, bool)) == []
    assert stretches(np.ones(3, bool)) == [(0, 3)]


def test_the_stretch_around_the_peak():
    assert around_peak(np.array([0.1, 0.1, 0.4, 0.3, 0.1]), STEPS) == (1, 4)
    assert around_peak(np.array([0.6, 0.1, 0.1, 0.1, 0.1]), STEPS) == (0, 1)


def test_words():
    attention = np.array([1.0])
    one = SeriesExplanation("1", ("u", "d"), np.array([0.25, 0.75]), None, attention)
    assert prediction_sentence(one) == "d (75.0%)"
    number = SeriesExplanation("1", (), np.empty(0), 1234.5, attention)
    assert prediction_sentence(number) == "1,234" or prediction_sentence(number) == "1,235"
    evidence = DeletionEvidence(2, 0.5, 0.25, np.array([-0.00001, 0.1]), STEPS)
    rows = evidence_rows(evidence, regression=False)
    assert [row["Change (points of probability)"] for row in rows] == [
        "50.00", "25.00", "5.00", "10.00",
    ]  # fmt: skip
