"""Messages in the reader's language: English sentences are the keys of the catalogues (gettext).

    tr("{name} holds {count} rows", name=name, count=3)
    trn("{count} row", "{count} rows", 3)
    TITLES = {"weights": mark("Attention weights")}  # and tr(TITLES[key]) where it is drawn

A template is a whole sentence, never a part of one: other languages order their parts otherwise.
Values fill its places as in ``str.format``. Which language is meant is found when a message is
made, so a constant of a module is marked and translated late, and a cache that holds messages has
the locale in its key. ``docs/messages.md`` says how to add a message or a language.
"""

import gettext
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Literal, get_args

from han_core.runtime.paths import PROJECT

Locale = Literal["en", "zh"]
LOCALES: tuple[Locale, ...] = get_args(Locale)
NAMES: dict[Locale, str] = {"en": "English", "zh": "中文"}
TAGS: dict[Locale, str] = {"en": "en", "zh": "zh-Hans"}
"""The languages as HTML names them."""

VARIABLE = "HANSCOPE_LOCALE"
"""The environment variable by which a process that was started speaks its starter's language."""
FOLDER = PROJECT / "locales"
COUNTED = "counted"  # the context of nouns that follow a number: "word" is 词, three words 3 个词

_chosen: ContextVar[Locale | None] = ContextVar("locale", default=None)
_visitors: list[Callable[[], Locale | None]] = []


def identify_locale(of_visitor: Callable[[], Locale | None]) -> None:
    """Let a server say which language the visitor reads whose request this thread serves.

    Args:
        of_visitor: returns None in a thread that serves nobody.
    """
    _visitors[:] = [of_visitor]


@contextmanager
def speaking(locale: Locale) -> Iterator[None]:
    """Make all messages within in one language, whoever the visitor is."""
    token = _chosen.set(locale)
    try:
        yield
    finally:
        _chosen.reset(token)


def current_locale() -> Locale:
    """Return the language of messages made now: as chosen, as visited, as started, or English."""
    if (chosen := _chosen.get()) is not None:
        return chosen
    if _visitors and (visitor := _visitors[0]()) is not None:
        return visitor
    return known_locale(os.environ.get(VARIABLE)) or "en"


def known_locale(tag: str | None) -> Locale | None:
    """Return the locale of a language tag such as ``zh-CN``, None where there is none."""
    language = (tag or "").replace("_", "-").lower().partition("-")[0]
    return next((locale for locale in LOCALES if locale == language), None)


def mark(message: str) -> str:
    """Return a message as it is, to be translated where it is used."""
    return message


def tr(message: str, /, **values: object) -> str:
    """Translate a message, and fill its places."""
    translated = _catalogue(current_locale()).gettext(message) if message else ""
    return translated.format(**values) if values else translated


def trn(one: str, several: str, count: int, /, **values: object) -> str:
    """Translate a message about a number of things; its place ``{count}`` holds the number."""
    translated = _catalogue(current_locale()).ngettext(one, several, count)
    return translated.format(count=count, **values)


def tr_noun(noun: str) -> str | None:
    """Return how a language names things after their number; None where it adds an s."""
    translated = _catalogue(current_locale()).pgettext(COUNTED, noun)
    return None if current_locale() == "en" else translated


def paragraph(*sentences: str) -> str:
    """Put sentences in a row, those that are not empty, with a space where the language has one."""
    return ("" if current_locale() == "zh" else " ").join(filter(None, sentences))


@lru_cache
def _catalogue(locale: Locale) -> gettext.NullTranslations:
    return gettext.translation("hanscope", FOLDER, [locale], fallback=locale == "en")
