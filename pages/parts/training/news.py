"""A new run: documents on the left, model and Start on the right, all else in expanders."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts.page import wrong_input_shown
from pages.parts.training import (
    dividing,
    fields,
    filling,
    looking,
    origin,
    picking,
    saying,
    starting,
    teaching,
    watching,
)

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def form(left: "DeltaGenerator", right: "DeltaGenerator") -> None:
    """The whole form; what is wrong on the left leaves the right as it was filled in."""
    start_from = origin.origin()
    with right:
        model, attention = filling.basics(start_from)
        begins = st.container()
    source = found = look = None
    taught: dict[str, Any] = {}
    with left, wrong_input_shown():
        found = picking.picked()
        if found is not None:
            held = dividing.divided(found)
            place = st.expander("Unlabelled documents", key="train_unlabelled")
            with place:
                held = replace(held, unlabelled=teaching.unlabelled(found))
                taught |= teaching.stretches()
            look = looking.seen(found, held, _seed())
            looking.details(found, look)
            if held.unlabelled or taught:
                with place:
                    taught |= teaching.teachers(look, start_from)
            source = held  # a run could use it
    with left:
        watched = watching.watched(look)
    st.markdown("**Settings**")
    st.caption(saying.SETTINGS)
    choices = filling.settings(model, attention, start_from, origin.size())
    with wrong_input_shown():
        more = {**origin.panel(), **origin.vectors()}
    with begins, wrong_input_shown():
        name, device = starting.name_and_device(found, model)
        plan = None
        if source is not None:
            choices.settings.update({**more, **taught})
            plan = starting.plan(name, device, choices, watched, source)
        starting.start(plan)
        if plan is not None:
            starting.estimate(plan, look)


def _seed() -> int:
    """What draws the documents that are held out."""
    return int(fields.value_of(filling.known()["seed"]))
