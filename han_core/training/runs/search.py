"""Runs found by their status and by words about them."""

from collections.abc import Sequence

from han_core.training.runs.view import RunView


def matching(views: Sequence[RunView], words: str, statuses: Sequence[str]) -> list[RunView]:
    """Return the runs with one of ``statuses`` (all where none is named) and all ``words``.

    A word may stand in name, model, data, tags, note, sweep or device; upper case is ignored.
    """
    wanted = words.casefold().split()
    return [
        view
        for view in views
        if (not statuses or view.status in statuses) and _has_all(view, wanted)
    ]


def _has_all(view: RunView, wanted: Sequence[str]) -> bool:
    plan, notes = view.plan, view.notes
    parts = [view.name, view.device, notes.note, notes.sweep, *notes.tags]
    parts += [plan.model, plan.attention or "", plan.source.data] if plan else []
    text = "\n".join(parts).casefold()
    return all(word in text for word in wanted)
