"""The form of a new run: documents on the left, model and Start on the right, settings below."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.data.preview import DataPreview
from han_core.data.splits import Source
from han_core.models.listing import Listing
from han_core.runtime.devices import available_memory, choose_device
from han_core.runtime.errors import counted
from han_core.runtime.messages import tr
from han_core.runtime.paths import runs_root
from han_core.training.runs import manage
from han_core.training.runs.plan import LONGEST_WATCHED, MOST_WATCHED, Plan, checked_plan
from han_core.training.runs.sweep import MOST_RUNS, start_sweep
from pages.shared import controls
from pages.shared.page import plain, restore_value, user_errors_shown
from pages.train import (
    cached_runs,
    data_form,
    domain_form,
    form_values,
    learning_form,
    run_list,
    sentences,
    splits_form,
)
from pages.train.data_form import PickedData
from pages.train.form_values import Choices

OFFERED = 30
"""Documents of the data that can be picked to be watched."""

LONGEST_NAME = 60
WATCHED_AGAIN = "again_watched"
"""Texts that a run watched, until the form that trains it again is drawn."""

SEPARATOR = re.compile(r"^[-=]{3,}\s*$", re.MULTILINE)


@dataclass
class _Documents:
    """What the left side of the form says; ``source`` is None until a run could use it."""

    picked: PickedData | None = None
    look: DataPreview | None = None
    source: Source | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def form(left: DeltaGenerator, right: DeltaGenerator) -> None:
    """Draw the whole form; an error on the left leaves the right as it was filled in."""
    start_from = learning_form.origin()
    with right:
        model, attention = form_values.basics(start_from)
        start_place = st.container()
    documents = _Documents()
    with left:
        with user_errors_shown():
            _documents(documents, start_from)
        texts = watched(documents.look)
    st.markdown(tr("**Settings**"))
    st.caption(tr(sentences.SETTINGS))
    choices = form_values.settings(model, attention, start_from, learning_form.vector_size())
    with user_errors_shown():
        more = {**learning_form.start_from(documents.look), **learning_form.vectors()}
    with start_place, user_errors_shown():
        name, device = name_and_device(documents.picked, model)
        plan = None
        if documents.source is not None:
            choices.settings.update({**more, **documents.settings})
            plan = make_plan(name, device, choices, texts, documents.source)
        start_button(plan)
        if plan is not None:
            sweep(plan)
        if plan is not None:
            estimate(plan, documents.look)
        disk_space()
    st.session_state.pop(data_form.EXPECTED, None)


def _documents(chosen: _Documents, start_from: Listing | None) -> None:
    """Fill in what is chosen, as far as it can be used.

    Raises:
        UserError: if a run could not use it; what came before stays chosen.
    """
    chosen.picked = picked = data_form.pick()
    if picked is None:
        return
    source = splits_form.split_source(picked)
    place = st.expander(tr("Unlabelled documents"), key="train_unlabelled")
    with place:
        source = replace(source, unlabelled=learning_form.unlabelled(picked))
        teaching: dict[str, Any] = {**learning_form.stretches()}
    domain_place = st.expander(tr("A new domain"), key="train_domains")
    with domain_place:
        domain = domain_form.choose(picked, source)
    source = domain.source
    chosen.look = data_form.read_all(picked, source, _seed())
    data_form.details(picked, chosen.look)
    if source.unlabelled or teaching:
        with place:
            teaching |= learning_form.teachers(chosen.look, start_from)
    with domain_place:
        domain_form.offer(domain, chosen.look, start_from)
    chosen.settings, chosen.source = {**teaching, **domain.settings}, source


def _seed() -> int:
    """The seed that draws the documents held out."""
    return int(form_values.value_of(form_values.known()["seed"]))


def watched(look: DataPreview | None) -> tuple[tuple[str, ...], int | None]:
    """Draw the picker of watched documents, whose attention is recorded during training.

    Returns:
        The texts, at most ``MOST_WATCHED``, and the steps between two recordings; None for
        1, 2, 4, 8, …
    """
    offered = {} if look is None else offers(look, LONGEST_WATCHED)
    with st.expander(tr("Watch attention form"), key="train_watch"):
        st.caption(tr(sentences.WATCHED))
        _watch_again(offered)
        picked = _picker(offered, MOST_WATCHED) if offered else []
        restore_value("train_watched_text", "")
        pasted = st.text_area(
            tr("Your own texts, separated by a line of hyphens"), key="train_watched_text",
            max_chars=MOST_WATCHED * LONGEST_WATCHED, height=100, persist_state="session",
        )  # fmt: skip
        restore_value("train_watch_every", None)
        every = st.number_input(
            tr("Steps between two recordings"), min_value=1, value=None, step=1,
            key="train_watch_every", placeholder=tr("1, 2, 4, 8, … and after each epoch"),
            persist_state="session", width=320,
        )  # fmt: skip
        own = [text.strip()[:LONGEST_WATCHED] for text in SEPARATOR.split(pasted)]
        texts = [*(text for text in own if text), *(offered[name] for name in picked)]
        if len(texts) > MOST_WATCHED:
            st.caption(
                tr(
                    "Only the first {most} of these {count} are watched.",
                    most=MOST_WATCHED,
                    count=len(texts),
                )
            )
    return tuple(texts[:MOST_WATCHED]), every


def _watch_again(offered: dict[str, str]) -> None:
    """Choose the texts of a run that is trained again; those of no document offered as own ones."""
    if (texts := st.session_state.pop(WATCHED_AGAIN, None)) is None:
        return
    st.session_state["train_watched"] = [name for name, text in offered.items() if text in texts]
    own = [text for text in texts if text not in offered.values()]
    st.session_state["train_watched_text"] = "\n---\n".join(own)


def _picker(offered: dict[str, str], most: int) -> list[str]:
    usual = list(offered)[:2]
    if any(name not in offered for name in st.session_state.get("train_watched", ())):
        st.session_state["train_watched"] = usual  # other documents
    restore_value("train_watched", usual)
    return st.multiselect(
        tr("From the training documents"), list(offered), key="train_watched", max_selections=most,
        persist_state="session",
        placeholder=tr("Choose options"),
    )  # fmt: skip


def offers(look: DataPreview, longest: int) -> dict[str, str]:
    """Return name → text of some documents, taking classes in turn, so that the first differ."""
    by_class: dict[str, list[str]] = {}
    for text, label in zip(look.texts, look.labels, strict=True):
        if text.strip() and len(text) <= longest:
            by_class.setdefault(label, []).append(text)
    offered: dict[str, str] = {}
    for place in range(max(map(len, by_class.values()), default=0)):
        for label, texts in by_class.items():
            if place < len(texts) and len(offered) < OFFERED:
                beginning = " ".join(texts[place][:90].split())
                offered.setdefault(f"{label[:40]} · {beginning[:60]}…", texts[place])
    return offered


def name_and_device(picked: PickedData | None, model: str) -> tuple[str, str]:
    """Draw the fields for the name of the run (by default of model and data) and the device."""
    default = default_name(model, "" if picked is None else picked.name)
    restore_value("train_name", "")
    left, right = st.columns(2)
    with left:
        name = st.text_input(
            tr("Name"), key="train_name", placeholder=default, max_chars=LONGEST_NAME,
            persist_state="session",
        )  # fmt: skip
    with right:
        device = controls.device()
    return name.strip() or default, device


def default_name(model: str, data: str) -> str:
    """Return "han-reviews" for reviews.csv, "han-classroom-zh" for classroom/zh."""
    words = re.sub(r"[^\w]+", "-", re.sub(r"\.\w+$", "", data).lower())
    return "-".join(part for part in (model, words.strip("-")[:40]) if part)


def make_plan(
    name: str,
    device: str,
    choices: Choices,
    watched: tuple[tuple[str, ...], int | None],
    source: Source,
) -> Plan:
    """Return the plan of the run.

    Raises:
        UserError: says which value does not fit.
    """
    texts, every = watched
    return checked_plan(
        name=name,
        model=choices.model,
        attention=choices.attention,
        settings=choices.settings,
        sizes=choices.sizes,
        text=choices.text,
        device=device,
        watched=texts,
        watch_every=every,
        source=source,
    )


def start_button(plan: Plan | None) -> None:
    """Draw the button; a run that starts is opened at once.

    Raises:
        UserError: if the run cannot start.
    """
    pressed = st.button(
        tr("Start"), type="primary", key="train_start", disabled=plan is None, width="stretch"
    )
    if pressed and plan is not None:
        run_list.show(manage.start(plan))
        cached_runs.forget_runs()
        st.rerun()


def sweep(plan: Plan) -> None:
    """Draw the popover that starts several runs of the plan, which differ in seed and rate.

    Raises:
        UserError: if one of them cannot start.
    """
    with st.popover(tr("Sweep …"), width="stretch"):
        st.markdown(tr("**Several seeds and learning rates**"), help=tr(sentences.SWEEP))
        restore_value("sweep_seeds", 3)
        restore_value("sweep_rate", None)
        seeds = st.number_input(tr("Seeds"), 1, MOST_RUNS, step=1, key="sweep_seeds",
                                persist_state="session")  # fmt: skip
        second = st.number_input(
            tr("Second learning rate (optional)"),
            1e-6,
            10.0,
            value=None,
            step=0.001,
            format="%.6g",
            key="sweep_rate",
            persist_state="session",
        )
        rates = dict.fromkeys((plan.training.learning_rate, second or plan.training.learning_rate))
        runs = int(seeds or 1) * len(rates)
        allowed = 2 <= runs <= MOST_RUNS
        if not allowed:
            st.caption(tr("A sweep has 2 to {most} runs.", most=MOST_RUNS))
        if st.button(
            tr("Start {runs}", runs=counted(runs, "run")), key="sweep_start", disabled=not allowed
        ):
            ids = start_sweep(plan, int(seeds or 1), list(rates))
            run_list.show(*ids[: run_list.MOST_CHOSEN])
            cached_runs.forget_runs()
            st.rerun()


def disk_space() -> None:
    """Draw a line with what runs, checkpoints and prepared texts take of the disk.

    Raises:
        UserError: if a limit in the environment is no size.
    """
    usage, _ = cached_runs.disk_usage(str(runs_root()))
    st.caption(tr("Disk: {usage}.", usage=tr("; ").join(sentences.disk(*row) for row in usage)))


def estimate(plan: Plan, look: DataPreview | None) -> None:
    """Draw parameters, memory and time before anything starts."""
    if look is None:
        st.caption(tr(sentences.NO_ESTIMATE))
        return
    forecast = cached_runs.estimate(plan.model_dump_json())
    with st.container(horizontal=True, gap="medium", key="train_estimate"):
        epochs = plan.training.epochs, plan.parsed()[0].pretrain
        for title, value in sentences.estimate(forecast, *epochs).items():
            st.metric(title, value)
    free = available_memory(choose_device(plan.device))
    st.caption(plain(f"{forecast.says} {forecast.scarce(free)}"))
