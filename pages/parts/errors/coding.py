"""What one analyst says of the document that is read: tags, flags, a note; beside it.

All of it is saved as it is said. What could not be saved stays in the field and is kept for its
document while the session lasts. What others said is shown on request only, so that people can
code without knowing.
"""

from typing import TYPE_CHECKING, NamedTuple, cast

import streamlit as st

from pages.parts.errors import cached, keys, noting, others
from pages.parts.wording import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from han_core.coding.codebook import Tag
    from han_core.coding.marks import Flag
    from han_core.coding.said import Said
    from han_core.errors.asked.table import Reading
    from pages.parts.errors.bench import Bench

TAGS, MARKS, MEANT, NEW_TAG = "coding_tags", "coding_marks", "coding_meant", "coding_new_tag"
TROUBLE = "coding_trouble"
READ = "read"
MARK_NAMES = {
    "label_is_wrong": "Label is wrong",
    "ambiguous": "Ambiguous",
    READ: "Read, nothing to say",
}
NOBODY = "Say your name at the top of the page; then you can tag, flag and note this document."


class Here(NamedTuple):
    """Which document, and who looks at it."""

    content: str
    analyst: str
    true: str


def beside(bench: "Bench", reading: "Reading") -> None:
    """Tags, flags and note of the document, and what others said of it."""
    from han_core.coding.codebook import codebook
    from han_core.coding.said import said_of
    from han_core.wrong_input import WrongInput

    st.subheader("Your reading", anchor=False)
    if sentence := st.session_state.pop(TROUBLE, None):
        st.error(plain(sentence))
    here = Here(reading.content, _name(bench.analyst), reading.true)
    try:
        said, tags = said_of(cached.notes(), reading.content), codebook(cached.notes())
    except WrongInput as error:
        st.error(plain(str(error)))
        if here.analyst:
            noting.unreachable(here.content, here.analyst)
        return
    if here.analyst:
        own = next((one for one in said if one.annotator == here.analyst), None)
        _tags(here, tags, own)
        _marks(here, bench.store.labels, own)
        noting.note(here.content, here.analyst, own.note if own else None)
    else:
        st.info(NOBODY)
    others.shown([one for one in said if one.annotator != here.analyst], reading.content)


def tag_name(tag: "Tag | None", name: str) -> str:
    """A tag on a button: its colour, its name, its key; retired ones are pale."""
    if tag is None:
        return f":gray[{plain(name)}]"
    key = f" :gray[:small[{tag.key}]]" if tag.key else ""
    return f':color[■]{{foreground="{tag.colour}"}} {plain(name)}{key}'


def attempt(write: "Callable[[], object]") -> bool:
    """Writes, or keeps the sentence that says why not for the page; returns whether it did."""
    from han_core.wrong_input import WrongInput

    try:
        write()
    except WrongInput as error:
        st.session_state[TROUBLE] = str(error)
        return False
    return True


def _name(analyst: str) -> str:
    """The name as it is stored; what cannot be one is said, and nobody codes."""
    from han_core.coding.wording import checked_name
    from han_core.wrong_input import WrongInput

    try:
        return checked_name(analyst, "An analyst's name") if analyst else ""
    except WrongInput as error:
        st.error(plain(str(error)))
        return ""


def _tags(here: Here, codebook: "Sequence[Tag]", own: "Said | None") -> None:
    """The tags as buttons and under their keys; a new one can be made on the way."""
    had = tuple(tag.name for tag in own.tags) if own else ()
    offered = {tag.name: tag for tag in codebook}
    names = [*offered, *(name for name in had if name not in offered)]
    st.session_state[TAGS] = list(had)
    st.pills(
        "Tags",
        names,
        selection_mode="multi",
        format_func=lambda name: tag_name(offered.get(name), name),
        wrap=True,
        key=TAGS,
        on_change=_take_tags,
        args=(here, had),
    )
    if not names:
        st.caption("The codebook is empty: make a tag here, or several in the view Codebook.")

    def press(name: str) -> None:
        _put(here, [name] if name not in had else [], [name] if name in had else [])

    pressed = {tag.key: tag.name for tag in codebook if tag.key}
    keys.listener(pressed, key="coding_keys", on_press=press)
    with st.popover("New tag", icon=":material/add:", key="coding_new_tag_popover"):
        st.text_input("Name of the tag", key=NEW_TAG, max_chars=80)
        st.button("Make it, and tag this document", key="coding_make_tag", on_click=_make,
                  args=(here,))  # fmt: skip


def _take_tags(here: Here, had: tuple[str, ...]) -> None:
    """Only what changed since the buttons were drawn: another window may have changed the rest."""
    wanted = st.session_state[TAGS]
    new = [name for name in wanted if name not in had]
    _put(here, new, [name for name in had if name not in wanted])


def _put(here: Here, new: "Sequence[str]", gone: "Sequence[str]") -> None:
    from han_core.coding.writing import put_tag, take_tag

    def write() -> None:
        for name in new:
            put_tag(cached.notes(), here.content, name, here.analyst)
        for name in gone:
            take_tag(cached.notes(), here.content, name, here.analyst)

    attempt(write)


def _make(here: Here) -> None:
    from han_core.coding.codebook import save_tag
    from han_core.coding.writing import put_tag

    def write() -> None:
        tag = save_tag(cached.notes(), st.session_state[NEW_TAG], here.analyst)
        put_tag(cached.notes(), here.content, tag.name, here.analyst)

    if attempt(write):
        st.session_state[NEW_TAG] = ""


def _marks(here: Here, labels: "Sequence[str]", own: "Said | None") -> None:
    """The two flags and the mark of having read, and the class that is meant."""
    flags = {flag.kind: flag for flag in own.flags} if own else {}
    had = (*flags, *([READ] if own and own.read else []))
    st.session_state[MARKS] = list(had)
    st.pills(
        "Flags",
        list(MARK_NAMES),
        selection_mode="multi",
        format_func=MARK_NAMES.__getitem__,
        wrap=True,
        key=MARKS,
        on_change=_take_marks,
        args=(here, had),
    )
    if wrong := flags.get("label_is_wrong"):
        classes = [label for label in labels if label != here.true]
        st.session_state[MEANT] = wrong.meant if wrong.meant in classes else None
        st.selectbox(
            f"Labelled {plain(here.true)}; it should be",
            classes,
            index=None,
            placeholder="Not said",
            key=MEANT,
            on_change=_take_meant,
            args=(here,),
        )


def _take_marks(here: Here, had: tuple[str, ...]) -> None:
    from han_core.coding.writing import set_flag, set_read

    def write() -> None:
        for kind in set(st.session_state[MARKS]).symmetric_difference(had):
            on = kind not in had
            if kind == READ:
                set_read(cached.notes(), here.content, here.analyst, on)
            else:
                flag = cast("Flag", kind)
                set_flag(cached.notes(), here.content, flag, here.analyst, on, here.true)

    attempt(write)


def _take_meant(here: Here) -> None:
    from han_core.coding.writing import set_flag

    meant = st.session_state[MEANT] or ""
    attempt(
        lambda: set_flag(
            cached.notes(), here.content, "label_is_wrong", here.analyst, True, here.true, meant
        )
    )
