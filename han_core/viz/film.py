"""The film of attention: one document at every recorded moment of a run.

Everything that ``film.js`` draws, as plain JSON: what does not change once, and for each
moment its weights, colours and prediction, all on one scale. Beneath it, the entropy of
attention.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from han_core.analysis.film import Film, Frame
from han_core.explanation.explanation import Explanation, Reading, entropy
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.viz.charts.distributions import chosen_classes
from han_core.viz.colour_scale import Scale, reading_scale
from han_core.viz.heatmap import Colour, heatmap, longest_bar
from han_core.viz.markup import chance, inked, writable
from han_core.viz.plot import RANKED, UNIFORM, FigureBuilder, below, number_axis, plain_layout

MOST_SENT = 60_000
"""Tokens times moments that are drawn; a browser gets some three megabytes then."""

HIGHEST_START = 0.75
"""Where the axis of entropy begins at the latest: small falls must look small."""

TICKS = 8  # steps that are named under the curves

_MOVING = ("weights", "within", "ranks", "rules", "sentences")


@dataclass(frozen=True)
class AttentionFilm:
    """One document's film, ready for the component.

    Attributes:
        data: ``still`` (as the heatmap's data, with one palette), ``classes``, and
            ``frames``: for each ``step``, ``ends_epoch``, ``moment`` and ``accuracy``
            (sentences), ``predicted`` class, ``chances`` (per cent and its text, in the
            order of ``classes``), ``first`` (the predicted one among them, or -1), and the
            heatmap's data that change; ``labels``, what is written around them.
        scale: of the colours, for the legend.
        left_out: moments that were too many to draw.
    """

    data: dict[str, Any]
    scale: Scale
    left_out: int


def attention_film(
    film: Film,
    document: int,
    accuracies: Mapping[int, float] | None = None,
    reading: Reading = "document",
) -> AttentionFilm:
    """Return the moments of one document, evenly thinned where there are very many.

    Args:
        document: its number among those watched, from 0.
        accuracies: epoch (from 1) → validation accuracy, as far as known.

    Raises:
        UserError: if nothing has been recorded yet.
    """
    if not film.frames:
        raise UserError(
            tr("This run has no film yet; choose a document to watch before it starts.")
        )
    frames = _thinned(film.frames, len(film.documents[document].tokens))
    explanations = [frame.explanations[document] for frame in frames]
    scale = reading_scale(explanations, reading)
    longest = longest_bar(explanations)
    drawn = [heatmap(e, Colour(e.weights(reading), scale), longest).data for e in explanations]
    palette, colours = _one_palette(drawn)
    shown, others = chosen_classes([explanation.chances for explanation in explanations])
    moments = [
        _moment(frame, explanation, accuracies or {}, shown, bool(others))
        for frame, explanation in zip(frames, explanations, strict=True)
    ]
    data = {
        # Folds would open and close while it plays.
        "still": {key: drawn[0][key] for key in drawn[0].keys() - {*_MOVING, "colours"}}
        | {"palette": palette, "folds": []},
        "classes": [
            *map(writable, shown),
            *([tr("{count:,} others", count=len(others))] if others else []),
        ],
        "labels": film_labels(),
        "frames": [
            moment | {key: data[key] for key in _MOVING} | {"colours": own}
            for moment, data, own in zip(moments, drawn, colours, strict=True)
        ],
    }
    return AttentionFilm(data, scale, len(film.frames) - len(frames))


def _others(count: int) -> list[str]:
    return [tr("{count:,} others", count=count)] if count else []


def film_labels() -> dict[str, str]:
    """Return what ``film.js`` writes."""
    return {
        "film": tr("How attention formed"),
        "moment": tr("Moment of training"),
        "predicted": tr("Predicted class"),
        "value": tr("{title}: {value}"),
        "play": tr("Play"),
        "pause": tr("Pause"),
        "next": tr("Next"),
    }


def moment_name(frame: Frame) -> str:
    """``Step 64, in epoch 2``"""
    if frame.step == 0:
        return tr("Before the first step")
    if frame.ends_epoch:
        return tr("After epoch {epoch}, step {step:,}", epoch=frame.epoch, step=frame.step)
    return tr("Step {step:,}, in epoch {epoch}", step=frame.step, epoch=frame.epoch + 1)


def entropy_curve(film: Film, document: int) -> go.Figure:
    """Draw the entropy of attention at each moment: 1 is uniform, 0 all on one.

    Moments stand at equal distances, as on the slider.
    """
    explanations = film.of(document)
    names = [moment_name(frame) for frame in film.frames]
    builder = FigureBuilder(plain_layout(260))
    for name, look, parts in (
        (tr("words"), RANKED["attention"], [e.document_weights for e in explanations]),
        (tr("sentences"), UNIFORM, [e.sentence_weights for e in explanations]),
    ):
        if parts and len(parts[0]) > 1:
            values = [entropy(part) for part in parts]
            notes = [
                tr(
                    "{moment}<br><b>{share:.1%}</b> of uniform, {name}",
                    moment=moment,
                    share=value,
                    name=name,
                )
                for moment, value in zip(names, values, strict=True)
            ]
            steps = list(range(len(values)))
            builder.add_curve(steps, values, look, name=inked(name), hovertext=notes)
    builder.show_legend(top=36)
    lowest = min([HIGHEST_START, *(min(trace["y"]) - 0.05 for trace in builder.traces)])
    ends = (max(0.0, lowest), 1.02)
    builder.update_yaxis(**number_axis(ends, ".0%"), title={"text": inked(tr("entropy"))})
    last = max(1, len(names) - 1)
    marked = np.unique(np.linspace(0, len(names) - 1, min(TICKS, len(names))).astype(int)).tolist()
    builder.update_xaxis(
        **number_axis((-0.02 * last, 1.02 * last)),
        showgrid=False,
        tickvals=marked,
        ticktext=[inked(f"{film.frames[at].step:,}") for at in marked],
    )
    builder.add_annotations(below(tr("step; entropy as a share of that of uniform attention")))
    return builder.build()


def _thinned(frames: Sequence[Frame], tokens: int) -> list[Frame]:
    most = max(2, MOST_SENT // max(1, tokens))
    if len(frames) <= most:
        return list(frames)
    shown = np.linspace(0, len(frames) - 1, most).round().astype(int)
    return [frames[at] for at in np.unique(shown)]


def _one_palette(drawn: Sequence[dict]) -> tuple[list, list[list[int]]]:
    """All colours that occur, and for each heatmap its tokens' among them."""
    numbers: dict[tuple, int] = {}
    colours = []
    for data in drawn:
        own = [numbers.setdefault(colour, len(numbers)) for colour in data["palette"]]
        colours.append([own[colour] for colour in data["colours"]])
    return list(numbers), colours


def _moment(
    frame: Frame,
    explanation: Explanation,
    accuracies: Mapping[int, float],
    shown: Sequence[str],
    others: bool,
) -> dict[str, Any]:
    chances = [explanation.chances[label] for label in shown]
    if others:
        chances.append(max(0.0, 1 - sum(chances)))
    label = explanation.label
    return {
        "step": frame.step,
        "moment": moment_name(frame),
        "ends_epoch": frame.ends_epoch,
        "accuracy": _validated(frame, accuracies),
        "predicted": writable(label),
        "first": shown.index(label) if label in shown else -1,
        "chances": [[round(100 * share, 2), chance(share)] for share in chances],
    }


def _validated(frame: Frame, accuracies: Mapping[int, float]) -> str:
    if frame.epoch in accuracies:
        share = accuracies[frame.epoch]
        return tr(
            "Validation accuracy {share:.1%} after epoch {epoch}.", share=share, epoch=frame.epoch
        )
    return "" if frame.epoch else tr("Not validated yet.")
