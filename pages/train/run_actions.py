"""What can be done with one run: stop, resume, rename, take away, delete, open elsewhere."""

from collections.abc import Callable

import streamlit as st

from han_core.models.archive import pack
from han_core.runtime.devices import available_devices, describe_device
from han_core.runtime.errors import UserError
from han_core.training.runs.manage import delete, publish, rename, resume, stop
from han_core.training.runs.plan import LONGEST_NAME
from han_core.training.runs.view import RunView
from pages.shared import cache
from pages.shared.page import plain
from pages.train import cached_runs, run_list, sentences

NOTICE = "run_notice"


def buttons(run: RunView) -> None:
    """The row under the run's name; what cannot be done now is not there."""
    notice()
    with st.container(horizontal=True, vertical_alignment="center", key="run_buttons"):
        if run.published:
            _open_in_explore(run.published)
        if run.can_stop:
            _button("Stop", "run_stop", _stop, run.id)
        if run.can_resume:
            _button("Resume", "run_resume", _resume, run.id, _device(run))
        if run.checkpoint is not None and not run.published and not run.is_live:
            _button("Make it a checkpoint", "run_publish", _publish, run.id)
        if run.plan is not None:
            _rename(run)
        if run.checkpoint is not None:
            _zip(run)
        if not run.is_live and st.button("Delete …", key="run_delete"):
            _ask(run)
        if run.can_stop:
            st.caption(sentences.STOP)
        elif run.can_resume:
            st.caption(sentences.RESUME)


def notice() -> None:
    """What went wrong with a button, once."""
    if sentence := st.session_state.pop(NOTICE, None):
        st.warning(plain(sentence))


def _button(title: str, key: str, what: Callable, *given: object) -> None:
    st.button(title, key=key, on_click=_try, args=(what, *given))


def _try(what: Callable, *given: object) -> None:
    """Does it; a run may have changed since the page was drawn."""
    try:
        what(*given)
    except UserError as error:
        st.session_state[NOTICE] = str(error)
    cached_runs.forget_runs()


def _stop(id: str) -> None:
    stop(id)


def _resume(id: str, device: str | None) -> None:
    resume(id, device)


def _device(run: RunView) -> str | None:
    """Where to go on: a picker where there is a choice, or where the run's device is gone."""
    there = available_devices()
    own = run.plan.device if run.plan else "auto"
    if own == "auto" or there == [own]:
        return None
    return st.selectbox(
        "Resume on", there, index=there.index(own) if own in there else 0,
        format_func=describe_device, key="run_device", width=160, label_visibility="collapsed",
    )  # fmt: skip


def _publish(id: str) -> None:
    publish(id)


def _open_in_explore(name: str) -> None:
    if st.button("Open in Explore", type="primary", key="run_explore"):
        if name in cache.listings():
            st.session_state["checkpoint"] = name
            st.switch_page("pages/1_Explore.py")
        st.session_state[NOTICE] = f"The checkpoint {name} is not among those that can be opened."
        st.rerun()


def _rename(run: RunView) -> None:
    with st.popover("Rename"):
        key = f"run_name_{run.id}"
        st.session_state.setdefault(key, run.name)
        with st.container(key="run_rename"):
            st.text_input("New name", key=key, max_chars=LONGEST_NAME)
            st.button("Rename", key="run_rename_now", on_click=_try, args=(_take_name, run.id, key))


def _take_name(id: str, key: str) -> None:
    rename(id, st.session_state[key])


def _zip(run: RunView) -> None:
    folder, name = run.checkpoint, run.published or run.name
    st.download_button(
        "Download (zip)", lambda: pack(str(folder), name), file_name=f"{sentences.file(name)}.zip",
        mime="application/zip", on_click="ignore", key="run_zip",
    )  # fmt: skip


def _ask(run: RunView) -> None:
    @st.dialog(f"Delete {plain(run.name)}?")
    def question() -> None:
        st.write(sentences.DELETE)
        too = bool(run.published) and st.checkbox(
            f"Delete the checkpoint {plain(run.published or '')} too", key="run_delete_checkpoint"
        )
        with st.container(horizontal=True):
            if st.button("Delete", type="primary", key="run_delete_yes"):
                _try(_delete, run.id, too)
                st.rerun()
            if st.button("Keep it", key="run_delete_no"):
                st.rerun()

    question()


def _delete(id: str, checkpoint: bool) -> None:
    delete(id, checkpoint)
    run_list.choose([])
