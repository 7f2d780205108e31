"""The figure of the data map."""

import numpy as np
import pandas as pd

from han_core.viz.charts.document_map import MOST, data_map_chart


def table(rows: int) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": range(rows), "label": "a <b>", "confidence": draw.random(rows),
            "variability": draw.random(rows) / 2,
            "region": draw.choice(["easy", "hard"], rows), "text": "<script>x</script>",
        }
    )  # fmt: skip


def test_each_region_has_a_look_of_its_own_and_its_number_in_the_legend():
    rows = table(40)
    easy, hard = data_map_chart(rows).data
    assert easy.marker.symbol != hard.marker.symbol
    assert f"easy: {(rows['region'] == 'easy').sum()}" in easy.name
    assert len(easy.x) + len(hard.x) == 40
    assert rows.loc[hard.customdata[0][0], "confidence"] == hard.y[0]


def test_texts_are_no_markup_on_hover():
    for trace in data_map_chart(table(5)).data:
        assert all("<script>" not in text and "<b>" not in text.split("<br>")[1]
                   for text in trace.hovertext)  # fmt: skip


def test_of_many_documents_a_sample_is_drawn_and_all_are_counted():
    figure = data_map_chart(table(4_000))
    assert sum(len(trace.x) for trace in figure.data) == MOST
    assert sum(int(trace.name.split(": ")[1].split("<")[0].replace(",", ""))
               for trace in figure.data) == 4_000  # fmt: skip
