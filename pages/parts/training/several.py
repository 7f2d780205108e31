"""Several runs side by side: their curves, and the settings in which they differ."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.training import courses, saying

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from han_core.runs.view import RunView


def side_by_side(ids: Sequence[str]) -> None:
    """Everything about several runs.

    Raises:
        WrongInput: if one was deleted.
    """
    from han_core.runs.comparison import differences
    from han_core.runs.manage import view

    runs: list[RunView] = [view(id) for id in ids]
    st.subheader(f"{len(runs)} runs", anchor=False)
    courses.of_several(runs)
    st.markdown("**Where they differ**")
    rows = differences(runs)
    if len(rows):
        st.dataframe(highlighted(rows), key="runs_differences", height="content")
    else:
        st.caption(saying.SAME)


def highlighted(rows: "pd.DataFrame") -> "Styler":
    """Marks every value that is another than the first run's."""

    def style(row: "pd.Series") -> list[str]:
        return [saying.MARKED if value != row.iloc[0] else "" for value in row]

    return rows.style.apply(style, axis=1)
