"""Documents whose attention is kept while the model learns: from the data, or pasted.

Name, device, estimate and Start: from everything chosen to a run.

A new run: documents on the left, model and Start on the right, all else in expanders.
"""

import re
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.data.preview import Look
from han_core.data.splits import Source
from han_core.training.runs.plan import LONGEST_WATCHED, MOST_WATCHED, Plan, checked_plan
from pages.shared import controls
from pages.shared.page import plain, restore_value, user_errors_shown
from pages.train import (
    cached_runs,
    data_form,
    data_preview,
    form_values,
    learning_form,
    run_list,
    sentences,
    splits_form,
)
from pages.train.data_form import Picked
from pages.train.form_values import Choices

OFFERED = 30
"""Documents of the data that can be picked from."""

BETWEEN = re.compile(r"^[-=]{3,}\s*$", re.MULTILINE)


def watched(look: Look | None) -> tuple[tuple[str, ...], int | None]:
    """The texts, at most ``MOST_WATCHED``, and the steps between two looks; None for 1, 2, 4, …"""
    offered = {} if look is None else offers(look, LONGEST_WATCHED)
    with st.expander("Watch attention form", key="train_watch"):
        st.caption(sentences.WATCHED)
        picked = _picker(offered, MOST_WATCHED) if offered else []
        restore_value("train_watched_text", "")
        pasted = st.text_area(
            "Texts of your own, with a line of hyphens between two", key="train_watched_text",
            max_chars=MOST_WATCHED * LONGEST_WATCHED, height=100, persist_state="session",
        )  # fmt: skip
        restore_value("train_watch_every", None)
        every = st.number_input(
            "Steps between two looks", min_value=1, value=None, step=1, key="train_watch_every",
            placeholder="1, 2, 4, 8, … and after each epoch", persist_state="session", width=320,
        )  # fmt: skip
        own = [text.strip()[:LONGEST_WATCHED] for text in BETWEEN.split(pasted)]
        texts = [*(text for text in own if text), *(offered[name] for name in picked)]
        if len(texts) > MOST_WATCHED:
            st.caption(f"The first {MOST_WATCHED} of these {len(texts)} are watched.")
    return tuple(texts[:MOST_WATCHED]), every


def _picker(offered: dict[str, str], most: int) -> list[str]:
    usual = list(offered)[:2]
    if any(name not in offered for name in st.session_state.get("train_watched", ())):
        st.session_state["train_watched"] = usual  # other documents
    restore_value("train_watched", usual)
    return st.multiselect(
        "Documents of the data", list(offered), key="train_watched", max_selections=most,
        persist_state="session",
    )  # fmt: skip


def offers(look: Look, longest: int) -> dict[str, str]:
    """Name → text of some documents, one class after the other, so that the first two differ."""
    by_class: dict[str, list[str]] = {}
    for text, label in zip(look.texts, look.labels, strict=True):
        if text.strip() and len(text) <= longest:
            by_class.setdefault(label, []).append(text)
    found: dict[str, str] = {}
    for place in range(max(map(len, by_class.values()), default=0)):
        for label, texts in by_class.items():
            if place < len(texts) and len(found) < OFFERED:
                beginning = " ".join(texts[place][:90].split())
                found.setdefault(plain_name(label, beginning), texts[place])
    return found


def plain_name(label: str, beginning: str) -> str:
    """One line for a picker."""
    return f"{label[:40]} · {beginning[:60]}…"


LONGEST_NAME = 60


def name_and_device(found: Picked | None, model: str) -> tuple[str, str]:
    """What the run is called (made of model and data unless somebody says), and where it runs."""
    usual = usual_name(model, "" if found is None else found.name)
    restore_value("train_name", "")
    left, right = st.columns(2)
    with left:
        name = st.text_input(
            "Name", key="train_name", placeholder=usual, max_chars=LONGEST_NAME,
            persist_state="session",
        )  # fmt: skip
    with right:
        device = controls.device()
    return name.strip() or usual, device


def usual_name(model: str, data: str) -> str:
    """ "han-reviews" for reviews.csv, "han-classroom-zh" for classroom/zh."""
    words = re.sub(r"[^\w]+", "-", re.sub(r"\.\w+$", "", data).lower())
    return "-".join(part for part in (model, words.strip("-")[:40]) if part)


def plan(
    name: str,
    device: str,
    choices: Choices,
    watched: tuple[tuple[str, ...], int | None],
    source: Source,
) -> Plan:
    """What is to be run.

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


def start(wanted: Plan | None) -> None:
    """The button. A run that begins is shown at once.

    Raises:
        UserError: if the run cannot begin.
    """
    from han_core.training.runs.manage import start

    pressed = st.button(
        "Start", type="primary", key="train_start", disabled=wanted is None, width="stretch"
    )
    if pressed and wanted is not None:
        run_list.show(start(wanted))
        cached_runs.forget_runs()
        st.rerun()


def estimate(wanted: Plan, look: Look | None) -> None:
    """Parameters, memory and time before anything begins."""
    if look is None:
        st.caption(sentences.NO_ESTIMATE)
        return
    found = cached_runs.estimate(wanted.model_dump_json())
    with st.container(horizontal=True, gap="medium", key="train_estimate"):
        for title, value in sentences.estimate(found, wanted.training.epochs).items():
            st.metric(title, value)
    st.caption(plain(found.says))


def form(left: DeltaGenerator, right: DeltaGenerator) -> None:
    """The whole form; what is wrong on the left leaves the right as it was filled in."""
    start_from = learning_form.origin()
    with right:
        model, attention = form_values.basics(start_from)
        begins = st.container()
    source = found = look = None
    taught: dict[str, Any] = {}
    with left, user_errors_shown():
        found = data_form.picked()
        if found is not None:
            held = splits_form.divided(found)
            place = st.expander("Unlabelled documents", key="train_unlabelled")
            with place:
                held = replace(held, unlabelled=learning_form.unlabelled(found))
                taught |= learning_form.stretches()
            look = data_preview.seen(found, held, _seed())
            data_preview.details(found, look)
            if held.unlabelled or taught:
                with place:
                    taught |= learning_form.teachers(look, start_from)
            source = held  # a run could use it
    with left:
        texts = watched(look)
    st.markdown("**Settings**")
    st.caption(sentences.SETTINGS)
    choices = form_values.settings(model, attention, start_from, learning_form.size())
    with user_errors_shown():
        more = {**learning_form.panel(), **learning_form.vectors()}
    with begins, user_errors_shown():
        name, device = name_and_device(found, model)
        wanted = None
        if source is not None:
            choices.settings.update({**more, **taught})
            wanted = plan(name, device, choices, texts, source)
        start(wanted)
        if wanted is not None:
            estimate(wanted, look)


def _seed() -> int:
    """What draws the documents that are held out."""
    return int(form_values.value_of(form_values.known()["seed"]))
