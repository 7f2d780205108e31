"""Flags that several commands take.

What commands share: reading what is piped in, writing results, showing progress.

Results go to standard output, everything else to standard error. It knows nothing about
what is computed.

Documents to explain, from JSON lines: a text in each, and what it is called.

It knows nothing about labels or where the lines come from.
"""

import argparse
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

from han_core.runtime.errors import UserError


def checkpoint(command: argparse.ArgumentParser) -> None:
    command.add_argument("--checkpoint", required=True, metavar="DIR")


def data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        required=True,
        metavar="D",
        help="a .parquet, .csv, .tsv or .jsonl file, messages:FILE of raw messages, "
        "hf:NAME[/CONFIG][@SPLIT], bundled:NAME",
    )
    command.add_argument("--text-column", default="text")
    command.add_argument("--label-column", default="label")


def device(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")


def at_least(least: int) -> Callable[[str], int]:
    """A whole number, for ``type=``; a smaller one is refused."""

    def number(text: str) -> int:
        if (value := int(text)) < least:
            raise argparse.ArgumentTypeError(f"at least {least} is expected; {value} came")
        return value

    return number


T = TypeVar("T")


def input_bytes(source: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UserError(f"The input {source} can't be read: {reason(error)}.") from error


def check_writable(target: str) -> None:
    """Before long work; what stands there stays, and nothing new is left."""
    path = Path(target)
    try:
        new = not path.exists()
        path.open("a").close()
    except (OSError, ValueError) as error:
        raise UserError(f"The output {target} can't be written: {reason(error)}.") from error
    if new:
        path.unlink()


def reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


@contextmanager
def writing(target: str) -> Iterator[TextIO]:
    if target == "-":
        yield sys.stdout
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(target).open("w", encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"The output {target} can't be written: {reason(error)}.") from error
        yield file


def print_json(value: dict) -> None:
    print(json.dumps(value, allow_nan=False), flush=True)


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def follow(
    documents: Iterable[T], name: str, total: int | None = None, delay: float = 0
) -> Iterable[T]:
    """A progress bar over a loop; none for what takes less than ``delay`` seconds."""
    from tqdm import tqdm

    return tqdm(documents, name, total, unit="doc", file=sys.stderr, mininterval=0.5, delay=delay)


def epoch_bar(epoch: int, documents: int):
    """A bar with loss, documents a second and time left."""
    from tqdm import tqdm

    bar = tqdm(total=documents, desc=f"Epoch {epoch}", unit="doc", file=sys.stderr, mininterval=0.5)
    mean: list[float] = []

    def step(count: int, loss: float) -> None:
        mean.append(loss)
        bar.set_postfix(loss=f"{sum(mean[-50:]) / len(mean[-50:]):.3f}", refresh=False)
        bar.update(count)
        if bar.n >= documents:
            bar.close()

    return step


def bar(name: str, documents: int) -> Callable[[int, int], None]:
    """A progress bar as ``predict`` wants it."""
    from tqdm import tqdm

    bar = tqdm(total=documents, desc=name, unit="doc", file=sys.stderr, mininterval=0.5)

    def progress(done: int, of: int) -> None:
        bar.update(done - bar.n)
        if done == of:
            bar.close()

    return progress


def read_asked(data: bytes) -> tuple[list[str], list]:
    """Texts and ids, in order; an id is any JSON value, or the line's number.

    Raises:
        UserError: names the line that is no object with a text of at least one word,
            or whose id is a number that JSON does not have.
    """
    texts, ids = [], []
    try:
        lines = io.StringIO(data.decode("utf-8-sig"), newline=None)
    except UnicodeDecodeError as error:
        raise UserError(f"The input is not UTF-8 (byte {error.start}).") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            text, id = _document(line, number)
            texts.append(text)
            ids.append(id)
    return texts, ids


def _document(line: str, number: int) -> tuple[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"Line {number} of the input is not JSON.") from error
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise UserError(f'Line {number} of the input has no "text" that is a string.')
    if not value["text"].strip():
        raise UserError(f"Line {number} of the input has a text without a word.")
    id = value.get("id", number)
    try:
        json.dumps(id, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise UserError(f'Line {number} of the input has an "id" that is not finite.') from error
    return value["text"], id
