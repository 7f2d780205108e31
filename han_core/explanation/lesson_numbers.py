"""The live numbers of a lesson, ready for its sentences, and those of one classifier and a text.

``lesson_measures`` chooses among them, and has those of several models and other systems.
"""

from dataclasses import dataclass

import numpy as np

from han_core.explanation.anatomy import Anatomy, anatomy, state_changes
from han_core.explanation.interventions import Intervention, intervene
from han_core.explanation.lesson import PLACES, Prediction, Shows
from han_core.explanation.model_probe import ModelProbe
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

PADS = 50
"""Padding positions of the lesson on masks."""

LONGEST = 200
"""Words of a text of which each is taken out once."""

SMALL = 0.01
"""Change of a probability that counts as none."""

READ = 60
"""Words of a text whose states are compared without each of them."""

SAME = 0.99
"""Cosine from which half a state counts as unchanged."""

CANDIDATES = 4
"""Words among which the lesson on two levels asks for the strongest."""


@dataclass(frozen=True)
class LiveNumbers:
    """What a lesson says about a text.

    Attributes:
        shown: each place of the lesson's sentences, written for people.
        values: the shares among them, from 0 to 1.
        words: ids and labels of the words that can be chosen.
        columns, rows: the table that stands beside the question, with keys of the columns.
        segment, item: the place in the anatomy of words; the item is a token.
        key: a second token: in lessons that take words out, one whose removal changes much.

    Raises:
        ValueError: if a place of the sentences is missing.
    """

    shows: Shows
    shown: dict[str, str]
    values: dict[str, float]
    words: dict[str, str]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    segment: int = 0
    item: int = 0
    key: int = 0

    def __post_init__(self) -> None:
        if missing := PLACES[self.shows] - self.shown.keys():
            raise ValueError(f"live numbers for {sorted(missing)} are expected")

    def write(self, template: str) -> str:
        """Return a sentence of the lesson with its numbers."""
        return template.format(**self.shown)


def is_right(prediction: Prediction, live: LiveNumbers, given: float | str) -> bool:
    """Whether a prediction is right; a number is a share from 0 to 1."""
    if isinstance(given, str):
        return given == live.shown[prediction.answer]
    # Half a unit of the last digit that a reader can type is no mistake.
    return abs(given - live.values[prediction.answer]) <= prediction.tolerance + 1e-9


def percent(share: float) -> str:
    """Write a share; two digits of a very small one."""
    return f"{100 * share:.2f}%" if share >= 0.0001 else f"{100 * share:.2g}%"


def number(value: float) -> str:
    """Write a number with three decimals and a real minus sign."""
    return f"{value:.3f}".replace("-", "\u2212")


def step(probe: ModelProbe) -> LiveNumbers:
    """The strongest word, its score and its share, among the words it competes with."""
    layer = _anatomy(probe).steps[0]
    strongest = int(probe.explanation.document_weights.argmax())
    row = int(np.flatnonzero(layer.items == strongest)[0])
    segment = int(layer.owner[row])
    rows = layer.rows(segment)
    scores = layer.scores[rows].astype(float)
    if len(scores) < 3 or layer.form == "fixed":
        raise UserError(tr("This lesson needs at least three words that share their attention."))
    if not -100 < scores.max() < 100:
        raise UserError(tr("The scores of this text are too large to be written as exponentials."))
    exponentials = np.exp(scores)
    at, total = row - rows.start, exponentials.sum()
    pad = float(np.exp(layer.padding_scores[segment]))
    undivided = np.exp(layer.divisor * (scores - scores.max()))
    values = {
        "weight": float(exponentials[at] / total),
        "even": 1 / len(scores),
        "padded": float(exponentials[at] / (total + PADS * pad)),
        "plain": float(undivided[at] / undivided.sum()),
    }
    shown = {name: percent(value) for name, value in values.items()} | {
        "word": layer.names[row], "score": number(scores[at]), "exp": number(exponentials[at]),
        "sum": number(total), "rows": str(len(scores)), "pads": str(PADS), "pad_exp": number(pad),
        "size": str(layer.states.shape[1]), "divisor": number(layer.divisor),
    }  # fmt: skip
    table = tuple(
        (name, number(score), number(exponential))
        for name, score, exponential in zip(layer.names[rows], scores, exponentials, strict=True)
    )
    columns = ("word", "score", "exp")
    return LiveNumbers("step", shown, values, {}, columns, table, segment, strongest)


def _anatomy(probe: ModelProbe) -> Anatomy:
    return anatomy(probe.checkpoint, probe.document)


def levels(probe: ModelProbe) -> LiveNumbers:
    """The strongest word of each sentence, within its sentence and within the document."""
    explanation = probe.explanation
    tokens, owner = probe.document.token_texts(), explanation.sentence_of_token
    if not probe.checkpoint.kind.hierarchical or probe.sentences < 2:
        raise UserError(
            tr(
                "This lesson needs a text of at least two sentences, and a model with attention "
                "over sentences."
            )
        )
    tops = [
        int(max(np.flatnonzero(owner == at), key=explanation.word_weights.__getitem__))
        for at in range(probe.sentences)
    ]
    tops = sorted(tops, key=lambda at: -explanation.document_weights[at])[:CANDIDATES]
    winner, darkest = tops[0], max(tops, key=explanation.word_weights.__getitem__)

    def three(at: int) -> tuple[float, float, float]:
        within, sentence = explanation.word_weights[at], explanation.sentence_weights[owner[at]]
        return float(within), float(sentence), float(explanation.document_weights[at])

    parts = ("within", "sentence", "product")
    values = dict(zip(parts, three(winner), strict=True))
    values |= dict(zip((f"darkest_{part}" for part in parts), three(darkest), strict=True))
    names = {"word": tokens[winner], "darkest": tokens[darkest]}
    rows = [(tokens[at], *map(percent, three(at)[:2])) for at in sorted(tops)]
    return LiveNumbers(
        "levels",
        {name: percent(value) for name, value in values.items()} | names,
        values,
        {tokens[at]: tokens[at] for at in sorted(tops)},
        ("word", "within", "sentence"),
        tuple(rows),
        int(owner[winner]),
        winner,
    )


def removal(probe: ModelProbe) -> LiveNumbers:
    """The prediction without the strongest word, without the most effective one, and under
    other attention."""
    explanation, target = probe.explanation, probe.target
    tokens, weights = probe.document.token_texts(), explanation.document_weights
    if not 3 <= probe.tokens <= LONGEST:
        raise UserError(tr("This lesson needs a text of 3 to {longest} words.", longest=LONGEST))
    answers = probe.probabilities(~np.eye(probe.tokens, dtype=bool))  # (words, classes)
    after, before = answers[:, target], explanation.probability
    top = int(weights.argmax())
    others = np.where(np.arange(probe.tokens) == top, 0, np.abs(after - before))
    key = int(others.argmax())
    label = explanation.label
    values = {
        "weight": float(weights[top]), "before": before, "after": float(after[top]),
        "key_weight": float(weights[key]), "key_after": float(after[key]),
        "even": intervene(probe, Intervention("flatten")).explanation.chances[label],
        "shuffled": intervene(probe, Intervention("shuffle")).explanation.chances[label],
    }  # fmt: skip
    shown = {name: percent(value) for name, value in values.items()} | {
        "word": tokens[top], "key": tokens[key], "label": label,
        "change": _change(before, answers[top], target),
    }  # fmt: skip
    order = np.argsort(-weights, kind="stable")[:5]
    rows = tuple((tokens[at], percent(float(weights[at]))) for at in order)
    return LiveNumbers("removal", shown, values, {}, ("word", "weight"), rows, 0, top, key)


def _change(before: float, answer: np.ndarray, target: int) -> str:
    """What becomes of a prediction: it flips, falls, rises, or stays."""
    if answer.argmax() != target:
        return "flips"
    change = float(answer[target]) - before
    return "stays" if abs(change) < SMALL else "falls" if change < 0 else "rises"


def weighing(probe: ModelProbe) -> LiveNumbers:
    """The prediction from the mean of all states, and from the sum that the model weighs."""
    explanation, weights = probe.explanation, probe.explanation.document_weights
    if probe.tokens < 3:
        raise UserError(tr("This lesson needs a text of at least three words."))
    flat = intervene(probe, Intervention("flatten")).explanation
    target, top = int(flat.probabilities.argmax()), int(weights.argmax())
    tokens = probe.document.token_texts()
    values = {
        "weight": float(weights[top]), "share": float(flat.document_weights[top]),
        "even": flat.probability, "learnt": float(explanation.probabilities[target]),
    }  # fmt: skip
    shown = {name: percent(value) for name, value in values.items()} | {
        "word": tokens[top], "label": flat.label, "rows": str(probe.tokens),
        "change": _change(flat.probability, explanation.probabilities, target),
    }  # fmt: skip
    order = np.argsort(-weights, kind="stable")[:5]
    rows = tuple(
        (tokens[at], percent(float(flat.document_weights[at])), percent(float(weights[at])))
        for at in order
    )
    return LiveNumbers("weighing", shown, values, {}, ("word", "even", "weight"), rows, 0, top)


def neighbours(probe: ModelProbe) -> LiveNumbers:
    """The two words beside each other of which one's state changes most without the other."""
    tokens = probe.document.token_texts()
    words = [at for at, token in enumerate(tokens) if any(map(str.isalnum, token))]
    pairs = [(a, b) for a in words for b in words if abs(a - b) == 1]
    if not 3 <= probe.tokens <= READ or not pairs:
        raise UserError(tr("This lesson needs a text of 3 to {read} words.", read=READ))
    cosines = state_changes(probe.checkpoint, probe.document)  # (word taken out, words, halves)
    gone, word = min(pairs, key=lambda pair: cosines[pair].min())
    forward, backward = cosines[gone, word].tolist()
    changed = (forward < SAME, backward < SAME)
    half = {(True, False): "forward", (False, True): "backward", (True, True): "both"}
    spans = probe.document.tokens
    text, cut = probe.document.text, spans[gone]
    shown = {
        "word": tokens[word], "gone": tokens[gone], "forward": number(forward),
        "backward": number(backward), "half": half.get(changed, "neither"),
    }  # fmt: skip
    rows = ((text.strip(),), (" ".join((text[: cut.start] + text[cut.end :]).split()),))
    return LiveNumbers("neighbours", shown, {}, {}, ("text",), rows, 0, word, gone)
