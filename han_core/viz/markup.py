"""Text for HTML, Plotly and Markdown: escaped, cut to a width, numbers for people, colours.

One function for each target: ``html_text``, ``plotly_text``, ``markdown_text``. None of them can
carry every ``str``: NUL and lone surrogates come out as U+FFFD, of the same length, so that
offsets hold. Text that is written from right to left is isolated, so that the numbers beside it
stay where they are. Colours of weights are one hue (blue) where values have no sign, and
vermilion for negative ones, built in OKLab (Björn Ottosson, "A perceptual color space for image
processing", 2020), where equal steps look equal, so that lightness alone tells the order.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import regex

from han_core.runtime.messages import tr

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_PLOTLY_SIGNS = {ord(sign): f"&#{ord(sign)};" for sign in "&<>\"'$"}
_MARKDOWN_SIGN = re.compile(r"[!-/:-@\[-`{-~]")

# Streamlit looks for these in the text that is left when Markdown and its escapes have been read:
# addresses (http:// and www.), mail, :emoji: and :material/icon:, and arrows such as -> and <=.
_SPLIT = regex.compile(
    r"(?<=:[\w+/-]+)(?=:)|(?<=\w)(?=://)|(?<=mailto|xmpp)(?=:)"
    r"|(?<=www)(?=\.)|(?<=\S)(?=@)|(?<=[-<>~])(?=[-=>])",
    regex.IGNORECASE,
)
_NOTHING = ":small[]"
"""An element of Streamlit's Markdown without any text. Text on both sides of it is not joined."""

_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\u200f\u202b\u202e\ufb1d-\ufdff\ufe70-\ufeff"
    "\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
"""The blocks that Unicode keeps for scripts from right to left, and the signs that ask for it."""

Direction = Literal["ltr", "rtl"]


def writable(text: str) -> str:
    """Return ``text`` without the characters that UTF-8 and HTML cannot carry; same length."""
    if text.isascii() and "\0" not in text:  # most words, and ten times as fast
        return text
    return _UNWRITABLE.sub("\ufffd", text)


def html_text(text: str) -> str:
    """Escape ``text`` for HTML content and quoted attributes; parsed, it is ``writable(text)``."""
    # A raw carriage return would be read as a line feed.
    return html.escape(writable(text)).replace("\r", "&#13;")


def plotly_text(text: str) -> str:
    """Escape ``text`` for Plotly, which reads ``<b>``, ``<a href>``, entities and ``$…$`` (TeX)."""
    return isolated(writable(text)).translate(_PLOTLY_SIGNS)


def markdown_text(text: str) -> str:
    """Escape ``text`` for Streamlit's Markdown, on one line.

    It reads as it is, also where Streamlit would make a link, an emoji, an icon or an
    arrow of it after the escapes have been read.
    """
    pieces = _SPLIT.split(isolated(re.sub(r"\s+", " ", writable(text))))
    return _NOTHING.join(_MARKDOWN_SIGN.sub(r"\\\g<0>", piece) for piece in pieces)


def direction(text: str) -> Direction:
    """Return the direction in which most letters of ``text`` are read."""
    backward = len(re.findall(r"[^\W\d_]", "".join(_RIGHT_TO_LEFT.findall(text))))
    if not backward:  # most texts, and a hundred times as fast
        return "ltr"
    return "rtl" if 2 * backward > len(re.findall(r"[^\W\d_]", text)) else "ltr"


def first_direction(text: str) -> Direction:
    """Return the direction of the first letter of ``text``, as ``dir=auto`` in HTML does.

    Unicode Standard Annex 9, rules P2 and P3.
    """
    if not _RIGHT_TO_LEFT.search(text):
        return "ltr"
    strong = (unicodedata.bidirectional(sign) for sign in text)
    first = next((kind for kind in strong if kind in ("L", "R", "AL")), "L")
    return "ltr" if first == "L" else "rtl"


def isolated(text: str) -> str:
    """Return ``text``, between first strong isolate and its end if any of it runs backward."""
    return f"\u2068{text}\u2069" if _RIGHT_TO_LEFT.search(text) else text


def _read(name: str) -> str:
    return (Path(__file__).with_name("assets") / name).read_text(encoding="utf-8")


STYLESHEET = _read("heatmap.css")

OVERVIEW_STYLESHEET = STYLESHEET + _read("overview.css")

VERDICT_STYLESHEET = STYLESHEET + _read("verdict.css")

_DRAWING = "".join(map(_read, ("labels.js", "heatmap.js", "heatmap_touch.js", "overview.js")))

SCRIPT = _DRAWING + _read("heatmap_component.js")
"""One module without imports: ``draw(place, data, act)``, and what Streamlit calls."""

FILM_STYLESHEET = STYLESHEET + _read("film.css")

FILM_SCRIPT = _DRAWING + _read("film.js")
"""One module without imports: ``drawFilm(place, data)``, and what Streamlit calls."""

REPORT_STYLESHEET = STYLESHEET + _read("report.css")

HEADS_STYLESHEET = STYLESHEET + _read("attention_map.css")

_HEADS = (
    "labels.js",
    "attention_map.js",
    "attention_grid.js",
    "attention_head.js",
    "attention_arcs.js",
)

HEADS_SCRIPT = "".join(map(_read, _HEADS))
"""One module without imports: ``drawHeads(place, data, act)``."""

HEADS_COMPONENT = HEADS_SCRIPT + _read("attention_map_component.js")
"""The same, and what Streamlit calls."""

ANATOMY_STYLESHEET = STYLESHEET + _read("anatomy.css")

ANATOMY_SCRIPT = "".join(map(_read, ("anatomy.js", "anatomy_rows.js", "anatomy_detail.js")))
"""One module without imports: ``drawAnatomy(place, data)``, and what Streamlit calls."""


ALIGNMENT_STYLESHEET = STYLESHEET + _read("alignment.css")

ALIGNMENT_SCRIPT = _read("labels.js") + _read("alignment.js")
"""One module without imports: ``drawAlignment(place, data)``, and what Streamlit calls."""

PICTURE_STYLESHEET = STYLESHEET + _read("picture_map.css")

PICTURE_SCRIPT = _read("labels.js") + _read("picture_map.js")
"""One module without imports, and what Streamlit calls."""

CLASSROOM_STYLESHEET = STYLESHEET + _read("classroom.css")

HANDOUT_STYLESHEET = STYLESHEET + _read("handout.css")

Theme = Literal["light", "dark"]

PANEL: dict[Theme, str] = {"light": "#ffffff", "dark": "#16181c"}
"""What lies behind the words; the colour of 0."""

INK: dict[Theme, str] = {"light": "#1b1f27", "dark": "#eceff4"}
"""Text on the panel."""

CONTRAST = 4.5
"""The least contrast of text (WCAG 2.2, level AA)."""

STEPS = 1024
"""Steps of each side of the scale; finer than eight bits a channel can show."""

_HUES = {"blue": np.radians(258.0), "vermilion": np.radians(45.0)}
_TOP_LIGHTNESS: dict[Theme, float] = {"light": 0.42, "dark": 0.87}
# Chroma at shares 0, a half and 1: most where sRGB has room for it.
_CHROMA: dict[tuple[str, Theme], tuple[float, float, float]] = {
    ("blue", "light"): (0.0, 0.125, 0.16),
    ("blue", "dark"): (0.008, 0.145, 0.075),
    ("vermilion", "light"): (0.0, 0.14, 0.125),
    ("vermilion", "dark"): (0.008, 0.13, 0.075),
}


def background(share: float, theme: Theme) -> str:
    """Return the colour of a value that is ``share`` of the scale's top, as ``#rrggbb``.

    Blue from 0 to 1, vermilion from 0 to -1. Shares beyond the ends take the end's
    colour; equal shares take equal colours.
    """
    step = round(min(1.0, max(-1.0, float(share))) * STEPS)
    return _arm("blue" if step > 0 else "vermilion", theme)[abs(step)]


@lru_cache(maxsize=8192)
def text_on(background: str) -> str:
    """Return the ink that reads best on ``background``, with a contrast of at least 4.5.

    Black or white reach it on every colour; the softer inks are taken where they do.
    """
    soft = max(INK.values(), key=lambda ink: contrast(ink, background))
    if contrast(soft, background) >= CONTRAST:
        return soft
    return max("#000000", "#ffffff", key=lambda ink: contrast(ink, background))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``, 0 to 1 (WCAG 2.2)."""
    return float(_linear(colour) @ [0.2126, 0.7152, 0.0722])


def _linear(colour: str) -> np.ndarray:
    """(3,) linear light of ``#rrggbb``."""
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=4)
def _arm(hue: str, theme: Theme) -> tuple[str, ...]:
    """The colours of ``STEPS`` + 1 shares from 0 to the end; the first is the panel's."""
    shares = np.linspace(0, 1, STEPS + 1)
    ends = (np.cbrt(luminance(PANEL[theme])), _TOP_LIGHTNESS[theme])
    lightness = np.interp(shares, (0, 1), ends)
    chroma = np.interp(shares, (0, 0.5, 1), _CHROMA[hue, theme])
    lab = np.stack([lightness, chroma * np.cos(_HUES[hue]), chroma * np.sin(_HUES[hue])])
    return PANEL[theme], *map(_hexadecimal, _from_oklab(lab).T[1:])


def _from_oklab(lab: np.ndarray) -> np.ndarray:
    """(3, n) OKLab to linear sRGB, with Ottosson's matrices."""
    cones = [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728]]
    cones.append([1, -0.0894841775, -1.2914855480])
    light = [[4.0767416621, -3.3077115913, 0.2309699292]]
    light.append([-1.2684380046, 2.6097574011, -0.3413193965])
    light.append([-0.0041960863, -0.7034186147, 1.7076147010])
    return np.array(light) @ (np.array(cones) @ lab) ** 3


def _hexadecimal(linear: np.ndarray) -> str:
    linear = linear.clip(0, 1)
    channels = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels.tolist())


STYLE = f"<style>\n{STYLESHEET}</style>"
"""How our HTML looks. It stands once on a page: a style within each piece of a page would be sent
with every change, and the browser would look at the whole page anew."""

INK_SPAN = f'<span style="color:light-dark({INK["light"]},{INK["dark"]})">'

HOVER_LABEL = {
    "align": "left",
    "bgcolor": INK["light"],
    "bordercolor": "#5b6472",
    "font": {"color": INK["dark"]},
}
"""Plotly's notes on hover: dark on both themes, with the contrast that the themes lack."""


def percent(weight: float, digits: int = 3) -> str:
    """Write a weight as per cent with so many significant digits: 0.01234 is "1.23%"."""
    if 0 < weight < 1e-6:
        return "<0.0001%"
    return decimal(100 * weight, digits) + "%"


def decimal(number: float, digits: int = 3) -> str:
    """Write a number of 0 or more with so many significant digits and no exponent."""
    if 0 < number < 1e-6:
        return "<0.000001"
    return f"{float(f'{number:.{digits}g}'):.8f}".rstrip("0").rstrip(".")


def chance(probability: float) -> str:
    """Write a probability with one decimal: "96.6%", never 0% or 100% of what is neither."""
    number = f"{100 * probability:.1f}%"
    if probability < 1 and number == "100.0%":
        return ">99.9%"
    if probability > 0 and number == "0.0%":
        return "<0.1%"
    return number


def inked(text: str) -> str:
    """Escape ``text`` for Plotly, in the ink of whichever theme is on.

    Streamlit writes labels in a grey below 4.5:1 on the light theme; a label's span
    may have a style, and so follows the theme without a rerun, as our HTML does.
    """
    return f"{INK_SPAN}{plotly_text(text)}</span>"


WIDTH = 72  # columns of a note that shows on hover
LINES = 14  # of such a note; a longer one would not fit on the screen


def columns(text: str) -> int:
    """Return the width of ``text`` in columns: two for a wide character, none for a mark."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def beginning(text: str, width: int) -> str:
    """Return ``text`` on one line, cut with an ellipsis to at most ``width`` columns."""
    line = " ".join(text[: 4 * width + 4].split())
    if columns(line) <= width and len(text) <= 4 * width + 4:
        return line
    start = ""
    used = 1  # the ellipsis
    for sign in line:
        used += _columns(sign)
        if used > width:
            break
        start += sign
    return start.rstrip() + "…"


def wrapped(text: str, width: int = WIDTH, lines: int = LINES) -> list[str]:
    """Break ``text`` into lines of at most ``width`` columns; what does not fit is counted."""
    all_lines = list(_lines(text, width))
    if len(all_lines) <= lines:
        return all_lines
    left = sum(map(len, all_lines[lines - 1 :]))
    return [*all_lines[: lines - 1], tr("… and {count:,} more characters", count=left)]


def _lines(text: str, width: int) -> Iterator[str]:
    line, used = "", 0
    # A word with the space after it; a wide character may end a line by itself.
    for word in re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+", text):
        for piece in _pieces(" ".join(word.split()) + " " * word[-1].isspace(), width):
            if used + columns(piece.rstrip()) > width:
                yield line.rstrip()
                line, used = "", 0
            line, used = line + piece, used + columns(piece)
    if line.strip():
        yield line.rstrip()


def _pieces(word: str, width: int) -> Iterator[str]:
    """The word itself, or, where it is longer than a line, its parts."""
    if columns(word.rstrip()) <= width:
        yield word
        return
    step = width // 2  # its characters may be wide
    for at in range(0, len(word), step):
        yield word[at : at + step]


@lru_cache(maxsize=8192)
def _columns(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Cf", "Mn", "Me"):  # not shown
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
