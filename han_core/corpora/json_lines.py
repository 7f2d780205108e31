"""JSONL text (one JSON object a line) to a table of strings.

Columns are the keys in the order in which they first appear; a key that a line
lacks is an empty cell there. Knows nothing about encodings or files.
"""

import json

from han_core.corpora.table import Table, checked_names, in_words
from han_core.wrong_input import WrongInput


def read_json_lines(text: str, name: str) -> Table:
    # Not splitlines(): JSON strings may hold U+2028 and its like unescaped.
    lines = enumerate(text.split("\n"), start=1)
    rows = [_row(line, f"Line {number} of {name}") for number, line in lines if line.strip()]
    if not rows:
        raise WrongInput(f"{name} is empty; one JSON object a line was expected.")
    columns = checked_names([*dict.fromkeys(key for row in rows for key in row)], name)
    return Table(name, {key: tuple(row.get(key, "") for row in rows) for key in columns})


def _row(line: str, where: str) -> dict[str, str]:
    try:
        row = {key: in_words(cell) for key, cell in json.loads(line).items()}
        "".join((*row, *row.values())).encode()
    except RecursionError as error:
        raise WrongInput(f"{where} is nested too deeply to be read.") from error
    except UnicodeEncodeError as error:
        raise WrongInput(f"{where} holds half a character (a lone surrogate).") from error
    except ValueError as error:
        raise WrongInput(f"{where} is not JSON ({error}).") from error
    except AttributeError as error:  # a list, a number …: JSON without items()
        wanted = '{"text": "…", "label": "…"}'
        raise WrongInput(f"{where} is not a JSON object such as {wanted}.") from error
    return row
