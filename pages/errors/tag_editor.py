"""Keys of the keyboard that do something on the page, wherever the focus is.

They rest while somebody types, and arrows rest where they move something already (a table,
a slider, the heatmap). It knows nothing about what the keys are for.

What one analyst says of the document that is read: tags, flags, a note; beside it.

All of it is saved as it is said. What could not be saved stays in the field and is kept for its
document while the session lasts. What others said is shown on request only, so that people can
code without knowing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

import streamlit as st

from han_core.analysis.annotations.codebook import Tag, codebook, save_tag
from han_core.analysis.annotations.document_annotations import Annotation, document_annotations
from han_core.analysis.annotations.schema import checked_name
from han_core.analysis.annotations.writing import add_tag, remove_tag, set_flag, set_read
from han_core.analysis.document_table import ScoredDocument
from han_core.analysis.filters import Flag
from han_core.runtime.errors import UserError
from pages.errors import cached_scores, note_editor
from pages.errors.context import TROUBLE, ErrorsContext, attempt
from pages.shared.wording import plain

# Ahead of Streamlit's own keys (r, c), which would run the page again or clear its caches.
_LISTENER = st.components.v2.component(
    "hanscope_keys",
    js="""
const TYPED = "input:not([type=checkbox]):not([type=radio]), textarea, select, " +
  "[contenteditable]:not([contenteditable=false]), [role=combobox], [role=listbox]";
const MOVED = "canvas, [role=grid], [role=slider], [role=radiogroup], [role=tablist], " +
  "[role=menu], [data-testid=word-heatmap]";
const held = new WeakMap();

function listen(parentElement) {
  const one = { keys: {}, send: null };
  const pressed = (event) => {
    const action = Object.hasOwn(one.keys, event.key) ? one.keys[event.key] : null;
    const focus = event.composedPath()[0];
    if (action === null || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (focus.closest?.(TYPED) || document.querySelector("[role=dialog][aria-modal=true]")) return;
    if (event.key.startsWith("Arrow") && focus.closest?.(MOVED)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    one.send(action);
  };
  // A click on a figure would leave the focus in the field where somebody typed before.
  const clicked = (event) => {
    const focus = document.activeElement;
    if (event.target.closest?.(".js-plotly-plot") && focus?.matches(TYPED)) focus.blur();
  };
  window.addEventListener("keydown", pressed, true);
  window.addEventListener("pointerdown", clicked, true);
  one.stop = () => {
    window.removeEventListener("keydown", pressed, true);
    window.removeEventListener("pointerdown", clicked, true);
    held.delete(parentElement);
  };
  held.set(parentElement, one);
  return one;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const one = held.get(parentElement) ?? listen(parentElement);
  one.keys = data.keys;
  one.send = (action) => setTriggerValue("act", action);
  return one.stop;
}
""",
)


def listener(
    keys: Mapping[str, str], key: str = "keys", on_press: Callable[[str], None] | None = None
) -> str | None:
    """Listens while it is drawn; returns the action of the key that was pressed, if one was.

    Args:
        keys: key as browsers name it ("j", "1", "ArrowLeft"; case counts) → action.
        key: its own on the page, the same from run to run.
        on_press: called with the action before the next run of the page, as callbacks are.
    """

    def came() -> None:
        act = st.session_state[key].get("act")
        if isinstance(act, str) and act in actions and on_press is not None:
            on_press(act)

    actions = set(keys.values())
    act = _LISTENER(key=key, data={"keys": dict(keys)}, on_act_change=came).act
    return act if isinstance(act, str) and act in actions else None


TAGS, MARKS, MEANT, NEW_TAG = "coding_tags", "coding_marks", "coding_meant", "coding_new_tag"
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


def beside(bench: ErrorsContext, reading: ScoredDocument) -> None:
    """Tags, flags and note of the document, and what others said of it."""
    st.subheader("Your reading", anchor=False)
    if sentence := st.session_state.pop(TROUBLE, None):
        st.error(plain(sentence))
    here = Here(reading.content, _name(bench.analyst), reading.true)
    try:
        said, tags = (
            document_annotations(cached_scores.notes(), reading.content),
            codebook(cached_scores.notes()),
        )
    except UserError as error:
        st.error(plain(str(error)))
        if here.analyst:
            note_editor.unreachable(here.content, here.analyst)
        return
    if here.analyst:
        own = next((one for one in said if one.annotator == here.analyst), None)
        _tags(here, tags, own)
        _marks(here, bench.store.labels, own)
        note_editor.note(here.content, here.analyst, own.note if own else None)
    else:
        st.info(NOBODY)
    note_editor.shown([one for one in said if one.annotator != here.analyst], reading.content)


def tag_name(tag: Tag | None, name: str) -> str:
    """A tag on a button: its colour, its name, its key; retired ones are pale."""
    if tag is None:
        return f":gray[{plain(name)}]"
    key = f" :gray[:small[{tag.key}]]" if tag.key else ""
    return f':color[■]{{foreground="{tag.colour}"}} {plain(name)}{key}'


def _name(analyst: str) -> str:
    """The name as it is stored; what cannot be one is said, and nobody codes."""
    try:
        return checked_name(analyst, "An analyst's name") if analyst else ""
    except UserError as error:
        st.error(plain(str(error)))
        return ""


def _tags(here: Here, codebook: Sequence[Tag], own: Annotation | None) -> None:
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
    listener(pressed, key="coding_keys", on_press=press)
    with st.popover("New tag", icon=":material/add:", key="coding_new_tag_popover"):
        st.text_input("Name of the tag", key=NEW_TAG, max_chars=80)
        st.button("Make it, and tag this document", key="coding_make_tag", on_click=_make,
                  args=(here,))  # fmt: skip


def _take_tags(here: Here, had: tuple[str, ...]) -> None:
    """Only what changed since the buttons were drawn: another window may have changed the rest."""
    wanted = st.session_state[TAGS]
    new = [name for name in wanted if name not in had]
    _put(here, new, [name for name in had if name not in wanted])


def _put(here: Here, new: Sequence[str], gone: Sequence[str]) -> None:
    def write() -> None:
        for name in new:
            add_tag(cached_scores.notes(), here.content, name, here.analyst)
        for name in gone:
            remove_tag(cached_scores.notes(), here.content, name, here.analyst)

    attempt(write)


def _make(here: Here) -> None:
    def write() -> None:
        tag = save_tag(cached_scores.notes(), st.session_state[NEW_TAG], here.analyst)
        add_tag(cached_scores.notes(), here.content, tag.name, here.analyst)

    if attempt(write):
        st.session_state[NEW_TAG] = ""


def _marks(here: Here, labels: Sequence[str], own: Annotation | None) -> None:
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
    def write() -> None:
        for kind in set(st.session_state[MARKS]).symmetric_difference(had):
            on = kind not in had
            if kind == READ:
                set_read(cached_scores.notes(), here.content, here.analyst, on)
            else:
                flag = cast("Flag", kind)
                set_flag(cached_scores.notes(), here.content, flag, here.analyst, on, here.true)

    attempt(write)


def _take_meant(here: Here) -> None:
    meant = st.session_state[MEANT] or ""
    attempt(
        lambda: set_flag(
            cached_scores.notes(),
            here.content,
            "label_is_wrong",
            here.analyst,
            True,
            here.true,
            meant,
        )
    )
