"""Tags and a note on a run."""

from collections.abc import Callable

import streamlit as st

from han_core.training.runs import manage
from han_core.training.runs.notes import LONGEST_NOTE, LONGEST_TAG, MOST_TAGS
from han_core.training.runs.view import RunView


def annotate(run: RunView, attempt: Callable) -> None:
    """Draw the popover with tags and note.

    Args:
        attempt: calls an action with its arguments, and shows why it failed.
    """
    tags, note = f"run_tags_{run.id}", f"run_note_{run.id}"
    with st.popover("Tags and note"):
        st.session_state.setdefault(tags, ", ".join(run.notes.tags))
        st.session_state.setdefault(note, run.notes.note)
        st.text_input("Tags, with commas between", key=tags,
                      max_chars=MOST_TAGS * (LONGEST_TAG + 2))  # fmt: skip
        st.text_area("Note", key=note, max_chars=LONGEST_NOTE, height=120)
        st.button("Save", key="run_annotate", on_click=attempt, args=(_save, run.id, tags, note))


def _save(id: str, tags: str, note: str) -> None:
    manage.annotate(id, st.session_state[tags], st.session_state[note])
