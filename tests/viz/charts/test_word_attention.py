"""What the figures of attention over a data set hold."""

import numpy as np
import pandas as pd
import pytest

from han_core.analysis.word_attention import BINS
from han_core.analysis.word_ranking import SHARES, PositionProfile
from han_core.viz.charts.word_attention import attended_words, entropy_shares, position_profile

WORDS = pd.DataFrame(
    {
        "word": ["<b>fine</b>", "dull", "\n"],
        "documents": [9, 1, 4],
        "occurrences": [12, 1, 4],
        "attention": [0.3, 0.2, 0.1],
        "lift": [30.0, 20.0, 10.0],
        "low": [25.0, np.nan, 9.0],
        "high": [35.0, np.nan, 11.0],
        "shrunken": [29.0, 15.0, 10.0],
    }
)


@pytest.mark.parametrize(("by", "end"), [("lift", 44.1), ("attention", 44.1)])
def test_words_stand_in_rows_and_carry_themselves(by, end):
    figure = attended_words(WORDS, by, {"Right": np.array([42.0, np.nan, 1.0])})
    dots, right = figure.data
    assert list(dots.x) == WORDS[by].tolist()
    assert list(dots.customdata) == list(right.customdata) == ["<b>fine</b>", "dull", "\n"]
    assert dots.error_x.array[1] == 0  # one document has no interval
    assert figure.layout.xaxis.range[1] == pytest.approx(end)
    assert "<b>fine</b>" not in figure.layout.yaxis.ticktext[0]
    assert "\\n" in figure.layout.yaxis.ticktext[2]
    assert "in 1 document, 1 times" in dots.hovertext[1]
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_no_word_is_refused():
    with pytest.raises(ValueError, match="one word"):
        attended_words(WORDS.head(0), "lift")


def profile(mean: float, documents: int = 7) -> PositionProfile:
    return PositionProfile(documents, np.full(BINS, mean), np.full(BINS, mean - 0.1),
                   np.full(BINS, mean + 0.1))  # fmt: skip


def test_profiles_have_a_band_and_a_line_each_and_empty_groups_none():
    figure = position_profile({"A": profile(1.5), "None": profile(np.nan, 0), "B": profile(0.5)})
    bands, lines = figure.data[::2], figure.data[1::2]
    assert [len(lines), len(bands)] == [2, 2]
    assert list(lines[0].y) == [1.5] * BINS
    assert lines[0].line.color == bands[0].fillcolor != lines[1].line.color
    assert "0% to 10% of the document" in lines[0].hovertext[0]
    assert figure.layout.yaxis.range[0] < 0.4
    assert figure.layout.yaxis.range[1] > 1.6
    assert figure.layout.showlegend
    assert len(position_profile({}).data) == 0


def test_shares_of_entropy():
    counts = np.zeros(SHARES, int)
    counts[[3, 19]] = 1, 3
    figure = entropy_shares({"All": counts, "None": np.zeros(SHARES, int)})
    (line,) = figure.data
    assert (line.y[3], line.y[19], sum(line.y)) == (0.25, 0.75, 1)
    assert "<b>75.0%</b> of 4 documents" in line.hovertext[19]
    assert "0.95 to 1.00" in line.hovertext[19]
    assert not figure.layout.showlegend
    assert figure.layout.xaxis.range == (0.15, 1)  # from the lowest that there is
