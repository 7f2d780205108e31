"""Read word vectors from files, and learn them with skip-gram (Mikolov et al. 2013).

The files are text ("word 0.1 0.2 …" a line) or word2vec's binary form. Learning needs gensim.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.vocabulary import PADDING, Vocabulary

LARGEST_SIZE = 4_096
LARGEST_SEED = 2**31 - 1


def read_vectors(path: str | Path, vocabulary: Vocabulary, seed: int) -> tuple[np.ndarray, int]:
    """Read vectors for the words of ``vocabulary``.

    Words that the file lacks get small random vectors of the same spread, drawn
    with ``seed``; padding gets zeros.

    Returns:
        (words, size) float32 and how many words were found.

    Raises:
        UserError: if the file is missing, broken, or holds none of the words.
    """
    path = Path(path)
    vectors: dict[int, np.ndarray] = {}
    numbers = {word: number for number, word in enumerate(vocabulary.words)}
    for word, vector in vector_entries(path):
        number = numbers.get(word.lower() if vocabulary.lowercase else word, PADDING)
        if number != PADDING:
            vectors.setdefault(number, vector)
    if not vectors:
        raise UserError(
            tr(
                "{name} holds a vector for none of the {count} words.",
                name=path.name,
                count=len(vocabulary),
            )
        )
    matrix = np.stack(list(vectors.values()))
    if not np.isfinite(matrix).all():
        raise UserError(tr("{name} holds numbers that are not finite.", name=path.name))
    draw = np.random.default_rng(seed)
    table = draw.normal(0, matrix.std(), (len(vocabulary), matrix.shape[1])).astype(np.float32)
    table[list(vectors)] = matrix
    table[PADDING] = 0
    return table, len(vectors)


def vectors_size(path: str | Path) -> int:
    """Read from the first line how many numbers a vector of the file has.

    Raises:
        UserError: if the file is missing or does not begin as one of word vectors.
    """
    return _header(Path(path))[0]


def _header(path: Path) -> tuple[int, int]:
    """Read how many numbers a vector has, and the bytes of the header: 0 where there is none."""
    try:
        with path.open("rb") as file:
            first = file.readline(1_000_000)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UserError(
            tr("A file of word vectors is expected; {path} is none.", path=path)
        ) from error
    parts = first.split()
    has_header = len(parts) == 2 and all(part.isdigit() and len(part) < 12 for part in parts)
    size = int(parts[1]) if has_header else len(parts) - 1
    if not 1 <= size <= LARGEST_SIZE:
        raise UserError(
            tr(
                "{name}, line 1: a word and its vector of 1 to {largest_size} numbers expected.",
                name=path.name,
                largest_size=LARGEST_SIZE,
            )
        )
    return size, len(first) if has_header else 0


def vector_entries(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Read each word of a file and its vector (size,), float32, in the file's order.

    Raises:
        UserError: if the file is missing, or names the line that is broken.
    """
    size, skip = _header(path)
    yield from (_binary if skip and path.suffix == ".bin" else _text)(path, size, skip)


def _text(path: Path, size: int, skip: int) -> Iterator[tuple[str, np.ndarray]]:
    with path.open("rb") as file:
        file.seek(skip)
        for number, line in enumerate(file, start=2 if skip else 1):
            parts = line.decode("utf-8", "replace").rstrip().split(" ")
            try:
                vector = np.array(parts[-size:], dtype=np.float32)
            except ValueError:
                vector = np.empty(0, dtype=np.float32)
            if len(parts) <= size or len(vector) != size:
                raise UserError(
                    tr(
                        "{name}, line {number}: a word and {size} numbers expected.",
                        name=path.name,
                        number=number,
                        size=size,
                    )
                )
            yield " ".join(parts[:-size]), vector


def _binary(path: Path, size: int, skip: int) -> Iterator[tuple[str, np.ndarray]]:
    with path.open("rb") as file:
        header = file.readline()
        for _ in range(int(header.split()[0])):
            word = bytearray()
            while (byte := file.read(1)) not in (b" ", b""):
                word += byte
            data = file.read(4 * size)
            if len(data) < 4 * size:
                raise UserError(tr("{name} ends in the middle of a vector.", name=path.name))
            text = word.decode("utf-8", "replace").lstrip("\n")
            yield text, np.frombuffer(data, dtype="<f4")


def check_learning(size: int, epochs: int, seed: int, workers: int) -> None:
    """Refuse what ``learn_vectors`` cannot do, before texts are read for it.

    Raises:
        UserError: names what is out of range, or says that gensim is not installed.
    """
    ranges = {
        "size": (size, LARGEST_SIZE),
        "epochs": (epochs, 1_000),
        "workers": (workers, 1_000),
        "seed": (seed, LARGEST_SEED),
    }
    for name, (value, most) in ranges.items():
        least = 0 if name == "seed" else 1
        if not least <= value <= most:
            raise UserError(
                tr(
                    "{name} is {least} to {most}; {value} came.",
                    name=name,
                    least=least,
                    most=most,
                    value=value,
                )
            )
    _word2vec()


def _word2vec():
    try:
        from gensim.models import Word2Vec
    except ImportError as error:
        raise UserError(tr("Learning vectors needs gensim: pip install gensim.")) from error
    return Word2Vec


def learn_vectors(
    sentences: Sequence[Sequence[str]], size: int, epochs: int, seed: int, workers: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Learn skip-gram vectors of ``size`` numbers for words that occur at least 5 times.

    Args:
        sentences: tokenised texts (whole documents serve as well).
        workers: threads; only one gives the same vectors at every run.

    Raises:
        UserError: as ``check_learning``, or if no word occurs 5 times.
    """
    check_learning(size, epochs, seed, workers)
    try:
        model = _word2vec()(
            sentences, vector_size=size, window=8, min_count=5, sg=1, negative=5,
            sample=1e-4, epochs=epochs, seed=seed, workers=workers,
        )  # fmt: skip
    except RuntimeError as error:
        raise UserError(tr("Learning vectors needs words that occur at least 5 times.")) from error
    return zip(model.wv.index_to_key, model.wv.vectors, strict=True)


def write_vectors(path: str | Path, entries: Iterable[tuple[str, np.ndarray]]) -> int:
    """Write the text format, or word2vec's binary form where ``path`` ends in ".bin".

    The binary form is half as large and exact. It has no room for a word with a space in it,
    after which it reads the vector: such a word is left out.

    Returns:
        How many words were written.
    """
    binary = Path(path).suffix == ".bin"
    writable = [(word, vector) for word, vector in entries if not binary or " " not in word]
    with Path(path).open("wb") as file:
        if binary:
            file.write(f"{len(writable)} {len(writable[0][1]) if writable else 0}\n".encode())
        for word, vector in writable:
            if binary:
                numbers = np.asarray(vector, dtype="<f4").tobytes()
            else:
                numbers = " ".join(f"{number:.5g}" for number in vector).encode()
            file.write(word.encode() + b" " + numbers + b"\n")
    return len(writable)
