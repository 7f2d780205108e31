"""An explanation from what scoring stored, for when the model that made it is gone.

Scores keep words and weights but not where the words stand, so they are found again in
the text. It knows nothing about models.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from han_core.explanation.explanation import Explanation
from han_core.text.document import Document, Sentence, Span

if TYPE_CHECKING:
    from han_core.errors.asked.table import Reading


def explanation_of(read: "Reading", labels: tuple[str, ...]) -> Explanation:
    """What ``explain`` said at the time, in the precision that was stored.

    Which words were unknown is not stored one by one, so all count as known.
    """
    return Explanation(
        read.id,
        document_of(read.text, read.words, read.sentence_lengths.tolist()),
        labels,
        np.asarray(read.probabilities, dtype=np.float64),
        read.attention.sentence_weights,
        read.attention.word_weights,
        np.ones(len(read.words), dtype=bool),
    )


def document_of(text: str, words: Sequence[str], lengths: Sequence[int]) -> Document:
    """The text with the spans of its words; the words alone where they are not in it.

    Args:
        words: in order, in lower case or as they stand.
        lengths: words in each sentence.
    """
    spans = _found(text, words)
    if spans is None:
        text = " ".join(words)
        ends = accumulate(len(word) + 1 for word in words)
        spans = [Span(end - 1 - len(word), end - 1) for word, end in zip(words, ends, strict=True)]
    seen = spans[-1].end if spans else 0
    # What follows the last word is white space, or was cut off before the model read it.
    rest = text[seen:]
    return Document(text, tuple(_sentences(spans, lengths)), seen if rest.strip() else len(text))


def _found(text: str, words: Sequence[str]) -> list[Span] | None:
    """Each word at its first place after the one before; None if one is nowhere."""
    # Letter by letter: a few capitals become two letters, and offsets would shift.
    lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    spans, edge = [], 0
    for word in words:
        found = [at for at in (lower.find(word, edge), text.find(word, edge)) if at >= 0]
        if not found:
            return None
        edge = min(found) + len(word)
        spans.append(Span(min(found), edge))
    return spans


def _sentences(spans: Sequence[Span], lengths: Sequence[int]) -> Iterator[Sentence]:
    at = 0
    for length in lengths:
        yield Sentence(tuple(spans[at : at + length]))
        at += length
