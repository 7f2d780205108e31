"""Documents without labels, and the teachers who label them for the model to learn from."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import cached, uploading, wording
from pages.parts.kept import carry
from pages.parts.training import dividing, fields, filling, saying

if TYPE_CHECKING:
    from han_core.models.listing import Listing
    from han_core.preparation.look import Look
    from pages.parts.training.picking import Picked


def unlabelled(found: "Picked") -> str | None:
    """A file, or a split of the data set of the hub, as ``Source`` takes it; None for none."""
    from han_core.corpora.messages import PREFIX

    st.caption(saying.UNLABELLED)
    if not found.is_local:
        names = dividing.split_names(found)
        return dividing.split("train_unlabelled_split", "Split without labels", names, None, "None")
    kept = uploading.upload("train_unlabelled_file", "File of texts")
    if kept is None:
        return None
    return (PREFIX if found.data.startswith(PREFIX) else "") + kept[1]  # read alike


def stretches() -> dict[str, int]:
    """The field, and the setting that comes of it where it is not the usual one."""
    from han_core.planning.fields import explained

    field = explained()["stretches"]
    chosen = fields.draw(field)
    return {} if chosen == field.default else {field.name: chosen}


def teachers(look: "Look | None", origin: "Listing | None") -> dict[str, list[str]]:
    """The picker, and the setting that comes of it.

    Args:
        look: None while the classes are not known; every checkpoint may fit then.
        origin: the checkpoint to start from.

    Raises:
        WrongInput: if nobody is chosen.
    """
    from han_core.planning.settings import BAGS, Settings
    from han_core.wrong_input import WrongInput

    usual = list(Settings().teachers)
    named = {name: name for name in BAGS}
    named |= {
        name: wording.checkpoint_name(listing)
        for name, listing in cached.listings().items()
        if fits(listing, look.classes if look else (), *_asked(origin))
    }
    key = "train_teachers"
    if any(name not in named for name in st.session_state.get(key, ())):
        st.session_state[key] = [name for name in st.session_state[key] if name in named] or usual
    carry(key, usual)
    chosen = st.multiselect(
        "Teachers", list(named), key=key, format_func=lambda name: named[name],
        persist_state="session",
    )  # fmt: skip
    st.caption(saying.TEACHERS)
    if not chosen:
        raise WrongInput(saying.NO_TEACHER)
    return {"teachers": chosen}


def fits(
    listing: "Listing",
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
    from han_core.corpora.labels import same_classes

    if (listing.language, listing.segmentation) != reads:
        return False
    return not classes or any(
        same_classes(wanted, listing.classes) is not None for wanted in (classes, names) if wanted
    )


def _asked(origin: "Listing | None") -> tuple[tuple[str, ...], tuple[str, str]]:
    """Names of the classes, and language and segmentation, as the form further down says them."""
    known = filling.known()
    given = str(fields.value_of(known["label_names"]))
    names = tuple(name.strip() for name in given.split(",")) if given.strip() else ()
    if origin is not None:
        return names, (origin.language, origin.segmentation)
    reads = (str(fields.value_of(known[name])) for name in ("language", "segmentation"))
    return names, (next(reads), next(reads))
