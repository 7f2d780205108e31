"""To start from what exists: the weights of a checkpoint, or pretrained word vectors."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts import cached, wording
from pages.parts.kept import carry
from pages.parts.training import saying
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.models.listing import Listing

NOTHING = ""
KINDS = ["txt", "vec", "bin"]


def origin() -> "Listing | None":
    """The checkpoint that somebody chose to start from, drawn further down by ``panel``."""
    return cached.listings().get(st.session_state.get("train_from", NOTHING))


def panel() -> dict[str, Any]:
    """The expander, and the settings that come of it."""
    with st.expander("Start from an existing checkpoint", key="train_origin"):
        there = cached.listings()
        names = {NOTHING: "Nothing: weights drawn at random"}
        names |= {name: wording.checkpoint_name(listing) for name, listing in there.items()}
        carry("train_from", NOTHING, names)
        name = st.selectbox(
            "Start from", list(names), key="train_from", persist_state="session",
            format_func=lambda name: names[name],
        )  # fmt: skip
        st.caption(saying.ORIGIN)
        if name == NOTHING:
            return {}
        carry("set_freeze_words", False)
        frozen = st.toggle("Freeze the word level", key="set_freeze_words", persist_state="session")
        st.caption(saying.FREEZE)
        return {"start_from": name, **({"freeze_words": True} if frozen else {})}


def size() -> int | None:
    """Numbers in a vector of the file that was brought, drawn further down by ``vectors``."""
    kept = st.session_state.get("train_vectors_kept")
    return None if kept is None else kept[1]


def vectors() -> dict[str, Any]:
    """The expander of pretrained word vectors, and the settings that come of it.

    Raises:
        WrongInput: if the file is not one of word vectors.
    """
    with st.expander("Pretrained word vectors", key="train_vectors_group"):
        st.file_uploader("Vectors as text, or word2vec's .bin", type=KINDS, key="train_vectors",
                         on_change=_forget)  # fmt: skip
        st.caption(saying.VECTORS)
        _take()
        if "train_vectors_kept" not in st.session_state:
            return {}
        path, size, _ = st.session_state["train_vectors_kept"]
        st.caption(plain(f"{path.rsplit('/', 1)[-1]}: {size} numbers a word."))
        carry("set_freeze_vectors", False)
        frozen = st.toggle("Freeze word vectors", key="set_freeze_vectors",
                           persist_state="session")  # fmt: skip
        return {"vectors": path, **({"freeze_vectors": True} if frozen else {})}


def _take() -> None:
    """Keeps a file that came; the size of the model's vectors becomes its."""
    from han_core.corpora.uploads import keep_vectors

    file = st.session_state.get("train_vectors")
    kept = st.session_state.get("train_vectors_kept")
    if file is None or (kept is not None and kept[2] == file.file_id):
        return
    path, size = keep_vectors(file.getvalue(), file.name)
    st.session_state["train_vectors_kept"] = (str(path), size, file.file_id)
    st.rerun()  # the field of that size has been drawn by now


def _forget() -> None:
    if st.session_state["train_vectors"] is None:
        st.session_state.pop("train_vectors_kept", None)
