"""Documents that belong together, such as reviews of one film, kept on one side of a division.

A model that has seen reviews of a film knows its actors' names, and does better on further
reviews of it than on those of new films. It knows nothing about what groups mean.
"""

import numpy as np

from han_core.corpora.corpus import Corpus
from han_core.corpora.wording import listed, shown
from han_core.wrong_input import WrongInput


def groups_of(corpus: Corpus, column: str) -> np.ndarray:
    """(documents,) the number of each document's group; a document without one is its own.

    Args:
        column: its name, or NAME/N, where whole numbers make blocks of N.

    Raises:
        WrongInput: if there is no such column, a block has no size, or a cell is no
            whole number.
    """
    cells, block = _cells(corpus, column)
    named = [cell.strip() for cell in cells]
    if block:
        named = [_block(cell, block, column) if cell else "" for cell in named]
    alone = [name or f"\0{row}" for row, name in enumerate(named)]
    return np.unique(alone, return_inverse=True)[1]


def grouped_split(
    corpus: Corpus, groups: np.ndarray, fraction: float, seed: int
) -> tuple[Corpus, Corpus]:
    """(the rest, about ``fraction`` held out), both in order; no group stands in both.

    Groups are looked at in random order, and one is held out if that brings the classes
    nearer to ``fraction`` of each. Every class keeps a document in the rest.

    Args:
        groups: (documents,) as ``groups_of`` gives.

    Raises:
        WrongInput: if the share is out of range or no group can be held out.
    """
    if not 0 < fraction < 1:
        raise WrongInput(f"The share to hold out must lie between 0 and 1, but {fraction} came.")
    held = _held_out(_counts(corpus, groups), fraction, seed)
    if not held.any():
        raise WrongInput(
            f"No group of {corpus.name} can be held out: each is too large for the share "
            f"{fraction:.3g}, or the only one with some class."
        )
    there = held[groups]
    return corpus.take(np.flatnonzero(~there)), corpus.take(np.flatnonzero(there))


def _cells(corpus: Corpus, column: str) -> tuple[list[str], int]:
    """The cells of a column, and the size of blocks; 0 for none."""
    columns = {"id": corpus.ids, **corpus.extra}
    name, slash, size = column.rpartition("/")
    if column in columns or not slash:
        name, size = column, "0"
    if name not in columns:
        raise WrongInput(
            f'{corpus.name} has no column "{shown(name)}" that could name groups; the columns '
            f"beside text and label are: {listed(tuple(corpus.extra)) or 'none'}."
        )
    if not size.isdecimal() or (slash and name != column and not int(size)):
        raise WrongInput(
            f'Blocks of a column are written NAME/N with N at least 1; "{shown(column)}" came.'
        )
    return list(columns[name]), int(size)


def _block(cell: str, size: int, column: str) -> str:
    try:
        number = float(cell) if "." in cell else int(cell)
        if number != int(number):
            raise ValueError
    except (ValueError, OverflowError) as error:
        raise WrongInput(
            f'Whole numbers are expected in the column of "{shown(column)}"; "{shown(cell)}" came.'
        ) from error
    return str(int(number) // size)


def _counts(corpus: Corpus, groups: np.ndarray) -> np.ndarray:
    """(groups, classes) documents of each class in each group."""
    numbers = {label: number for number, label in enumerate(corpus.classes)}
    classes = np.array([numbers[label] for label in corpus.labels])
    counts = np.zeros((int(groups.max()) + 1, len(numbers)))
    np.add.at(counts, (groups, classes), 1)
    return counts


def _held_out(counts: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """(groups,) which to hold out."""
    whole = counts.sum(0)
    missing, left = fraction * whole, whole.copy()
    held = np.zeros(len(counts), dtype=bool)
    for group in np.random.default_rng(seed).permutation(len(counts)):
        own = counts[group]
        # Relative to each class, so that a rare one counts as much as a frequent one.
        nearer = (((missing - own) ** 2 - missing**2) / whole**2).sum() < 0
        if nearer and (left > own).all():
            held[group] = True
            missing, left = missing - own, left - own
    return held
