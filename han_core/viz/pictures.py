"""A picture with the weights of its patches for the browser, and evidence in words."""

import base64
from typing import Any

import numpy as np

from han_core.data.pictures import Picture
from han_core.explanation.pictures import Deletion, PictureExplanation
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr, trn
from han_core.viz.colour_scale import breakable
from han_core.viz.markup import chance, html_text, percent

TOP = 3.0  # times uniform attention, at which the colour is strongest, unless a patch has more
NAMES = {"text": mark("Text alone"), "image": mark("Picture alone"), "both": mark("Both")}

VERDICTS = {
    "matters": mark("The most attended {items} matter here"),
    "like random": mark("No more than other {items}"),
    "no effect": mark("Attention over {items} is decoration here"),
    "too short": mark("Too few {items} to tell"),
}
SENTENCES = {
    "matters": mark(
        "{items} taken out. Without them the prediction changes more than without others."
    ),
    "like random": mark("{items} taken out. Taking out others changes the prediction as much."),
    "no effect": mark("{items} taken out. The prediction stays as it is without them."),
    "too short": mark("{items} taken out. There are too few others to compare with."),
}
MANY = {"text": mark("words"), "image": mark("patches")}
"""What the parts are called; to be translated."""


def picture_view(
    picture: Picture, values: np.ndarray, measure: str, white: np.ndarray | None = None
) -> dict[str, Any]:
    """Return what ``picture_map.js`` draws, as plain JSON.

    Args:
        values: (rows, columns) not negative.
        measure: what the values are, for readers.
        white: (rows, columns) bool, patches that were made white.

    Raises:
        ValueError: if there is no larger picture to show.
    """
    if not picture.shown:
        message = "A picture that is drawn is read with a larger one to show."  # not shown
        raise ValueError(message)
    rows, place = len(values), picture.placement
    total = float(values.sum()) or 1.0
    shares = values / total
    top = max(TOP / values.size, float(shares.max()))
    edges = (place.left, place.top, place.right, place.bottom)
    return {
        "png": base64.b64encode(picture.shown).decode(),
        "place": [edge / place.size for edge in edges],
        "rows": rows,
        "measure": measure,
        "notes": [percent(float(share), 3) for share in shares.flatten()],
        "strengths": (shares / top).flatten().round(4).tolist(),
        "weights": shares.flatten().tolist(),
        "white": [] if white is None else np.flatnonzero(white).tolist(),
        "labels": {
            "picture": tr("The picture"),
            "patches": tr("Patches"),
            "patch": tr("Row {row}, column {column}: {share} of the {measure}"),
            "white": tr("Row {row}, column {column}: made white"),
            "line": tr("{text}."),
        },
    }


def contribution_rows(explanation: PictureExplanation) -> str:
    """Return as HTML how likely the predicted class is with each part alone, and with both."""
    label = explanation.text.label
    rows = []
    for name, title in NAMES.items():
        alone = explanation.alone.get(name)
        if alone is None:
            continue
        named = tr(title)
        if alone.label != label:
            named = tr("{part} · predicts {label}", part=named, label=alone.label)
        rows.append(
            f"<span>{breakable(html_text(named))}</span>"
            f'<div class="hs-track"><i style="--length:{100 * alone.probability:.2f}%"></i></div>'
            f'<span class="hs-chance">{html_text(chance(alone.probability))}</span>'
        )
    return (
        '<div class="hs hs-prediction" data-testid="modalities">'
        f'<div class="hs-classes">{"".join(rows)}</div></div>'
    )


def modality_sentence(explanation: PictureExplanation) -> str:
    """Return how attention divides between text and picture, not yet escaped."""
    weights = explanation.weights
    if weights is None:
        return tr(
            "This model joins text and picture by concatenation; it has no weights between the two."
        )
    if len(explanation.alone) < 3:
        if "text" in explanation.alone:
            return tr("There is only a text, which has all of the attention.")
        return tr("There is only a picture, which has all of the attention.")
    text, picture = (percent(weight, 3) for weight in weights[:2])
    return tr("Attention: {text} text, {picture} picture.", text=text, picture=picture)


def prediction_line(explanation: PictureExplanation) -> str:
    """Return the predicted class with its probability, not yet escaped."""
    return f"{explanation.text.label} ({chance(explanation.text.probability)})"


def verdict_sentences(part: str, deletion: Deletion) -> tuple[str, str]:
    """Return the verdict on words ("text") or patches ("image"), and the sentence below it."""
    if part == "image":
        taken = trn("{count} patch", "{count} patches", deletion.count)
    else:
        taken = counted(deletion.count, "word")
    title = tr(VERDICTS[deletion.verdict], items=tr(MANY[part]))
    return title, tr(SENTENCES[deletion.verdict], items=taken)


def evidence_rows(part: str, deletion: Deletion) -> list[dict[str, str]]:
    """Return what a table shows: the fall of the predicted class's probability, in points."""
    items = tr(MANY[part])
    rows = [(tr("Most attention"), deletion.attention)]
    if deletion.gradient is not None:
        rows.append((tr("Highest Grad-CAM"), deletion.gradient))
    if len(deletion.others):
        rows.append((tr("Other {items}, mean", items=items), float(deletion.others.mean())))
        rows.append((tr("Other {items}, largest", items=items), float(deletion.others.max())))
    return [
        {tr("Taken out"): name, tr("Fall (points)"): f"{100 * fall:z.1f}"} for name, fall in rows
    ]
