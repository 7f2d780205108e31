"""A card in sentences and tables: what the page draws and what the README says.

Pure functions of what is known and what was measured. What stands here may come from a
stranger's file: whoever draws it escapes it. It knows nothing about Markdown.
"""

from collections.abc import Sequence

import numpy as np

from han_core.corpora.wording import counted, joined, listed
from han_core.sharing.card.content import Card, Counted, Rival
from han_core.sharing.card.findings import findings
from han_core.sharing.card.known import Known
from han_core.sharing.card.section import Section, Table, p_equals, p_value, share_cells
from han_core.text.script import language_name

KINDS = {"han": "HAN", "bilstm": "BiLSTM"}
ALONE = (
    "No other model was measured on the same documents, so whether a bag of words does as well "
    "is not known."
)


def sections(known: Known, card: Card | None) -> tuple[Section, ...]:
    """All that is known of a checkpoint; without a card, what its own metrics say."""
    found = [_model(known), _accuracy(known, card.rivals if card else None)]
    if card is not None:
        found += findings(card)
    return (*found, _recipe(known))


def _model(known: Known) -> Section:
    config = known.config
    shape, vocabulary = config.architecture, config.architecture.vocabulary_size
    precision = "half precision" if config.weights == "float16" else "single precision"
    rows = [
        ("Kind", f"{KINDS[shape.model]}, {shape.attention} attention"),
        ("Language", language_name(config.text.language)),
        ("Classes", listed(config.labels)),
        ("Data", known.dataset or "not said"),
        ("Documents", _documents(known) or "not said"),
        ("Vocabulary", counted(vocabulary, "word")),
        ("Size", f"{known.parameters:,} parameters in {precision}, {known.bytes / 1e6:.1f} MB"),
    ]
    return Section("The model", tables=(Table(("Checkpoint", known.name), tuple(rows)),))


def _documents(known: Known) -> str:
    """ "23,000 train, 2,000 validation"."""
    pairs = known.documents.items()
    return ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in pairs if n)


def _accuracy(known: Known, rivals: Sequence[Rival] | None) -> Section:
    n, right = known.documents.get("test", 0), known.right
    said = [_validation(known), _seeds(known.seeds)]
    if right is None:
        return Section("Accuracy", tuple(filter(None, ("It was not tested.", *said))))
    f1 = known.test.macro_f1
    own = Rival(name="this model", accuracy=right / n, n=n, macro_f1=f1)
    rows = [_rival(rival) for rival in (own, *(rivals or ()))]
    header = ("Model", "Test accuracy", "95% interval", "Macro F1", "McNemar's p")
    beside = _beside(right / n, rivals) if rivals else ALONE
    width = len(header) - (not any(rival.p is not None for rival in rivals or ()))
    table = Table(header[:width], tuple(row[:width] for row in rows))
    return Section("Accuracy", tuple(filter(None, (beside, *said))), (table,))


def _rival(rival: Rival) -> tuple[str, ...]:
    right = Counted(n=rival.n, right=round(rival.accuracy * rival.n))
    f1 = "–" if rival.macro_f1 is None else f"{rival.macro_f1:.4f}"
    return (rival.name, *share_cells(right), f1, "–" if rival.p is None else p_value(rival.p))


def _beside(accuracy: float, rivals: Sequence[Rival]) -> str:
    """The strongest other model, and how far it is away."""
    best = max(rivals, key=lambda rival: rival.accuracy)
    points = 100 * (accuracy - best.accuracy)
    side = "above" if points > 0 else "below"
    tested = "" if best.p is None else f" (McNemar's test: p {p_equals(best.p)})"
    if not round(points, 2):
        return f"It does as well as {best.name}, the strongest of the other models{tested}."
    return (
        f"It is {abs(points):.2f} points {side} {best.name}, the strongest of the other "
        f"models{tested}."
    )


def _validation(known: Known) -> str:
    accuracy = known.reached["validation"].accuracy
    return "" if accuracy is None else f"On the validation documents it reaches {accuracy:.2%}."


def _seeds(runs: Sequence[tuple[int, float]]) -> str:
    """Mean and spread over runs that differ in the seed."""
    if len(runs) < 2:
        return ""
    reached = np.array([accuracy for _, accuracy in runs])
    return (
        f"Over {len(runs)} seeds the test accuracy is {reached.mean():.2%} at the mean, "
        f"{reached.min():.2%} to {reached.max():.2%} "
        f"(standard deviation {100 * reached.std(ddof=1):.2f} points)."
    )


def _recipe(known: Known) -> Section:
    facts = [("seed", "" if known.seed is None else str(known.seed)), ("date", known.date)]
    rows = [(name, value) for name, value in (*facts, *known.settings.items()) if value]
    table = (Table(("Setting", "Value"), tuple(rows)),) if rows else ()
    said = [_taught(known), *known.notes.values()]
    return Section("How it was made", tuple(filter(None, said)), table, known.command)


def _taught(known: Known) -> str:
    if not known.teachers:
        return ""
    parts = {"unlabelled": "unlabelled documents", "stretches": "parts of the training documents"}
    what = " and ".join(said for name, said in parts.items() if known.documents.get(name))
    names = joined(known.teachers)
    return f"It learnt from {what or parts['unlabelled']} too, as {names} labelled them."
