"""A translation with its alignment for the browser, as a page of its own, as CSV and as JSON."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from han_core.data.delimited import to_csv
from han_core.explanation.translation import Candidate, SourceWordRemoval
from han_core.models.translate import Translation
from han_core.runtime.messages import tr
from han_core.text.document import Span
from han_core.text.vocabulary import UNKNOWN
from han_core.viz.colour_scale import Scale, scale_only
from han_core.viz.export import render_page
from han_core.viz.markup import (
    ALIGNMENT_SCRIPT,
    ALIGNMENT_STYLESHEET,
    background,
    text_on,
    writable,
)

STEPS = 65  # colours of the scale
LEAST_TOP = 0.25  # of the scale of drops, so that small ones stay pale

_DRAW = """
drawAlignment(document.getElementById("alignment"),
  JSON.parse(document.getElementById("data").textContent));
"""


def alignment_view(
    translation: Translation,
    steps: Sequence[Sequence[Candidate]],
    values: np.ndarray,
    scale: Scale,
    names: tuple[str, str] | None = None,
    totals: np.ndarray | None = None,
    interactive: bool = False,
) -> dict[str, Any]:
    """Return what ``alignment.js`` draws, as plain JSON.

    Args:
        steps: the candidates of each step, the end included.
        values: (target words, source words) of the table; NaN is drawn as 0.
        scale: of ``values``.
        names: of both sides, for readers; plain ones unless given.
        totals: (source words,) attention in all; None leaves the row out.
        interactive: whether a candidate can be chosen, to go on from there.
    """
    probabilities = np.exp(translation.log_probabilities)
    source_name, target_name = names or (tr("Sentence"), tr("Translation"))
    return {
        "sourceName": source_name,
        "targetName": target_name,
        "source": [writable(word) for word in translation.source_words],
        "target": [writable(word) for word in translation.target_words],
        "sourceGaps": _gaps(translation.text, translation.source),
        "targetGaps": _gaps(translation.translation, translation.target),
        "known": [number != UNKNOWN for number in translation.source_numbers],
        "probabilities": [None if np.isnan(p) else round(float(p), 6) for p in probabilities],
        "values": np.nan_to_num(values).round(5).tolist(),
        "low": -1 if scale.signed else 0,
        "top": scale.top,
        "palette": _palette(scale.signed),
        "steps": [
            [{**one._asdict(), "word": writable(one.word)} for one in step] for step in steps
        ],
        "coverage": None if totals is None else totals.round(3).tolist(),
        "measure": scale.title,
        "interactive": interactive,
        "labels": alignment_labels(),
    }


def alignment_labels() -> dict[str, Any]:
    """Return what ``alignment.js`` writes, which fills the places."""
    return {
        "table": tr(
            "{measure}: a row for each word of the translation, a column for each source word; "
            "arrow keys move"
        ),
        "hint": tr("Point at a cell, or move through them by the arrow keys."),
        "unknown": tr("unknown to the model"),
        "words": tr("{name}: arrow keys move from word to word"),
        "previous": tr("‹ Previous"),
        "previousTitle": tr("The step before"),
        "next": tr("Next ›"),
        "nextTitle": tr("The next step"),
        "whole": tr("Whole translation"),
        "wholeTitle": tr("Show every word again"),
        "step": tr("Step {number} of {count}"),
        "end": tr("The translation ends here: {share}."),
        "most": tr("{word}: {share}. {measure}: most on {source}, {weight}."),
        "candidates": [tr("Candidate"), tr("Rank"), tr("Probability")],
        "ends": tr("end"),
        "goOn": tr("Go on from here with this word"),
        "sum": tr("in all"),
        "cell": tr("{target} and {source}: {measure} {value}."),
    }


def attention_scale() -> Scale:
    """Return the scale of attention weights, the same for every sentence."""
    return Scale(tr("Attention"), 1.0, False, "percent")


def drop_scale(removal: SourceWordRemoval) -> Scale:
    """Return the scale of what probabilities lose without a source word."""
    largest = float(np.nanmax(np.abs(removal.drops)))
    return Scale(tr("Drop without the source word"), max(LEAST_TOP, largest), True, "probability")


def alignment_page(
    view: dict[str, Any], scale: Scale, title: str, notes: Sequence[str] = ()
) -> str:
    """Return a page that opens offline and needs no other file.

    Args:
        view: of ``alignment_view``.
    """
    return render_page(
        "alignment.html",
        {
            "title": title, "notes": notes,
            "noscript": tr("This page draws the alignment with JavaScript."),
        },
        scale_only(scale), view,
        ALIGNMENT_SCRIPT + _DRAW, ALIGNMENT_STYLESHEET,
    )  # fmt: skip


def alignment_csv(translation: Translation, removal: SourceWordRemoval | None) -> bytes:
    """Return a row for each pair of words: attention, and what the target word loses without."""
    rows = []
    for at, word in enumerate(translation.target_words):
        for place, source in enumerate(translation.source_words):
            weight = round(float(translation.alignment[at, place]), 6)
            row = {"target": at + 1, "target word": word, "source": place + 1,  # not shown
                   "source word": source, "attention": weight}  # fmt: skip # not shown
            if removal is not None:
                row["drop"] = round(float(removal.drops[at, place]), 6)
            rows.append(row)
    return to_csv(pd.DataFrame(rows))


def translation_json(translation: Translation, removal: SourceWordRemoval | None) -> str:
    """Return what the command ``translate --evidence`` prints."""
    evidence = None if removal is None else removal.to_json()
    content = {**translation.to_json(), "removal": evidence}
    return json.dumps(content, allow_nan=False)


def _gaps(text: str, spans: Sequence[Span]) -> list[str]:
    """The text before each word, and after the last."""
    ends = [0, *(span.end for span in spans)]
    starts = [*(span.start for span in spans), len(text)]
    return [writable(text[end:start]) for end, start in zip(ends, starts, strict=True)]


@lru_cache(maxsize=2)
def _palette(signed: bool) -> list[list[str]]:
    """Background and ink of each step, on the light and on the dark theme."""
    colours = []
    for share in np.linspace(-1.0 if signed else 0.0, 1.0, STEPS).tolist():
        light, dark = background(share, "light"), background(share, "dark")
        colours.append([light, dark, text_on(light), text_on(dark)])
    return colours
