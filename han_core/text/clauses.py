"""Where clauses end: at marks such as commas, and at the ends of sentences.

By the words of a text alone, so that it serves every language whose tokenizer makes marks
words of their own. It knows nothing about what is done with clauses.
"""

import numpy as np

MARKS = frozenset(",;:.!?…–—，；：。．！？、､｡،؛؟۔।॥")
"""Of Latin, Chinese and Japanese, Arabic, and Indic writing."""


def is_mark(word: str) -> bool:
    """Whether ``word`` ends a clause: "," or "?!"."""
    return bool(word) and MARKS.issuperset(word)


def clause_ends(marks: np.ndarray, sentences: np.ndarray) -> np.ndarray:
    """Where each clause of a text ends, the last one with the text.

    Of several marks in a row the last one ends the clause, so that none consists of marks
    alone unless a text begins with them.

    Args:
        marks: (tokens,) bool whether each is a mark; at least one token.
        sentences: (sentences,) tokens in each.

    Returns:
        (clauses,) int64 the number of tokens before each end, ascending.
    """
    ends = marks.copy()
    ends[np.cumsum(sentences) - 1] = True
    ends[:-1] &= ~marks[1:]
    return np.flatnonzero(ends) + 1
