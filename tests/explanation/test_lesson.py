"""Lessons as files: what is read, and what is said about a file that is wrong."""

import re

import pytest

from han_core.explanation.lesson import (
    FOLDER,
    LANGUAGES,
    PLACES,
    interface,
    lessons,
    read_lesson,
)
from han_core.runtime.errors import UserError

NAME = "03-one-step.en.toml"
GOOD = (FOLDER / NAME).read_text("utf-8")


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = NAME):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def line_of(text: str, beginning: str) -> int:
    return 1 + next(at for at, line in enumerate(text.splitlines()) if line.startswith(beginning))


def test_a_file_is_a_lesson(write):
    lesson = read_lesson(write(GOOD))
    assert (lesson.number, lesson.language, lesson.shows) == (3, "en", "step")
    assert lesson.predict.answer in PLACES["step"]
    assert sum(option.correct for option in lesson.check.options) == 1


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("minutes = 6", 'minutes = "six"', "minutes", "minutes"),
        ("minutes = 6", "minutes = 6\ncolour = 1", "colour", "colour"),
        ('shows = "step"', 'shows = "dance"', "shows", "shows"),
        ("{exp} / {sum} = {weight}. With", "{exp} / {price} = {weight}. With", "reveal", "price"),
        ("With even attention", "With {even attention", "reveal", "reveal"),
        ('answer = "weight"', 'answer = "mood"', "answer", "mood"),
        ("tolerance = 0.005", "tolerance = -1", "tolerance", "tolerance"),
        ("correct = true\n", "", "[check]", "one option"),
        ('text = "They all rise."', "text = 5", "text = 5", "text"),
        ("They all rise.", "They {all} rise.", 'text = "They {all}', "check.options.1.text"),
        ("minutes = 4\n", "minutes = 0\n", "minutes = 0", "teacher.plan.1.minutes"),
        ("{exp}, read as", "{ex}, read as", 'answer = "The exponential', "teacher.wrong.1"),
        ("The division was", "The {division was", 'shows = "The {div', "teacher.wrong.1.shows"),
        ("discuss = [", "discus = [", "[teacher]", "teacher.discuss"),
    ],
)
def test_an_error_is_named_with_its_line(write, old, new, at, said):
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    with pytest.raises(UserError) as error:
        read_lesson(write(text))
    message = str(error.value)
    assert message.startswith(f"{NAME}, line {line_of(text, at)}: ")
    assert said in message


def test_a_lesson_may_do_without_notes(write):
    without = GOOD[: GOOD.index("[teacher]")]
    assert read_lesson(write(without)).teacher is None


def test_notes_add_up_the_minutes_of_a_class(write):
    teacher = read_lesson(write(GOOD)).teacher
    assert teacher.minutes == 2 + 4 + 3 + 3


def test_what_is_no_toml_is_named_with_its_line(write):
    with pytest.raises(UserError, match=rf"{re.escape(NAME)} is no TOML.*line 2"):
        read_lesson(write("title = 'x'\nminutes = = 3\n"))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 200_000])
def test_hostile_files_are_refused(tmp_path, content):
    path = tmp_path / NAME
    path.write_bytes(content)
    with pytest.raises(UserError, match=re.escape(NAME)):
        read_lesson(path)


@pytest.mark.parametrize("name", ["lesson.toml", "3.toml", "03-one-step.fr.toml"])
def test_the_name_says_number_and_language(write, name):
    with pytest.raises(UserError, match="is called like"):
        read_lesson(write(GOOD, name))


def test_two_lessons_of_one_number_are_refused(write):
    folder = write(GOOD).parent
    write(GOOD, "03-again.en.toml")
    with pytest.raises(UserError, match="same number"):
        lessons("en", folder)


def test_every_lesson_stands_in_both_languages():
    english, chinese = (lessons(language) for language in LANGUAGES)
    assert [one.number for one in english] == [one.number for one in chinese]
    for ours, theirs in zip(english, chinese, strict=True):
        for field in ("shows", "hide", "minutes"):
            assert getattr(ours, field) == getattr(theirs, field)
        assert ours.predict.kind == theirs.predict.kind
        assert ours.predict.answer == theirs.predict.answer
        assert ours.predict.options.keys() == theirs.predict.options.keys()
        correct = [[option.correct for option in one.check.options] for one in (ours, theirs)]
        assert correct[0] == correct[1]
        assert _shape(ours) == _shape(theirs)


def _shape(lesson) -> list[int] | None:
    """The minutes of a lesson's plan, and how many wrong answers and questions it names."""
    if (notes := lesson.teacher) is None:
        return None
    return [*(one.minutes for one in notes.plan), len(notes.wrong), len(notes.discuss)]


def test_no_number_of_a_model_stands_in_a_lesson():
    for language in LANGUAGES:
        for lesson in lessons(language):
            for name, template in lesson._templates():
                text = template.replace("3.2.1", "")  # a section of a paper
                assert not re.search(r"\d[.,]\d", text), (lesson.number, language, name)


def test_the_page_says_the_same_in_both_languages():
    words = interface()
    assert words["en"].keys() == words["zh"].keys()
    for key, text in words["en"].items():
        places = [sorted(re.findall(r"\{\w+\}", one)) for one in (text, words["zh"][key])]
        assert places[0] == places[1], key
