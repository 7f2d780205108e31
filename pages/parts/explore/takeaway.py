"""What can be taken away from Explore: a page, tables, a link."""

import datetime
import re
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import saying
from pages.parts.explore import links

if TYPE_CHECKING:
    from han_core.explanation.explanation import Reading
    from pages.parts.explore.exploring import Scene


def panel(scene: "Scene") -> None:
    """The buttons; files are made when they are asked for, far from what the session holds."""
    st.subheader("Take it away", anchor=False)
    reading = st.session_state.get("reading", "document")
    name = re.sub(r"\W+", "-", scene.before.checkpoint.name).strip("-")
    with st.container(horizontal=True):
        _button("Page (HTML)", lambda: _page(scene, reading), f"{name}.html", "text/html")
        _button("Weights (CSV)", lambda: _csv(scene), f"{name}.csv", "text/csv")
        _button("Explanation (JSON)", lambda: _json(scene), f"{name}.json", "application/json")
    st.caption(saying.AWAY)
    links.link()


def _button(label: str, content, file_name: str, mime: str) -> None:
    st.download_button(
        label, content, file_name=file_name, mime=mime, on_click="ignore", key=f"get_{mime}"
    )


def _page(scene: "Scene", reading: "Reading") -> bytes:
    """The heatmap by attention as a page that needs nothing else."""
    from han_core.evidence.whatif import sentence
    from han_core.figures.heatmap import Colour, heatmap
    from han_core.figures.legend import legend, prediction, seen_line
    from han_core.figures.page import standalone
    from han_core.figures.scale import reading_scale

    shown = scene.explanation
    colour = Colour(shown.weights(reading), reading_scale([shown], reading))
    today = datetime.date.today().isoformat()
    notes = [f"{scene.before.checkpoint.name}, {today}.", seen_line(shown)]
    if scene.question.edits:
        notes.append(sentence(scene.whatif))
    head = prediction(shown) + legend(colour.scale)
    title = f"{shown.label}: attention of {scene.before.checkpoint.name}"
    return standalone(heatmap(shown, colour), head, title, notes).encode()


def _csv(scene: "Scene") -> bytes:
    from han_core.sharing.tables import to_csv, weights_table

    return to_csv(weights_table(scene.explanation))


def _json(scene: "Scene") -> bytes:
    from han_core.sharing.tables import to_json

    return to_json(scene.explanation)
