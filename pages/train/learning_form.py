"""What else a run can learn from: a checkpoint, word vectors, and documents without labels.

Documents without labels are labelled by teachers (distillation).
"""

from typing import Any

import streamlit as st

from han_core.data.labels import same_classes
from han_core.data.preview import DataPreview
from han_core.data.text_files import prefix_of
from han_core.data.uploads import store_vectors
from han_core.models.listing import Listing
from han_core.runtime.errors import UserError, counted
from han_core.runtime.messages import tr
from han_core.training.fields import setting_fields
from han_core.training.initial_weights import frozen_caution
from han_core.training.settings import BAGS, NOBODY, Settings
from pages.shared import cache, data_picker, wording
from pages.shared.page import plain, restore_value
from pages.shared.upload_limits import sent_file
from pages.train import form_values, sentences, splits_form
from pages.train.data_form import PickedData

NOTHING = ""
KINDS = ["txt", "vec", "bin"]


def origin() -> Listing | None:
    """Return the checkpoint to start from; ``start_from`` draws its picker further down."""
    return cache.listings().get(st.session_state.get("train_from", NOTHING))


def start_from(look: DataPreview | None) -> dict[str, Any]:
    """Draw the picker of a checkpoint to start from, and return its settings.

    Args:
        look: None while the classes are not known.
    """
    with st.expander(tr("Start from an existing model"), key="train_origin"):
        names = {NOTHING: tr("Random weights")}
        names |= {n: wording.checkpoint_name(listing) for n, listing in cache.listings().items()}
        restore_value("train_from", NOTHING, names)
        name = st.selectbox(
            tr("Start from"), list(names), key="train_from", persist_state="session",
            format_func=lambda name: names[name],
        )  # fmt: skip
        st.caption(tr(sentences.ORIGIN))
        if name == NOTHING:
            return {}
        restore_value("set_freeze_words", False)
        frozen = st.toggle(
            tr("Freeze the word level"), key="set_freeze_words", persist_state="session"
        )
        st.caption(tr(sentences.FREEZE))
        own = cache.listings()[name].classes
        if frozen and look is not None and same_classes(look.classes, own) is None:
            st.warning(plain(frozen_caution(name, own, look.classes)))
        return {"start_from": name, **({"freeze_words": True} if frozen else {})}


def vector_size() -> int | None:
    """Return the dimensions of the uploaded vectors; ``vectors`` draws the upload further down."""
    uploaded = st.session_state.get("train_vectors_kept")
    return None if uploaded is None else uploaded[1]


def vectors() -> dict[str, Any]:
    """Draw the upload of pretrained word vectors, and return its settings.

    Raises:
        UserError: if the file is not one of word vectors.
    """
    with st.expander(tr("Pretrained word vectors"), key="train_vectors_group"):
        st.file_uploader(tr("Vectors as text, or word2vec's .bin"), type=KINDS, key="train_vectors",
                         on_change=_forget)  # fmt: skip
        st.caption(tr(sentences.VECTORS))
        _take()
        if "train_vectors_kept" not in st.session_state:
            return {}
        path, size, _ = st.session_state["train_vectors_kept"]
        name = f"{path.rsplit('/', 1)[-1]}: {counted(size, 'dimension')}."
        data_picker.held_file("train_vectors", name)
        restore_value("set_freeze_vectors", False)
        frozen = st.toggle(tr("Freeze word vectors"), key="set_freeze_vectors",
                           persist_state="session")  # fmt: skip
        return {"vectors": path, **({"freeze_vectors": True} if frozen else {})}


def _take() -> None:
    """Store a file that was uploaded; it decides the size of the model's word vectors."""
    stored = st.session_state.get("train_vectors_kept")
    known = None if stored is None else stored[2]
    file = sent_file("train_vectors", known)
    if file is None or file.file_id == known:
        return
    path, size = store_vectors(file.getvalue(), file.name)
    st.session_state["train_vectors_kept"] = (str(path), size, file.file_id)
    st.rerun()  # the field of that size has already been drawn


def _forget() -> None:
    if st.session_state["train_vectors"] is None:
        st.session_state.pop("train_vectors_kept", None)


def unlabelled(picked: PickedData) -> str | None:
    """Draw the picker of a file, or of a split on the hub; return its spec, or None."""
    st.caption(tr(sentences.UNLABELLED))
    if not picked.is_local:
        names = splits_form.split_names(picked)
        return splits_form.pick_split(
            "train_unlabelled_split", tr("Split without labels"), names, None, tr("None")
        )
    uploaded = data_picker.upload("train_unlabelled_file", tr("File of texts"), named=True)
    if uploaded is None:
        return None
    return prefix_of(picked.data) + uploaded[1]  # read alike


def stretches() -> dict[str, int]:
    """Draw the field, and return its setting where it is not the default."""
    field = setting_fields()["stretches"]
    chosen = form_values.draw(field)
    return {} if chosen == field.default else {field.name: chosen}


def teachers(look: DataPreview | None, origin: Listing | None) -> dict[str, list[str]]:
    """Draw the picker of teachers, and return its setting.

    Args:
        look: None while the classes are not known; every checkpoint may fit then.
        origin: the checkpoint to start from.

    Raises:
        UserError: if none is chosen.
    """
    default = list(Settings().teachers)
    named = {name: name for name in BAGS} | {NOBODY: tr("Nobody")}
    named |= {
        name: wording.checkpoint_name(listing)
        for name, listing in cache.listings().items()
        if fits(listing, look.classes if look else (), *run_text(origin))
    }
    key = "train_teachers"
    if any(name not in named for name in st.session_state.get(key, ())):
        st.session_state[key] = [name for name in st.session_state[key] if name in named] or default
    restore_value(key, default)
    chosen = st.multiselect(
        tr("Teachers"), list(named), key=key, format_func=lambda name: named[name],
        persist_state="session",
        placeholder=tr("Choose options"),
    )  # fmt: skip
    st.caption(tr(sentences.TEACHERS))
    if not chosen:
        raise UserError(tr(sentences.NO_TEACHER))
    return {"teachers": chosen}


def fits(
    listing: Listing,
    classes: tuple[str, ...],
    names: tuple[str, ...],
    text: tuple[str, str],
) -> bool:
    """Whether a checkpoint can teach a run.

    Args:
        classes: the labels of the data; none where they are not known yet.
        names: the class names of the run, where they are set.
        text: the language and the segmentation of the run.
    """
    if (listing.language, listing.segmentation) != text:
        return False
    return not classes or any(
        same_classes(wanted, listing.classes) is not None for wanted in (classes, names) if wanted
    )


def run_text(origin: Listing | None) -> tuple[tuple[str, ...], tuple[str, str]]:
    """Class names, and language and segmentation, from the form further down."""
    known = form_values.known()
    typed = str(form_values.value_of(known["label_names"]))
    names = tuple(name.strip() for name in typed.split(",")) if typed.strip() else ()
    if origin is not None:
        return names, (origin.language, origin.segmentation)
    language, segmentation = (
        str(form_values.value_of(known[name])) for name in ("language", "segmentation")
    )
    return names, (language, segmentation)
