"""Behavioural tests: does a small change of the text leave the answer as it should be?

Invariance and directional tests of Ribeiro et al. 2020 ("Beyond Accuracy: Behavioral Testing of
NLP Models with CheckList", section 2.2), made of documents at hand instead of templates. No labels
are needed: each answer is compared with the model's own answer on the unchanged text.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from han_core.explanation.statistics import Interval, share
from han_core.models.checkpoint import Checkpoint
from han_core.models.predict import Progress, predict
from han_core.runtime.messages import mark, tr
from han_core.text.languages import language_name
from han_core.text.perturbations import (
    Replacement,
    final_punctuation,
    negations,
    other_names,
    replaced,
    typos,
    upper_case,
    without_commas,
)

MOST_DOCUMENTS = 200
AT_ONCE = 25
"""Texts between two reports of progress."""

Expected = Literal["same", "other"]
EXPECTED: dict[Expected, str] = {"same": mark("same class"), "other": mark("another class")}
Change = Callable[[str, str, random.Random], list[Replacement]]


@dataclass(frozen=True)
class BehaviouralTest:
    """One kind of change, and what a good model should answer.

    Attributes:
        about: one sentence on what is changed.
        expected: the same class as before, or another one.
        languages: codes of the languages that it knows; () for every language.
        change: of a text, its language and a source of chance: what is replaced.
    """

    name: str
    about: str
    expected: Expected
    languages: tuple[str, ...]
    change: Change

    def applies_to(self, language: str) -> bool:
        return not self.languages or language in self.languages

    @property
    def for_languages(self) -> str:
        """The languages as words: "English, Chinese"."""
        return tr(", ").join(map(language_name, self.languages)) or tr("any language")


TESTS = (
    BehaviouralTest(
        mark("Typos"),
        mark("Two neighbouring letters are swapped in one word of ten. Words of an alphabet only."),
        "same", (), lambda text, language, chance: typos(text, chance),
    ),
    BehaviouralTest(
        mark("Negation"),
        mark("“not” is put behind every is, are, was, were, am (不 or 没 in Chinese), and taken "
             "away where it stands. Meant for opinions: a topic should stay the same."),
        "other", ("en", "zh"), lambda text, language, chance: negations(text, language),
    ),
    BehaviouralTest(
        mark("Names"),
        mark("First names (in Chinese family names before a title) are exchanged for others."),
        "same", ("en", "zh"), other_names,
    ),
    BehaviouralTest(
        mark("Final punctuation"),
        mark("The marks at the end of the text are taken away, or a full stop is added."),
        "same", (), lambda text, language, chance: final_punctuation(text, language),
    ),
    BehaviouralTest(
        mark("Commas"),
        mark("All commas, semicolons and colons between words are taken away."),
        "same", (), lambda text, language, chance: without_commas(text),
    ),
    BehaviouralTest(
        mark("Upper case"),
        mark("The whole text is written in capital letters."),
        "same", (), lambda text, language, chance: upper_case(text),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Failure:
    """A document on which the answer was not as expected.

    Attributes:
        document: its place among those that were tested, from 0.
        text: after the change.
        before, after: predicted classes.
        probability_before, probability_after: of the class predicted before.
    """

    document: int
    text: str
    before: str
    after: str
    probability_before: float
    probability_after: float


@dataclass(frozen=True)
class BehaviourOutcome:
    """One test on all documents.

    Attributes:
        applies: whether it knows the language.
        documents: how many it changed; the others say nothing.
        held: share of these on which the answer was as expected, with Wilson's interval.
        shift: mean change of the probability of the class predicted before; None of none.
        failures: in the order of the documents.
    """

    test: BehaviouralTest
    applies: bool
    documents: int
    held: Interval
    shift: float | None
    failures: tuple[Failure, ...]


def behaviour(
    checkpoint: Checkpoint,
    texts: Sequence[str],
    tests: Sequence[BehaviouralTest] = TESTS,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[BehaviourOutcome]:
    """Test a model on changed texts.

    Args:
        texts: each with at least one word.
        progress: called with the answers so far and all that are needed.

    Raises:
        UserError: if a text has no word, or the model's values are not finite.
    """
    language = checkpoint.config.text.language
    changed = [_changed(test, texts, language, seed) for test in tests]
    wanted = [*texts, *(text for each in changed for text in each.values())]
    answers = iter(_answers(checkpoint, wanted, progress))
    before = np.array([next(answers) for _ in texts])
    return [
        _outcome(test, each, before, [next(answers) for _ in each], checkpoint)
        for test, each in zip(tests, changed, strict=True)
    ]


def _changed(
    test: BehaviouralTest, texts: Sequence[str], language: str, seed: int
) -> dict[int, str]:
    """The texts that a test changes, by their places; a document's chance is its own."""
    if not test.applies_to(language):
        return {}
    after = (
        replaced(text, test.change(text, language, random.Random(f"{seed} {place}")))
        for place, text in enumerate(texts)
    )
    return {place: new for place, new in enumerate(after) if new != texts[place]}


def _answers(
    checkpoint: Checkpoint, texts: Sequence[str], progress: Progress | None
) -> list[np.ndarray]:
    """(texts,) probabilities (classes,) of each, the same text asked about once."""
    different = list(dict.fromkeys(texts))
    known: dict[str, np.ndarray] = {}
    for start in range(0, len(different), AT_ONCE):
        part = different[start : start + AT_ONCE]
        known |= zip(part, predict(checkpoint, part), strict=True)
        if progress is not None:
            progress(len(known), len(different))
    return [known[text] for text in texts]


def _outcome(
    test: BehaviouralTest,
    changed: dict[int, str],
    before: np.ndarray,
    answers: list[np.ndarray],
    checkpoint: Checkpoint,
) -> BehaviourOutcome:
    labels, language = checkpoint.labels, checkpoint.config.text.language
    failures, shifts = [], []
    for (place, text), after in zip(changed.items(), answers, strict=True):
        old, new = int(before[place].argmax()), int(after.argmax())
        shifts.append(float(after[old] - before[place][old]))
        if (old == new) != (test.expected == "same"):
            probabilities = float(before[place][old]), float(after[old])
            failures.append(Failure(place, text, labels[old], labels[new], *probabilities))
    held = share(len(changed) - len(failures), len(changed))
    shift = float(np.mean(shifts)) if shifts else None
    return BehaviourOutcome(
        test, test.applies_to(language), len(changed), held, shift, tuple(failures)
    )


def outcome_table(outcomes: Sequence[BehaviourOutcome]) -> pd.DataFrame:
    """Return a row for each test.

    Columns: test, expected ("same class", "another class"), held, low, high (shares; missing
    of no document), documents, failed, shift, languages.
    """
    rows = [
        {
            "test": each.test.name,
            "expected": EXPECTED[each.test.expected],
            "held": each.held.mean,
            "low": each.held.low,
            "high": each.held.high,
            "documents": each.documents,
            "failed": len(each.failures),
            "shift": each.shift,
            "languages": each.test.for_languages,
        }
        for each in outcomes
    ]
    shares = dict.fromkeys(("held", "low", "high", "shift"), "float64")
    return pd.DataFrame(rows).astype(shares)
