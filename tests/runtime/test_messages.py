"""Messages in the reader's language, and whose language that is."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from han_core.runtime import messages
from han_core.runtime.errors import counted, joined
from han_core.runtime.messages import current_locale, known_locale, paragraph, speaking, tr, trn


@pytest.fixture(autouse=True)
def nobody_visits(monkeypatch):
    monkeypatch.setattr(messages, "_visitors", [])
    monkeypatch.delenv(messages.VARIABLE, raising=False)


def test_english_is_the_message_itself():
    assert tr("{name} {{x}} {share:.0%}", name="<b>", share=0.5) == "<b> {x} 50%"
    assert tr("Braces {stay} without values") == "Braces {stay} without values"
    assert trn("{count} row", "{count:,} rows", 1) == "1 row"
    assert trn("{count} row", "{count:,} rows", 1234) == "1,234 rows"
    assert (counted(1, "word"), counted(1234, "word")) == ("1 word", "1,234 words")
    assert [joined(words) for words in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]


def test_chinese_within_and_english_after():
    with speaking("zh"):
        assert tr("Explore") == "探索"
        assert counted(3, "word") == "3 个词"
        assert joined(["甲", "乙", "丙"]) == "甲、乙和丙"
        assert paragraph("一句。", "", "又一句。") == "一句。又一句。"
        with speaking("en"):
            assert tr("Explore") == "Explore"
            assert paragraph("One.", "", "Two.") == "One. Two."
    assert tr("Explore") == "Explore"


def test_what_no_catalogue_has_stays_english():
    with speaking("zh"):
        assert tr("Nobody ever wrote {this}", this=1) == "Nobody ever wrote 1"
        assert tr("") == ""  # whose translation gettext takes for the catalogue's head


def test_the_visitors_language_comes_before_the_servers(monkeypatch):
    monkeypatch.setenv(messages.VARIABLE, "zh_CN.UTF-8")
    assert current_locale() == "zh"
    messages.identify_locale(lambda: "en")
    assert current_locale() == "en"
    messages.identify_locale(lambda: None)  # a thread that serves nobody
    assert current_locale() == "zh"


def test_a_thread_does_not_change_the_language_of_another():
    with ThreadPoolExecutor(1) as pool, speaking("zh"):
        assert pool.submit(current_locale).result() == "en"
        assert current_locale() == "zh"


@pytest.mark.parametrize(
    ("tag", "locale"),
    [("zh-Hans-CN", "zh"), ("ZH", "zh"), ("en_GB", "en"), ("de", None), ("zhx", None), ("", None)],
)
def test_language_tags(tag, locale):
    assert known_locale(tag) == locale


def test_a_command_speaks_the_language_of_its_environment():
    code = "from han_core.runtime.messages import tr; print(tr('Explore'))"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True,
        env={**os.environ, messages.VARIABLE: "zh", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert said.stdout.decode("utf-8").strip() == "探索"
