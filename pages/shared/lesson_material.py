"""What a lesson is about, loaded and computed: for the page Learn and for rooms of a class."""

import json
from collections.abc import Callable

import streamlit as st

from han_core.analysis.film import Film, read_frames
from han_core.explanation.lesson import FILMS, Lesson, Shows
from han_core.explanation.lesson_measures import Material, Moment, live_numbers
from han_core.explanation.lesson_numbers import LiveNumbers
from han_core.models.beam_search import SearchSettings
from han_core.models.checkpoint import HISTORY
from han_core.models.listing import list_systems
from han_core.models.system_folder import SystemCheckpoint, load_system
from han_core.models.translate import Translation, translate_texts
from han_core.models.translator import TRANSLATOR
from han_core.runtime.paths import checkpoints_root
from pages.shared import cache


def missing(lesson: Lesson) -> str:
    """Return the name of a model that a lesson needs and that is not here; "" if all are."""
    if lesson.shows == "film":
        there = {folder.name for folder in FILMS.iterdir()}
    elif lesson.shows == "alignment":
        there = {listing.name for listing in list_systems(checkpoints_root(), TRANSLATOR.name)}
    else:
        there = set(cache.listings())
    return next((name for name in (lesson.model, *lesson.beside) if name not in there), "")


def live_of(lesson: Lesson, text: str) -> LiveNumbers:
    """Return what a lesson says about a text.

    Raises:
        UserError: if the text has no word, or the lesson no question about it.
    """
    return live_numbers(lesson, material_of(lesson, text))


def material_of(lesson: Lesson, text: str) -> Material:
    """Return what a lesson about a text is measured on.

    Raises:
        UserError: if the text has no word.
    """
    return _MATERIAL.get(lesson.shows, _probe)(lesson, text)


def question_of(lesson: Lesson, text: str) -> cache.Question:
    """Return the question to a lesson's own model."""
    return cache.Question(lesson.model, "auto", text)


def _probe(lesson: Lesson, text: str) -> Material:
    return cache.probe(question_of(lesson, text))


def _probes(lesson: Lesson, text: str) -> Material:
    own = question_of(lesson, text)
    return [cache.probe(own._replace(checkpoint=name)) for name in (lesson.model, *lesson.beside)]


def _both(lesson: Lesson, text: str) -> Material:
    own = question_of(lesson, text)
    return [cache.probe(own), cache.probe(own._replace(text=lesson.contrast))]


def translations(lesson: Lesson, text: str) -> tuple[Translation, Translation]:
    """Return the translation of a text, and that of the lesson's contrast.

    Raises:
        UserError: if the text has no word, or too many.
    """
    own, other = translate_texts(
        translator(lesson.model), [text, lesson.contrast], settings=SearchSettings()
    )
    return own, other


def translator(name: str) -> SystemCheckpoint:
    """Return a loaded translator."""
    return _translator(*cache.folder_of(name))


@st.cache_resource(max_entries=2, show_spinner=False)
def _translator(folder: str, mark: str) -> SystemCheckpoint:
    return load_system(folder, TRANSLATOR)


@st.cache_resource(max_entries=4, show_spinner=False)
def film(name: str) -> Film:
    """Return a film that comes along."""
    return read_frames(FILMS / name)


@st.cache_resource(max_entries=4, show_spinner=False)
def accuracies(name: str) -> dict[int, float]:
    """Return the validation accuracy after each epoch of a film's run."""
    lines = (FILMS / name / HISTORY).read_text(encoding="utf-8").splitlines()
    epochs = [json.loads(line) for line in lines]
    return {epoch["epoch"]: epoch["validation"]["accuracy"] for epoch in epochs}


def _moments(lesson: Lesson, text: str) -> Material:
    shown = film(lesson.model)
    if text != lesson.text:
        return []
    return [Moment(frame.step, frame.explanations[0]) for frame in shown.frames]


_MATERIAL: dict[Shows, Callable[[Lesson, str], Material]] = {
    "forms": _probes,
    "heads": _both,
    "alignment": translations,
    "film": _moments,
}
