"""Human attention maps of Yelp reviews, as `han_core plausibility` reads them.

    python -m benchmarks.yelp_hat yelp_hat.parquet marked.jsonl
    python -m han_core plausibility --checkpoint han-imdb --data marked.jsonl

The table (Sen et al. 2020, "Human attention maps for text classification") has a row for
each review and person: "part" and "doc_id" name the review, and "mask" has an entry for each of
its words, as white space divides them. A line of the result is a review, with a list of spans
for each person, a span a word. People could not choose the punctuation around a word by itself,
so it is not marked, unless it is all of the word.
"""

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

_WORD = re.compile(r"\S+")
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    lines = [json.dumps(review, ensure_ascii=False) + "\n" for review in reviews(options.table)]
    options.out.write_text("".join(lines), encoding="utf-8")


def reviews(table: Path) -> list[dict]:
    """Return the reviews in order, each with "id", "text", "label" and "spans"."""
    found: dict[tuple[int, int], dict] = {}
    for row in pd.read_parquet(table).itertuples():
        review = found.setdefault(
            (row.part, row.doc_id),
            {
                "id": f"{row.part}-{row.doc_id}",
                "text": row.text,
                "label": ("negative", "positive")[row.label],
                "spans": [],
            },
        )
        review["spans"].append(marked_spans(row.text, row.mask))
    return list(found.values())


def marked_spans(text: str, mask: Sequence[int]) -> list[list[int]]:
    """Return the [start, end] of the words that a mask marks.

    Raises:
        ValueError: if the mask and the text differ in their number of words.
    """
    words = zip(_WORD.finditer(text), mask, strict=True)
    return [[*_without_punctuation(word)] for word, chosen in words if chosen]


def _without_punctuation(word: re.Match[str]) -> tuple[int, int]:
    """Return the span of a word without punctuation around it; of ":-)" the whole."""
    within = _AROUND.sub("", word[0])
    start = word.start() + word[0].find(within)
    return (start, start + len(within)) if within else word.span()


if __name__ == "__main__":
    main()
