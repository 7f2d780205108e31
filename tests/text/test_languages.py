import time

import pytest

from han_core.text.languages import LANGUAGES, SCRIPTS, language_name, script_of, written_in


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("A fine film, but long.", "Latin letters"),
        ("Größe, élan, œuvre", "Latin letters"),
        ("这部电影开头很慢，但是结尾很好。", "Chinese characters"),
        ("この映画はとてもおもしろかった。", "Japanese kana"),
        ("Фильм начинается медленно.", "Cyrillic letters"),
        ("Η ταινία αρχίζει αργά.", "Greek letters"),
        ("يبدأ الفيلم ببطء", "Arabic letters"),
        ("הסרט מתחיל לאט", "Hebrew letters"),
        ("फ़िल्म धीरे शुरू होती है", "Devanagari letters"),
        ("영화는 천천히 시작된다", "Korean letters"),
        ("ภาพยนตร์เริ่มช้า", "Thai letters"),
    ],
)
def test_scripts(text, script):
    assert script_of(text) == script


@pytest.mark.parametrize("text", ["", " \n", "12, 34!", "🔦🔦", "\ud800"])
def test_what_has_no_word_has_no_script(text):
    assert script_of(text) is None


def test_a_chinese_character_counts_like_a_word():
    # ten characters and six words, though the words have more letters
    assert script_of("这部电影的开头非常慢 by the director of Yellow Earth") == "Chinese characters"
    assert script_of('The title, "电影", is all that is left of it here') == "Latin letters"


def test_a_million_characters_take_no_time():
    text, started = "电影 film " * 120_000, time.thread_time()
    script_of(text)
    assert time.thread_time() - started < 0.1


def test_languages_name_scripts_that_there_are():
    assert {script for _, scripts in LANGUAGES.values() for script in scripts} == set(SCRIPTS)
    assert (language_name("zh"), written_in("zh")) == ("Chinese", ("Chinese characters",))
    assert (language_name("xx"), written_in("xx")) == ("xx", ())
