"""Panels of Errors drawn alone for a store made by hand, and what the page Errors shows."""

import re

import pandas as pd
from streamlit.testing.v1 import AppTest

from han_core.analysis.dataset import Store
from han_core.analysis.filters import Filter, Marks
from han_core.analysis.query import select
from pages.errors import selection
from pages.errors.context import ErrorsContext
from tests.pages.seen import components
from tests.processes import PATIENCE


def context_of(
    store: Store,
    filter: Filter | None = None,
    marks: Marks | None = None,
    checkpoint: str | None = None,
    other: str | None = None,
    analyst: str = "Anna",
) -> ErrorsContext:
    filter, marks = filter or Filter(), marks or Marks()
    rows = select(store, filter, marks)
    outcomes = store.outcomes.take(rows)
    return ErrorsContext(checkpoint, other, "cpu", store, marks, filter, rows, outcomes, analyst)


def _panel(module: str, *args) -> None:
    from importlib import import_module

    from pages.shared import page

    page.start_visit("Errors")
    with page.user_errors_shown():
        import_module(f"pages.errors.{module}").panel(*args)


def draw(module: str, *args, **state) -> AppTest:
    """Draw the panel of a module of ``pages.errors`` alone, with this state of the session."""
    app = AppTest.from_function(_panel, args=(module, *args), default_timeout=PATIENCE)
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


def unescaped(markdown: str) -> str:
    """Return text as it reads after ``plain`` has kept Markdown out of it."""
    return re.sub(r"\\(.)", r"\1", markdown.replace(":small[]", ""))


def table(app) -> pd.DataFrame:
    """The documents as a table, to which the page is switched if it shows the list."""
    if app.button_group(key="errors_form").value != "table":
        app.button_group(key="errors_form").set_value("table").run()
    return app.dataframe(key="errors_table").value


def listed(app) -> dict:
    """What the list of documents draws."""
    (data,) = components(app, "hanscope_document_list")
    return data


def read(app) -> str:
    """The id of the document that is read."""
    (title,) = [h.value for h in app.header if h.value.startswith("Document ")]
    return title.removeprefix("Document ").replace("\\", "")


def left(app) -> str:
    """How many documents the bar says are left."""
    return next(m.value for m in app.markdown if " documents**" in m.value)


def put(app, **fields):
    app.session_state[selection.FILTER] = Filter(**fields)
    return app.run()


def chips(app) -> list[str]:
    labels = [button.label for button in app.button if (button.key or "").startswith("chip_")]
    return [label.replace("\\", "").removeprefix("✕ ") for label in labels]
