"""Texts split into words once: from the disk where they were kept, else by all cores.

Texts of several corpora are read together, each different one once and in an order of its
own, so that it does not matter how they are divided. It knows nothing about classes or
vocabularies.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import unidata_version

import numpy as np
import pyarrow as pa

from han_core.preparation.kept import Read, Sink, in_memory, kept_table
from han_core.text import characters, tokenizer
from han_core.text.splitters import processes_for, split_all
from han_core.text.splitting import Split
from han_core.text.token_table import DIGEST, TEXTS, WORDS, TokenTable, digests
from han_core.wrong_input import WrongInput

FORMAT = 1
SPLITTERS = ("spacy", "jieba", "sudachipy", "pythainlp", "pyvi", "natto-py")
"""Packages that decide, each for some languages, where a word ends."""

Follow = Callable[[Sequence[Any], str], Iterable[Any]]
"""Wraps a loop over texts or documents to show how far it is; the second argument names it."""

PIECE = 1_000_000  # tokens that are written at once


class Tokenised(NamedTuple):
    """Texts of several groups, split into words.

    Attributes:
        table: of these texts and maybe of others.
        rows: for each group (texts,) the row of each text in the table.
        note: a sentence where the table could not be kept; empty otherwise.
    """

    table: TokenTable
    rows: tuple[np.ndarray, ...]
    note: str


def tokenised(
    groups: Sequence[Sequence[str]],
    language: str,
    maximum_tokens: int,
    follow: Follow,
    name: str = "Reading",
    segmentation: str = "words",
) -> Tokenised:
    """Splits the texts of all ``groups``; ``follow`` is called only if they must be read.

    Raises:
        WrongInput: if a text has no word, spaCy does not know the language, or memory is
            too short for a process that reads.
    """
    named = [digests(group) for group in groups]
    wanted, places = np.unique(np.concatenate([digests([]), *named]), return_index=True)
    texts = Chosen(groups, places)

    def read(sink: Sink) -> pa.Table:
        # It refuses before a bar is drawn.
        splitter = tokenizer.Tokenizer(language, maximum_tokens, segmentation)
        processes = processes_for(sum(map(len, texts)))
        splits = split_all(follow(texts, name), splitter, processes)
        with closing(splits):
            return _gather(splits, wanted, sink)

    table, note = _kept_if_possible(_recipe(language, maximum_tokens, segmentation), wanted, read)
    return Tokenised(table, tuple(map(table.rows, named)), note)


def _kept_if_possible(recipe: str, wanted: np.ndarray, read: Read) -> tuple[TokenTable, str]:
    try:
        return kept_table(recipe, wanted, read), ""
    except OSError as error:
        note = f"The words of the texts could not be kept on disk ({error.strerror or error})"
    return in_memory(read), f"{note}; the next run splits the texts again."


def _recipe(language: str, maximum_tokens: int, segmentation: str) -> str:
    """All that decides which words a text has: the tokenizer's own code is part of it."""
    files = (tokenizer.__file__, characters.__file__)
    code = sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()
    versions = [f"{package} {_version(package)}" for package in SPLITTERS]
    parts = [
        f"format {FORMAT}",
        f"{language} {segmentation}",
        f"{maximum_tokens} tokens",
        code,
        *versions,
    ]
    return ", ".join([*parts, f"unicode {unidata_version}"])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


class Chosen(Sequence[str]):
    """Texts of several groups, in an order of their own; none is copied.

    Args:
        places: (texts,) where each stands, counted through all groups.
    """

    def __init__(self, groups: Sequence[Sequence[str]], places: np.ndarray):
        self._groups, self._places = groups, places
        self._firsts = [*accumulate(map(len, groups), initial=0)]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, at):
        if isinstance(at, slice):
            return Chosen(self._groups, self._places[at])
        place = int(self._places[at])
        group = bisect_right(self._firsts, place) - 1
        return self._groups[group][place - self._firsts[group]]


def _gather(splits: Iterable[Split], names: np.ndarray, sink: Sink) -> pa.Table:
    """Gives ``sink`` all texts with numbers of one lexicon, and returns that."""
    lexicon: dict[bytes, int] = {}
    piece: list[pa.Table] = []
    done = tokens = 0
    for found in splits:
        table = _renumbered(found, lexicon, names[done:])
        piece.append(table)
        done += len(table)
        tokens += len(table.column("words").chunk(0).values)
        if tokens >= PIECE or done == len(names):
            sink(pa.concat_tables(piece).combine_chunks())
            piece, tokens = [], 0
    return pa.Table.from_arrays([pa.array(lexicon, pa.binary())], schema=WORDS)


def _renumbered(found: Split, lexicon: dict[bytes, int], names: np.ndarray) -> pa.Table:
    """A chunk with the lexicon of all chunks, which learns its words, and its digests."""
    numbers = np.array([lexicon.setdefault(w, len(lexicon)) for w in found.lexicon], np.int32)
    words, sentences, cut = (found.documents.column(i).combine_chunks() for i in range(3))
    ends = words.offsets.to_numpy()
    if (np.diff(ends) == 0).any():
        raise WrongInput("Texts with at least one word are expected; one has none.")
    own = pa.ListArray.from_arrays(words.offsets, pa.array(numbers[words.values.to_numpy()]))
    name = pa.py_buffer(np.ascontiguousarray(names[: len(cut)]).tobytes())
    digest = pa.Array.from_buffers(pa.binary(DIGEST), len(cut), [None, name])
    return pa.Table.from_arrays([digest, own, sentences, cut], schema=TEXTS)
