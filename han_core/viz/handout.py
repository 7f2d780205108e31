"""A lesson as one page for printing: a figure, questions with blanks, and the solution on a switch.

The page opens offline and has no script: two boxes to tick show the solution and the teacher's
copy, and what is not shown is not printed. It fits A4, and all of it can be read in black and
white.
"""

from collections.abc import Iterator
from string import Formatter
from typing import Any, NamedTuple

from han_core.explanation.lesson import Lesson, interface
from han_core.explanation.lesson_measures import Material
from han_core.explanation.lesson_numbers import LiveNumbers
from han_core.runtime.messages import speaking
from han_core.viz.export import render_page
from han_core.viz.lesson_figures import lesson_figures
from han_core.viz.markup import HANDOUT_STYLESHEET, direction


class Piece(NamedTuple):
    """A part of a sentence; a blank is filled in by the class, and then holds ``text``."""

    text: str
    blank: bool = False


class Choice(NamedTuple):
    """An answer to tick, and what the solution says to it."""

    text: str
    right: bool
    feedback: str = ""


def handout(
    lesson: Lesson, text: str, material: Material, live: LiveNumbers, notes: bool = True
) -> str:
    """Return the page of a lesson about a text, as HTML.

    Args:
        material: what the live numbers were measured on.
        notes: whether the teacher's copy is part of it, where the lesson has notes.
    """
    words = interface()[lesson.language]
    context = {
        "words": words,
        "title": f"{lesson.number}. {lesson.title}",
        "text": text,
        "direction": direction(text),
        "figures": lesson_figures(lesson, material, live, words),
        "question": live.write(lesson.predict.question),
        "choices": predicted(lesson, live),
        "measured": live.shown[lesson.predict.answer],
        "reveal": live.write(lesson.reveal),
        "formula": pieces(lesson, lesson.formula, live),
        "misconception": pieces(lesson, lesson.misconception, live),
        "correction": live.write(lesson.correction),
        "check": live.write(lesson.check.question),
        "options": [
            Choice(live.write(one.text), one.correct, live.write(one.feedback))
            for one in lesson.check.options
        ],
        "takeaway": live.write(lesson.takeaway),
        "model": lesson.model,
        "notes": _notes(lesson, live) if notes and lesson.teacher else None,
        "own": text != lesson.text,
    }
    with speaking(lesson.language):
        return render_page("handout.html", context, "", None, "", HANDOUT_STYLESHEET)


def predicted(lesson: Lesson, live: LiveNumbers) -> list[Choice]:
    """Return the answers of the prediction to tick; none where a number is asked for."""
    prediction = lesson.predict
    if prediction.kind == "number":
        return []
    right = live.shown[prediction.answer]
    if prediction.kind == "word":
        return [Choice(word, id == right) for id, word in live.words.items()]
    return [Choice(live.write(text), id == right) for id, text in prediction.options.items()]


def pieces(lesson: Lesson, template: str, live: LiveNumbers) -> list[Piece]:
    """Return a sentence in pieces: a number that the prediction's question hides is a blank."""
    told = set(_places(lesson.predict.question))
    found = []
    for text, name, _, _ in Formatter().parse(template):
        found.append(Piece(text))
        if name is not None:
            found.append(Piece(live.shown[name], blank=name not in told))
    return found


def _places(template: str) -> Iterator[str]:
    return (name for _, name, _, _ in Formatter().parse(template) if name is not None)


def _notes(lesson: Lesson, live: LiveNumbers) -> dict[str, Any]:
    """The teacher's copy, with its numbers."""
    teacher = lesson.teacher
    assert teacher is not None
    return {
        "minutes": teacher.minutes,
        "plan": [(one.minutes, live.write(one.text)) for one in teacher.plan],
        "wrong": [(live.write(one.answer), live.write(one.shows)) for one in teacher.wrong],
        "discuss": [live.write(question) for question in teacher.discuss],
    }
