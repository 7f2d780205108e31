"""What stands beside a lesson: a table before the prediction, something to touch after it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st

from han_core.explanation.anatomy import state_changes
from han_core.explanation.explanation import Explanation
from han_core.explanation.interventions import Intervention, intervene
from han_core.explanation.lesson import Control, Lesson
from han_core.explanation.lesson_numbers import LiveNumbers
from han_core.viz.anatomy import anatomy_figure
from han_core.viz.charts.layers import state_change_chart
from han_core.viz.colour_scale import reading_scale, scale_only
from han_core.viz.heatmap import Colour, heatmap
from pages.shared import cache
from pages.shared.components import chart, draw, draw_anatomy
from pages.shared.page import plain

CHANGES = ("none", "word", "key", "even", "shuffled")
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0, 2.0)  # of weights, which then sum to 1 again


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
    if lesson.shows in _FIGURES:
        _FIGURES[lesson.shows](question, live, words)
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
    _prediction_and_words(original, shown, original.label, live, words, compared=change != "none")


def _prediction_and_words(
    original: Explanation,
    shown: Explanation,
    label: str,
    live: LiveNumbers,
    words: Mapping[str, str],
    compared: bool,
) -> None:
    """Draw the probability of ``label`` under a change, and the weights of the words."""
    now, was = shown.chances[label], original.chances[label]
    st.metric(
        plain(live.shown["label"]), f"{now:.1%}",
        f"{100 * (now - was):+.1f}" if compared else None, delta_color="off",
    )  # fmt: skip
    scale = replace(reading_scale([original, shown], "document"), title=words["weight"])
    st.html(scale_only(scale))
    draw(heatmap(shown, Colour(shown.document_weights, scale)), "learn_heatmap")


def _weighing(question: cache.Question, live: LiveNumbers, words: Mapping[str, str]) -> None:
    """Draw the choice between even weights and the model's own, and what follows from it."""
    probe = cache.probe(question)
    even = intervene(probe, Intervention("flatten")).explanation
    power = st.select_slider(
        words["power"], POWERS, value=0.0, key="learn_power", help=words["power_help"],
        format_func=lambda power: words.get(f"power_{power:g}", f"{power:g}"),
    )  # fmt: skip
    shown = even
    if power:
        shown = intervene(probe, Intervention("sharpen", temperature=1 / power)).explanation
    label = even.labels[int(even.probabilities.argmax())]
    _prediction_and_words(even, shown, label, live, words, compared=power > 0)


def _neighbours(question: cache.Question, live: LiveNumbers, words: Mapping[str, str]) -> None:
    """Draw the choice of a word to take out, and what becomes of the other words' states."""
    probe = cache.probe(question)
    tokens = probe.document.token_texts()
    gone = st.pills(
        words["gone"], range(len(tokens)), key=f"learn_gone_{question.text}", default=live.key,
        required=True, format_func=lambda at: plain(tokens[at]),
    )  # fmt: skip
    cosines = state_changes(probe.checkpoint, probe.document)[gone]
    chart(
        state_change_chart(tokens, cosines, words), "learn_states", "learn_states_box",
        "states", words["states_alt"].format(word=tokens[gone]),
    )  # fmt: skip


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


_FIGURES: dict[str, Callable[[cache.Question, LiveNumbers, Mapping[str, str]], None]] = {
    "removal": _removal,
    "weighing": _weighing,
    "neighbours": _neighbours,
}
