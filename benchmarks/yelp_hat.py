"""What people marked in Yelp reviews, as `han_core plausibility` reads it.

    python -m benchmarks.yelp_hat yelp_hat.parquet marked.jsonl
    python -m han_core plausibility --checkpoint han-imdb --data marked.jsonl

The table (Sen et al. 2020, "Human attention maps for text classification") has a row for
each review and person: "part" and "doc_id" name the review, and "mask" says of each of its
words, as white space divides them, whether that person marked it. A line of the result is a
review, with a list of spans for each person, a span a word. Punctuation around a word came
with it and was never chosen by itself, so it is not marked, unless it is all of the word.
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
    given = parser.parse_args(arguments)
    lines = [json.dumps(review, ensure_ascii=False) + "\n" for review in reviews(given.table)]
    given.out.write_text("".join(lines), encoding="utf-8")


def reviews(table: Path) -> list[dict]:
    """The reviews in order, each with "id", "text", "label" and "spans"."""
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
        review["spans"].append(marked(row.text, row.mask))
    return list(found.values())


def marked(text: str, mask: Sequence[int]) -> list[list[int]]:
    """The [start, end] of the words that a mask marks.

    Raises:
        ValueError: if it has not as many entries as the text has words.
    """
    words = zip(_WORD.finditer(text), mask, strict=True)
    return [[*_bare(word)] for word, chosen in words if chosen]


def _bare(word: re.Match[str]) -> tuple[int, int]:
    """Where a word stands without punctuation around it; all of it if nothing else is there."""
    within = _AROUND.sub("", word[0])
    start = word.start() + word[0].find(within)
    return (start, start + len(within)) if within else word.span()


if __name__ == "__main__":
    main()
