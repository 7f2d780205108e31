"""JSONL text (one JSON object a line) to a table of strings.

Columns are the keys in the order in which they first appear; a key that a line
lacks is an empty cell there. The text is gone through twice: for the keys, and for the
cells. Knows nothing about encodings or files.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from han_core.corpora.encoding import Read
from han_core.corpora.stream import Stream, batches_of
from han_core.corpora.table import checked_names, in_words
from han_core.wrong_input import WrongInput

LINE = "\n"  # and nothing else: JSON strings may hold U+2028 and its like unescaped


def stream_json_lines(read: Read, name: str) -> Stream:
    keys: dict[str, None] = {}
    for where, row in _objects(read, name):
        if not row.keys() <= keys.keys():
            with _refusing(where):
                "".join(row).encode()
            keys |= dict.fromkeys(row)
    if not keys:
        raise WrongInput(f"{name} is empty; one JSON object a line was expected.")
    columns = tuple(checked_names(list(keys), name))
    return Stream(name, columns, batches_of(_rows(read, name, columns), columns))


def _rows(read: Read, name: str, columns: tuple[str, ...]) -> Iterator[list[str]]:
    for where, row in _objects(read, name):
        with _refusing(where):
            cells = [in_words(row[key]) if key in row else "" for key in columns]
            "".join(cells).encode()
        yield cells


def _objects(read: Read, name: str) -> Iterator[tuple[str, dict]]:
    """Each line's object, and how a sentence names the line."""
    with read(LINE) as text:
        for number, line in enumerate(text, start=1):
            if line.strip():
                where = f"Line {number} of {name}"
                with _refusing(where):
                    row = json.loads(line)
                if not isinstance(row, dict):
                    wanted = '{"text": "…", "label": "…"}'
                    raise WrongInput(f"{where} is not a JSON object such as {wanted}.")
                yield where, row


@contextmanager
def _refusing(where: str) -> Iterator[None]:
    try:
        yield
    except RecursionError as error:
        raise WrongInput(f"{where} is nested too deeply to be read.") from error
    except UnicodeEncodeError as error:
        raise WrongInput(f"{where} holds half a character (a lone surrogate).") from error
    except ValueError as error:
        raise WrongInput(f"{where} is not JSON ({error}).") from error
