"""What Compare compares: the request of its pickers, and its two to four sides.

Sides are models, attribution methods, or versions of the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.explanation.attribution import METHODS, Attribution, Method, methods_of
from han_core.explanation.comparison import Column, attention_column
from han_core.explanation.explanation import Reading, reweighted
from han_core.models.listing import Listing
from han_core.models.registry import model_kind
from han_core.runtime.errors import UserError, listed
from han_core.runtime.messages import mark, speaking, tr
from han_core.text.document import AlignedVersions, align_versions
from han_core.viz.colour_scale import attribution_scale, reading_scale
from han_core.viz.heatmap import Colour, Out
from pages.shared import cache, controls, document_input, wording
from pages.shared.page import restore_value

Kind = Literal["models", "methods", "versions"]

KINDS = {"models": mark("Models"), "methods": mark("Methods"), "versions": mark("Versions")}
Shown = Literal["values", "difference"]
SHOWN = {"values": mark("Values"), "difference": mark("Difference")}
DIFFERENT: dict[Kind, str] = {
    "models": mark("A difference shows that attention moved, not that the prediction changed."),
    "methods": mark(
        "Methods that differ answer different questions; none of them is the right one."
    ),
    "versions": mark(
        "A difference shows that attention moved, not that the prediction changed. Only "
        "words that both versions have are compared, with their weights normalised to "
        "sum to 1: added words always take weight from the others and removed words "
        "always free some."
    ),
}
WEIGHTS_OF_MODELS: dict[Reading, str] = {
    "document": mark("Weight within the document ({names})"),
    "sentence": mark("Weight within the sentence ({names})"),
    "lift": mark("Weight, times uniform attention ({names})"),
}
FEWEST, MOST = 2, 4
WordWeights = Literal["attention", "rollout", "gradient_weighted"]
DEFAULT_METHODS: tuple[Method, ...] = ("attention", "gradient", "leave_one_word_out")
FIRST, SECOND = mark("First version"), mark("Second version")
VERSION_HEIGHT = 110  # pixels of the second version's text area


@dataclass(frozen=True)
class Request:
    """What the pickers say.

    Attributes:
        checkpoints: two to four, or the one whose methods or versions are compared.
        methods: two to four, or none.
        target: the class that methods explain; None for the predicted one.
        notes: a sentence for everything that keeps models from being compared in full.
        shown: the values of each side, or how they differ.
        words: the weights of words that models with self-attention show.
    """

    kind: Kind
    checkpoints: tuple[str, ...]
    device: str
    reading: Reading
    methods: tuple[Method, ...] = ()
    target: str | None = None
    notes: tuple[str, ...] = ()
    shown: Shown = "values"
    words: WordWeights = "attention"


@dataclass(frozen=True)
class Side:
    """One panel.

    Attributes:
        question: the text and the model.
        column: the answer, aligned with the others.
        colour: of its words.
        name: of its column in English, which what is exported and chosen keeps.
        added: tokens that only this version has.
        out: words that only the other version has, where they stood.
    """

    question: cache.Question
    column: Column
    colour: Colour
    name: str
    added: frozenset[int] = frozenset()
    out: tuple[Out, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """All sides.

    Attributes:
        notes: a sentence for each side that failed, or that can only be compared in part.
        versions: how two versions of the text differ; None unless they are what is compared.
    """

    request: Request
    sides: tuple[Side, ...]
    notes: tuple[str, ...] = ()
    versions: AlignedVersions | None = None

    @property
    def kind(self) -> Kind:
        return self.request.kind

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(side.column for side in self.sides)


def pick(strip: DeltaGenerator) -> Request:
    """Draw the pickers of what is compared, and in ``strip`` those of how words are coloured.

    Raises:
        UserError: if fewer than two or more than four are chosen, or there is no checkpoint.
    """
    kind = _pick_kind()
    if kind != "models":
        controls.follow_language(document_input.analysed_text())
    names = controls.checkpoints() if kind == "models" else [controls.checkpoint()]
    methods = _pick_methods(names[0]) if kind == "methods" else ()
    target = _pick_target(names[0]) if kind == "methods" else None
    with st.container(width="content"):
        controls.about_models(names)
    device = controls.device_menu()
    with strip:
        shown = _pick_shown(kind)
        reading = controls.reading()
        words = _pick_words(names) if kind == "models" else "attention"
    listings = cache.listings()
    notes = model_notes([listings[name] for name in names if name in listings])
    if kind == "models":
        _check(len(names), *MODELS_CHOSEN)
    if kind == "methods":
        _check(len(methods), *METHODS_CHOSEN)
    return Request(kind, tuple(names), device, reading, methods, target, notes, shown, words)


def _pick_words(checkpoints: Sequence[str]) -> WordWeights:
    """Draw which weights of words models with self-attention show, where there is one."""
    listings = cache.listings()
    kinds = [model_kind(listings[name].model) for name in checkpoints if name in listings]
    if not any(kind.maps for kind in kinds):
        return "attention"
    restore_value("map_words", "attention")
    chosen = st.selectbox(
        tr("Self-attention models show"),
        list(wording.WEIGHTS_OF_WORDS),
        format_func=lambda words: tr(wording.WEIGHTS_OF_WORDS[words]).capitalize(),
        key="map_words",
        persist_state="session",
        width=230,
        help=tr(wording.WEIGHTS_HELP),
    )
    return cast("WordWeights", chosen)


def _pick_shown(kind: Kind) -> Shown:
    restore_value("shown", "values")
    chosen = st.segmented_control(
        tr("Show"),
        list(SHOWN),
        format_func=lambda shown: tr(SHOWN[shown]),
        key="shown",
        required=True,
        persist_state="session",
        help=tr(DIFFERENT[kind]),
    )
    return cast("Shown", chosen)


def model_notes(listings: Sequence[Listing]) -> tuple[str, ...]:
    """Say where the models have different classes, and where they read different languages."""
    notes = []
    if len({frozenset(one.classes) for one in listings}) > 1:
        names = [" / ".join(one.classes[:4]) for one in listings]
        notes.append(
            tr(
                "These models have different classes ({classes}): their attention can be "
                "compared, their predictions cannot.",
                classes=listed(names),
            )
        )
    languages = sorted({one.language for one in listings})
    if len(languages) > 1:
        notes.append(
            tr(
                "These models read different languages ({languages}) and may split the text "
                "into different words; words that overlap are compared as one.",
                languages=listed(languages),
            )
        )
    return tuple(notes)


def second_version(first: str) -> str:
    """Draw the text area of the second version, and return its text.

    A copy that nobody changed follows the first text; one that somebody changed stays.

    Raises:
        UserError: if it is empty.
    """
    state = st.session_state
    if state.get("version") == state.get("version_of", first):
        state["version"] = first
    state["version_of"] = first
    restore_value("version", first)
    st.text_area(
        tr("Second version"),
        height=VERSION_HEIGHT,
        max_chars=cache.quotas().characters,
        key="version",
        placeholder=tr("The same text with other words"),
        persist_state="session",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        # Leaving the area is enough.
        st.button(tr("Analyse the second version"), key="analyze_version")
        st.button(tr("Copy the first text"), key="copy_text", on_click=_copy, args=(first,))
        if state["version"] == first:
            st.caption(
                tr("Both versions are the same so far. Change some words in the second one.")
            )
    if not state["version"].strip():
        raise UserError(tr("The second version is empty. Type a text with at least one word."))
    return state["version"]


def _copy(text: str) -> None:
    st.session_state["version"] = text


def _pick_kind() -> Kind:
    restore_value("compared", "models")
    chosen = st.segmented_control(
        tr("Compare"),
        list(KINDS),
        format_func=lambda kind: tr(KINDS[kind]),
        key="compared",
        required=True,
        wrap=True,
        persist_state="session",
    )
    return cast("Kind", chosen)


def _pick_methods(checkpoint: str) -> tuple[Method, ...]:
    listings = cache.listings()
    offered = (
        methods_of(model_kind(listings[checkpoint].model)) if checkpoint in listings else METHODS
    )
    state = st.session_state
    if not set(state.get("methods", ())) <= set(offered):  # those of another model
        state["methods"] = [method for method in state["methods"] if method in offered]
    restore_value("methods", list(DEFAULT_METHODS))
    chosen = st.multiselect(
        tr("Methods"),
        offered,
        format_func=lambda method: tr(wording.METHOD_NAMES[method]),
        wrap=True,
        key="methods",
        persist_state="session",
        placeholder=tr("Choose options"),
    )
    return tuple(cast("list[Method]", chosen))


def _pick_target(checkpoint: str) -> str | None:
    """The class to explain, as on Explore; None for the predicted one."""
    listings = cache.listings()
    return controls.target(listings[checkpoint].classes if checkpoint in listings else ())


MODELS_CHOSEN = (
    mark("Two to four models can be compared; none is chosen."),
    mark("Two to four models can be compared; {number} is chosen."),
    mark("Two to four models can be compared; {number} are chosen."),
)
METHODS_CHOSEN = (
    mark("Two to four methods can be compared; none is chosen."),
    mark("Two to four methods can be compared; {number} is chosen."),
    mark("Two to four methods can be compared; {number} are chosen."),
)


def _check(number: int, none: str, one: str, several: str) -> None:
    if not FEWEST <= number <= MOST:
        raise UserError(tr((none, one, several)[min(number, 2)], number=number))


def compare(request: Request, text: str, second: str) -> Comparison:
    """Ask the models.

    Args:
        second: the second version of the text, where versions are compared.

    Raises:
        UserError: as ``cache.probe`` does.
    """
    if request.kind == "models":
        return _compare_models(request, text)
    if request.kind == "methods":
        return _compare_methods(request, text)
    return _compare_versions(request, text, second)


def _compare_models(request: Request, text: str) -> Comparison:
    questions = [cache.Question(name, request.device, text) for name in request.checkpoints]
    columns, notes = [], list(request.notes)
    for question in questions:
        try:
            columns.append(_model_column(question, request.words))
        except UserError as error:  # too long for maps, for example: the pooling still has weights
            notes.append(tr("{name}: {error}", name=question.checkpoint, error=error))
            columns.append(_model_column(question, "attention"))
    explanations = [column.explanation for column in columns]
    scale = reading_scale(explanations, request.reading)
    kinds = [cache.probe(question).checkpoint.kind for question in questions]
    if any(kind.maps for kind in kinds):
        names = [
            f"{question.checkpoint}: {wording.weights_name(column.answer.method, kind.maps)}"
            for question, column, kind in zip(questions, columns, kinds, strict=True)
        ]
        title = tr(WEIGHTS_OF_MODELS[request.reading], names="; ".join(names))
        scale = replace(scale, title=title)
    sides = []
    for question, column in zip(questions, columns, strict=True):
        with speaking("en"):
            name = _name_of_model(question, column.answer.method)
        colour = Colour(column.explanation.weights(request.reading), scale)
        sides.append(Side(question, column, colour, name))
    return Comparison(request, tuple(sides), tuple(notes))


def _model_column(question: cache.Question, words: WordWeights) -> Column:
    """The answer of one model: its attention, or what reaches its words through self-attention."""
    probe = cache.probe(question)
    if words == "attention" or not probe.checkpoint.kind.maps:
        return attention_column(question.checkpoint, probe.explanation)
    answer = cache.attribution(question, words, probe.target)
    read = reweighted(probe.explanation, answer.words)
    return Column(_name_of_model(question, words), read, answer, answer.document)


def _name_of_model(question: cache.Question, words: Method) -> str:
    """Name the column of a model, with its weights where they are not those of the pooling."""
    if words == "attention":
        return question.checkpoint
    weights = wording.weights_name(words, True)
    return tr("{model}, {weights}", model=question.checkpoint, weights=weights)


def _compare_methods(request: Request, text: str) -> Comparison:
    question = cache.Question(request.checkpoints[0], request.device, text)
    probe = cache.probe(question)
    labels, explanation = probe.checkpoint.labels, probe.explanation
    target = labels.index(request.target) if request.target in labels else probe.target
    answers: list[Attribution] = []
    notes: list[str] = []
    for method in request.methods:
        try:
            answers.append(cache.attribution(question, method, target))
        except UserError as error:  # a single word, for example: the others can still be drawn
            name = tr(wording.METHOD_NAMES[method])
            notes.append(tr("{name}: {error}", name=name, error=error))
    effects = attribution_scale([answer for answer in answers if answer.signed])
    read = [explanation if a.signed else reweighted(explanation, a.words) for a in answers]
    unsigned = [one for one, a in zip(read, answers, strict=True) if not a.signed]
    weights = reading_scale(unsigned, request.reading)
    sides = []
    for answer, shown in zip(answers, read, strict=True):
        name = wording.METHOD_NAMES[answer.method]
        column = Column(tr(name), shown, answer, answer.document)
        values = (answer.words, effects) if answer.signed else (
            shown.weights(request.reading), weights
        )  # fmt: skip
        sides.append(Side(question, column, Colour(*values), name))
    return Comparison(request, tuple(sides), tuple(notes))


def _compare_versions(request: Request, text: str, second: str) -> Comparison:
    texts, names = (text, second), (FIRST, SECOND)
    questions = [cache.Question(request.checkpoints[0], request.device, one) for one in texts]
    explanations = [cache.probe(question).explanation for question in questions]
    difference = align_versions(*(explanation.document for explanation in explanations))
    scale = reading_scale(explanations, request.reading)
    places = (difference.first, difference.second)
    one, other = (
        Side(
            question,
            attention_column(tr(name), explanation, place),
            Colour(explanation.weights(request.reading), scale),
            name,
        )
        for question, name, explanation, place in zip(
            questions, names, explanations, places, strict=True
        )
    )
    out = tuple(
        (run.before, run.text, str(number)) for number, run in enumerate(difference.removed)
    )
    other = replace(other, added=frozenset(difference.added), out=out)
    return Comparison(request, (one, other), versions=difference)
