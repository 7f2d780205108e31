"""The weights of an explanation as tables and JSON for export, in full precision."""

import json
from collections.abc import Iterable, Sequence

import pandas as pd

from han_core.data.spreadsheet import to_csv
from han_core.explanation.agreement import align
from han_core.explanation.attribution import Attribution
from han_core.explanation.explanation import Explanation, ranks
from han_core.text.document import Span

__all__ = ["comparison_table", "to_csv", "to_json", "weights_table"]


def weights_table(
    explanation: Explanation, attributions: Sequence[Attribution] = ()
) -> pd.DataFrame:
    """Return a row for each token, in reading order; a last column for each of ``attributions``.

    Columns: sentence and token number (from 1; tokens are counted over the document),
    start and end (characters), token, known, "weight in sentence" (α_w), "weight in
    document" (α_s · α_w), lift (tokens · α_s · α_w), rank (of the weight in the
    document, 1 for the largest; equal weights share the better rank), "sentence
    weight" (α_s); then such as "gradient for positive".

    Raises:
        ValueError: if an attribution is of another document.
    """
    document, sentence = explanation.document, explanation.sentence_of_token
    columns = {
        "sentence": sentence + 1,
        "token number": range(1, len(document.tokens) + 1),
        **_places(document.text, document.tokens, "token"),
        "known": explanation.known,
        "weight in sentence": explanation.weights("sentence"),
        "weight in document": explanation.weights("document"),
        "lift": explanation.weights("lift"),
        "rank": ranks(explanation.document_weights),
        "sentence weight": explanation.sentence_weights[sentence],
    }
    for one in attributions:
        if one.document != document:
            raise ValueError("attributions of the same document are expected")
        name = f"{one.method.replace('_', ' ')} for {one.target}"
        columns[_free(name, columns)] = one.words
    return pd.DataFrame(columns)


def comparison_table(named: Sequence[tuple[str, Explanation | Attribution]]) -> pd.DataFrame:
    """Return answers about one text lined up by the place of their words, a column for each name.

    Columns: start, end, words, then the weights in the document, or an attribution's
    values. Where models cut the text differently, pieces are joined until their edges
    agree, and their weights add up; 0 where a model has no word. A name that stands
    there already gets its number behind it: "han (2)".

    Raises:
        ValueError: if the texts differ or there is no answer.
    """
    documents = [answer.document for _, answer in named]
    if len({document.text for document in documents}) != 1:
        raise ValueError("one or more answers about the same text are expected")
    weights = [
        one.document_weights if isinstance(one, Explanation) else one.words for _, one in named
    ]
    aligned = align([(d.tokens, values) for d, values in zip(documents, weights, strict=True)])
    columns = _places(documents[0].text, aligned.spans, "words")
    for (name, _), column in zip(named, aligned.weights, strict=True):
        columns[_free(name, columns)] = column
    return pd.DataFrame(columns)


def to_json(explanation: Explanation) -> bytes:
    """Return an explanation as the command ``explain`` writes it, in UTF-8.

    Half a character (a lone surrogate, in an id or a label) is escaped: valid JSON
    as UTF-8, which comes back as it was.
    """
    written = json.dumps(explanation.to_json(), ensure_ascii=False, allow_nan=False)
    # Python's escape of a lone surrogate is the one of JSON; everything else is UTF-8.
    return (written + "\n").encode("utf-8", "backslashreplace")


def _places(text: str, spans: Sequence[Span], noun: str) -> dict[str, object]:
    pieces = [text[start:end] for start, end in spans]
    return {
        "start": [span.start for span in spans],
        "end": [span.end for span in spans],
        # As objects: Arrow's strings cannot hold every str.
        noun: pd.Series(pieces, dtype=object),
    }


def _free(name: str, taken: Iterable[str]) -> str:
    number, free, names = 1, name, set(taken)
    while free in names:
        number += 1
        free = f"{name} ({number})"
    return free
