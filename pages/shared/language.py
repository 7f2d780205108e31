"""The language that a visitor reads: of the address, as chosen on a page, or of the browser."""

import json
from collections.abc import Callable
from typing import cast

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from han_core.runtime.messages import (
    LOCALES,
    NAMES,
    TAGS,
    Locale,
    current_locale,
    identify_locale,
    known_locale,
    speaking,
    tr,
)

SCRIPT = "<script>document.documentElement.lang = {};</script>"


class Late(str):
    """A message that is translated when it is drawn, as a cache says it while it works."""

    def __str__(self) -> str:
        return tr(self)


def in_language(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """Let what a download makes later, for no page, speak the language of this visitor."""
    locale = current_locale()

    def made() -> bytes:
        with speaking(locale):
            return make()

    return made


def visitor_locale() -> Locale | None:
    """Return the language of the visitor whose page this thread draws, None in another thread."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    if "locale" not in st.session_state:
        asked = known_locale(st.query_params.get("lang"))
        st.session_state["locale"] = asked or known_locale(st.context.locale) or "en"
    return cast("Locale", st.session_state["locale"])


identify_locale(visitor_locale)


def switch() -> None:
    """Draw the button that changes the language, and tell browser and screen readers of it."""
    other = next(locale for locale in LOCALES if locale != current_locale())
    st.button(NAMES[other], key="locale_switch", type="tertiary", on_click=choose, args=(other,))
    st.html(SCRIPT.format(json.dumps(TAGS[current_locale()])),
            unsafe_allow_javascript=True, width="content")  # fmt: skip


def choose(locale: Locale) -> None:
    """Let the visitor's pages be in a language from now on; what was chosen on them stays."""
    st.session_state["locale"] = locale
    if "lang" in st.query_params:
        st.query_params["lang"] = locale
    for key in st.session_state.get("carried", ()):  # their options have other names now
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]
