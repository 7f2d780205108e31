"""Texts split into words once: read from the disk where they are stored, else by all cores.

Texts of several corpora are read together, each different one once and in an order of its own, so
that it does not matter how they are divided. What was read is stored under a hash of its content:
two Arrow files that are mapped into memory, and a note of what they hold. A damaged entry is made
again.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import unidata_version

import numpy as np
import pyarrow as pa

from han_core.runtime.atomic_io import checksum, read_json, whole_folder, write_json
from han_core.runtime.disk_cache import NOTE, DiskCache, mark_used
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.runtime.paths import prepared_root
from han_core.runtime.quotas import PREPARED
from han_core.text import tokenizer
from han_core.text.token_table import DIGEST, TEXTS, WORDS, TokenTable, digests
from han_core.text.tokenizer_pool import TokenisedChunk, processes_for, tokenise_chunks
from han_core.text.word_pieces import WordPieces

TEXTS_FILE, WORDS_FILE = "texts.arrow", "words.arrow"

Sink = Callable[[pa.Table], None]
Read = Callable[[Sink], pa.Table]
"""Gives the texts, of the schema ``TEXTS``, to a sink, table by table; returns the lexicon."""


def stored_table(recipe: str, digests: np.ndarray, read: Read) -> TokenTable:
    """A table of at least the texts of ``digests``, from the disk or else read and kept.

    Of several processes that want the same, one reads and the others wait.

    Args:
        recipe: all that decides what a text becomes.
        digests: (texts,) ascending, each once.

    Raises:
        OSError: if the folder cannot be written to, as where the disk is full.
    """
    cache = DiskCache(prepared_root(), PREPARED.limit())
    key = sha256(recipe.encode() + digests.tobytes()).hexdigest()
    with cache.locked(key) as entry:
        # An entry of more texts holds these as well.
        for candidate in (entry, *(other for other in cache.entries() if other != entry)):
            if table := _fitting(candidate, recipe, digests):
                return table
        _write(entry, recipe, read)
        table = _open(entry)
    cache.evict(key)
    return table


def in_memory(read: Read) -> TokenTable:
    """The table where it cannot be kept."""
    tables: list[pa.Table] = []
    lexicon = read(tables.append)
    return TokenTable(pa.concat_tables(tables) if tables else TEXTS.empty_table(), lexicon)


def _fitting(entry: Path, recipe: str, digests: np.ndarray) -> TokenTable | None:
    """The table in ``entry`` if it is whole and holds what is wanted; it counts as used."""
    try:
        note = read_json(entry / NOTE)
        if note["recipe"] != recipe or note["texts"] < len(digests):
            return None
        # Before it is opened: reading a damaged Arrow file can end the process.
        if any(checksum(entry / file) != note["sha256"][file] for file in (TEXTS_FILE, WORDS_FILE)):
            return None
        table = _open(entry)
        table.rows(digests)
        mark_used(entry)
    except (UserError, OSError, KeyError, TypeError, ValueError, pa.ArrowException):
        return None
    return table


def _write(entry: Path, recipe: str, read: Read) -> None:
    with whole_folder(entry) as new:
        with _writer(new / TEXTS_FILE, TEXTS) as sink:
            lexicon = read(sink)
        with _writer(new / WORDS_FILE, WORDS) as sink:
            sink(lexicon)
        note = {
            "recipe": recipe,
            "texts": len(_mapped(new / TEXTS_FILE)),
            "sha256": {file: checksum(new / file) for file in (TEXTS_FILE, WORDS_FILE)},
        }
        write_json(new / NOTE, note)


@contextmanager
def _writer(path: Path, schema: pa.Schema) -> Iterator[Sink]:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, schema) as writer:
        yield writer.write_table


def _open(entry: Path) -> TokenTable:
    return TokenTable(_mapped(entry / TEXTS_FILE), _mapped(entry / WORDS_FILE))


def _mapped(path: Path) -> pa.Table:
    from datasets import Dataset  # most of a second to import

    return Dataset.from_file(str(path)).data.table


FORMAT = 1
SPLITTERS = (
    "spacy", "regex", "jieba", "sudachipy", "sudachidict_core", "pythainlp", "pyvi", "natto-py",
)  # fmt: skip
"""Packages that decide, each for some languages, where a word ends."""

SPLITTING = ("tokenizer.py", "word_splitters.py", "sentences.py", "presegmented.py")
"""Modules of the room ``text`` that decide the same."""

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
    name: str | None = None,
    segmentation: str = "words",
    version: int = tokenizer.LATEST,
    pieces: WordPieces | None = None,
) -> Tokenised:
    """Split the texts of all ``groups``; ``follow`` is called only if they must be read.

    Args:
        pieces: into which words are split further, for a model that reads them.

    Raises:
        UserError: if a text has no word, spaCy does not know the language, or memory is
            too short for a process that reads.
    """
    named = [digests(group) for group in groups]
    wanted, places = np.unique(np.concatenate([digests([]), *named]), return_index=True)
    texts = Chosen(groups, places)

    def read(sink: Sink) -> pa.Table:
        # It refuses before a bar is drawn.
        splitter = tokenizer.Tokenizer(language, maximum_tokens, segmentation, version)
        processes = processes_for(sum(map(len, texts)))
        splits = tokenise_chunks(follow(texts, name or tr("Reading")), splitter, processes, pieces)
        with closing(splits):
            return _gather(splits, wanted, sink)

    table, note = _kept_if_possible(
        _recipe(language, maximum_tokens, segmentation, version, pieces), wanted, read
    )
    return Tokenised(table, tuple(map(table.rows, named)), note)


def _kept_if_possible(recipe: str, wanted: np.ndarray, read: Read) -> tuple[TokenTable, str]:
    try:
        return stored_table(recipe, wanted, read), ""
    except OSError as error:
        note = tr(
            "The words of the texts could not be kept on disk ({reason}); the next run splits the "
            "texts again.",
            reason=error.strerror or error,
        )
    return in_memory(read), note


def _recipe(
    language: str,
    maximum_tokens: int,
    segmentation: str,
    version: int,
    pieces: WordPieces | None = None,
) -> str:
    """All that decides which words a text has: the tokenizer's own code is part of it."""
    folder = Path(tokenizer.__file__).parent
    code = sha256(b"".join((folder / name).read_bytes() for name in SPLITTING)).hexdigest()
    versions = [f"{package} {_version(package)}" for package in SPLITTERS]
    parts = [
        f"format {FORMAT}",  # not shown
        f"{language} {segmentation} version {version}",  # not shown
        f"{maximum_tokens} tokens",
        code,
        *versions,
    ]
    if pieces:
        parts.append(f"pieces {pieces.sha256} tokenizers {_version('tokenizers')}")  # not shown
    return ", ".join([*parts, f"unicode {unidata_version}"])  # not shown


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


def _gather(splits: Iterable[TokenisedChunk], names: np.ndarray, sink: Sink) -> pa.Table:
    """Give ``sink`` all texts with numbers of one lexicon, and return that."""
    lexicon: dict[bytes, int] = {}
    piece: list[pa.Table] = []
    done = tokens = 0
    for chunk in splits:
        table = _renumbered(chunk, lexicon, names[done:])
        piece.append(table)
        done += len(table)
        tokens += len(table.column("words").chunk(0).values)
        if tokens >= PIECE or done == len(names):
            sink(pa.concat_tables(piece).combine_chunks())
            piece, tokens = [], 0
    return pa.Table.from_arrays([pa.array(lexicon, pa.binary())], schema=WORDS)


def _renumbered(chunk: TokenisedChunk, lexicon: dict[bytes, int], names: np.ndarray) -> pa.Table:
    """A chunk with the lexicon of all chunks, which learns its words, and its digests."""
    numbers = np.array([lexicon.setdefault(w, len(lexicon)) for w in chunk.lexicon], np.int32)
    words, sentences, cut = (chunk.documents.column(i).combine_chunks() for i in range(3))
    ends = words.offsets.to_numpy()
    if (np.diff(ends) == 0).any():
        raise UserError(tr("Texts with at least one word are expected; one has none."))
    own = pa.ListArray.from_arrays(words.offsets, pa.array(numbers[words.values.to_numpy()]))
    name = pa.py_buffer(np.ascontiguousarray(names[: len(cut)]).tobytes())
    digest = pa.Array.from_buffers(pa.binary(DIGEST), len(cut), [None, name])
    return pa.Table.from_arrays([digest, own, sentences, cut], schema=TEXTS)
