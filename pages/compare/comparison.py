"""What Compare compares: two to four sides, each with its answer and its colours.

Sides are models, methods or versions of the text. Layout is elsewhere.
"""

from dataclasses import dataclass, replace

from han_core.explanation.attribution import Attribution
from han_core.explanation.comparison import Column, attention_column
from han_core.runtime.errors import UserError
from han_core.text.versions import Versions, versions
from han_core.viz.colour_scale import attribution_scale, reading_scale
from han_core.viz.heatmap import Colour, Out
from pages.compare.choices import Kind, Request
from pages.shared import cache, wording

FIRST, SECOND = "First version", "Second version"


@dataclass(frozen=True)
class Side:
    """One panel.

    Attributes:
        question: whom it asks.
        column: the answer, lined up with the others.
        colour: of its words.
        added: tokens that only this version has.
        out: words that only the other version has, where they stood.
    """

    question: cache.Question
    column: Column
    colour: Colour
    added: frozenset[int] = frozenset()
    out: tuple[Out, ...] = ()


@dataclass(frozen=True)
class Compared:
    """All that is compared.

    Attributes:
        notes: a sentence for each side that could not be had, or can be compared in part only.
        versions: how two versions of the text differ; None unless they are what is compared.
    """

    asked: Request
    sides: tuple[Side, ...]
    notes: tuple[str, ...] = ()
    versions: Versions | None = None

    @property
    def kind(self) -> Kind:
        return self.asked.kind

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(side.column for side in self.sides)


def compared(asked: Request, text: str, second: str) -> Compared:
    """Asks the models.

    Args:
        second: the second version of the text, where versions are compared.

    Raises:
        UserError: as ``cached.subject`` does.
    """
    if asked.kind == "models":
        return _models(asked, text)
    if asked.kind == "methods":
        return _methods(asked, text)
    return _versions(asked, text, second)


def _models(asked: Request, text: str) -> Compared:
    questions = [cache.Question(name, asked.device, text) for name in asked.checkpoints]
    explanations = [cache.probe(question).explanation for question in questions]
    scale = reading_scale(explanations, asked.reading)
    sides = [
        Side(
            question,
            attention_column(question.checkpoint, explanation),
            Colour(explanation.weights(asked.reading), scale),
        )
        for question, explanation in zip(questions, explanations, strict=True)
    ]
    return Compared(asked, tuple(sides), asked.notes)


def _methods(asked: Request, text: str) -> Compared:
    question = cache.Question(asked.checkpoints[0], asked.device, text)
    subject = cache.probe(question)
    labels, explanation = subject.checkpoint.labels, subject.explanation
    target = labels.index(asked.target) if asked.target in labels else subject.target
    answers: list[Attribution] = []
    notes: list[str] = []
    for method in asked.methods:
        try:
            answers.append(cache.attribution(question, method, target))
        except UserError as error:  # one word alone, say: the others can still be drawn
            notes.append(f"{wording.METHOD_NAMES[method]}: {error}")
    effects = attribution_scale([answer for answer in answers if answer.signed])
    weights = Colour(
        explanation.weights(asked.reading), reading_scale([explanation], asked.reading)
    )
    sides = []
    for answer in answers:
        name = wording.METHOD_NAMES[answer.method]
        column = Column(name, explanation, answer, answer.document)
        colour = Colour(answer.words, effects) if answer.signed else weights
        sides.append(Side(question, column, colour))
    return Compared(asked, tuple(sides), tuple(notes))


def _versions(asked: Request, text: str, second: str) -> Compared:
    questions = [cache.Question(asked.checkpoints[0], asked.device, one) for one in (text, second)]
    one, other = (cache.probe(question).explanation for question in questions)
    found = versions(one.document, other.document)
    scale = reading_scale([one, other], asked.reading)
    first, last = (
        Side(question, attention_column(name, e, place), Colour(e.weights(asked.reading), scale))
        for question, name, e, place in zip(
            questions, (FIRST, SECOND), (one, other), (found.first, found.second), strict=True
        )
    )
    out = tuple((gone.before, gone.text, str(number)) for number, gone in enumerate(found.gone))
    last = replace(last, added=frozenset(found.came), out=out)
    return Compared(asked, (first, last), versions=found)
