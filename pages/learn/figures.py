"""What stands beside a lesson: a table before the prediction, something to touch after it."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from han_core.explanation.explanation import Explanation
from han_core.explanation.interventions import Intervention, intervene
from han_core.explanation.lesson import Lesson
from han_core.explanation.lesson_numbers import LiveNumbers
from han_core.viz.anatomy import Control, anatomy_figure
from han_core.viz.colour_scale import reading_scale, scale_only
from han_core.viz.heatmap import Colour, heatmap
from pages.shared import cache
from pages.shared.components import draw, draw_anatomy
from pages.shared.page import plain

CHANGES = ("none", "word", "key", "even", "shuffled")


def before(live: LiveNumbers, words: Mapping[str, str]) -> None:
    """Draw the table that the question needs."""
    names = [words[column] for column in live.columns]
    rows = [*live.rows]
    if "sum" in live.shown:
        rows.append((words["sum"], *[""] * (len(names) - 2), live.shown["sum"]))
    columns = zip(*rows, strict=True)
    st.table(
        {
            plain(name): [plain(cell) for cell in column]
            for name, column in zip(names, columns, strict=True)
        },
        hide_index=True,
    )


def after(
    lesson: Lesson,
    question: cache.Question,
    live: LiveNumbers,
    words: Mapping[str, str],
    hidden: tuple[Control, ...],
) -> None:
    """Draw the figure of the lesson."""
    if lesson.shows == "removal":
        _removal(question, live, words)
        return
    step, segment, item = 0, live.segment, live.item
    found = cache.anatomy(question)
    if lesson.shows == "levels":
        level = st.radio(
            words["levels"], ("word", "sentence"), key="learn_level", horizontal=True,
            format_func=lambda level: words[f"level_{level}"],
        )  # fmt: skip
        if level == "sentence":
            step, segment, item = 1, 0, live.segment
    figure = anatomy_figure(
        found, step, segment, item, lesson.language, hidden, begins="steps" not in hidden
    )
    draw_anatomy(figure, key="learn_anatomy")


def _removal(question: cache.Question, live: LiveNumbers, words: Mapping[str, str]) -> None:
    """Draw the choice of a change, the prediction under it, and the words."""
    original = cache.probe(question).explanation
    change = st.segmented_control(
        words["change"], CHANGES, key="learn_change", default="none", required=True, wrap=True,
        format_func=lambda change: plain(live.write(words[f"change_{change}"])),
    )  # fmt: skip
    shown = _changed(question, live, change)
    label = original.label
    now, was = shown.chances[label], original.probability
    st.metric(
        plain(live.shown["label"]), f"{now:.1%}",
        None if change == "none" else f"{100 * (now - was):+.1f}", delta_color="off",
    )  # fmt: skip
    scale = replace(reading_scale([original, shown], "document"), title=words["weight"])
    st.html(scale_only(scale))
    draw(heatmap(shown, Colour(shown.document_weights, scale)), "learn_heatmap")


def _changed(question: cache.Question, live: LiveNumbers, change: str) -> Explanation:
    probe = cache.probe(question)
    if change in ("even", "shuffled"):
        return intervene(
            probe, Intervention("flatten" if change == "even" else "shuffle")
        ).explanation
    if change == "none":
        return probe.explanation
    token = probe.document.tokens[live.item if change == "word" else live.key]
    return cache.probe(question._replace(edits=((token.start, token.end, ""),))).explanation
