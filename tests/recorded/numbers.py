"""Numbers as they are recorded, and how far two recordings agree.

Other processors give other last digits, so floats are compared with a tolerance and never
hashed. Long arrays are recorded as length, sum, ends and 20 values.
"""

import base64
import math
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

WHOLE = 24  # numbers up to which an array is recorded number by number
SAMPLED = 20
RELATIVE, ABSOLUTE = 1e-3, 2e-4
"""Tolerance of a float; also that of two different processors."""

RANKED, ABSOLUTE_RANKED = re.compile("tau|flip|thorough_[24]"), 0.06
"""Figures of ranks jump where two words are all but equal, so they get a tolerance of their own."""


def compact(values: Iterable[Any], digits: int = 5) -> Any:
    """Return the numbers of an array, nested or not, rounded; of a long one a summary."""
    flat = [_rounded(value, digits) for value in _flat(values)]
    if len(flat) <= WHOLE:
        return flat
    numbers = np.array([math.nan if value is None else value for value in flat], dtype=float)
    places = np.linspace(0, len(flat) - 1, SAMPLED).astype(int)
    return {
        "length": len(flat),
        "mean": _rounded(np.nanmean(numbers), digits),
        "least": _rounded(np.nanmin(numbers), digits),
        "most": _rounded(np.nanmax(numbers), digits),
        "some": [flat[place] for place in places],
    }


def decoded(values: Any) -> Any:
    """Return a list for an array as Plotly writes it, in base64 or not."""
    if isinstance(values, dict) and "bdata" in values:
        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).tolist()
    return values


def rounded(value: Any, digits: int = 5) -> Any:
    """Round all floats within JSON."""
    if isinstance(value, dict):
        return {key: rounded(one, digits) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one, digits) for one in value]
    return round(value, digits) if isinstance(value, float) else value


def kinds(value: Any) -> Any:
    """Return the JSON with the name of its type in place of every leaf."""
    if isinstance(value, dict):
        return {key: kinds(one) for key, one in value.items()}
    if isinstance(value, list):
        return [kinds(value[0])] if value else []
    return "number" if _is_number(value) else type(value).__name__


def differences(was: Any, now: Any, where: str = "") -> list[str]:
    """Return a line for every place where two recordings differ, beyond the tolerance."""
    if isinstance(was, dict) and isinstance(now, dict):
        found = [f"{where}/{key}: only before" for key in was.keys() - now.keys()]
        found += [f"{where}/{key}: only now" for key in now.keys() - was.keys()]
        shared = sorted(was.keys() & now.keys())
        inner = (differences(was[key], now[key], f"{where}/{key}") for key in shared)
        return found + [line for lines in inner for line in lines]
    if isinstance(was, list) and isinstance(now, list):
        if len(was) != len(now):
            return [f"{where}: {len(was)} items before, {len(now)} now"]
        pairs = enumerate(zip(was, now, strict=True))
        return [line for at, pair in pairs for line in differences(*pair, f"{where}/{at}")]
    absolute = ABSOLUTE_RANKED if RANKED.search(where) else ABSOLUTE
    return [] if _alike(was, now, absolute) else [f"{where}: {was!r} before, {now!r} now"]


def _alike(was: Any, now: Any, absolute: float) -> bool:
    if isinstance(was, float) or isinstance(now, float):
        both = _is_number(was) and _is_number(now)
        return both and math.isclose(was, now, rel_tol=RELATIVE, abs_tol=absolute)
    return type(was) is type(now) and was == now


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flat(values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _rounded(value: Any, digits: int) -> Any:
    if not isinstance(value, float):
        return value
    return None if math.isnan(value) else round(float(value), digits)
