"""Hanscope blue: the one scale on which attention is coloured.

Attention has no sign, so the scale is a single hue: from the panel's own colour
(no weight) in equal steps of lightness to a deep blue on the light theme, a
bright one on the dark. It is built in OKLab (Björn Ottosson, "A perceptual color
space for image processing", 2020), where equal steps look equal, and lightness
alone tells the order, so it reads under every form of colour blindness.

This module does not know how weights are drawn.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from han_core.explanation.explanation import Explanation, Reading

Theme = Literal["light", "dark"]

PANEL: dict[Theme, str] = {"light": "#ffffff", "dark": "#16181c"}
"""What lies behind the words; the colour of weight 0."""

INK: dict[Theme, str] = {"light": "#1b1f27", "dark": "#eceff4"}
"""Text on the panel."""

FLOOR = 4.0
"""The scale's top is at least this many times the weight of uniform attention."""

CONTRAST = 4.5
"""The least contrast of text (WCAG 2.2, level AA)."""

_HUE = np.radians(258.0)
_TOP_LIGHTNESS: dict[Theme, float] = {"light": 0.42, "dark": 0.87}
# Chroma at shares 0, a half and 1: most where sRGB has room for it.
_CHROMA: dict[Theme, tuple[float, float, float]] = {
    "light": (0.0, 0.125, 0.16),
    "dark": (0.008, 0.145, 0.075),
}
_STEPS = 1024  # finer than eight bits a channel can show


def scale_top(explanations: Sequence[Explanation], reading: Reading) -> float:
    """The weight at the top of the scale that all ``explanations`` share.

    The largest weight that occurs, but never less than ``FLOOR`` times the weight
    that a word has under uniform attention: 1/tokens within the document, 1/(mean
    length) within the sentence, 1 as lift. So uniform attention comes out pale and
    is never stretched into a pattern.
    """
    tops = [FLOOR * _uniform(explanation, reading) for explanation in explanations]
    weights = [explanation.weights(reading) for explanation in explanations]
    return float(max([*tops, *(part.max() for part in weights if len(part))], default=1.0))


def _uniform(explanation: Explanation, reading: Reading) -> float:
    tokens = max(1, len(explanation.word_weights))
    if reading == "lift":
        return 1.0
    return (max(1, len(explanation.sentence_weights)) if reading == "sentence" else 1) / tokens


def background(share: float, theme: Theme) -> str:
    """The colour of a weight that is ``share`` of the scale's top, as ``#rrggbb``.

    Shares beyond 0 and 1 take the end's colour; equal shares take equal colours.
    """
    return _scale(theme)[round(min(1.0, max(0.0, float(share))) * _STEPS)]


def text_on(background: str) -> str:
    """The ink that reads best on ``background``, with a contrast of at least 4.5.

    Black or white reach it on every colour; the softer inks are taken where they do.
    """
    soft = max(INK.values(), key=lambda ink: contrast(ink, background))
    if contrast(soft, background) >= CONTRAST:
        return soft
    return max("#000000", "#ffffff", key=lambda ink: contrast(ink, background))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, 0 to 1 (WCAG 2.2)."""
    return float(_linear(colour) @ [0.2126, 0.7152, 0.0722])


def _linear(colour: str) -> np.ndarray:
    """(3,) linear light of ``#rrggbb``."""
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=2)
def _scale(theme: Theme) -> tuple[str, ...]:
    """The colours of ``_STEPS`` + 1 shares from 0 to 1; the first is the panel's."""
    shares = np.linspace(0, 1, _STEPS + 1)
    ends = (np.cbrt(luminance(PANEL[theme])), _TOP_LIGHTNESS[theme])
    lightness = np.interp(shares, (0, 1), ends)
    chroma = np.interp(shares, (0, 0.5, 1), _CHROMA[theme])
    lab = np.stack([lightness, chroma * np.cos(_HUE), chroma * np.sin(_HUE)])
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
