"""To start from what exists: the weights of a checkpoint, or pretrained word vectors.

Documents without labels, and the teachers who label them for the model to learn from.
"""

from typing import Any

import streamlit as st

from han_core.data.labels import same_classes
from han_core.data.preview import Look
from han_core.data.text_files import PREFIX
from han_core.data.uploads import keep_vectors
from han_core.models.listing import Listing
from han_core.runtime.errors import UserError
from han_core.training.fields import explained
from han_core.training.settings import BAGS, Settings
from pages.shared import cache, files, wording
from pages.shared.page import plain, restore_value
from pages.train import form_values, sentences, splits_form
from pages.train.data_form import Picked

NOTHING = ""
KINDS = ["txt", "vec", "bin"]


def origin() -> Listing | None:
    """The checkpoint that somebody chose to start from, drawn further down by ``panel``."""
    return cache.listings().get(st.session_state.get("train_from", NOTHING))


def panel() -> dict[str, Any]:
    """The expander, and the settings that come of it."""
    with st.expander("Start from an existing checkpoint", key="train_origin"):
        there = cache.listings()
        names = {NOTHING: "Nothing: weights drawn at random"}
        names |= {name: wording.checkpoint_name(listing) for name, listing in there.items()}
        restore_value("train_from", NOTHING, names)
        name = st.selectbox(
            "Start from", list(names), key="train_from", persist_state="session",
            format_func=lambda name: names[name],
        )  # fmt: skip
        st.caption(sentences.ORIGIN)
        if name == NOTHING:
            return {}
        restore_value("set_freeze_words", False)
        frozen = st.toggle("Freeze the word level", key="set_freeze_words", persist_state="session")
        st.caption(sentences.FREEZE)
        return {"start_from": name, **({"freeze_words": True} if frozen else {})}


def size() -> int | None:
    """Numbers in a vector of the file that was brought, drawn further down by ``vectors``."""
    kept = st.session_state.get("train_vectors_kept")
    return None if kept is None else kept[1]


def vectors() -> dict[str, Any]:
    """The expander of pretrained word vectors, and the settings that come of it.

    Raises:
        UserError: if the file is not one of word vectors.
    """
    with st.expander("Pretrained word vectors", key="train_vectors_group"):
        st.file_uploader("Vectors as text, or word2vec's .bin", type=KINDS, key="train_vectors",
                         on_change=_forget)  # fmt: skip
        st.caption(sentences.VECTORS)
        _take()
        if "train_vectors_kept" not in st.session_state:
            return {}
        path, size, _ = st.session_state["train_vectors_kept"]
        st.caption(plain(f"{path.rsplit('/', 1)[-1]}: {size} numbers a word."))
        restore_value("set_freeze_vectors", False)
        frozen = st.toggle("Freeze word vectors", key="set_freeze_vectors",
                           persist_state="session")  # fmt: skip
        return {"vectors": path, **({"freeze_vectors": True} if frozen else {})}


def _take() -> None:
    """Keeps a file that came; the size of the model's vectors becomes its."""
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


def unlabelled(found: Picked) -> str | None:
    """A file, or a split of the data set of the hub, as ``Source`` takes it; None for none."""
    st.caption(sentences.UNLABELLED)
    if not found.is_local:
        names = splits_form.split_names(found)
        return splits_form.split(
            "train_unlabelled_split", "Split without labels", names, None, "None"
        )
    kept = files.upload("train_unlabelled_file", "File of texts")
    if kept is None:
        return None
    return (PREFIX if found.data.startswith(PREFIX) else "") + kept[1]  # read alike


def stretches() -> dict[str, int]:
    """The field, and the setting that comes of it where it is not the usual one."""
    field = explained()["stretches"]
    chosen = form_values.draw(field)
    return {} if chosen == field.default else {field.name: chosen}


def teachers(look: Look | None, origin: Listing | None) -> dict[str, list[str]]:
    """The picker, and the setting that comes of it.

    Args:
        look: None while the classes are not known; every checkpoint may fit then.
        origin: the checkpoint to start from.

    Raises:
        UserError: if nobody is chosen.
    """
    usual = list(Settings().teachers)
    named = {name: name for name in BAGS}
    named |= {
        name: wording.checkpoint_name(listing)
        for name, listing in cache.listings().items()
        if fits(listing, look.classes if look else (), *_asked(origin))
    }
    key = "train_teachers"
    if any(name not in named for name in st.session_state.get(key, ())):
        st.session_state[key] = [name for name in st.session_state[key] if name in named] or usual
    restore_value(key, usual)
    chosen = st.multiselect(
        "Teachers", list(named), key=key, format_func=lambda name: named[name],
        persist_state="session",
    )  # fmt: skip
    st.caption(sentences.TEACHERS)
    if not chosen:
        raise UserError(sentences.NO_TEACHER)
    return {"teachers": chosen}


def fits(
    listing: Listing,
    classes: tuple[str, ...],
    names: tuple[str, ...],
    reads: tuple[str, str],
) -> bool:
    """Whether a checkpoint can teach a run.

    Args:
        classes: as the data call them; none where that is not known yet.
        names: as the run will call them, where somebody says so.
        reads: the language and the segmentation of the run.
    """
    if (listing.language, listing.segmentation) != reads:
        return False
    return not classes or any(
        same_classes(wanted, listing.classes) is not None for wanted in (classes, names) if wanted
    )


def _asked(origin: Listing | None) -> tuple[tuple[str, ...], tuple[str, str]]:
    """Names of the classes, and language and segmentation, as the form further down says them."""
    known = form_values.known()
    given = str(form_values.value_of(known["label_names"]))
    names = tuple(name.strip() for name in given.split(",")) if given.strip() else ()
    if origin is not None:
        return names, (origin.language, origin.segmentation)
    reads = (str(form_values.value_of(known[name])) for name in ("language", "segmentation"))
    return names, (next(reads), next(reads))
