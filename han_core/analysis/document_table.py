"""Tables of scored documents, one page at a time, and one document in full.

Includes the lists for reviewing labels, and the explanation of a document as it was stored,
for when the model is gone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import pandas as pd
import pyarrow as pa

from han_core.analysis.dataset import Store, own_columns
from han_core.analysis.label_issues import LabelIssues
from han_core.analysis.query import (
    Order,
    sort_rows,
    unknown_share,
)
from han_core.analysis.scoring.table import (
    BULK,
    WORDS,
    StoredAttention,
    read_probabilities,
    read_rows,
)
from han_core.explanation.explanation import Explanation
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.document import Document, Sentence, Span
from han_core.text.presegmented import without_marks

EXCERPT = 240
"""Characters of a text in the table."""


@dataclass(frozen=True)
class ScoredDocument:
    """Everything stored about a document.

    Attributes:
        content: ``content_hash`` the text.
        true, predicted: classes by their names.
        probabilities: (classes,) float32.
        loss: nats.
        columns: the data's own.
        attention: where it stood, and the words.
        other, other_confidence: what a second model predicts, or None.
    """

    row: int
    id: str
    content: str
    text: str
    true: str
    predicted: str
    probabilities: np.ndarray
    confidence: float
    loss: float
    columns: dict[str, str]
    attention: StoredAttention
    other: str | None = None
    other_confidence: float | None = None

    @property
    def right(self) -> bool:
        return self.true == self.predicted

    @property
    def words(self) -> tuple[str, ...]:
        """(tokens,) as the model reads them."""
        return self.attention.words

    @property
    def sentence_lengths(self) -> np.ndarray:
        """(sentences,) tokens in each."""
        return self.attention.sentence_lengths


def table_page(
    store: Store, rows: np.ndarray, order: Order | None, offset: int, limit: int
) -> pd.DataFrame:
    """``limit`` of ``rows`` in ``order`` (None: as they stand), from ``offset`` on.

    Columns: row, id, true, predicted, wrong, confidence, p_true, loss (nats), tokens, unknown
    (share), entropy, with a second model other (what it predicts), excerpt, the data's own
    columns (``own_columns``), content.
    """
    ordered = rows if order is None else sort_rows(store, rows, order)
    shown = ordered[offset : offset + limit]
    stored = store.documents.take(shown, ["id", "text", "content", *_fields(store)])
    outcomes, names = store.outcomes.take(shown), np.array(store.labels, dtype=object)
    columns = {
        "row": shown,
        "id": _strings(stored["id"]),
        "true": names[outcomes.true],
        "predicted": names[outcomes.predicted],
        "wrong": ~outcomes.right,
        "confidence": outcomes.confidence,
        "p_true": np.exp(-outcomes.loss),
        "loss": outcomes.loss,
        "tokens": outcomes.tokens,
        "unknown": unknown_share(outcomes),
        "entropy": outcomes.entropy,
    }
    if outcomes.other is not None:
        columns["other"] = names[outcomes.other]
    columns["excerpt"] = _strings(excerpt(text) for text in stored["text"].to_pylist())
    for name, field in zip(own_columns(store), _fields(store), strict=True):
        columns[name] = _strings(stored[field])
    columns["content"] = _strings(content.hex() for content in stored["content"].to_pylist())
    return pd.DataFrame(columns)


def read_document(store: Store, row: int) -> ScoredDocument:
    """A document; a few milliseconds."""
    if not 0 <= row < store.rows:
        raise UserError(
            tr("A row from 0 to {rows:,} was expected; {row:,} came.", rows=store.rows - 1, row=row)
        )
    place = np.array([row])
    (stored,) = store.documents.take(place, ["id", "content", *_fields(store)]).to_pylist()
    (text,) = store.documents.texts(place)
    columns = [*BULK, WORDS, "probabilities"]
    (table,) = read_rows(store.scores.folder, store.scores.manifest, place, columns)
    (cells,) = table.to_pylist()
    outcomes = store.outcomes
    return ScoredDocument(
        row,
        stored["id"],
        stored["content"].hex(),
        text,
        store.labels[outcomes.true[row]],
        store.labels[outcomes.predicted[row]],
        np.array(cells["probabilities"], dtype=np.float32),
        float(outcomes.confidence[row]),
        float(outcomes.loss[row]),
        {name: stored[field] for name, field in
         zip(store.documents.columns, _fields(store), strict=True)},
        StoredAttention.of_cells(cells),
        None if outcomes.other is None else store.labels[outcomes.other[row]],
        None if outcomes.other_confidence is None else float(outcomes.other_confidence[row]),
    )  # fmt: skip


def excerpt(text: str) -> str:
    """Return the beginning of a text in one line."""
    line = " ".join(text[: 2 * EXCERPT].split())
    cut = len(line) > EXCERPT or len(text) > 2 * EXCERPT
    return f"{line[:EXCERPT]}…" if cut else line


def probabilities(store: Store, rows: np.ndarray | None = None) -> np.ndarray:
    """Return (documents, classes) float32 of ``rows``, or of all documents.

    A million documents of 150 classes are 600 MB: ask for some at a time.
    """
    wanted = np.arange(store.rows) if rows is None else np.asarray(rows, dtype=np.int64)
    result = np.empty((len(wanted), len(store.labels)), dtype=np.float32)
    numbers, within = np.divmod(wanted, store.scores.manifest.rows_a_part)
    for number in np.unique(numbers).tolist():
        here = numbers == number
        part = read_probabilities(store.scores.folder, store.scores.manifest, number)
        result[here] = part[within[here]]
    return result


def _fields(store: Store) -> list[str]:
    return [store.documents.field(name) for name in store.documents.columns]


def _strings(cells) -> pd.Series:
    return pd.Series([cell.as_py() if isinstance(cell, pa.Scalar) else cell for cell in cells],
                     dtype=object)  # fmt: skip


def stored_explanation(read: ScoredDocument, labels: tuple[str, ...]) -> Explanation:
    """Return the explanation of a document, in the precision in which it was stored.

    Which words were unknown is not stored one by one, so all count as known.
    """
    return Explanation(
        read.id,
        locate_words(read.text, read.words, read.sentence_lengths.tolist()),
        labels,
        np.asarray(read.probabilities, dtype=np.float64),
        read.attention.sentence_weights,
        read.attention.word_weights,
        np.ones(len(read.words), dtype=bool),
    )


def locate_words(text: str, words: Sequence[str], lengths: Sequence[int]) -> Document:
    """The text with the spans of its words; the words alone where they are not in it.

    Args:
        words: in order, in lower case or as they stand.
        lengths: words in each sentence.
    """
    text = without_marks(text)
    spans = _word_spans(text, words)
    if spans is None:
        text = " ".join(words)
        ends = accumulate(len(word) + 1 for word in words)
        spans = [Span(end - 1 - len(word), end - 1) for word, end in zip(words, ends, strict=True)]
    seen = spans[-1].end if spans else 0
    # What follows the last word is white space, or was cut off before the model read it.
    rest = text[seen:]
    return Document(text, tuple(_sentences(spans, lengths)), seen if rest.strip() else len(text))


def _word_spans(text: str, words: Sequence[str]) -> list[Span] | None:
    """Each word at its first place after the one before; None if one is nowhere."""
    # Letter by letter: a few capitals become two letters, and offsets would shift.
    lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    spans, edge = [], 0
    for word in words:
        result = [at for at in (lower.find(word, edge), text.find(word, edge)) if at >= 0]
        if not result:
            return None
        edge = min(result) + len(word)
        spans.append(Span(min(result), edge))
    return spans


def _sentences(spans: Sequence[Span], lengths: Sequence[int]) -> Iterator[Sentence]:
    at = 0
    for length in lengths:
        yield Sentence(tuple(spans[at : at + length]))
        at += length


def ranked_issues(issues: LabelIssues, rows: np.ndarray) -> np.ndarray:
    """Return the rows among ``rows`` whose label is likely wrong, the likeliest first."""
    return issues.rows[issues.among(rows)]


def surest_errors(store: Store, rows: np.ndarray) -> np.ndarray:
    """Return the rows among ``rows`` that the model gets wrong, the most confident first."""
    wrong = rows[~store.outcomes.right[rows]]
    return sort_rows(store, wrong, "surest wrong first")


def issue_page(
    store: Store, issues: LabelIssues, ranked: np.ndarray, offset: int, limit: int
) -> pd.DataFrame:
    """Return ``ranked[offset : offset + limit]`` as ``table_page``, with two more columns.

    ``likely`` is the class that is likelier than the label, ``margin`` as in ``LabelIssues``;
    "true" is called ``label``, for whether it is true is the question.
    """
    shown = table_page(store, ranked, None, offset, limit).rename(columns={"true": "label"})
    place = pd.Series(np.arange(len(issues)), index=issues.rows)[shown["row"]].to_numpy()
    names = np.array(issues.labels, dtype=object)
    shown.insert(shown.columns.get_loc("label") + 1, "likely", names[issues.likely[place]])
    shown.insert(shown.columns.get_loc("likely") + 1, "margin", issues.margin[place])
    return shown


def label_pairs(issues: LabelIssues, rows: np.ndarray) -> pd.DataFrame:
    """Count the pairs of label and likely class among ``rows``: label, likely, documents.

    The most frequent pair first, then in the order of the classes.
    """
    places, names = issues.among(rows), np.array(issues.labels, dtype=object)
    pairs, counts = np.unique(
        np.stack([issues.label[places], issues.likely[places]], axis=1), axis=0, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    return pd.DataFrame(
        {
            "label": names[pairs[order, 0]],
            "likely": names[pairs[order, 1]],
            "documents": counts[order],
        }
    )
