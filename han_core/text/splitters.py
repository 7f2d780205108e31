"""Chunks of texts split by several processes at once, in order.

The processes are started afresh, never forked, and read nothing but texts: they work
below any other process, end with it, and leave Ctrl-C to it. It knows nothing about what
is done with the words.
"""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue

import pyarrow as pa

from han_core.text import splitting
from han_core.text.splitting import Split, receive_split, send_texts, split
from han_core.text.tokenizer import Tokenizer
from han_core.wrong_input import WrongInput

ROOT = Path(__file__).resolve().parents[2]
MOST = 8
"""Processes at once: each holds a language of its own, 200 MB and more."""

CHUNK = 200_000  # characters in a chunk, a fifth of a second's work
WORTH = 6_000_000
"""Characters from which several processes are faster: each takes seconds to begin."""


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes_for(characters: int) -> int:
    """How many processes should split that much text; 1 for none besides this one."""
    return min(MOST, cores()) if characters >= WORTH else 1


def split_all(
    texts: Iterable[str], tokenizer: Tokenizer, processes: int
) -> Generator[Split, None, None]:
    """Chunks of ``texts`` split, in order: the same ones whatever the number of processes.

    Texts are taken as they are needed, little ahead of what is done.

    Raises:
        WrongInput: if a process was ended, as where memory is short.
    """
    if processes == 1:
        yield from (split(chunk, tokenizer) for chunk in chunks(texts))
        return
    with _splitters(tokenizer, processes) as ask:
        yield from _in_order(ask, chunks(texts), processes)


def chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    """``texts`` in lists of about ``CHUNK`` characters."""
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


def _in_order(ask, asked: Iterable[list[str]], processes: int) -> Iterator[Split]:
    """Answers in the order of the questions; two for each process are under way."""
    with ThreadPoolExecutor(processes) as threads:
        waiting: deque = deque()
        for chunk in asked:
            waiting.append(threads.submit(ask, chunk))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _splitters(tokenizer: Tokenizer, processes: int):
    """A function that has a chunk split by whichever process is free."""
    free: SimpleQueue[subprocess.Popen] = SimpleQueue()
    with ExitStack() as stack:
        for _ in range(processes):
            free.put(stack.enter_context(_process(tokenizer)))

        def ask(chunk: Sequence[str]) -> Split:
            process = free.get()
            try:
                return _answer(process, chunk)
            finally:
                free.put(process)

        yield ask


def _answer(process: subprocess.Popen, chunk: Sequence[str]) -> Split:
    assert process.stdin
    assert process.stdout
    try:
        send_texts(chunk, process.stdin)
        return receive_split(process.stdout)
    except (OSError, pa.ArrowInvalid) as error:
        raise WrongInput(
            "A process that splits texts into words ended before it was done; "
            "there may be too little memory."
        ) from error


@contextmanager
def _process(tokenizer: Tokenizer) -> Iterator[subprocess.Popen]:
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(ROOT), inherited] if inherited else [str(ROOT)])
    # -P: what lies in the present folder must not shadow a module.
    how = [tokenizer.language, str(tokenizer.maximum_tokens), tokenizer.segmentation]
    command = [sys.executable, "-P", "-m", splitting.__name__, *how]
    process = subprocess.Popen(
        command,
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
