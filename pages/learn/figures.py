"""What stands beside a lesson: a table before the prediction, something to touch after it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import streamlit as st

from han_core.explanation.anatomy import state_changes
from han_core.explanation.explanation import Explanation
from han_core.explanation.interventions import Intervention, intervene
from han_core.explanation.lesson import FORMS, Control, Lesson, Shows
from han_core.explanation.lesson_measures import self_attention
from han_core.explanation.lesson_numbers import LiveNumbers
from han_core.explanation.map_readings import restricted
from han_core.explanation.translation import decoder_steps
from han_core.viz.alignment import alignment_view, attention_scale
from han_core.viz.anatomy import anatomy_figure
from han_core.viz.attention_heads import attention_heads
from han_core.viz.charts.layers import state_change_chart
from han_core.viz.colour_scale import reading_scale, scale_only
from han_core.viz.film import attention_film, entropy_curve
from han_core.viz.heatmap import Colour, heatmap
from pages.shared import cache, lesson_material
from pages.shared.components import (
    Act,
    chart,
    draw,
    draw_alignment,
    draw_anatomy,
    draw_film,
    draw_heads,
)
from pages.shared.page import plain

CHANGES = ("none", "word", "key", "even", "shuffled")
MASKS, SHARES = ("full", "causal"), ("softmax", "sparsemax")
WINDOWS = (None, 1, 2, 3, 5)  # words on each side
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0, 2.0)  # of weights, which then sum to 1 again


def before(live: LiveNumbers, words: Mapping[str, str]) -> None:
    """Draw the table that the question needs, if it needs one."""
    if not live.rows:
        return
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


class Drawn(NamedTuple):
    """A lesson about a text, and what its figure leaves out."""

    lesson: Lesson
    text: str
    live: LiveNumbers
    words: Mapping[str, str]
    hidden: tuple[Control, ...]

    @property
    def question(self) -> cache.Question:
        return lesson_material.question_of(self.lesson, self.text)


def after(drawn: Drawn) -> None:
    """Draw the figure of the lesson."""
    _FIGURES.get(drawn.lesson.shows, _step)(drawn)


def _step(drawn: Drawn) -> None:
    """Draw one step of attention; of a model of two levels the one that is chosen."""
    live, words, hidden = drawn.live, drawn.words, drawn.hidden
    step, segment, item = 0, live.segment, live.item
    if drawn.lesson.shows == "levels":
        level = st.radio(
            words["levels"], ("word", "sentence"), key="learn_level", horizontal=True,
            format_func=lambda level: words[f"level_{level}"],
        )  # fmt: skip
        if level == "sentence":
            step, segment, item = 1, 0, live.segment
    figure = anatomy_figure(
        cache.anatomy(drawn.question), step, segment, item, drawn.lesson.language, hidden,
        begins="steps" not in hidden,
    )  # fmt: skip
    draw_anatomy(figure, key="learn_anatomy")


def _removal(drawn: Drawn) -> None:
    """Draw the choice of a change, the prediction under it, and the words."""
    question, live, words = drawn.question, drawn.live, drawn.words
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


def _weighing(drawn: Drawn) -> None:
    """Draw the choice between even weights and the model's own, and what follows from it."""
    question, live, words = drawn.question, drawn.live, drawn.words
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


def _neighbours(drawn: Drawn) -> None:
    """Draw the choice of a word to take out, and what becomes of the other words' states."""
    question, live, words = drawn.question, drawn.live, drawn.words
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


def _forms(drawn: Drawn) -> None:
    """Draw the weights of all forms beside each other, or how one of them came about."""
    lesson, live, words = drawn.lesson, drawn.live, drawn.words
    models = (lesson.model, *lesson.beside)
    asked = [drawn.question._replace(checkpoint=name) for name in models]
    by_form = {cache.anatomy(one).steps[0].form: one for one in asked}
    form = st.segmented_control(
        words["form"], ("all", *FORMS), key="learn_form", default="all", required=True, wrap=True,
        format_func=lambda form: words[f"form_{form}"],
    )  # fmt: skip
    if form != "all":
        found = cache.anatomy(by_form[form])
        figure = anatomy_figure(found, language=lesson.language, hidden=drawn.hidden)
        draw_anatomy(figure, key="learn_anatomy")
        return
    explained = {form: cache.probe(by_form[form]).explanation for form in FORMS}
    scale = reading_scale([*explained.values()], "document")
    scale = replace(scale, title=words["weight"])
    st.html(scale_only(scale))
    for pair in (FORMS[:2], FORMS[2:]):
        for place, form in zip(st.columns(2, gap="medium"), pair, strict=True):
            shown = explained[form]
            with place:
                name = f"{live.shown[f'{form}_column']} · {words[f'form_{form}']}"
                st.markdown(f"**{plain(name)}**: {plain(words[f'score_{form}'])}")
                draw(heatmap(shown, Colour(shown.document_weights, scale)), f"learn_form_{form}")


def _alignment(drawn: Drawn) -> None:
    """Draw the decoder step by step, for the text or for the contrast."""
    lesson, text, words = drawn.lesson, drawn.text, drawn.words
    own, other = lesson_material.translations(lesson, text)
    titles = {own.text: own.text, other.text: other.text}
    chosen = st.segmented_control(
        words["text"], list(titles), key=f"learn_date_{text}", default=own.text, required=True,
        wrap=True, format_func=plain,
    )  # fmt: skip
    shown = other if chosen == other.text else own
    steps = decoder_steps(lesson_material.translator(lesson.model), shown)
    scale = attention_scale()
    names = words["text"], words["answer_iso"]
    view = alignment_view(shown, steps, shown.alignment, scale, names, shown.alignment.sum(0))
    draw_alignment(view, "learn_alignment")
    st.html(scale_only(scale))


def _heads(drawn: Drawn) -> None:
    """Draw all heads, under a mask of the reader's choice and by softmax or sparsemax."""
    live, words = drawn.live, drawn.words
    mask, window = "full", None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if "mask" not in drawn.hidden:
            mask, window = _mask(words)
        shares = st.segmented_control(
            words["shares"], SHARES, key="learn_shares", default="softmax", required=True,
            help=words["shares_help"],
        )  # fmt: skip
    probe = cache.probe(drawn.question)
    maps = restricted(self_attention(probe), mask == "causal", window, shares == "sparsemax")
    key = f"learn_head_{drawn.text}"
    opened = st.session_state.get(key, (live.segment, live.item))
    heads = attention_heads(maps, probe.document.text, opened)
    st.html(scale_only(heads.scale))
    draw_heads(heads, "learn_heads", partial(_open_head, key))


def _mask(words: Mapping[str, str]) -> tuple[str, int | None]:
    """Draw the choice of what each word sees; return the mask and the window."""
    mask = st.segmented_control(
        words["attention_mask"], MASKS, key="learn_mask", default="full", required=True,
        format_func=lambda mask: words[f"mask_{mask}"],
    )  # fmt: skip
    window = st.selectbox(
        words["window"], WINDOWS, key="learn_window", width=150,
        format_func=lambda size: words["window_none"] if size is None else f"± {size}",
    )  # fmt: skip
    return str(mask), window


def _open_head(key: str, act: Act) -> None:
    if act["do"] == "open":
        st.session_state[key] = act["layer"], act["head"]


def _film(drawn: Drawn) -> None:
    """Draw the film of the lesson's text."""
    model = drawn.lesson.model
    recorded = lesson_material.film(model)
    film = attention_film(recorded, 0, lesson_material.accuracies(model))
    st.html(scale_only(film.scale))
    draw_film(film.data, "learn_film")
    chart(
        entropy_curve(recorded, 0), "learn_entropy", "learn_entropy_box", "entropy",
        drawn.words["entropy_alt"],
    )  # fmt: skip


_FIGURES: dict[Shows, Callable[[Drawn], None]] = {
    "removal": _removal,
    "weighing": _weighing,
    "neighbours": _neighbours,
    "forms": _forms,
    "alignment": _alignment,
    "heads": _heads,
    "film": _film,
}
