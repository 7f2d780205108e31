"""Dates in words and their ISO form: numbers by hand, every form read back, days held out."""

import re
from datetime import date, timedelta

import pytest

from han_core.data.dates import (
    DAYS,
    FIRST,
    MONTHS,
    WRITTEN,
    bundled_dates,
    chinese_number,
    chinese_year,
    date_pairs,
    is_held_out,
    ordinal,
    suffixed,
)
from han_core.data.sentence_pairs import read_pairs
from han_core.runtime.errors import UserError

DAY = date(2026, 5, 20)  # a Wednesday
BY_HAND = (
    "May 20, 2026", "May 20, 2026", "May 20th, 2026", "May the twentieth, 2026",
    "Wednesday, May 20, 2026", "20 May 2026", "Wed 20 May 2026", "the 20th of May 2026",
    "the twentieth of May 2026", "Wednesday, the twentieth of May 2026", "20.5.2026",
    "2026年5月20日", "2026年05月20日", "二〇二六年五月二十日", "二〇二六年五月二十号",
    "二零二六年五月二十日", "二〇二六年五月二十日星期三", "2026年5月20日（星期三）",
)  # fmt: skip


def test_a_day_is_written_in_every_form():
    assert tuple(write(DAY) for write in WRITTEN) == BY_HAND


@pytest.mark.parametrize(
    ("number", "words", "figures", "chinese"),
    [
        (1, "first", "1st", "一"),
        (3, "third", "3rd", "三"),
        (10, "tenth", "10th", "十"),
        (11, "eleventh", "11th", "十一"),
        (12, "twelfth", "12th", "十二"),
        (20, "twentieth", "20th", "二十"),
        (22, "twenty-second", "22nd", "二十二"),
        (30, "thirtieth", "30th", "三十"),
        (31, "thirty-first", "31st", "三十一"),
    ],
)
def test_numbers_by_hand(number, words, figures, chinese):
    assert (ordinal(number), suffixed(number), chinese_number(number)) == (words, figures, chinese)


def test_years_digit_by_digit():
    assert chinese_year(1907) == "一九〇七"


def test_each_pair_says_the_same_day():
    """Year, month and day are read back from forms with numerals, by other rules."""
    for words, iso in date_pairs(400, False, seed=3):
        day = date.fromisoformat(iso)
        numbers = [int(number) for number in re.findall(r"\d+", words)]
        if not numbers:
            assert words.startswith(tuple("一二"))
            continue
        assert day.year in numbers
        assert any(name[:3] in words for name in MONTHS) or day.month in numbers
        assert len(numbers) == 1 or day.day in numbers


def test_held_out_days_are_in_no_training_pair():
    trained = {iso for _, iso in date_pairs(2_000, False)}
    tested = {iso for _, iso in date_pairs(300, True)}
    assert not trained & tested
    share = sum(is_held_out(FIRST + timedelta(days=n)) for n in range(DAYS)) / DAYS
    assert share == pytest.approx(1 / 20, abs=0.005)


def test_the_days_end_with_2099():
    assert FIRST + timedelta(days=DAYS - 1) == date(2099, 12, 31)


def test_the_same_seed_gives_the_same_pairs():
    assert date_pairs(20, False, 1) == date_pairs(20, False, 1)
    assert date_pairs(20, False, 1) != date_pairs(20, False, 2)


def test_bundled_pairs_are_read_like_a_file():
    pairs = read_pairs("bundled:dates@test", "words", "iso")
    assert len(pairs) == 1_000
    assert pairs.name == "bundled:dates@test"
    assert all(is_held_out(date.fromisoformat(iso)) for iso in pairs.targets)
    assert bundled_dates("bundled:dates").rows == 12_000


@pytest.mark.parametrize(
    ("name", "columns", "fragment"),
    [("bundled:days", ("words", "iso"), "bundled:dates"), ("bundled:dates", ("en", "fr"), "words")],
)
def test_other_names_are_one_sentence(name, columns, fragment):
    with pytest.raises(UserError, match=fragment):
        read_pairs(name, *columns)
