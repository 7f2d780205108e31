"""What pieces of HTML and labels share: a style sheet, an ink, numbers for people."""

from han_core.figures.assets import STYLESHEET
from han_core.figures.colour import INK
from han_core.figures.escape import plotly_text

STYLE = f"<style>\n{STYLESHEET}</style>"
"""Stands in front of every piece, so that each is complete by itself."""

INK_SPAN = f'<span style="color:light-dark({INK["light"]},{INK["dark"]})">'

HOVER_LABEL = {
    "align": "left",
    "bgcolor": INK["light"],
    "bordercolor": "#5b6472",
    "font": {"color": INK["dark"]},
}
"""Plotly's notes on hover: dark on both themes, with the contrast that the themes lack."""


def percent(weight: float, digits: int = 3) -> str:
    """A weight as per cent with so many significant digits: 0.01234 is "1.23%"."""
    if 0 < weight < 1e-6:
        return "<0.0001%"
    return decimal(100 * weight, digits) + "%"


def decimal(number: float, digits: int = 3) -> str:
    """A number of 0 or more with so many significant digits and no exponent."""
    if 0 < number < 1e-6:
        return "<0.000001"
    return f"{float(f'{number:.{digits}g}'):.8f}".rstrip("0").rstrip(".")


def chance(probability: float) -> str:
    """A probability with one decimal: "96.6%", never 0% or 100% of what is neither."""
    number = f"{100 * probability:.1f}%"
    if probability < 1 and number == "100.0%":
        return ">99.9%"
    if probability > 0 and number == "0.0%":
        return "<0.1%"
    return number


def inked(text: str) -> str:
    """``text`` for Plotly, escaped, in the ink of whichever theme is on.

    Streamlit writes labels in a grey below 4.5:1 on the light theme; a label's span
    may have a style, and so follows the theme without a rerun, as our HTML does.
    """
    return f"{INK_SPAN}{plotly_text(text)}</span>"
