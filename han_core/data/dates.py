"""Made-up pairs: a date as people write it, in English or Chinese, and the same in ISO 8601.

A translator learns them in seconds, and for every digit of the answer it is known which
characters say it. ``bundled:dates`` are pairs to train on; ``bundled:dates@test`` are of days
that stand in none of these.
"""

import random
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from zlib import crc32

from han_core.data.table import Table
from han_core.runtime.errors import UserError, joined, shown
from han_core.runtime.messages import tr

COLUMNS = ("words", "iso")
PAIRS = {"bundled:dates": 12_000, "bundled:dates@test": 1_000}
FIRST, DAYS = date(1900, 1, 1), 73_049  # to the end of 2099
HELD_OUT = 20  # one day in so many is never trained on

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",  # not shown
    "August", "September", "October", "November", "December",  # not shown
)  # fmt: skip
WEEKDAYS = (
    "Monday", "Tuesday", "Wednesday", "Thursday",  # not shown
    "Friday", "Saturday", "Sunday",  # not shown
)  # fmt: skip
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth", "twentieth",
)  # fmt: skip
DIGITS = "〇一二三四五六七八九"
CHINESE_WEEKDAYS = "一二三四五六日"


def ordinal(number: int) -> str:
    """Return 1 to 31 as an English ordinal in words: "twenty-first"."""
    if number <= 20:
        return ORDINALS[number - 1]
    tens, ones = divmod(number, 10)
    if not ones:
        return "thirtieth"
    return f"{'twenty' if tens == 2 else 'thirty'}-{ORDINALS[ones - 1]}"


def suffixed(number: int) -> str:
    """Return 1 to 31 as an English ordinal in digits: "21st"."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 11 <= number <= 13 else ending}"


def chinese_number(number: int) -> str:
    """Return 1 to 31 in Chinese: "二十一"."""
    tens, ones = divmod(number, 10)
    front = "" if tens == 0 else "十" if tens == 1 else f"{DIGITS[tens]}十"
    return front + (DIGITS[ones] if ones else "")


def chinese_year(year: int) -> str:
    """Return a year digit by digit: "二〇二六"."""
    return "".join(DIGITS[int(digit)] for digit in str(year))


def _month(day: date) -> str:
    return MONTHS[day.month - 1]


def _weekday(day: date) -> str:
    return WEEKDAYS[day.weekday()]


def _chinese(day: date) -> str:
    """Year, month and day in Chinese numbers, without the word for day."""
    return f"{chinese_year(day.year)}年{chinese_number(day.month)}月{chinese_number(day.day)}"


WRITTEN: tuple[Callable[[date], str], ...] = (
    lambda day: f"{_month(day)} {day.day}, {day.year}",
    lambda day: f"{_month(day)[:3]} {day.day}, {day.year}",
    lambda day: f"{_month(day)} {suffixed(day.day)}, {day.year}",
    lambda day: f"{_month(day)} the {ordinal(day.day)}, {day.year}",  # not shown
    lambda day: f"{_weekday(day)}, {_month(day)} {day.day}, {day.year}",
    lambda day: f"{day.day} {_month(day)} {day.year}",
    lambda day: f"{_weekday(day)[:3]} {day.day} {_month(day)[:3]} {day.year}",
    lambda day: f"the {suffixed(day.day)} of {_month(day)} {day.year}",  # not shown
    lambda day: f"the {ordinal(day.day)} of {_month(day)} {day.year}",  # not shown
    lambda day: f"{_weekday(day)}, the {ordinal(day.day)} of {_month(day)} {day.year}",  # not shown
    lambda day: f"{day.day}.{day.month}.{day.year}",
    lambda day: f"{day.year}年{day.month}月{day.day}日",
    lambda day: f"{day.year}年{day.month:02}月{day.day:02}日",
    lambda day: f"{_chinese(day)}日",
    lambda day: f"{_chinese(day)}号",
    lambda day: f"{_chinese(day).replace('〇', '零')}日",
    lambda day: f"{_chinese(day)}日星期{CHINESE_WEEKDAYS[day.weekday()]}",
    lambda day: f"{day.year}年{day.month}月{day.day}日（星期{CHINESE_WEEKDAYS[day.weekday()]}）",
)
"""How a day is written, each as often as the others."""


def is_held_out(day: date) -> bool:
    """Whether a day is one of those that are never trained on."""
    return crc32(day.isoformat().encode()) % HELD_OUT == 0


def date_pairs(number: int, held_out: bool, seed: int = 0) -> list[tuple[str, str]]:
    """Return days by chance from 1900 to 2099, as people write them and in ISO 8601."""
    chance = random.Random(f"{seed} {held_out}")
    pairs: list[tuple[str, str]] = []
    while len(pairs) < number:
        day = FIRST + timedelta(days=chance.randrange(DAYS))
        if is_held_out(day) == held_out:
            written = WRITTEN[chance.randrange(len(WRITTEN))]
            pairs.append((written(day), day.isoformat()))
    return pairs


@lru_cache(maxsize=2)
def bundled_dates(name: str) -> Table:
    """Return ``bundled:dates`` or ``bundled:dates@test`` with the columns words and iso.

    Raises:
        UserError: if there are no bundled pairs of that name.
    """
    if name not in PAIRS:
        known = joined(tuple(PAIRS))
        raise UserError(
            tr('Bundled pairs are {known}; "{name}" came.', known=known, name=shown(name))
        )
    words, iso = zip(*date_pairs(PAIRS[name], held_out=name.endswith("@test")), strict=True)
    return Table(name, dict(zip(COLUMNS, (words, iso), strict=True)))
