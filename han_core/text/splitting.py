"""Many texts split into words, as columns of numbers; here, or in a process of its own.

A chunk of texts becomes an Arrow table and the chunk's own lexicon. Run as a module, this
file is a process that answers each chunk on its standard input with one on its standard
output, until there are no more. Words and texts travel as bytes, so that a lone surrogate
does too. It knows nothing about vocabularies, files or models.
"""

import sys
from array import array
from collections.abc import Sequence
from io import BufferedReader
from typing import IO, NamedTuple, cast

import numpy as np
import pyarrow as pa

from han_core.text.tokenizer import Tokenizer

DOCUMENTS = pa.schema(
    [
        ("words", pa.list_(pa.int32())),  # numbers in a lexicon, in order
        ("sentences", pa.list_(pa.int32())),  # tokens in each sentence
        ("cut", pa.bool_()),  # whether a limit cut the text
    ]
)


class Split(NamedTuple):
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


def split(texts: Sequence[str], tokenizer: Tokenizer) -> Split:
    """Splits ``texts`` in order."""
    lexicon: dict[str, int] = {}
    words, sentences = array("i"), array("i")
    ends, sentence_ends = [0], [0]
    cut = []
    for text in texts:
        document = tokenizer(text)
        words.extend(lexicon.setdefault(word, len(lexicon)) for word in document.token_texts())
        sentences.extend(document.sentence_lengths)
        ends.append(len(words))
        sentence_ends.append(len(sentences))
        cut.append(document.seen < len(text))
    columns = [_lists(ends, words), _lists(sentence_ends, sentences), pa.array(cut, pa.bool_())]
    return Split(
        pa.Table.from_arrays(columns, schema=DOCUMENTS), [encoded(word) for word in lexicon]
    )


def _lists(ends: list[int], values: array) -> pa.Array:
    return pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()), pa.array(np.frombuffer(values, dtype=np.int32))
    )


def send_texts(texts: Sequence[str], pipe: IO[bytes]) -> None:
    _send(pa.table({"text": pa.array([encoded(text) for text in texts], pa.binary())}), pipe)


def receive_split(pipe: IO[bytes]) -> Split:
    """The answer to ``send_texts``.

    Raises:
        OSError: if the other side has ended.
        pyarrow.ArrowInvalid: likewise.
    """
    documents = _receive(pipe)
    return Split(documents, _receive(pipe).column("word").to_pylist())


def _send(table: pa.Table, pipe: IO[bytes]) -> None:
    with pa.ipc.new_stream(pipe, table.schema) as writer:
        writer.write_table(table)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> pa.Table:
    with pa.ipc.open_stream(pipe) as reader:
        return reader.read_all()


def answer(language: str, maximum_tokens: int, segmentation: str) -> None:
    """The life of the process: splits chunk after chunk until its input ends."""
    tokenizer = Tokenizer(language, maximum_tokens, segmentation)
    asked, answers = cast(BufferedReader, sys.stdin.buffer), sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints must not stand among the answers
    while asked.peek(1):
        found = split(list(map(decoded, _receive(asked).column("text").to_pylist())), tokenizer)
        _send(found.documents, answers)
        _send(pa.table({"word": pa.array(found.lexicon, pa.binary())}), answers)


if __name__ == "__main__":
    answer(sys.argv[1], int(sys.argv[2]), sys.argv[3])
