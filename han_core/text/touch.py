"""An edited document to be touched: what stands where, and what a touch there means.

Somebody who sees the edited text points at it; edits are places in the original
text. This is the way between the two. It does not know how either is drawn.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from han_core.text.document import Document
from han_core.text.edit import Edit, Edited, toggle


class Struck(NamedTuple):
    """Words of the original text that are gone.

    Attributes:
        before: the token of the edited document in front of which they stood; the number
            of its tokens where they stood at the end.
        text: the original characters from the first to the last of them.
        edit: the number of the edit that took them out.
    """

    before: int
    text: str
    edit: int


def struck(document: Document, edited: Edited) -> tuple[Struck, ...]:
    """What was taken out of ``document``, in order, to be drawn where it stood.

    A replacement stands behind what it replaces.
    """
    tokens, found = document.tokens, []
    runs = groupby(
        enumerate(edited.removed), lambda pair: (edited.removed_by[pair[0]], pair[1] - pair[0])
    )
    for (edit, _), run in runs:
        gone = [token for _, token in run]
        text = document.text[tokens[gone[0]].start : tokens[gone[-1]].end]
        found.append(Struck(_place(edited, gone[0], edit), text, edit))
    return tuple(found)


def _place(edited: Edited, token: int, edit: int) -> int:
    """The first token of the edited document that stands behind an original one."""
    for at, origin in enumerate(edited.origin):
        if edited.made_by[at] == edit or (origin is not None and origin > token):
            return at
    return len(edited.origin)


def touched(
    document: Document, edits: Sequence[Edit], edited: Edited, start: int, end: int
) -> tuple[Edit, ...]:
    """The edits after somebody touched characters ``start`` to ``end`` of the edited text.

    Words go; where only words of replacements stand, their edits are taken back.

    Raises:
        WrongInput: if there would be too many edits.
    """
    at = [i for i, span in enumerate(edited.document.tokens) if start <= span.start < end]
    origins = [origin for i in at if (origin := edited.origin[i]) is not None]
    if not origins:
        back = {edited.made_by[i] for i in at}
        return tuple(edit for number, edit in enumerate(edits) if number not in back)
    first, last = document.tokens[origins[0]], document.tokens[origins[-1]]
    return toggle(edits, Edit(first.start, last.end))
