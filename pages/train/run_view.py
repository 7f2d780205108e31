"""One run: its progress and results, what can be done with it, and the film of its attention.

While a run is at work, parts of the page are drawn again by themselves: what is cheap every
second, figures less often, so that a class can watch. All of it is drawn again when what can
be done with the run has changed.
"""

from collections.abc import Callable

import streamlit as st

from han_core.analysis.film import Film, version_stamp
from han_core.models.archive import pack
from han_core.runtime.devices import available_devices, describe_device
from han_core.runtime.errors import UserError, counted
from han_core.runtime.messages import current_locale, tr
from han_core.training.runs import manage
from han_core.training.runs.plan import LONGEST_NAME, Plan, settings_of
from han_core.training.runs.view import RunView
from han_core.viz.colour_scale import legend
from han_core.viz.film import entropy_curve
from han_core.viz.markup import beginning
from pages.shared import cache, controls
from pages.shared.components import draw_film, hooked
from pages.shared.page import plain
from pages.train import (
    cached_runs,
    dynamics,
    run_list,
    run_notes,
    run_notice,
    sentences,
    training_curves,
)

STATUS, CURVES, FILM = 1.0, 3.0, 5.0
"""Seconds until each part is drawn again."""

NOTICE = "run_notice"


def show(id: str) -> None:
    """Draw everything about the run ``id``.

    Raises:
        UserError: if it was deleted.
    """
    run = manage.view(id)
    st.header(plain(run.name), anchor=False)
    run_notice.follow(run)
    _actions(run)
    _draw_repeatedly(run, _status, STATUS)
    _draw_repeatedly(run, _curves, CURVES)
    _draw_repeatedly(run, film, FILM)
    _draw_repeatedly(run, dynamics.panel, FILM)
    if run.plan is not None:
        _configuration(run.plan)


def _draw_repeatedly(run: RunView, draw: Callable[[RunView], None], seconds: float) -> None:
    """Draw a part of the page, again and again while the run is at work."""

    def part() -> None:
        try:
            now = manage.view(run.id)
        except UserError:  # deleted by somebody else
            st.rerun()
        if _available_actions(now) != _available_actions(run):
            st.rerun()
        draw(now)

    if run.is_live:
        st.fragment(part, run_every=seconds)()
    else:
        draw(run)


def _available_actions(run: RunView) -> tuple:
    """What decides which buttons there are."""
    return run.is_live, run.can_stop, run.can_resume, run.published, run.checkpoint is not None


def _status(run: RunView) -> None:
    """Status, progress and figures."""
    with hooked("run-status", key="run_status"):
        st.markdown(f"{sentences.badge(run.status)} {plain(run.message)}")
    share, text = sentences.progress(run)
    if share is not None:
        st.progress(share, text)
    if tiles := sentences.tiles(run):
        grid = st.grid(len(tiles), min_column_width=200, key="run_figures")
        for title, value in tiles.items():
            grid.metric(title, value, border=True)


def _curves(run: RunView) -> None:
    """Learning curves and messages."""
    if run.history or run.state.steps:
        until = run.epochs if run.is_live else 0.0
        training_curves.draw([run], ["loss", "accuracy"], "run_curves", until)
        training_curves.domains(run, until)
        training_curves.classes(run)
    if run.state.messages:
        with st.expander(tr("Messages"), key="run_messages"):
            for sentence in run.state.messages:
                st.markdown(plain(sentence))


def _configuration(plan: Plan) -> None:
    with st.expander(tr("Configuration"), key="run_configuration"):
        st.dataframe(sentences.configuration(settings_of(plan)), hide_index=True, height=320)
        st.caption(tr(sentences.COMMAND))
        st.code(plan.command(), language=None, wrap_lines=True)


def film(run: RunView) -> None:
    """Draw the film of the run's attention so far; nothing where no document was watched."""
    mark = version_stamp(run.folder)
    if mark is None:
        return
    try:
        film = cached_runs.frames(str(run.folder), mark)
    except UserError as error:
        st.warning(plain(str(error)))
        return
    if not film.frames:
        return
    st.header(tr("How attention formed"), anchor=False)
    document = _pick_document(run, film)
    accuracies = tuple((line["epoch"], line["validation"]["accuracy"]) for line in run.history)
    drawn = cached_runs.attention_film(
        str(run.folder), mark, document, accuracies, current_locale()
    )
    with st.container(key="film"):
        st.html(legend(drawn.scale))
        draw_film(drawn.data, "attention_film")
    if drawn.left_out:
        left_out = counted(drawn.left_out, "step")
        st.caption(
            tr("The document is long: {left_out} in between cannot be drawn.", left_out=left_out)
        )
    st.plotly_chart(
        entropy_curve(film, document), key="film_entropy", config={"displayModeBar": False},
        alt=tr("Entropy of attention at each recorded step"),
    )  # fmt: skip
    st.caption(tr(sentences.FILM))


def _pick_document(run: RunView, film: Film) -> int:
    """The picker, where there are several documents."""
    if len(film.documents) == 1:
        return 0
    chosen = st.selectbox(
        tr("Document"),
        range(len(film.documents)),
        format_func=lambda number: beginning(film.documents[number].text, 70),
        key=f"film_document_{run.id}",
    )
    return chosen or 0


def _actions(run: RunView) -> None:
    """The buttons under the run's name; what cannot be done now has none."""
    if sentence := st.session_state.pop(NOTICE, None):
        st.warning(plain(sentence))
    with st.container(horizontal=True, vertical_alignment="center", key="run_buttons"):
        if run.published:
            _open_in_explore(run.published)
        if run.can_stop:
            _button(tr("Stop"), "run_stop", manage.stop, run.id)
        if run.can_resume:
            _button(tr("Resume"), "run_resume", manage.resume, run.id, _pick_device(run))
        if run.checkpoint is not None and not run.published and not run.is_live:
            _button(tr("Publish as a model"), "run_publish", _publish, run.id)
        if run.plan is not None:
            run_notes.again(run.plan, run_list.open_form)
            _rename(run)
            run_notes.annotate(run, _try)
        if run.checkpoint is not None:
            _download(run)
        if not run.is_live and st.button(tr("Delete …"), key="run_delete"):
            _confirm_deletion(run)
        if run.can_stop:
            st.caption(tr(sentences.STOP))
        elif run.can_resume:
            st.caption(tr(sentences.RESUME))


def _button(title: str, key: str, action: Callable, *arguments: object) -> None:
    st.button(title, key=key, on_click=_try, args=(action, *arguments))


def _try(action: Callable, *arguments: object) -> None:
    """Do it, or say why not: a run may have changed since the page was drawn."""
    try:
        action(*arguments)
    except UserError as error:
        st.session_state[NOTICE] = str(error)
    cached_runs.forget_runs()


def _publish(id: str) -> None:
    manage.publish(id)
    cached_runs.complete_published(id)


def _pick_device(run: RunView) -> str | None:
    """The device to resume on: a picker where there is a choice, or where the first is gone."""
    devices = available_devices()
    own = run.plan.device if run.plan else "auto"
    if own == "auto" or devices == [own]:
        return None
    return st.selectbox(
        tr("Resume on"), devices, index=devices.index(own) if own in devices else 0,
        format_func=describe_device, key="run_device", width=160, label_visibility="collapsed",
    )  # fmt: skip


def _open_in_explore(name: str) -> None:
    if st.button(tr("Open in Explore"), type="primary", key="run_explore"):
        if name in cache.listings():
            st.session_state["checkpoint"] = name
            controls.keep_model()
            st.switch_page("pages/1_Explore.py")
        st.session_state[NOTICE] = tr(
            "The model {name} cannot be opened: it was moved or damaged.", name=name
        )
        st.rerun()


def _rename(run: RunView) -> None:
    with st.popover(tr("Rename")):
        key = f"run_name_{run.id}"
        st.session_state.setdefault(key, run.name)
        with st.container(key="run_rename"):
            st.text_input(tr("New name"), key=key, max_chars=LONGEST_NAME)
            _button(tr("Rename"), "run_rename_now", _take_name, run.id, key)


def _take_name(id: str, key: str) -> None:
    manage.rename(id, st.session_state[key])


def _download(run: RunView) -> None:
    folder, name = run.checkpoint, run.published or run.name
    st.download_button(
        tr("Download (zip)"), lambda: pack(str(folder), name),
        file_name=f"{sentences.file_name(name)}.zip",
        mime="application/zip", on_click="ignore", key="run_zip",
    )  # fmt: skip


def _confirm_deletion(run: RunView) -> None:
    @st.dialog(tr("Delete {name}?", name=plain(run.name)))
    def question() -> None:
        st.write(tr(sentences.DELETE))
        with_checkpoint = bool(run.published) and st.checkbox(
            tr("Also delete the model {name}", name=plain(run.published or "")),
            key="run_delete_checkpoint",
        )
        with st.container(horizontal=True):
            if st.button(tr("Delete"), type="primary", key="run_delete_yes"):
                _try(_delete, run.id, with_checkpoint)
                st.rerun()
            if st.button(tr("Keep it"), key="run_delete_no"):
                st.rerun()

    question()


def _delete(id: str, with_checkpoint: bool) -> None:
    manage.delete(id, with_checkpoint)
    run_list.choose([])
