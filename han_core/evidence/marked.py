"""How well a ranking of words agrees with the words that people marked.

One document at a time, in numbers alone: ``marked`` is bool (words,), of one person;
``scores`` are (words,), the highest first. Ties have no order here: words of equal score
come together, or share what there is, so nothing depends on chance. It does not know
where scores come from.
"""

import numpy as np

from han_core.text.document import Document, Span


def marked_words(document: Document, spans: tuple[Span, ...]) -> np.ndarray:
    """(tokens,) whether a token shares a character with one of ``spans``."""
    tokens = np.array(document.tokens).reshape(-1, 2)
    marked = np.zeros(len(tokens), dtype=bool)
    for start, end in spans:
        first = np.searchsorted(tokens[:, 1], start, side="right")
        marked[first : np.searchsorted(tokens[:, 0], end, side="left")] = True
    return marked


def average_precision(marked: np.ndarray, scores: np.ndarray) -> float:
    """The area under the precision-recall curve, as scikit-learn computes it.

    The mean of precision over steps of recall, Σ (R_n − R_{n−1}) P_n (Manning et al. 2008,
    section 8.4), a step for each different score.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # of the words of its score
    found, taken = marked[order].cumsum()[last], np.flatnonzero(last) + 1
    return float((np.diff(found, prepend=0) * found / taken).sum() / marked.sum())


def f1_at_length(marked: np.ndarray, scores: np.ndarray) -> float:
    """F1 of the words on top, as many as are marked; precision and recall are the same.

    Where equal scores stand at the edge, the mean over all ways to choose among them.
    """
    length = int(marked.sum())
    edge = np.sort(scores)[-length]
    above, level = scores > edge, scores == edge
    chosen = (length - above.sum()) / level.sum()
    return float((marked[above].sum() + chosen * marked[level].sum()) / length)


def random_average_precision(marked: np.ndarray) -> float:
    """The mean of ``average_precision`` over all orders of the words.

    The word at place i is marked with chance k/n, and one before it then with chance
    (k−1)/(n−1); summed over places, (H_n + (k−1)(n − H_n)/(n−1)) / n for the harmonic
    number H_n (Bestgen 2015, "Exact expected average precision of the random baseline").
    """
    words, length = len(marked), int(marked.sum())
    harmonic = (1 / np.arange(1, words + 1)).sum()
    return float((harmonic + (length - 1) * (words - harmonic) / max(1, words - 1)) / words)


def random_f1(marked: np.ndarray) -> float:
    """The mean of ``f1_at_length`` over all orders: the share that is marked."""
    return float(marked.mean())


def people_average_precision(marked: np.ndarray) -> float | None:
    """How well the others rank what one person marked, the mean over people.

    Args:
        marked: bool (people, words), at least a word of each.

    Returns:
        Words are ranked by how many of the others marked them; None for one person.
    """
    if len(marked) < 2:
        return None
    others = marked.sum(0) - marked  # (people, words)
    pairs = zip(marked, others, strict=True)
    return float(np.mean([average_precision(own, other) for own, other in pairs]))


def people_f1(marked: np.ndarray) -> float | None:
    """2 |A ∩ B| / (|A| + |B|) of what two people marked, the mean over pairs.

    Args:
        marked: as in ``people_average_precision``; None for one person.
    """
    if len(marked) < 2:
        return None
    both = marked.astype(float) @ marked.T  # (people, people) words in common
    sizes = both.diagonal()
    found = 2 * both / (sizes[:, None] + sizes)
    return float(found[np.triu_indices(len(marked), k=1)].mean())
