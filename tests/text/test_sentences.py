"""Sentences begin where a reader begins them, in every writing; a bar stands for each."""

import time

import pytest

from han_core.text.tokenizer import LATEST, Tokenizer
from tests.text.spans import tokenizer


def parts(text: str, language: str = "en", version: int = LATEST) -> list[str]:
    """The text of each sentence, from its first to its last word."""
    document = tokenizer(language, version=version)(text)
    return [text[sentence.start : sentence.end] for sentence in document.sentences]


def cut(marked: str, language: str = "en") -> str:
    """``marked`` without its "|", and with one where the rules begin a sentence."""
    return "|".join(parts(marked.replace("|", ""), language))


@pytest.mark.parametrize(
    ("language", "marked"),
    [
        ("en", "No refund was given.| (They refused twice.)| It was dull.| “Superb,” they said."),
        ("en", 'He said "Stop."| She left.| "Why?" he asked.| [Noise.]| ‘Fine.’| Yes'),
        ("en", 'So " dull " was it.| " Never again. "| They left.'),
        ("es", "¡Qué bien!| ¿Verdad?| «Nunca más», dijo.| ¡No!| ¿Y tú?"),
        ("fr", "C’est nul !| « Superbe », dit-il.| « Allez ! »| Il part."),
        ("de", "Das war schlecht.| „Nie wieder“, sagte sie.| „Gut.“| »Ja.«| Sie ging."),
        ("zh", "房间很小。|“服务好！”|他说。|《书》很好。|（真的！）|“好。”|是。"),
        ("ja", "面白い。|「また見たい！」|と言った。"),
    ],
)
def test_an_opening_mark_belongs_to_the_sentence_that_it_opens(language, marked):
    if language == "ja":
        pytest.importorskip("sudachipy")
    assert cut(marked, language) == marked.replace("| ", "|")


@pytest.mark.parametrize(
    ("language", "marked"),
    [
        ("hy", "Ֆիլմը լավն էր։| Ես կնայեմ կրկին։|Պատմությունը դանդաղ էր:| Լ. Ի. Լենին։"),
        ("bo", "བཀྲ་ཤིས་བདེ་ལེགས།| ཁྱེད་རང་ག་འདྲ་འདུག"),
        ("hi", "फ़िल्म अच्छी थी।| मैं खुश हूँ।"),
        ("ar", "كان الفيلم جيدا.| هل رأيته؟| نعم!"),
        ("ur", "فلم اچھی تھی۔| میں خوش ہوں۔"),
        ("el", "Τι κάνεις;| Καλά, ναι.| Ναι."),
        ("am", "ፊልሙ ጥሩ ነበር።| ወደድኩት።"),
    ],
)
def test_every_writing_has_its_full_stops(language, marked):
    assert cut(marked, language) == marked.replace("| ", "|")


@pytest.mark.parametrize(
    ("language", "marked"),
    [
        ("en", "Dr. Smith came at 5 p.m. with Mr. Jones, e.g. by train.| He left!| Why?"),
        (
            "en",
            "J. R. R. Tolkien and J.K. Rowling wrote for the U.S. Army.| It paid 3.50 or .5 each.",
        ),
        ("en", "It opened at 5 p.m. The film began.| See No. 5 and p. 12, etc. for more."),
        ("en", "See http://a.org/b.Html?c=D.E or mail a.Bee@c.org.| It works."),
        ("en", "Well... maybe.| Wait…| What?!| Really!!| yes it is.| (why? nobody knew) So"),
        ("en", "so long.| i loved it.| and you?| me too"),
        ("en", "A space was forgotten.So it goes on.| Node.js stays."),
        ("en", "Great! :)| The end 😀| We left :-(| Bad."),
        ("en", "As was shown.[12]| Later on.[3][4]| End."),
        ("de", "Er kam z.B. am 3. Mai, d.h. spät.| Gut!| Das war 1999.| Nr. 5 lebt."),
        ("ru", "В 1990 г. он жил на ул. Мира.| А. С. Пушкин родился там.| И т. д. и т. п."),
        ("fr", "M. Dupont est là.| Voir p. 12, etc. et la suite."),
    ],
)
def test_a_dot_is_not_always_a_full_stop(language, marked):
    expected = marked.replace("| ", "|").replace(
        "It opened at 5 p.m. The", "It opened at 5 p.m.|The"
    )
    expected = expected.replace("forgotten.So", "forgotten.|So")
    assert cut(marked, language) == expected


WRAPPED = (
    "This text was wrapped by a program at some\n"
    "forty characters, so that its lines end\n"
    "where they were full.\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WRAPPED, [WRAPPED.strip()]),
        ("A title\n\nand a text", ["A title", "and a text"]),
        ("Roses are red\nViolets are blue\nSugar is sweet", 3),
        ("hey\nhow are you today my dear\ni am fine", 2),
        ("A very long line of a review " * 6 + "\nshort line\nand the end", 3),
        ("Pros:\n- cheap\n- near the station\n* quiet\n• clean", 5),
        ("1. First of all\n2. Then\n10) Last", 3),
        ("1. First of all. 2. Then this.", ["1. First of all.", "2. Then this."]),
        ("The rooms<br />were small<BR>and cold", 3),
        ("Verse one\r\nVerse two\u2028Verse three", 3),
        ("今天天气很好\n我们去公园玩了一整天也不累\n真好", 2),
    ],
)
def test_a_line_break_that_somebody_made_ends_a_sentence(text, expected):
    found = parts(text)
    assert len(found) == expected if isinstance(expected, int) else found == expected


def test_a_sentence_within_a_word_of_spacy_begins_with_the_tag_before_it():
    assert parts("It was fine.<br /><br />The end.")[-1] == "/>The end."


def test_older_checkpoints_keep_the_borders_that_they_were_trained_with():
    text = "It was dull. “Superb,” they said. A line\nand its end\n\nTitle. Ա։ Բ"
    assert parts(text, version=1) == [
        "It was dull. “", "Superb,” they said.", "A line\nand its end", "Title.", "Ա։ Բ",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "! - " * 60_000,
        '. " ' * 60_000,
        "a.\n" * 60_000,
        ":) " * 60_000,
        "<br>" * 60_000,
        "1. " * 60_000,
    ],
)
def test_many_marks_take_no_time(text):
    split = Tokenizer("en", 1_000_000)._rules("en")
    started = time.process_time()
    split.starts(text)
    assert time.process_time() - started < 5
