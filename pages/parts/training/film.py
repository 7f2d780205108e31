"""How attention formed in a run: the film of a watched document, and how gathered it was.

Layout only; the film is drawn in the browser, which asks for nothing while it plays.
"""

from typing import TYPE_CHECKING

import streamlit as st

from han_core.figures.assets import FILM_SCRIPT, FILM_STYLESHEET
from pages.parts.training import cached
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.runs.film import Film
    from han_core.runs.view import RunView

CAPTION = (
    "Every moment is what the checkpoint of that moment gives, on one scale of colours. "
    "Attention that gathers does not tell that the prediction got better: read both."
)

_FILM = st.components.v2.component(
    "hanscope_film", css=FILM_STYLESHEET, js=FILM_SCRIPT, isolate_styles=False
)


def panel(run: "RunView") -> None:
    """The film of the run, as far as it has come; nothing where no document was watched."""
    from han_core.runs.film import stamp
    from han_core.wrong_input import WrongInput

    mark = stamp(run.folder)
    if mark is None:
        return
    try:
        film = cached.frames(str(run.folder), mark)
    except WrongInput as error:
        st.warning(plain(str(error)))
        return
    if not film.frames:
        return
    st.subheader("How attention formed", anchor=False)
    document = _document(run, film)
    _shown(run, film, document, mark)


def _document(run: "RunView", film: "Film") -> int:
    """The picker, where there are several."""
    from han_core.figures.wrapping import beginning

    if len(film.documents) == 1:
        return 0
    chosen = st.selectbox(
        "Document",
        range(len(film.documents)),
        format_func=lambda number: beginning(film.documents[number].text, 70),
        key=f"film_document_{run.id}",
    )
    return chosen or 0


def _shown(run: "RunView", film: "Film", document: int, mark: tuple) -> None:
    from han_core.figures.film import entropy_curve
    from han_core.figures.legend import legend

    reached = tuple((line["epoch"], line["validation"]["accuracy"]) for line in run.history)
    drawn = cached.attention_film(str(run.folder), mark, document, reached)
    with st.container(key="film"):
        st.html(legend(drawn.scale))
        _FILM(key="attention_film", data=drawn.data)
    if drawn.left_out:
        st.caption(f"The document is long: {drawn.left_out:,} moments between these are not drawn.")
    st.plotly_chart(
        entropy_curve(film, document), key="film_entropy", config={"displayModeBar": False},
        alt="How spread out attention was at each moment",
    )  # fmt: skip
    st.caption(CAPTION)
