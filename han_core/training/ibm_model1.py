"""IBM model 1 with a prior on the diagonal: word translation probabilities by EM.

Each target word comes from one source word, or from none (Brown et al. 1993, model 1). Which one is
likelier near the diagonal: the prior of source place i of m for target place j of n is (1 − p0)
exp(−λ |i/m − j/n|) / Z, and p0 for none (Dyer et al. 2013, equations 1 and 2).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NONE = -1


@dataclass(frozen=True)
class DiagonalPrior:
    """Where a target word's source is expected.

    Attributes:
        tension: λ; 0 is model 1 without a prior.
        null: p0, of no source word at all.
    """

    tension: float = 4.0
    null: float = 0.08

    def weights(self, source: int, target: int) -> np.ndarray:
        """Return (target words, source words + 1) with sum 1 in each row; no word comes first."""
        i = (np.arange(source) + 1) / source
        j = (np.arange(target) + 1) / target
        near = np.exp(-self.tension * np.abs(i[None, :] - j[:, None]))
        near *= (1 - self.null) / near.sum(1, keepdims=True)
        return np.hstack((np.full((target, 1), self.null), near))


def align_corpus(
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
    rounds: int = 5,
    prior: DiagonalPrior = DiagonalPrior(),  # frozen
) -> list[np.ndarray]:
    """Return for each pair the source place of each target word (target words,), or ``NONE``.

    Args:
        pairs: numbered words of both sides, no side empty.
        rounds: of expectation and maximisation.
    """
    if not pairs:
        return []
    cells = _Cells.of(pairs, prior)
    translation = np.ones(len(cells.source_of_kind))
    for _ in range(rounds):
        counts = np.bincount(cells.kind, cells.posterior(translation), len(translation))
        totals = np.bincount(cells.source_of_kind, counts)
        translation = counts / np.maximum(totals, 1e-300)[cells.source_of_kind]
    return cells.best(cells.posterior(translation), pairs)


@dataclass(frozen=True)
class _Cells:
    """All places that all target words may come from, one after another.

    Attributes:
        kind: (cells,) number of the pair of words.
        prior: (cells,)
        word: (cells,) number of the target word, counted through the corpus.
        source_of_kind: (kinds,) the source word of each pair of words; 0 is none.
    """

    kind: np.ndarray
    prior: np.ndarray
    word: np.ndarray
    source_of_kind: np.ndarray

    @classmethod
    def of(
        cls, pairs: Sequence[tuple[Sequence[int], Sequence[int]]], prior: DiagonalPrior
    ) -> "_Cells":
        priors: dict[tuple[int, int], np.ndarray] = {}
        kinds, weights, words, first = [], [], [], 0
        for source, target in pairs:
            places = np.concatenate(([0], np.asarray(source, np.int64) + 1))
            kinds.append((places[None, :] << 32 | np.asarray(target, np.int64)[:, None]).ravel())
            shape = len(source), len(target)
            if shape not in priors:
                priors[shape] = prior.weights(*shape).ravel()
            weights.append(priors[shape])
            words.append(first + np.repeat(np.arange(len(target)), len(places)))
            first += len(target)
        names, kind = np.unique(np.concatenate(kinds), return_inverse=True)
        return cls(kind, np.concatenate(weights), np.concatenate(words), names >> 32)

    def posterior(self, translation: np.ndarray) -> np.ndarray:
        """(cells,) probability of each place, with sum 1 for each target word."""
        joint = translation[self.kind] * self.prior
        return joint / np.maximum(np.bincount(self.word, joint), 1e-300)[self.word]

    def best(
        self, posterior: np.ndarray, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]
    ) -> list[np.ndarray]:
        found, start = [], 0
        for source, target in pairs:
            end = start + len(target) * (len(source) + 1)
            rows = posterior[start:end].reshape(len(target), len(source) + 1)
            found.append(rows.argmax(1) - 1)
            start = end
        return found
