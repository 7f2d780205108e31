"""What the page Errors shows, for every test of it."""

import pandas as pd

from han_core.analysis.filters import Filter
from pages.errors import cross_filter


def table(app) -> pd.DataFrame:
    return app.dataframe(key="errors_table").value


def read(app) -> str:
    """The id of the document that is read."""
    (title,) = [h.value for h in app.subheader if h.value.startswith("Document ")]
    return title.removeprefix("Document ").replace("\\", "")


def left(app) -> str:
    """How many documents the bar says are left."""
    return next(m.value for m in app.markdown if " documents**" in m.value)


def put(app, **fields):
    app.session_state[cross_filter.FILTER] = Filter(**fields)
    return app.run()


def chips(app) -> list[str]:
    found = [button.label for button in app.button if (button.key or "").startswith("chip_")]
    return [label.replace("\\", "").removeprefix("✕ ") for label in found]
