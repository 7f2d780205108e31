"""Name, device, estimate and Start: from everything chosen to a run."""

import re
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import controls
from pages.parts.kept import carry
from pages.parts.training import cached, saying, switching
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.preparation.data import Source
    from han_core.preparation.look import Look
    from han_core.runs.plan import Plan
    from pages.parts.training.filling import Choices
    from pages.parts.training.picking import Picked

LONGEST_NAME = 60


def name_and_device(found: "Picked | None", model: str) -> tuple[str, str]:
    """What the run is called (made of model and data unless somebody says), and where it runs."""
    usual = usual_name(model, "" if found is None else found.name)
    carry("train_name", "")
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
    choices: "Choices",
    watched: tuple[tuple[str, ...], int | None],
    source: "Source",
) -> "Plan":
    """What is to be run.

    Raises:
        WrongInput: says which value does not fit.
    """
    from han_core.runs.plan import checked_plan

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


def start(wanted: "Plan | None") -> None:
    """The button. A run that begins is shown at once.

    Raises:
        WrongInput: if the run cannot begin.
    """
    from han_core.runs.manage import start

    pressed = st.button(
        "Start", type="primary", key="train_start", disabled=wanted is None, width="stretch"
    )
    if pressed and wanted is not None:
        switching.show(start(wanted))
        cached.forget_runs()
        st.rerun()


def estimate(wanted: "Plan", look: "Look | None") -> None:
    """Parameters, memory and time before anything begins."""
    if look is None:
        st.caption(saying.NO_ESTIMATE)
        return
    found = cached.estimate(wanted.model_dump_json())
    with st.container(horizontal=True, gap="medium", key="train_estimate"):
        for title, value in saying.estimate(found, wanted.training.epochs).items():
            st.metric(title, value)
    st.caption(plain(found.says))
