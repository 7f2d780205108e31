"""Every message has its Chinese, with the same places, and no text is left untranslatable."""

from string import Formatter

import pytest

from han_core.runtime.paths import PROJECT
from tests.messages.catalogue import (
    COMPILED,
    Message,
    catalogues,
    compiled,
    messages_of,
    missing,
    modules,
    translation,
    used,
)
from tests.messages.literals import untranslated_errors, unwrapped

FINISHED = (
    "app.py",
    "han_core/explanation/cautions.py",
    "han_core/explanation/verdicts.py",
    "han_core/viz",
    "han_core/training",
    "han_core/data",
    "pages",
)
"""Paths of the code whose texts must all be messages."""


ERRORS = (
    "han_core/explanation",
    "han_core/models",
    "han_core/text",
    "han_core/runtime",
    "han_core/data",
    "han_core/analysis",
)
"""Rooms of the library in which each ``UserError`` is a message."""


@pytest.fixture(scope="module")
def held():
    return catalogues()


@pytest.fixture(scope="module")
def messages() -> dict[Message, str]:
    return used()


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_every_message_is_translated(messages, held):
    assert missing(messages, held) == {}


def test_every_translation_is_used(messages, held):
    keys = {(message.key, message.context) for message in messages}
    unused = {entry.id for catalogue in held.values() for entry in catalogue
              if entry.id and (entry.id, entry.context) not in keys}  # fmt: skip
    assert unused == set()


def test_catalogues_agree(messages, held):
    for message in messages:
        found = {said for one in held.values() if (said := translation(one, message))}
        assert len(found) == 1, f"{message.text!r}: {found}"


def test_places_are_the_same(messages, held):
    for message, place in messages.items():
        for one in held.values():
            if "{" in (said := translation(one, message)) or "{" in message.text:
                expected = places(message.several or message.text)
                assert not said or places(said) == expected, f"{place}: {said}"


def test_what_gettext_reads_is_compiled_anew(held):
    assert COMPILED.read_bytes() == compiled(held), "python -m tests.messages.catalogue"


@pytest.mark.parametrize("path", FINISHED)
def test_no_text_is_left_out(path):
    found = {str(one.relative_to(PROJECT)): list(unwrapped(one.read_text("utf-8")))
             for one in modules(path)}  # fmt: skip
    assert {module: texts for module, texts in found.items() if texts} == {}


@pytest.mark.parametrize("path", ERRORS)
def test_every_error_is_a_message(path):
    found = {str(one.relative_to(PROJECT)): untranslated_errors(one.read_text("utf-8"))
             for one in modules(path)}  # fmt: skip
    assert {module: lines for module, lines in found.items() if lines} == {}


def test_an_error_that_is_no_message_would_be_found():
    assert untranslated_errors('raise UserError(f"{n} came")\nUserError(tr("None came"))') == [1]


def test_messages_are_found_in_code():
    import ast

    code = (
        'tr("A" " b")\ntrn("{count} c", "{count} cs", n)\ncounted(2, "word")\ntr(NAME)\nmark("d")'
    )
    assert {message for _, message in messages_of(ast.parse(code))} == {
        Message("A b"), Message("{count} c", "{count} cs"), Message("word", context="counted"),
        Message("d"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('st.caption("Nothing was scored")', ["Nothing was scored"]),
        ('st.caption(tr("Nothing was scored"))', []),
        ('tr("{a} b", a=f"{n} documents left")', ["{} documents left"]),
        ('"""A docstring of some words."""\nkey = "some_key"', []),
        ('title = "Weights"', ["Weights"]),
        ('column = "Weights"  # not shown', []),
        ('trn("{count} row left", "{count} rows left", n)', []),
        ('counted(n, "selected document")', []),
        ('NAMES = {"Two models": mark("Model comparison")}', []),
        ('COUNTS = {"Two models": 2}', ["Two models"]),
        ('cast("Flag", kind)', []),
        ('raise ValueError("two weights expected")', []),
        ('def made(one: "Table") -> "Table": pass', []),
        ('st.html("<p class=a>not a sentence of ours")', []),
    ],
)
def test_texts_that_nobody_could_translate_are_found(code, found):
    assert [text for _, text in unwrapped(code)] == found
