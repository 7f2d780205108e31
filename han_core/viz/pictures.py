"""A picture with the weights of its patches for the browser, and evidence in words."""

import base64
from typing import Any

import numpy as np

from han_core.data.pictures import Picture
from han_core.explanation.pictures import Deletion, PictureExplanation
from han_core.runtime.errors import counted
from han_core.viz.colour_scale import STYLE, breakable
from han_core.viz.markup import chance, html_text, percent

TOP = 3.0  # times uniform attention, at which the colour is strongest, unless a patch has more
NAMES = {"text": "Text alone", "image": "Picture alone", "both": "Both"}
ITEMS = {"text": "word", "image": "patch"}

VERDICTS = {
    "matters": "The most attended {} matter here",
    "like random": "No more than other {}",
    "no effect": "Attention over {} is decoration here",
    "too short": "Too few {} to tell",
}
SENTENCES = {
    "matters": "Without them the prediction changes more than without others.",
    "like random": "Taking out others changes the prediction as much.",
    "no effect": "The prediction stays as it is without them.",
    "too short": "There are too few others to compare with.",
}
MANY = {"text": "words", "image": "patches"}


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
        raise ValueError("A picture that is drawn is read with a larger one to show.")
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
    }


def contribution_rows(explanation: PictureExplanation) -> str:
    """Return as HTML how likely the predicted class is with each part alone, and with both."""
    label = explanation.text.label
    rows = []
    for name, title in NAMES.items():
        alone = explanation.alone.get(name)
        if alone is None:
            continue
        other = "" if alone.label == label else f" · predicts {alone.label}"
        rows.append(
            f"<span>{breakable(html_text(title + other))}</span>"
            f'<div class="hs-track"><i style="--length:{100 * alone.probability:.2f}%"></i></div>'
            f'<span class="hs-chance">{html_text(chance(alone.probability))}</span>'
        )
    return (
        f'{STYLE}<div class="hs hs-prediction" data-testid="modalities">'
        f'<div class="hs-classes">{"".join(rows)}</div></div>'
    )


def modality_sentence(explanation: PictureExplanation) -> str:
    """Return how attention divides between text and picture, not yet escaped."""
    weights = explanation.weights
    if weights is None:
        return (
            "This model joins text and picture by concatenation; it has no weights between the two."
        )
    if len(explanation.alone) < 3:
        there = "text" if "text" in explanation.alone else "picture"
        return f"There is only a {there}, which has all of the attention."
    return f"Attention: {percent(weights[0], 3)} text, {percent(weights[1], 3)} picture."


def prediction_line(explanation: PictureExplanation) -> str:
    """Return the predicted class with its probability, not yet escaped."""
    return f"{explanation.text.label} ({chance(explanation.text.probability)})"


def verdict_sentences(part: str, deletion: Deletion) -> tuple[str, str]:
    """Return the verdict on words ("text") or patches ("image"), and the sentence below it."""
    taken = counted(deletion.count, ITEMS[part])
    if part == "image" and deletion.count != 1:
        taken = f"{deletion.count} patches"
    title = VERDICTS[deletion.verdict].format(MANY[part])
    return title, f"{taken} taken out. {SENTENCES[deletion.verdict]}"


def evidence_rows(part: str, deletion: Deletion) -> list[dict[str, str]]:
    """Return what a table shows: the fall of the predicted class's probability, in points."""
    rows = [("Most attention", deletion.attention)]
    if deletion.gradient is not None:
        rows.append(("Highest Grad-CAM", deletion.gradient))
    if len(deletion.others):
        rows.append((f"Other {MANY[part]}, mean", float(deletion.others.mean())))
        rows.append((f"Other {MANY[part]}, largest", float(deletion.others.max())))
    return [{"Taken out": name, "Fall (points)": f"{100 * fall:z.1f}"} for name, fall in rows]
