"""The figures of a lesson on paper: what is known, and blanks for what a class fills in.

Each is a table with a bar in some cells, so that it can be read in black and white, and drawn
into by hand. Blanks hold the solution, which the page shows when it is asked to.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from han_core.explanation.anatomy import anatomy, state_changes
from han_core.explanation.lesson import Lesson, Shows
from han_core.explanation.lesson_measures import TENS, Material, Moment, self_attention
from han_core.explanation.lesson_numbers import PADS, LiveNumbers, number, percent
from han_core.explanation.model_probe import ModelProbe
from han_core.models.translate import Translation

MOST_ROWS = 16
"""Words of a figure: so many lines leave room for the questions on the same page."""

MOST_COLUMNS = 32
"""Words of a matrix: so many columns are as wide as the page."""


@dataclass(frozen=True)
class Cell:
    """One cell of a figure.

    Attributes:
        text: what stands in it.
        share: the length of its bar, from 0 to 1; None where there is none.
        blank: whether it is left to be filled in; text and bar then belong to the solution.
    """

    text: str
    share: float | None = None
    blank: bool = False


@dataclass(frozen=True)
class Figure:
    """A table: names of its columns, rows of cells, and a line under it.

    Attributes:
        half: whether it takes half the width, so that two stand beside each other.
        matrix: whether cells hold squares of the size of their share, and no bars.

    Raises:
        ValueError: if a row is not as wide as the header.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    half: bool = False
    matrix: bool = False

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"rows of {len(self.header)} cells are expected")


Words = Mapping[str, str]


def lesson_figures(
    lesson: Lesson, material: Material, live: LiveNumbers, words: Words
) -> list[Figure]:
    """Return what stands above the questions of a lesson.

    Args:
        material: what the live numbers were measured on.
        words: of the interface, in the language of the lesson.
    """
    draw = _FIGURES.get(lesson.shows)
    return draw(lesson, material, live, words) if draw else _table(live, words)


def _share(value: float, blank: bool = False) -> Cell:
    return Cell(percent(value), value, blank)


def _table(live: LiveNumbers, words: Words) -> list[Figure]:
    """The table that stands beside the question on the page."""
    if not live.rows:
        return []
    rows = tuple(tuple(map(Cell, row)) for row in live.rows)
    return [Figure(tuple(words[column] for column in live.columns), rows)]


def _heaviest(weights: np.ndarray, most: int = MOST_ROWS) -> np.ndarray:
    """The places of the heaviest words, in reading order."""
    return np.sort(np.argsort(-weights, kind="stable")[:most])


def _caption(shown: np.ndarray, of: int, words: Words) -> str:
    if len(shown) == of:
        return ""
    return words["handout_heaviest"].format(shown=len(shown), of=of)


def _step(lesson: Lesson, probe: ModelProbe, live: LiveNumbers, words: Words) -> list[Figure]:
    """Score and exponential of each word, and the weight that the question asks for."""
    layer = anatomy(probe.checkpoint, probe.document).steps[0]
    rows = layer.rows(live.segment)
    scores, names = layer.scores[rows].astype(float), layer.names[rows]
    exponentials, asked = np.exp(scores), lesson.predict.answer
    total, pads = exponentials.sum(), PADS * float(np.exp(layer.padding_scores[live.segment]))
    undivided = np.exp(layer.divisor * (scores - scores.max()))
    weights = {
        "weight": exponentials / total,
        "plain": undivided / undivided.sum(),
        "padded": exponentials / (total + pads),
    }
    known = () if asked == "weight" else ("weight",)
    shown = _heaviest(scores)
    body = [
        (Cell(names[at]), Cell(number(scores[at])), Cell(number(exponentials[at])),
         *(_share(weights[one][at]) for one in known), _share(weights[asked][at], blank=True))
        for at in shown
    ]  # fmt: skip
    full = tuple(Cell("100%") for _ in known)
    if asked == "padded":
        none = tuple(Cell("") for _ in known)
        padding = words["handout_pads"].format(pads=PADS)
        body.append((Cell(padding), Cell(""), Cell(f"{PADS} × {live.shown['pad_exp']}"), *none,
                     _share(pads / (total + pads), blank=True)))  # fmt: skip
        total += pads
    body.append((Cell(words["sum"]), Cell(""), Cell(number(total), blank=asked == "padded"),
                 *full, Cell("100%")))  # fmt: skip
    header = ("word", "score", "exp", *known, {"weight": "weight"}.get(asked, f"handout_{asked}"))
    caption = _caption(shown, len(names), words)
    return [Figure(tuple(words[name] for name in header), tuple(body), caption)]


def _levels(lesson: Lesson, probe: ModelProbe, live: LiveNumbers, words: Words) -> list[Figure]:
    """The strongest word of each sentence: both shares, and a blank for their product."""
    explanation, tokens = probe.explanation, probe.document.token_texts()
    owner = explanation.sentence_of_token
    firsts = [np.flatnonzero(owner == at) for at in range(probe.sentences)]
    tops = [int(places[explanation.word_weights[places].argmax()]) for places in firsts]
    heaviest = sorted(tops, key=lambda at: -explanation.document_weights[at])[: len(live.rows)]
    rows = tuple(
        (
            Cell(tokens[at]),
            _share(float(explanation.word_weights[at])),
            _share(float(explanation.sentence_weights[owner[at]])),
            _share(float(explanation.document_weights[at]), blank=True),
        )
        for at in sorted(heaviest)
    )
    header = ("word", "within", "sentence", "handout_product")
    return [Figure(tuple(words[name] for name in header), rows)]


def _removal(lesson: Lesson, probe: ModelProbe, live: LiveNumbers, words: Words) -> list[Figure]:
    """The strongest words; and the probability as it is, with a blank for each change."""
    weights, tokens = probe.explanation.document_weights, probe.document.token_texts()
    order = np.argsort(-weights, kind="stable")[: len(live.rows)]
    strongest = tuple((Cell(tokens[at]), _share(float(weights[at]))) for at in order)
    changes = {
        "change_word": "after", "change_key": "key_after", "change_even": "even",
        "change_shuffled": "shuffled",
    }  # fmt: skip
    rows = [(Cell(words["change_none"]), _share(live.values["before"]))]
    rows += [
        (Cell(live.write(words[change])), _share(live.values[name], blank=True))
        for change, name in changes.items()
    ]
    chance = words["handout_chance"].format(label=live.shown["label"])
    return [
        Figure((words["word"], words["weight"]), strongest),
        Figure((words["change"], chance), tuple(rows)),
    ]


def _weighing(lesson: Lesson, probe: ModelProbe, live: LiveNumbers, words: Words) -> list[Figure]:
    """Blanks for the weights of the words, and what becomes of the prediction."""
    weights, tokens = probe.explanation.document_weights, probe.document.token_texts()
    shown = _heaviest(weights, 2 * MOST_ROWS)
    header = (words["word"], words["weight"])
    halves = [
        tuple((Cell(tokens[at]), _share(float(weights[at]), blank=True)) for at in half)
        for half in np.array_split(shown, 2)
    ]
    chance = words["handout_chance"].format(label=live.shown["label"])
    answers = (
        (Cell(words["power_0"]), _share(live.values["even"])),
        (Cell(words["power_1"]), _share(live.values["learnt"], blank=True)),
    )
    caption = _caption(shown, len(tokens), words)
    return [
        Figure(header, halves[0], half=True),
        Figure(header, halves[1], caption, half=True),
        Figure((words["handout_weights"], chance), answers),
    ]


def _neighbours(lesson: Lesson, probe: ModelProbe, live: LiveNumbers, words: Words) -> list[Figure]:
    """Each word, with blanks for what becomes of both halves of its state."""
    tokens = probe.document.token_texts()
    cosines = state_changes(probe.checkpoint, probe.document)[live.key]
    near = np.argsort(np.abs(np.arange(len(tokens)) - live.key), kind="stable")[:MOST_ROWS]
    gone = Cell(words["handout_gone"])
    rows = tuple(
        (Cell(tokens[at]), *([gone, gone] if at == live.key else
                             [Cell(number(value), blank=True) for value in cosines[at]]))
        for at in np.sort(near)
    )  # fmt: skip
    header = (words["word"], words["forward"], words["backward"])
    return [Figure(header, rows, words["handout_cosine"].format(word=live.shown["gone"]))]


def _matrix(
    names: Sequence[str],
    columns: Sequence[str],
    weights: np.ndarray,
    blanks: Collection[int],
    words: Words,
) -> list[Figure]:
    """A square for each weight, in the rows ``blanks`` as the solution; none if it is too wide."""
    if len(columns) > MOST_COLUMNS or len(names) > MOST_COLUMNS:
        return []
    rows = tuple(
        (Cell(name), *(Cell("", float(weight), at in blanks) for weight in weights[at]))
        for at, name in enumerate(names)
    )
    header = ("", *(column.strip() or "␣" for column in columns))
    return [Figure(header, rows, words["handout_squares"], matrix=True)]


def _alignment(
    lesson: Lesson, both: Sequence[Translation], live: LiveNumbers, words: Words
) -> list[Figure]:
    """Where each sign of the answer was read, and a blank for the one that is asked about."""
    own = both[0]
    matrix = _matrix(own.target_words, own.source_words, own.alignment, {TENS}, words)
    return [*_table(live, words), *matrix]


def _heads(
    lesson: Lesson, both: Sequence[ModelProbe], live: LiveNumbers, words: Words
) -> list[Figure]:
    """A blank for each weight of the head that is asked about."""
    tokens = both[0].document.token_texts()
    weights = self_attention(both[0]).weights[live.segment, live.item]
    return _matrix(tokens, tokens, weights, range(len(tokens)), words)


def _film(
    lesson: Lesson, moments: Sequence[Moment], live: LiveNumbers, words: Words
) -> list[Figure]:
    """Weights before the first step, and blanks for those at the end."""
    first, last = moments[0].explanation, moments[-1].explanation
    shown, tokens = _heaviest(last.document_weights), last.document.token_texts()
    rows = tuple(
        (Cell(tokens[at]), _share(float(first.document_weights[at])),
         _share(float(last.document_weights[at]), blank=True))
        for at in shown
    )  # fmt: skip
    header = (words["word"], words["handout_first"], words["handout_last"])
    return [Figure(header, rows, _caption(shown, len(tokens), words))]


_FIGURES: dict[Shows, Callable[[Lesson, Any, LiveNumbers, Words], list[Figure]]] = {
    "step": _step, "levels": _levels, "removal": _removal, "weighing": _weighing,
    "neighbours": _neighbours, "alignment": _alignment, "heads": _heads, "film": _film,
}  # fmt: skip
