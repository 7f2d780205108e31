"""What commands share: reading what is piped in, writing results, showing progress.

Results go to standard output, everything else to standard error. It knows nothing about
what is computed.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

from han_core.wrong_input import WrongInput

T = TypeVar("T")


def input_bytes(source: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise WrongInput(f"The input {source} can't be read: {reason(error)}.") from error


def check_writable(target: str) -> None:
    """Before long work; what stands there stays, and nothing new is left."""
    path = Path(target)
    try:
        new = not path.exists()
        path.open("a").close()
    except (OSError, ValueError) as error:
        raise WrongInput(f"The output {target} can't be written: {reason(error)}.") from error
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
            raise WrongInput(f"The output {target} can't be written: {reason(error)}.") from error
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
