"""What commands share: flags, reading and writing files, progress bars, Ctrl-C."""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, TypeVar

from han_core.data.corpus import Corpus, read_corpus
from han_core.data.text_files import headerless
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True)
class Command:
    """One command: ``flags`` adds its flags to a parser, ``run`` carries it out."""

    flags: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


def checkpoint_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", required=True, metavar="DIR")


def data_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        required=True,
        metavar="D",
        help="a .parquet, .csv, .tsv, .jsonl or .json file (all but .parquet also as .gz), "
        "messages:FILE of raw messages, hf:NAME[/CONFIG][@SPLIT], bundled:NAME",
    )
    parser.add_argument(
        "--no-header",
        action="store_true",
        help='the first row of CSV and TSV is data; columns are called "column 1", "column 2", …',
    )
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")


def device_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")


def at_least(least: int) -> Callable[[str], int]:
    """Return a type for argparse: a whole number that is not smaller than ``least``."""

    def number(text: str) -> int:
        if (value := int(text)) < least:
            raise argparse.ArgumentTypeError(f"at least {least} is expected; {value} came")
        return value

    return number


def read_first_rows_as_data(options: argparse.Namespace) -> None:
    """Carry out ``--no-header``: from now on the options name their files so."""
    others = () if getattr(options, "domain_column", None) else ("adapt_to",)
    for name in ("data", "validation", "test", "unlabelled", *others):
        if isinstance(spec := getattr(options, name, None), str):
            setattr(options, name, headerless(spec))


def load_chosen(options: argparse.Namespace) -> Checkpoint:
    """Return the checkpoint of ``--checkpoint`` on the device of ``--device``."""
    return load_checkpoint(options.checkpoint, choose_device(options.device))


def read_chosen(options: argparse.Namespace, labelled: bool = True) -> Corpus:
    """Return the documents of ``--data`` (of several splits the test split), and say its notes."""
    corpus = read_corpus(
        options.data,
        text_column=options.text_column,
        label_column=options.label_column if labelled else None,
        default_split="test",
    )
    say_all(corpus.notes)
    return corpus


def input_bytes(source: str) -> bytes:
    """Return the content of a file; ``-`` is standard input."""
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UserError(f"The input {source} can't be read: {reason(error)}.") from error


def check_writable(target: str) -> None:
    """Refuse a file that cannot be written, before long work; nothing is changed."""
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
    """Open a file to write to; ``-`` is standard output."""
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


def say_all(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        say(sentence)


def follow(
    documents: Iterable[T], name: str, total: int | None = None, delay: float = 0
) -> Iterable[T]:
    """Show a progress bar over a loop, unless it takes less than ``delay`` seconds."""
    from tqdm import tqdm

    return tqdm(documents, name, total, unit="doc", file=sys.stderr, mininterval=0.5, delay=delay)


def epoch_bar(epoch: int, documents: int, unit: str = "doc") -> Callable[[int, float], None]:
    """Return what shows the loss, documents a second and the time left of an epoch."""
    bar = _bar(f"Epoch {epoch}", documents, unit)
    losses: list[float] = []

    def step(count: int, loss: float) -> None:
        losses.append(loss)
        bar.set_postfix(loss=f"{sum(losses[-50:]) / len(losses[-50:]):.3f}", refresh=False)
        bar.update(count)
        if bar.n >= documents:
            bar.close()

    return step


def progress_bar(name: str, documents: int) -> Callable[[int, int], None]:
    """Return a progress bar as a function of documents done and of all of them."""
    bar = _bar(name, documents)

    def progress(done: int, of: int) -> None:
        bar.update(done - bar.n)
        if done == of:
            bar.close()

    return progress


def _bar(name: str, total: int, unit: str = "doc"):
    from tqdm import tqdm

    return tqdm(total=total, desc=name, unit=unit, file=sys.stderr, mininterval=0.5)


class Interrupt:
    """Ctrl-C, or the end of a job: once to stop after the step, twice to stop at once.

    Args:
        alone: whether this is the only process; a launcher repeats the signal for several.
    """

    def __init__(self, alone: bool):
        self._alone, self._training, self._pending = alone, False, False

    def is_pending(self) -> bool:
        """Return whether to stop; called after each step."""
        self._training = True
        return self._pending

    @contextmanager
    def catching_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._handle) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, *_: object) -> None:
        # Before the first step, and the second time, at once.
        if not self._training or (self._pending and self._alone):
            raise KeyboardInterrupt
        if not self._pending and self._alone:
            # Not by print, in the middle of which the signal may have come.
            os.write(2, b"\nStopping after this step; once more stops at once.\n")
        self._pending = True
