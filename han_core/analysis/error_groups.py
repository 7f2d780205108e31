"""Groups of similar errors: wrong documents that lie close together in the model's vectors.

K-means on the vectors, for the number of groups with the best silhouette (Rousseeuw 1987). The
words of a group are those with the highest log-odds against all other errors, with an informative
Dirichlet prior (Monroe, Colaresi and Quinn 2008, "Fightin' Words", Political Analysis 16,
equations 15 to 22), counted in documents. Everything is deterministic.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from han_core.analysis.annotations.schema import LONGEST_NAME
from han_core.analysis.dataset import Store, stored_words

FEWEST = 10
"""Errors below which there is one group."""

MOST_GROUPS = 10
FITTED = 4_000  # errors to which the groups are fitted; the rest join the nearest group
JUDGED = 1_500  # errors by which a number of groups is judged
PRIOR = 0.1  # words of the prior, as a share of all that are counted
CLEAR = 1.96  # standard errors from which a word is characteristic
WORDS, EXAMPLES = 8, 3


@dataclass(frozen=True)
class ErrorGroup:
    """Wrong documents that are alike for the model.

    Attributes:
        rows: (documents,) of the scored data, ascending.
        true, predicted: the most frequent confusion among them.
        share: of the documents with that confusion.
        words: characteristic ones, the clearest first; none where none is clear.
        examples: rows of the documents nearest to the centre.
    """

    rows: np.ndarray
    true: str
    predicted: str
    share: float
    words: tuple[str, ...]
    examples: tuple[int, ...]

    @property
    def tag(self) -> str:
        """A name to tag the documents with."""
        name = f"{self.true} → {self.predicted}"
        return (f"{name}: {', '.join(self.words[:3])}" if self.words else name)[:LONGEST_NAME]


@dataclass(frozen=True)
class ErrorGroups:
    """All groups, the largest first.

    Attributes:
        silhouette: how well the groups are apart, -1 to 1; None of a single one.
    """

    groups: tuple[ErrorGroup, ...]
    silhouette: float | None


def find_error_groups(store: Store, rows: np.ndarray, vectors: np.ndarray) -> ErrorGroups:
    """Group wrong documents.

    Args:
        rows: (documents,) wrong ones, ascending.
        vectors: (documents, size) of length 1.
    """
    if not len(rows):
        return ErrorGroups((), None)
    vectors = np.asarray(vectors, dtype=np.float32)
    codes, silhouette = cluster(vectors)
    words = _characteristic_words(store, rows, codes)
    groups = [
        _group(store, rows[codes == code], vectors[codes == code], words[code])
        for code in range(codes.max() + 1)
    ]
    ordered = sorted(groups, key=lambda group: (-len(group.rows), group.rows[0]))
    return ErrorGroups(tuple(ordered), silhouette)


def cluster(vectors: np.ndarray) -> tuple[np.ndarray, float | None]:
    """Return (documents,) codes from 0 and the silhouette, of the best number of groups."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    different = len(np.unique(vectors, axis=0))
    one = np.zeros(len(vectors), dtype=np.int64), None
    if len(vectors) < FEWEST or different < 3:
        return one
    draw = np.random.default_rng(0)
    fitted = vectors[draw.permutation(len(vectors))[:FITTED]]
    best: tuple[float, KMeans] | None = None
    for number in range(2, min(MOST_GROUPS, different - 1, len(fitted) // 3) + 1):
        means = KMeans(number, n_init=5, random_state=0).fit(fitted)
        judged = means.labels_[:JUDGED]
        if not 1 < len(np.unique(judged)) < len(judged):
            continue
        score = float(silhouette_score(fitted[:JUDGED], judged))
        if best is None or score > best[0]:
            best = score, means
    if best is None:
        return one
    return np.unique(best[1].predict(vectors), return_inverse=True)[1], best[0]


def log_odds(group: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the log-odds ratio of each word in standard errors; above 0: of the group.

    Args:
        group, others: (words,) counts. The prior is ``PRIOR`` times their sum.
    """
    prior = PRIOR * (group + others)
    ratio, variance = np.zeros(len(group)), np.zeros(len(group))
    for counts, sign in ((group, 1), (others, -1)):
        with_prior = counts + prior
        rest = (counts + prior).sum() - with_prior
        ratio += sign * (np.log(with_prior) - np.log(np.maximum(rest, 1e-12)))
        variance += 1 / with_prior
    return ratio / np.sqrt(variance)


def _characteristic_words(
    store: Store, rows: np.ndarray, codes: np.ndarray
) -> list[tuple[str, ...]]:
    """The words of each group, by the documents that have them."""
    counts = [Counter[str]() for _ in range(codes.max() + 1)]
    for code, stored in zip(codes, stored_words(store.scores, rows), strict=True):
        counts[code].update({word for word in stored.words if any(map(str.isalpha, word))})
    together = sum(counts, Counter[str]())
    words = sorted(word for word, number in together.items() if number > 1)
    if not words or len(counts) < 2:
        return [()] * len(counts)
    table = np.array([[count[word] for word in words] for count in counts], dtype=float)
    return [_clearest(words, row, table.sum(0) - row) for row in table]


def _clearest(words: list[str], group: np.ndarray, others: np.ndarray) -> tuple[str, ...]:
    scores = np.where(group > 1, log_odds(group, others), -np.inf)
    order = np.argsort(-scores, kind="stable")[:WORDS]
    return tuple(words[at] for at in order if scores[at] >= CLEAR)


def _group(
    store: Store, rows: np.ndarray, vectors: np.ndarray, words: tuple[str, ...]
) -> ErrorGroup:
    outcomes, labels = store.outcomes.take(rows), store.labels
    pairs = Counter(zip(outcomes.true.tolist(), outcomes.predicted.tolist(), strict=True))
    (true, predicted), number = min(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
    away = np.linalg.norm(vectors - vectors.mean(0), axis=1).round(5)
    examples = rows[np.lexsort((rows, away))[:EXAMPLES]]
    return ErrorGroup(
        rows, labels[true], labels[predicted], number / len(rows), words,
        tuple(examples.tolist()),
    )  # fmt: skip
