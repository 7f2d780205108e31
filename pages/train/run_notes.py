"""Tags and a note on a run, and its settings as the beginning of a new one."""

from collections.abc import Callable

import streamlit as st

from han_core.data.text_files import HEADERLESS, PREFIX, file_of
from han_core.training.runs import manage
from han_core.training.runs.notes import LONGEST_NOTE, LONGEST_TAG, MOST_TAGS
from han_core.training.runs.plan import Plan
from han_core.training.runs.view import RunView
from pages.train import data_form, form_values, sentences, splits_form


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


def again(plan: Plan, go: Callable[[], None]) -> None:
    """Draw the button that puts the settings of ``plan`` into the form.

    Args:
        go: opens the form, within a callback.
    """

    def fill() -> None:
        fill_form(plan)
        go()

    st.button("Train again with …", key="run_again", on_click=fill, help=sentences.AGAIN)


def fill_form(plan: Plan) -> None:
    """Set the widgets of the form to what ``plan`` asks for; what it leaves open stays default."""
    values = {**plan.settings, **plan.sizes, **plan.text}
    for name, one in form_values.known().items():
        form_values.set_field(one, values.get(name, one.default))
    state = st.session_state
    state.setdefault("train_preset", form_values.FIRST)
    state["train_model"], state["train_attention"] = plan.model, plan.attention or "additive"
    state["train_from"] = plan.settings.get("start_from") or ""
    state["set_freeze_words"] = bool(plan.settings.get("freeze_words"))
    state["train_name"], state["device"] = "", state.get("device", plan.device)
    state["set_stretches"] = plan.settings.get("stretches", 0)
    _fill_data(plan)


def _fill_data(plan: Plan) -> None:
    """Choose the documents of ``plan`` again, and how they were divided by shares or a column."""
    state, source = st.session_state, plan.source
    if source.data.startswith("bundled:"):
        state["train_data"] = source.data.split("@")[0]
    elif source.data.startswith("hf:"):
        state["train_data"], state["train_hub"] = data_form.HUB, _hub_name(source.data)
    else:
        path = file_of(source.data)
        state["train_data"] = data_form.FILE
        state["train_upload_kept"] = path.rsplit("/", 1)[-1], path, None
        state["train_messages"] = source.data.startswith(PREFIX)
        state["train_first_row"] = HEADERLESS in source.data
        state["train_text_column"] = source.text_column
        state["train_label_column"] = source.label_column
    for key, share in (("train_validation", source.validation), ("train_test", source.test)):
        if (percent := _percent(share)) is not None:
            state[key] = percent
    column = source.split_column
    state["train_divide_by"] = splits_form.COLUMN if column else splits_form.SHARE
    if column:
        state["train_split_column"] = column
    state["train_split_seed"] = source.split_seed


def _percent(share: str | None) -> int | None:
    """A share as the slider has it; None for other documents."""
    if share is None:
        return 0
    try:
        return min(50, max(5, 5 * round(20 * float(share))))
    except ValueError:
        return None


def _hub_name(spec: str) -> str:
    """ "owner/name" of "hf:owner/name/config@split"."""
    return "/".join(spec.removeprefix("hf:").split("@")[0].split("/")[:2])
