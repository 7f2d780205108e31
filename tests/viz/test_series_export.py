"""A series as CSV, JSON and a page: every number of it, and nothing that runs."""

import io
import json
import re

import numpy as np
import pandas as pd

from han_core.explanation.series import DeletionEvidence, SeriesExplanation
from han_core.viz.series import explanation_json, series_page, series_svg, steps_csv

SERIES = np.array([[0.0, 5.0], [1.0, 5.0], [4.0, 5.0], [2.0, 5.0]], np.float32)
ATTENTION = np.array([0.1, 0.2, 0.4, 0.3])
TOP = np.array([False, False, True, False])
CHANNELS = ("=1+1", "<b>flow</b>")
EVIDENCE = DeletionEvidence(1, 0.25, 0.125, np.array([0.0, 0.01, 0.02, 0.0, 0.0]), TOP)
EXPLANATION = SeriesExplanation("7", ("up", "down"), np.array([0.75, 0.25]), None, ATTENTION)


def test_the_table_has_a_row_for_each_step():
    table = pd.read_csv(io.BytesIO(steps_csv(SERIES, CHANNELS, ATTENTION)))
    assert list(table.columns) == ["step", "attention", "value of =1+1", "value of <b>flow</b>"]
    assert table["attention"].tolist() == ATTENTION.tolist()
    assert table["value of =1+1"].tolist() == [0, 1, 4, 2]


def test_the_json_is_that_of_the_command():
    content = json.loads(explanation_json(EXPLANATION, EVIDENCE))
    assert content["probabilities"] == {"up": 0.75, "down": 0.25}
    assert [step["weight"] for step in content["steps"]] == ATTENTION.tolist()
    assert content["deletion"] == EVIDENCE.to_json()


def test_the_page_says_what_the_figures_say_and_runs_nothing_foreign():
    notes = ["<script>alert(1)</script>"]
    page = series_page("A & B", notes, SERIES, CHANNELS, EXPLANATION, EVIDENCE).decode()
    assert "Prediction: up (75.0%)" in page
    assert "Attention matters here" in page
    for cell in ("25.00", "12.50", "40.00%"):
        assert f">{cell}</td>" in page
    assert "<script>alert" not in page
    assert "<b>flow" not in page
    assert "A &amp; B" in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)


def test_the_drawing_has_the_steps_where_they_belong():
    drawing = series_svg(SERIES, CHANNELS, ATTENTION, TOP)
    opacities = [float(one) for one in re.findall(r'fill-opacity="([\d.]+)"/>', drawing)]
    assert opacities == [0.25, 0.5, 1.0, 0.75, 0.16]
    (rising, flat) = re.findall(r'points="([^"]+)"', drawing)
    places = [tuple(map(float, point.split(","))) for point in rising.split()]
    assert [x for x, _ in places] == [112.5, 337.5, 562.5, 787.5]
    heights = [y for _, y in places]
    # 66 pixels for the range from 0 to 4; larger values stand higher.
    assert np.allclose(np.subtract(heights[0], heights), [0, 16.5, 66, 33])
    assert len({point.split(",")[1] for point in flat.split()}) == 1
