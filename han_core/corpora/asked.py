"""Documents to explain, from JSON lines: a text in each, and what it is called.

It knows nothing about labels or where the lines come from.
"""

import io
import json

from han_core.wrong_input import WrongInput


def read_asked(data: bytes) -> tuple[list[str], list]:
    """Texts and ids, in order; an id is any JSON value, or the line's number.

    Raises:
        WrongInput: names the line that is no object with a text of at least one word,
            or whose id is a number that JSON does not have.
    """
    texts, ids = [], []
    try:
        lines = io.StringIO(data.decode("utf-8-sig"), newline=None)
    except UnicodeDecodeError as error:
        raise WrongInput(f"The input is not UTF-8 (byte {error.start}).") from error
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
        raise WrongInput(f"Line {number} of the input is not JSON.") from error
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise WrongInput(f'Line {number} of the input has no "text" that is a string.')
    if not value["text"].strip():
        raise WrongInput(f"Line {number} of the input has a text without a word.")
    id = value.get("id", number)
    try:
        json.dumps(id, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise WrongInput(f'Line {number} of the input has an "id" that is not finite.') from error
    return value["text"], id
