"""What was read from files and from the bundle, kept between reruns, for everybody.

Bounded; the content itself is the key. Tables and collections are shared and not copied:
they do not change, and may lie in a mapped file. It knows nothing about models.
"""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.wording import example_name

if TYPE_CHECKING:
    from han_core.corpora.corpus import Corpus
    from han_core.corpora.pasted import PastedTexts
    from han_core.corpora.table import Table


@st.cache_resource(max_entries=8, show_spinner=False)
def bundled(spec: str) -> "Corpus":
    from han_core.corpora.corpus import read_corpus

    return read_corpus(spec)


@st.cache_resource(max_entries=2, show_spinner=False)
def examples(spec: str) -> dict[str, tuple[str, str]]:
    """id → (name for a picker, text) of a bundled collection."""
    corpus = bundled(spec)
    rows = zip(corpus.ids, corpus.extra["topic"], corpus.extra["tags"], corpus.texts, strict=True)
    return {id: (example_name(topic, tags, text), text) for id, topic, tags, text in rows}


@st.cache_resource(max_entries=8, show_spinner="Reading the file …")
def table(spec: str) -> "Table":
    """The columns of a file on this machine, which nobody changes.

    Raises:
        WrongInput: if it cannot be read.
    """
    from han_core.corpora.corpus import read_file

    return read_file(spec)


@st.cache_data(max_entries=4, show_spinner="Reading the file …")
def texts(data: bytes, filename: str) -> "PastedTexts":
    from han_core.corpora.pasted import texts_of_upload

    return texts_of_upload(data, filename)
