"""A filter as a short text that fits into an address, and back.

base64url (no padding) of zlib-compressed JSON. Anybody can write one, so it is bounded and
checked before it is believed; a filter says only what to show. It does not know which
classes, columns or tags there are: ``select`` finds out.
"""

import base64
import json
import zlib

from pydantic import ValidationError

from han_core.errors.asked.filter import Filter
from han_core.wrong_input import WrongInput

LONGEST = 4_000
"""Characters of a text; longer ones are neither made nor read."""

LARGEST = 40_000  # bytes of JSON; so much can be pressed into few characters


def to_text(filter: Filter) -> str:
    """The filter's text; "" for the one that leaves everything.

    Raises:
        WrongInput: if it would be longer than ``LONGEST``.
    """
    said = filter.model_dump(exclude_defaults=True)
    if not said:
        return ""
    content = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    text = base64.urlsafe_b64encode(zlib.compress(content, 9)).decode().rstrip("=")
    if len(text) > LONGEST or len(content) > LARGEST:
        raise WrongInput(
            f"A link holds a filter of up to {LONGEST:,} characters; this one needs {len(text):,}."
        )
    return text


def from_text(text: str) -> Filter:
    """The filter of a text that ``to_text`` made.

    Raises:
        WrongInput: if it is cut, changed, too long, or asks for what cannot be.
    """
    if len(text) > LONGEST:
        raise WrongInput(
            f"A link holds a filter of up to {LONGEST:,} characters; {len(text):,} came."
        )
    try:
        return Filter.model_validate(json.loads(_unpacked(text)) if text else {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise WrongInput(
            f"The link's filter asks for what cannot be ({where}: {first['msg']})."
        ) from error
    except (ValueError, RecursionError, zlib.error) as error:
        raise WrongInput(
            "The link's filter is cut or changed; a whole link is expected."
        ) from error


def _unpacked(text: str) -> bytes:
    content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    unpacking = zlib.decompressobj()
    found = unpacking.decompress(content, LARGEST)
    if not unpacking.eof or unpacking.unused_data:
        raise ValueError("more than one filter")
    return found
