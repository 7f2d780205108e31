"""Edit a document by its spans: words removed or replaced, and where each new word comes from.

Words that stay are never split again, so they keep their original sentences. Only replacements are
tokenised.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.text.document import Document, Sentence, Span
from han_core.text.tokenizer import Tokenizer

MOST_EDITS = 500
LONGEST_REPLACEMENT = 2_000  # characters


@dataclass(frozen=True)
class Edit:
    """Characters ``start`` to ``end`` of the original text, removed or replaced.

    They cover one or more whole tokens. A replacement of white space alone takes them
    out; one that says what stands there leaves them as they are, which brings a word
    back that an earlier edit took out with its sentence.

    Raises:
        UserError: if nothing lies between start and end, or the replacement is longer
            than ``LONGEST_REPLACEMENT`` characters.
    """

    start: int
    end: int
    replacement: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise UserError(
                tr(
                    "An edit covers characters, counted from 0; {start} to {end} came.",
                    start=self.start,
                    end=self.end,
                )
            )
        if len(self.replacement) > LONGEST_REPLACEMENT:
            raise UserError(
                tr(
                    "A replacement has at most {longest_replacement:,} characters; {count:,} came.",
                    longest_replacement=LONGEST_REPLACEMENT,
                    count=len(self.replacement),
                )
            )


@dataclass(frozen=True)
class EditedDocument:
    """A document after edits, and where its words come from.

    Attributes:
        document: its text is the edited text.
        origin: (tokens of ``document``,) the number of the original token, None for a
            token of a replacement.
        removed: the numbers of the original tokens that are gone, in order.
        made_by: (tokens of ``document``,) the number of the edit whose replacement it belongs
            to, None for a token that stayed.
        removed_by: (removed,) the number of the edit that took it out.
    """

    document: Document
    origin: tuple[int | None, ...]
    removed: tuple[int, ...]
    made_by: tuple[int | None, ...]
    removed_by: tuple[int, ...]


class _Piece(NamedTuple):
    """A stretch of the edited text: a token that stayed, or a replacement."""

    first: int  # the original tokens in whose place it stands
    last: int
    text: str
    tokens: tuple[Span, ...]  # as offsets into ``text``
    origin: int | None
    made_by: int | None = None
    before: str = ""  # white space typed around a replacement
    after: str = ""


def toggle(edits: Sequence[Edit], edit: Edit) -> tuple[Edit, ...]:
    """``edits`` with ``edit`` made last; taken back where it is the latest of its span.

    Edits stay in the order in which they were made, so to undo is to drop the last.

    Raises:
        UserError: if there would be more than ``MOST_EDITS``.
    """
    others = tuple(other for other in edits if other != edit)
    same_span = [other for other in edits if (other.start, other.end) == (edit.start, edit.end)]
    if same_span and same_span[-1] == edit:
        return others
    _check_number(len(others) + 1)
    return (*others, edit)


def apply_edits(document: Document, edits: Sequence[Edit], tokenizer: Tokenizer) -> EditedDocument:
    """Make all ``edits`` of ``document``; none gives the same document.

    Where edits overlap, the later one has the tokens that it covers, and an earlier
    replacement stands where the first token left to it stood. A replacement is part
    of one sentence, whatever it says. Where words are taken out, the widest of the
    white spaces around them stays, or none where none stood; at the text's ends, what
    stood there. White space typed around a replacement parts it from its neighbours.
    What a limit cut off stays unseen.

    Raises:
        UserError: if an edit covers no token, part of one, or text not seen; if no word
            is left; if there are too many edits, or more words than the tokenizer's limit.
    """
    _check_number(len(edits))
    if not edits:
        tokens = len(document.tokens)
        return EditedDocument(document, tuple(range(tokens)), (), (None,) * tokens, ())
    owners = _owners(document, edits)
    pieces = list(_pieces(document, edits, owners, tokenizer))
    if not pieces:
        raise UserError(tr("At least one word must stay; these edits take out every one."))
    origin = tuple(piece.origin for piece in pieces for _ in piece.tokens)
    if len(origin) > max(tokenizer.maximum_tokens, len(document.tokens)):
        raise _too_long(tokenizer)
    made_by = tuple(piece.made_by for piece in pieces for _ in piece.tokens)
    removed = tuple(token for token, owner in enumerate(owners) if owner is not None)
    removed_by = tuple(owner for owner in owners if owner is not None)
    return EditedDocument(_joined(document, pieces), origin, removed, made_by, removed_by)


def _owners(document: Document, edits: Sequence[Edit]) -> list[int | None]:
    """Number, for each token, the edit that it falls to; None where it stays."""
    tokens = document.tokens
    starts, ends = [token.start for token in tokens], [token.end for token in tokens]
    owners: list[int | None] = [None] * len(tokens)
    for number, edit in enumerate(edits):
        first, last = bisect_left(starts, edit.start), bisect_right(ends, edit.end)
        _check_place(document, edit, tokens[max(0, first - 1) : last + 1])
        stays = edit.replacement == document.text[edit.start : edit.end]
        owners[first:last] = [None if stays else number] * (last - first)
    return owners


def _pieces(
    document: Document, edits: Sequence[Edit], owners: Sequence[int | None], tokenizer: Tokenizer
) -> Iterator[_Piece]:
    """Yield what stands in the edited text, in order; each replacement once."""
    texts, placed = document.token_texts(), set()
    for owner, run in groupby(range(len(owners)), key=owners.__getitem__):
        tokens = list(run)
        if owner is None:
            for at in tokens:
                yield _Piece(at, at, texts[at], (Span(0, len(texts[at])),), at)
        elif owner not in placed:
            placed.add(owner)
            yield from _replacement(edits[owner].replacement, owner, tokens, tokenizer)


def _replacement(
    text: str, edit: int, tokens: Sequence[int], tokenizer: Tokenizer
) -> Iterator[_Piece]:
    """Yield ``text`` in the place of ``tokens``; nothing where it holds no word."""
    document = tokenizer(text)
    if document.seen < len(text):
        raise _too_long(tokenizer)
    if words := document.tokens:
        start, end = words[0].start, words[-1].end
        spans = tuple(Span(word.start - start, word.end - start) for word in words)
        yield _Piece(
            tokens[0], tokens[-1], text[start:end], spans, None, edit, text[:start], text[end:]
        )


def _joined(document: Document, pieces: Sequence[_Piece]) -> Document:
    """Join the pieces with white space, in the sentences where they stand."""
    gaps, unseen = _gaps(document), document.text[document.seen :]
    sentence_of = [n for n, length in enumerate(document.sentence_lengths) for _ in range(length)]
    sentences: dict[int, list[Span]] = {}
    text, length = [gaps[0]], len(gaps[0])
    for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
        spans = [Span(length + start, length + end) for start, end in piece.tokens]
        sentences.setdefault(sentence_of[piece.first], []).extend(spans)
        if following:
            inner = gaps[piece.last + 1 : following.first + 1]
            gap = _widest([piece.after, *inner, following.before])
        else:
            # Words taken out must not glue the last one to text that was not seen.
            gap = _widest(gaps[piece.last + 1 :]) if unseen else gaps[-1]
        text += [piece.text, gap]
        length += len(piece.text) + len(gap)
    return Document(
        "".join(text) + unseen, tuple(Sentence(tuple(s)) for s in sentences.values()), length
    )


def _gaps(document: Document) -> list[str]:
    """List what lies before each token, and after the last as far as the text was seen."""
    starts = [*(token.start for token in document.tokens), document.seen]
    ends = [0, *(token.end for token in document.tokens)]
    return [document.text[end:start] for end, start in zip(ends, starts, strict=True)]


def _widest(gaps: Iterable[str]) -> str:
    """Return the gap with most line ends, then the longest, so that paragraphs stay apart."""
    return max(gaps, key=lambda gap: (gap.count("\n"), len(gap)))


def _check_number(edits: int) -> None:
    if edits > MOST_EDITS:
        raise UserError(
            tr(
                "At most {most_edits} edits can be made at once; {edits:,} came.",
                most_edits=MOST_EDITS,
                edits=edits,
            )
        )


def _check_place(document: Document, edit: Edit, near: Sequence[Span]) -> None:
    """Refuse an edit outside the text that was read, or that covers no whole tokens."""
    if edit.end > document.seen:
        raise UserError(
            tr(
                "An edit stands within the {seen:,} characters that the model reads; one of "
                "{start:,} to {end:,} came.",
                seen=document.seen,
                start=edit.start,
                end=edit.end,
            )
        )
    touched = [token for token in near if token.start < edit.end and edit.start < token.end]
    whole = all(edit.start <= token.start and token.end <= edit.end for token in touched)
    if not touched or not whole:
        cut = mark("An edit covers whole words; characters {start:,} to {end:,} cut through one.")
        none = mark("An edit covers whole words; characters {start:,} to {end:,} hold none.")
        raise UserError(tr(cut if touched else none, start=edit.start, end=edit.end))


def _too_long(tokenizer: Tokenizer) -> UserError:
    return UserError(
        tr(
            "The model reads {maximum_tokens:,} words at most; with these replacements there "
            "would be more.",
            maximum_tokens=tokenizer.maximum_tokens,
        )
    )


class RemovedRun(NamedTuple):
    """A run of words that were removed from the original text.

    Attributes:
        before: the token of the edited document in front of which they stood; the number
            of its tokens where they stood at the end.
        text: the original characters from the first to the last of them.
        edit: the number of the edit that took them out.
    """

    before: int
    text: str
    edit: int


def removed_runs(document: Document, edited: EditedDocument) -> tuple[RemovedRun, ...]:
    """List what was taken out of ``document``, in order, to be drawn where it stood.

    A replacement stands behind what it replaces.
    """
    tokens, removed = document.tokens, []
    runs = groupby(
        enumerate(edited.removed), lambda pair: (edited.removed_by[pair[0]], pair[1] - pair[0])
    )
    for (edit, _), run in runs:
        numbers = [token for _, token in run]
        text = document.text[tokens[numbers[0]].start : tokens[numbers[-1]].end]
        removed.append(RemovedRun(_place(edited, numbers[0], edit), text, edit))
    return tuple(removed)


def _place(edited: EditedDocument, token: int, edit: int) -> int:
    """Find the first token of the edited document that stands behind an original one."""
    for at, origin in enumerate(edited.origin):
        if edited.made_by[at] == edit or (origin is not None and origin > token):
            return at
    return len(edited.origin)


def edits_after_click(
    document: Document, edits: Sequence[Edit], edited: EditedDocument, start: int, end: int
) -> tuple[Edit, ...]:
    """Return the edits after a click on characters ``start`` to ``end`` of the edited text.

    Words go; where only words of replacements stand, their edits are taken back.

    Raises:
        UserError: if there would be too many edits.
    """
    at = [i for i, span in enumerate(edited.document.tokens) if start <= span.start < end]
    origins = [origin for i in at if (origin := edited.origin[i]) is not None]
    if not origins:
        back = {edited.made_by[i] for i in at}
        return tuple(edit for number, edit in enumerate(edits) if number not in back)
    first, last = document.tokens[origins[0]], document.tokens[origins[-1]]
    return toggle(edits, Edit(first.start, last.end))
