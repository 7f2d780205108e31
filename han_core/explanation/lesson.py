"""Lessons about attention: one TOML file for each lesson and language, read and checked.

A lesson asks for a prediction, reveals what a model computes, and ends with a check. Its
sentences have places such as ``{weight}`` for live numbers (``lesson_numbers``), so no number
stands in a file.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from han_core.models.architecture import AttentionForm
from han_core.runtime.errors import UserError, joined, shown
from han_core.runtime.messages import LOCALES, Locale, tr

Language = Locale
LANGUAGES = LOCALES

Shows = Literal[
    "step", "levels", "removal", "weighing", "neighbours", "forms", "alignment", "heads", "film"
]
"""What stands beside the lesson: one step of attention, both levels, words taken out, weights
between even ones and the model's own, states without one word, forms of the score side by side, a
translation and its alignment, the heads of self-attention, or a film of training."""

FORMS: tuple[AttentionForm, ...] = get_args(AttentionForm)

Control = Literal["temperature", "scaling", "mask", "padding", "steps", "notes"]
"""What a lesson or an address can hide: controls of the figure, and the notes for the teacher."""

CONTROLS: tuple[Control, ...] = get_args(Control)

PLACES: dict[Shows, frozenset[str]] = {
    "step": frozenset(
        {"word", "score", "exp", "sum", "weight", "rows", "even", "pads", "pad_exp", "padded",
         "size", "divisor", "plain"}
    ),
    "levels": frozenset(
        {"word", "within", "sentence", "product", "darkest", "darkest_within",
         "darkest_sentence", "darkest_product"}
    ),
    "removal": frozenset(
        {"word", "weight", "label", "before", "after", "change", "key", "key_weight", "key_after",
         "even", "shuffled"}
    ),
    "weighing": frozenset(
        {"word", "weight", "share", "rows", "label", "even", "learnt", "change"}
    ),
    "neighbours": frozenset({"word", "gone", "forward", "backward", "half"}),
    "forms": frozenset(
        {"word", "rows", "size", "divisor", "column", "even",
         *(f"{form}_{part}" for form in FORMS for part in ("score", "weight", "spread", "column"))}
    ),
    "alignment": frozenset(
        {"said", "sign", "position", "looks", "share", "second", "second_share", "chance",
         "characters", "other_text", "other", "other_looks", "other_share", "other_chance"}
    ),
    "heads": frozenset(
        {"layer", "head", "heads", "rows", "pattern", "column", "one", "itself", "previous",
         "following", "query", "row", "causal", "sparse", "zeros", "label", "before", "without",
         "idle", "key_layer", "key_head", "key_column", "key_without", "other_text",
         "other_column", "other_one", "other_idle"}
    ),
    "film": frozenset(
        {"word", "weight", "even", "first_word", "first_weight", "first_spread", "spread",
         "first_chance", "chance", "label", "steps", "turn", "start", "rows"}
    ),
}  # fmt: skip
"""Names of live numbers, by what a lesson shows."""

LONGEST_TEXT = 2_000
"""Characters of a lesson's text, and of a text of one's own."""

FOLDER = Path(__file__).parents[1] / "data" / "bundled" / "lessons"
FILMS = FOLDER.with_name("films")
_NAME = re.compile(r"(\d{1,2})-[a-z0-9-]+\.(en|zh)\.toml")
_LARGEST = 100_000  # bytes of a lesson


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Prediction(_Part):
    """The question before the answer is seen.

    ``kind``: a number (a share, which readers type as percent), one of ``options`` (id → text),
    or one of the words that the live numbers offer. ``answer`` names the live number that holds
    the answer; a number is right within ``tolerance``.
    """

    question: str
    kind: Literal["number", "option", "word"]
    answer: str
    tolerance: float = Field(default=0.0, ge=0, le=1)
    options: dict[str, str] = {}

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> "Prediction":
        if self.kind == "option" and len(self.options) < 2:
            raise ValueError("options: at least two are expected")
        if self.kind == "number" and not self.tolerance:
            raise ValueError("tolerance: a number above 0 is expected")
        return self


class Option(_Part):
    """One answer of the check, and what is said to those who choose it."""

    text: str
    feedback: str
    correct: bool = False


class Check(_Part):
    question: str
    options: tuple[Option, ...] = Field(min_length=2, max_length=6)

    @model_validator(mode="after")
    def _has_one_answer(self) -> "Check":
        if sum(option.correct for option in self.options) != 1:
            raise ValueError("exactly one option is correct")
        return self


class Activity(_Part):
    """What a class does for some minutes."""

    minutes: int = Field(ge=1, le=60)
    text: str


class WrongAnswer(_Part):
    """An answer that is to be expected, and what it shows about those who give it."""

    answer: str
    shows: str


class Teacher(_Part):
    """Notes for who teaches the lesson: its course, wrong answers, and what to talk about."""

    plan: tuple[Activity, ...] = Field(min_length=1, max_length=8)
    wrong: tuple[WrongAnswer, ...] = Field(min_length=1, max_length=6)
    discuss: tuple[str, ...] = Field(min_length=1, max_length=6)

    @property
    def minutes(self) -> int:
        """How long the whole plan takes with a class."""
        return sum(activity.minutes for activity in self.plan)

    def templates(self) -> Iterator[tuple[str, str]]:
        """Every sentence with the path of its field."""
        for at, activity in enumerate(self.plan):
            yield f"teacher.plan.{at}.text", activity.text
        for at, wrong in enumerate(self.wrong):
            yield f"teacher.wrong.{at}.answer", wrong.answer
            yield f"teacher.wrong.{at}.shows", wrong.shows
        for at, question in enumerate(self.discuss):
            yield f"teacher.discuss.{at}", question


class Lesson(_Part):
    """What a file says, and ``number`` and ``language`` of its name.

    ``model`` is a checkpoint, or a film in ``FILMS``; ``beside`` are further checkpoints, and
    ``contrast`` a second text, where ``shows`` compares several.
    """

    number: int
    language: Language
    title: str
    minutes: int = Field(ge=1, le=60)
    model: str
    beside: tuple[str, ...] = ()
    contrast: str = Field(default="", max_length=LONGEST_TEXT)
    text: str = Field(min_length=1, max_length=LONGEST_TEXT)
    shows: Shows
    hide: tuple[Control, ...] = ()
    reveal: str
    attempt: str
    formula: str
    misconception: str
    correction: str
    takeaway: str
    predict: Prediction
    check: Check
    teacher: Teacher | None = None

    @model_validator(mode="after")
    def _names_live_numbers(self) -> "Lesson":
        known = PLACES[self.shows]
        for where, template in self._templates():
            for name in _places(template, where):
                if name not in known:
                    raise ValueError(f"{where}: {{{name}}} is none of {', '.join(sorted(known))}")
        if (name := self.predict.answer) not in known:
            raise ValueError(f"predict.answer: {name} is none of {', '.join(sorted(known))}")
        return self

    def _templates(self) -> Iterator[tuple[str, str]]:
        """Every sentence with the path of its field."""
        for name in ("reveal", "attempt", "formula", "misconception", "correction", "takeaway"):
            yield name, getattr(self, name)
        yield "predict.question", self.predict.question
        for id, text in self.predict.options.items():
            yield f"predict.options.{id}", text
        yield "check.question", self.check.question
        for at, option in enumerate(self.check.options):
            yield f"check.options.{at}.text", option.text
            yield f"check.options.{at}.feedback", option.feedback
        if self.teacher:
            yield from self.teacher.templates()


def _places(template: str, where: str) -> Iterator[str]:
    try:
        fields = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise ValueError(f"{where}: a brace stands alone; write {{{{ for one") from error
    yield from fields


def read_lesson(path: Path) -> Lesson:
    """Return the lesson of a file called NUMBER-NAME.LANGUAGE.toml.

    Raises:
        UserError: names the file, and the line where it is known.
    """
    if not (named := _NAME.fullmatch(path.name)):
        raise UserError(
            tr(
                'A lesson is called like 03-one-step.en.toml; "{name}" is not.',
                name=shown(path.name),
            )
        )
    text = _text_of(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(tr("{name} is no TOML: {error}.", name=path.name, error=error)) from error
    try:
        return Lesson.model_validate({**content, "number": int(named[1]), "language": named[2]})
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ").rstrip(".")
        parts = message.partition(":")[0].split(".")
        loc = first["loc"] or tuple(int(part) if part.isdigit() else part for part in parts)
        place = ".".join(map(str, first["loc"]))
        line = _line_of(text, loc)
        raise UserError(
            tr(
                "{name}, line {line}: {value}{message}.",
                name=path.name,
                line=line,
                value=f"{place}: " if place else "",
                message=message,
            )
        ) from error


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise UserError(
                tr("{name} is larger than {largest:,} bytes.", name=path.name, largest=_LARGEST)
            )
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(tr("{name} cannot be read as UTF-8.", name=path.name)) from error


def _line_of(text: str, loc: tuple[int | str, ...]) -> int:
    """The line, from 1, of the last part of ``loc`` that stands in the file."""
    lines, found = text.splitlines(), 0
    for part in loc:
        if isinstance(part, int):
            same = [at for at in range(found, len(lines)) if lines[at] == lines[found]]
            found = same[part] if part < len(same) else found
            continue
        starts = re.compile(rf"\s*(\[+[\w.]*{re.escape(part)}[\w.]*\]+|{re.escape(part)}\s*=)")
        found = next((at for at in range(found, len(lines)) if starts.match(lines[at])), found)
    return found + 1


@lru_cache(maxsize=4)
def lessons(language: Language, folder: Path = FOLDER) -> tuple[Lesson, ...]:
    """Return all lessons of a language in their order.

    Raises:
        UserError: as ``read_lesson`` for the first file that is wrong, and where two have the
            same number.
    """
    found = [read_lesson(path) for path in sorted(folder.glob(f"*-*.{language}.toml"))]
    if len({lesson.number for lesson in found}) < len(found):
        raise UserError(tr("Two lessons in {name} have the same number.", name=folder.name))
    return tuple(found)


def find_lesson(number: int, language: Language) -> Lesson:
    """Return the lesson of a number.

    Raises:
        UserError: if there is none; names those that there are.
    """
    there = {lesson.number: lesson for lesson in lessons(language)}
    if number not in there:
        numbers = joined(list(map(str, there)))
        raise UserError(
            tr("There is no lesson {number}; there are {numbers}.", number=number, numbers=numbers)
        )
    return there[number]


@lru_cache(maxsize=1)
def interface() -> dict[Language, dict[str, str]]:
    """Return what the page around lessons says, by language."""
    return tomllib.loads((FOLDER / "interface.toml").read_text("utf-8"))  # type: ignore[return-value]
