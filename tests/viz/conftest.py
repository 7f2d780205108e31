"""For every test of a figure: explanations made by hand, and Plotly's schema."""

import html
import json
import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import plotly.graph_objects as go
import pytest

from han_core.explanation.explanation import Explanation
from han_core.text.document import Document, Sentence, Span
from han_core.viz.plot import FigureBuilder

Made = Callable[..., Explanation]


def made_explanation(
    sentences: Sequence[Sequence[str]],
    sentence_weights: Sequence[float] | None = None,
    word_weights: Sequence[float] | None = None,
    unknown: Sequence[int] = (),
    unseen: str = "",
    labels: Sequence[str] = ("negative", "positive"),
    probabilities: Sequence[float] | None = None,
) -> Explanation:
    """Words joined by spaces, sentences by line feeds; weights uniform unless given."""
    text, found = "", []
    for words in sentences:
        text += "\n" * bool(text)
        spans = []
        for word in words:
            text += " " * bool(spans)
            spans.append(Span(len(text), len(text) + len(word)))
            text += word
        found.append(Sentence(tuple(spans)))
    lengths = [len(words) for words in sentences]
    uniform = [1 / length for length in lengths for _ in range(length)]
    known = np.ones(sum(lengths), dtype=bool)
    known[list(unknown)] = False
    return Explanation(
        "1",
        Document(text + unseen, tuple(found), len(text)),
        tuple(labels),
        np.array(probabilities or [1 / len(labels)] * len(labels)),
        np.array(sentence_weights or [1 / len(lengths)] * len(lengths)),
        np.array(word_weights or uniform),
        known,
    )


def plain(label: str) -> str:
    """Return a label of a figure as it is read."""
    return html.unescape(re.sub(r"<[^>]+>", "", label))


OURS = re.compile(r'</?b>|<br>|<extra></extra>|</span>|<span style="color:light-dark\([#\w,]+\)">')
UNREAD = {"customdata", "ids", "legendgroup", "meta", "template"}
"""Parts of a figure that Plotly hands on and does not draw."""


def foreign_tags(part: object) -> list[str]:
    """Texts of a figure with a tag that is none of ours: Plotly would read it."""
    if isinstance(part, str):
        return [part] if "<" in OURS.sub("", part) else []
    if isinstance(part, dict):
        part = [value for name, value in part.items() if name not in UNREAD]
    return [text for each in part for text in foreign_tags(each)] if isinstance(part, list) else []


@pytest.fixture(scope="session")
def made() -> Made:
    return made_explanation


@pytest.fixture(scope="module", autouse=True)
def schema() -> Iterator[None]:
    """Every figure that a test draws is one that Plotly takes, and changes nothing in."""
    draw = FigureBuilder.build

    def held(builder: FigureBuilder) -> go.Figure:
        figure = draw(builder)
        checked = go.Figure(figure.to_dict())  # raises where anything is not in the schema
        assert json.loads(figure.to_json()) == json.loads(checked.to_json())
        assert not foreign_tags(figure.to_dict())
        return figure

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FigureBuilder, "build", held)
        yield
