"""Split many texts into words, in this process or in several at once, in order.

A chunk of texts becomes an Arrow table and the chunk's own lexicon. The processes are started
afresh, never forked; each answers chunks on its standard input until there are no more. Words
travel as bytes, so that a lone surrogate does too.
"""

import os
import subprocess
import sys
from array import array
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from queue import SimpleQueue
from typing import IO, NamedTuple, cast

import numpy as np
import pyarrow as pa

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.runtime.paths import PROJECT
from han_core.text.tokenizer import Tokenizer
from han_core.text.word_pieces import WordPieces, read_word_pieces

DOCUMENTS = pa.schema(
    [
        ("words", pa.list_(pa.int32())),  # numbers in a lexicon, in order
        ("sentences", pa.list_(pa.int32())),  # tokens in each sentence
        ("cut", pa.bool_()),  # whether a limit cut the text
    ]
)


class TokenisedChunk(NamedTuple):
    """Texts as numbers of words.

    Attributes:
        documents: a row for each text, of the schema ``DOCUMENTS``.
        lexicon: the different tokens, exactly as they stand, in order of appearance.
    """

    documents: pa.Table
    lexicon: list[bytes]


def encoded(text: str) -> bytes:
    """UTF-8 that a lone surrogate survives."""
    return text.encode("utf-8", "surrogatepass")


def decoded(text: bytes) -> str:
    """What ``encoded`` was given."""
    return text.decode("utf-8", "surrogatepass")


def tokenise_texts(
    texts: Sequence[str], tokenizer: Tokenizer, pieces: WordPieces | None = None
) -> TokenisedChunk:
    """Split ``texts`` in order, into pieces of words where these are given."""
    lexicon: dict[str, int] = {}
    words, sentences = array("i"), array("i")
    ends, sentence_ends = [0], [0]
    cut = []
    for text in texts:
        document = tokenizer(text)
        spelled: Sequence[str] = document.token_texts()
        lengths: Sequence[int] = document.sentence_lengths
        if pieces is not None:
            spelled, lengths = pieces.spell(document)
        words.extend(lexicon.setdefault(word, len(lexicon)) for word in spelled)
        sentences.extend(lengths)
        ends.append(len(words))
        sentence_ends.append(len(sentences))
        cut.append(document.seen < len(document.text))
    columns = [_lists(ends, words), _lists(sentence_ends, sentences), pa.array(cut, pa.bool_())]
    return TokenisedChunk(
        pa.Table.from_arrays(columns, schema=DOCUMENTS), [encoded(word) for word in lexicon]
    )


def _lists(ends: list[int], values: array) -> pa.Array:
    return pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()), pa.array(np.frombuffer(values, dtype=np.int32))
    )


def send_texts(texts: Sequence[str], pipe: IO[bytes]) -> None:
    _send(pa.table({"text": pa.array([encoded(text) for text in texts], pa.binary())}), pipe)


def receive_split(pipe: IO[bytes]) -> TokenisedChunk:
    """Read the answer to ``send_texts``.

    Raises:
        OSError: if the other side has ended.
        pyarrow.ArrowInvalid: likewise.
    """
    documents = _receive(pipe)
    return TokenisedChunk(documents, _receive(pipe).column("word").to_pylist())


def _send(table: pa.Table, pipe: IO[bytes]) -> None:
    with pa.ipc.new_stream(pipe, table.schema) as writer:
        writer.write_table(table)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> pa.Table:
    with pa.ipc.open_stream(pipe) as reader:
        return reader.read_all()


def serve_chunks(tokenizer: Tokenizer, pieces: WordPieces | None = None) -> None:
    """Split chunk after chunk of standard input until it ends."""
    requests, answers = cast(BufferedReader, sys.stdin.buffer), sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints must not stand among the answers
    while requests.peek(1):
        texts = list(map(decoded, _receive(requests).column("text").to_pylist()))
        documents, lexicon = tokenise_texts(texts, tokenizer, pieces)
        _send(documents, answers)
        _send(pa.table({"word": pa.array(lexicon, pa.binary())}), answers)


MOST = 8
"""Processes at once: each holds a language of its own, 200 MB and more."""

CHUNK = 200_000  # characters in a chunk, a fifth of a second's work
WORTH = 6_000_000
"""Characters from which several processes are faster: each takes seconds to begin."""


def cores() -> int:
    """Count the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes_for(characters: int) -> int:
    """Choose how many processes split that much text; 1 for none besides this one."""
    return min(MOST, cores()) if characters >= WORTH else 1


def tokenise_chunks(
    texts: Iterable[str],
    tokenizer: Tokenizer,
    processes: int,
    pieces: WordPieces | None = None,
) -> Generator[TokenisedChunk, None, None]:
    """Split chunks of ``texts``, in order: the same ones whatever the number of processes.

    Texts are taken as they are needed, little ahead of what is done.

    Raises:
        UserError: if a process was ended, as where memory is short.
    """
    if processes == 1:
        yield from (tokenise_texts(chunk, tokenizer, pieces) for chunk in chunks(texts))
        return
    with _processes(tokenizer, processes, pieces) as split:
        yield from _in_order(split, chunks(texts), processes)


def chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    """Divide ``texts`` into lists of about ``CHUNK`` characters."""
    chunk: list[str] = []
    characters = 0
    for text in texts:
        chunk.append(text)
        characters += len(text)
        if characters >= CHUNK:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _in_order(split, chunks: Iterable[list[str]], processes: int) -> Iterator[TokenisedChunk]:
    """Yield the answers in the order of the chunks; two for each process are under way."""
    with ThreadPoolExecutor(processes) as threads:
        waiting: deque = deque()
        for chunk in chunks:
            waiting.append(threads.submit(split, chunk))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _processes(tokenizer: Tokenizer, processes: int, pieces: WordPieces | None):
    """Start processes; the function that it gives has a chunk split by one that is free."""
    free: SimpleQueue[subprocess.Popen] = SimpleQueue()
    with ExitStack() as stack:
        for _ in range(processes):
            free.put(stack.enter_context(_process(tokenizer, pieces)))

        def split(chunk: Sequence[str]) -> TokenisedChunk:
            process = free.get()
            try:
                return _answer(process, chunk)
            finally:
                free.put(process)

        yield split


def _answer(process: subprocess.Popen, chunk: Sequence[str]) -> TokenisedChunk:
    assert process.stdin
    assert process.stdout
    try:
        send_texts(chunk, process.stdin)
        return receive_split(process.stdout)
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(
            tr(
                "A process that splits texts into words ended before it was done; there may be "
                "too little memory."
            )
        ) from error


@contextmanager
def _process(tokenizer: Tokenizer, pieces: WordPieces | None) -> Iterator[subprocess.Popen]:
    path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    options = [
        tokenizer.language,
        str(tokenizer.maximum_tokens),
        tokenizer.segmentation,
        str(tokenizer.version),
        str(pieces.path) if pieces else "",
    ]
    process = subprocess.Popen(
        # -P: what lies in the present folder must not shadow a module.
        [sys.executable, "-P", "-m", __name__, *options],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends it
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    language, maximum_tokens, segmentation, version, path = sys.argv[1:]
    serve_chunks(
        Tokenizer(language, int(maximum_tokens), segmentation, int(version)),
        read_word_pieces(Path(path)) if path else None,
    )
