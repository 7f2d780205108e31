"""Stretches: runs of clauses of the training documents, for teachers to label.

A model that has only whole documents to learn from cannot tell which of their clauses
decided; what teachers say of a part of a document tells it more. It knows nothing about
teachers or classes.
"""

import random
from collections.abc import Iterator, Sequence

import numpy as np

from han_core.planning.settings import LONGEST_STRETCH
from han_core.text.clauses import clause_ends, is_mark
from han_core.text.token_table import Documents, TokenTable
from han_core.wrong_input import WrongInput

SHORTEST = 3  # tokens of a stretch, marks included


def drawn(
    table: TokenTable,
    groups: Sequence[np.ndarray],
    numbers: np.ndarray,
    times: int,
    seed: int,
) -> Documents:
    """Up to ``times`` stretches of each text of the first group, each different one once.

    Each is as long and begins where chance has it; one that is a whole text of any group is
    left out.

    Args:
        groups: for each group (texts,) the rows of its texts in the table.
        numbers: (lexicon,) a vocabulary's number of each token of the table.

    Raises:
        WrongInput: if no text has several clauses.
    """
    marks = np.fromiter(map(is_mark, table.words()), dtype=bool)
    chance = random.Random(seed)
    known = {table.document(row)[0].tobytes() for row in np.concatenate(groups).tolist()}
    taken: list[int] = []
    spans: list[tuple[int, int]] = []
    for row in groups[0].tolist():
        words, sentences = table.document(row)
        for start, end in _spans(clause_ends(marks[words], sentences), times, chance):
            content = words[start:end].tobytes()
            if end - start >= SHORTEST and content not in known:
                known.add(content)
                taken.append(row)
                spans.append((start, end))
    if not taken:
        raise WrongInput(
            "Stretches are runs of clauses of a training document; none of these has several."
        )
    return Documents(table, np.array(taken), numbers, np.array(spans))


def _spans(ends: np.ndarray, times: int, chance: random.Random) -> Iterator[tuple[int, int]]:
    """Tokens from and to, of runs of some clauses and never of all."""
    most = min(len(ends) - 1, LONGEST_STRETCH)
    for _ in range(times if most else 0):
        clauses = chance.randint(1, most)
        first = chance.randint(0, len(ends) - clauses)
        yield int(ends[first - 1]) if first else 0, int(ends[first + clauses - 1])
