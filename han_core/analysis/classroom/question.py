"""A question to a class, its phases, its answers, and what is counted of them.

A class answers before and after it has talked about the question, as in peer instruction
(Crouch and Mazur, "Peer Instruction: Ten years of experience and results", 2001).
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Literal

from han_core.explanation.lesson import Lesson, interface
from han_core.explanation.lesson_numbers import LiveNumbers
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import tr

BINS = 10  # of a histogram of numbers
LONGEST_TEXT, LONGEST_CHOICE = 3_000, 500  # characters
CHOICES = (2, 8)  # fewest and most


class Phase(StrEnum):
    """What a class does with a question; answers are taken in ``predict`` and ``again``."""

    PREDICT = "predict"
    LOCKED = "locked"
    REVEALED = "revealed"
    EXPLAIN = "explain"
    AGAIN = "again"
    COMPARED = "compared"

    @property
    def round(self) -> int | None:
        """The round that takes answers now: 1, 2, or None."""
        return {Phase.PREDICT: 1, Phase.AGAIN: 2}.get(self)

    @property
    def shown_rounds(self) -> tuple[int, ...]:
        """The rounds whose histogram students may see; with it, the right answer."""
        once = {Phase.REVEALED: (1,), Phase.EXPLAIN: (1,), Phase.COMPARED: (1, 2)}
        return once.get(self, ())


FOLLOWS: Mapping[Phase, tuple[Phase, ...]] = {
    Phase.PREDICT: (Phase.LOCKED,),
    Phase.LOCKED: (Phase.REVEALED, Phase.PREDICT),
    Phase.REVEALED: (Phase.EXPLAIN,),
    Phase.EXPLAIN: (Phase.AGAIN,),
    Phase.AGAIN: (Phase.COMPARED,),
    Phase.COMPARED: (),
}
"""The phases that may come next; the first is the usual one."""


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram: ``count`` answers, and whether the right answer is in it."""

    label: str
    count: int
    right: bool


@dataclass(frozen=True)
class Question:
    """A question with choices, or one whose answer is a number.

    Attributes:
        right: index of the right choice from 0, or the right number.
        low, high: the smallest and the largest number that is an answer.
        tolerance: how far from ``right`` a number is still right.
        unit: of the number, such as "%".

    Raises:
        UserError: if the parts do not fit together.
    """

    id: str
    text: str
    kind: Literal["choice", "number"]
    right: float
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 100.0
    tolerance: float = 0.0
    unit: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.text.strip()) <= LONGEST_TEXT:
            raise UserError(
                tr(
                    "A question of 1 to {longest_text} characters is expected; this one has "
                    "{count:,}.",
                    longest_text=LONGEST_TEXT,
                    count=len(self.text.strip()),
                )
            )
        (self._check_choices if self.kind == "choice" else self._check_number)()

    def _check_choices(self) -> None:
        fewest, most = CHOICES
        if not fewest <= len(self.choices) <= most:
            raise UserError(
                tr(
                    "{fewest} to {most} choices are expected; {count} came.",
                    fewest=fewest,
                    most=most,
                    count=len(self.choices),
                )
            )
        if len(set(self.choices)) < len(self.choices):
            raise UserError(tr("Two choices are the same; each is expected once."))
        if not all(0 < len(choice) <= LONGEST_CHOICE for choice in self.choices):
            raise UserError(
                tr(
                    "A choice has 1 to {longest_choice} characters; one has not.",
                    longest_choice=LONGEST_CHOICE,
                )
            )
        if self.right not in range(len(self.choices)):
            raise UserError(tr("The right answer is expected to be one of the choices."))

    def _check_number(self) -> None:
        values = (self.low, self.right, self.high, self.tolerance)
        if not all(map(math.isfinite, values)) or not self.low <= self.right <= self.high:
            raise UserError(
                tr(
                    "Three numbers are expected: the smallest answer, the right one and the "
                    "largest; {low:g}, {right:g} and {high:g} came.",
                    low=self.low,
                    right=self.right,
                    high=self.high,
                )
            )
        if self.low == self.high or self.tolerance < 0:
            raise UserError(
                tr("The largest answer is above the smallest, the tolerance 0 or more.")
            )

    def checked(self, answer: object) -> float:
        """Return an answer of a student as the index of a choice or a number.

        Raises:
            UserError: if it is not one of this question's.
        """
        number = (
            math.nan if not isinstance(answer, int | float) or isinstance(answer, bool) else answer
        )
        if self.kind == "choice":
            if number in range(len(self.choices)):
                return int(number)
            expected = tr("A choice from 0 to {count}", count=len(self.choices) - 1)
        else:
            if self.low <= number <= self.high:
                return float(number)
            expected = tr("A number from {low:g} to {high:g}", low=self.low, high=self.high)
        raise UserError(
            tr(
                "{expected} is expected; {dumps} came.",
                expected=expected,
                dumps=shown(json.dumps(answer)),
            )
        )

    def is_right(self, answer: float) -> bool:
        """Whether an answer counts as right."""
        # A tenth plus two tenths is a little above three tenths.
        return abs(answer - self.right) <= self.tolerance + 1e-9

    def named(self, answer: float) -> str:
        """Return an answer as people read it."""
        return self.choices[int(answer)] if self.kind == "choice" else f"{answer:g}{self.unit}"

    def bars(self, answers: Sequence[float]) -> list[Bar]:
        """Count the answers: a bar for each choice, or ten of equal width for numbers."""
        if self.kind == "choice":
            labels: Sequence[str] = self.choices
        else:
            width = (self.high - self.low) / BINS
            edges = [f"{self.low + width * at:.4g}" for at in range(BINS + 1)]
            labels = [f"{edges[at]}–{edges[at + 1]}{self.unit}" for at in range(BINS)]
        places = [self._bar(answer) for answer in answers]
        return [
            Bar(label, places.count(at), at == self._bar(self.right))
            for at, label in enumerate(labels)
        ]

    def _bar(self, answer: float) -> int:
        """The bar of an answer; one on the edge between two stands in the upper one."""
        if self.kind == "choice":
            return int(answer)
        return min(BINS - 1, int(BINS * (answer - self.low) / (self.high - self.low)))

    @property
    def lesson(self) -> tuple[int, str] | None:
        """Number and language of the lesson that asks this; None of a question of one's own."""
        found = re.fullmatch(r"(\d+)-([a-z]+)-(?:predict|check)", self.id)
        return (int(found[1]), found[2]) if found else None

    def to_json(self) -> dict[str, object]:
        """Return what ``from_json`` reads."""
        return asdict(self)

    @staticmethod
    def from_json(content: dict) -> "Question":
        """Return the question that ``to_json`` wrote."""
        return Question(**{**content, "choices": tuple(content["choices"])})


@dataclass(frozen=True)
class Shift:
    """How answers moved between the rounds, of the students who answered in both.

    Attributes:
        stayed_right, became_right, became_wrong, stayed_wrong: students.
    """

    stayed_right: int
    became_right: int
    became_wrong: int
    stayed_wrong: int


def shift(question: Question, first: Mapping[int, float], second: Mapping[int, float]) -> Shift:
    """Compare two rounds: the answers of each, by student."""
    pairs = [
        (question.is_right(first[student]), question.is_right(second[student]))
        for student in first.keys() & second.keys()
    ]
    return Shift(
        stayed_right=pairs.count((True, True)),
        became_right=pairs.count((False, True)),
        became_wrong=pairs.count((True, False)),
        stayed_wrong=pairs.count((False, False)),
    )


def lesson_questions(lesson: Lesson, live: LiveNumbers) -> list[Question]:
    """Return a lesson's prediction, under its text and table, and its check, with live numbers.

    Raises:
        UserError: as ``Question``.
    """
    predict, check, id = lesson.predict, lesson.check, f"{lesson.number}-{lesson.language}"
    words = interface()[lesson.language]
    rows = [tuple(words[column] for column in live.columns), *live.rows]
    table = [" · ".join(filter(None, row)) for row in rows]
    text = "\n".join([lesson.text, "", *table, "", live.write(predict.question)])
    if predict.kind == "number":
        first = Question(
            f"{id}-predict", text, "number", 100 * live.values[predict.answer],
            tolerance=100 * predict.tolerance, unit="%",
        )  # fmt: skip
    else:
        offered = live.words if predict.kind == "word" else predict.options
        right = list(offered).index(live.shown[predict.answer])
        written = live.write if predict.kind == "option" else str
        choices = tuple(map(written, offered.values()))
        first = Question(f"{id}-predict", text, "choice", right, choices)
    choices = tuple(live.write(option.text) for option in check.options)
    right = [option.correct for option in check.options].index(True)
    return [first, Question(f"{id}-check", live.write(check.question), "choice", right, choices)]
