"""Word pieces of a pretrained tokenizer, each owned by a token of ours.

A pretrained model reads the pieces of its own tokenizer (WordPiece in BERT: Devlin et al. 2019,
section 3), which splits the whole text as it did in pretraining. Offsets say which of our tokens a
piece stands in, so that all that is shown and tested stays a matter of words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from han_core.runtime.atomic_io import checksum
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.batch import NumberedDocument
from han_core.text.document import Document, Span
from han_core.text.vocabulary import RESERVED, UNKNOWN, Vocabulary

if TYPE_CHECKING:
    from tokenizers import Encoding
    from tokenizers import Tokenizer as FastTokenizer

UNKNOWN_PIECES = ("[UNK]", "<unk>")
PADDING_PIECES = ("[PAD]", "<pad>")

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, eq=False)
class WordPieces:
    """The pieces of a ``tokenizer.json``, numbered as our vocabularies are.

    Attributes:
        path: of the file.
        tokenizer: of the library tokenizers, which neither cuts nor pads.
        rows: (vocabulary,) the pretrained embedding's row of each number: padding and the
            unknown piece stand first, all others in their own order.

    Raises:
        UserError: if it knows no unknown piece.
    """

    path: Path
    tokenizer: "FastTokenizer"
    rows: np.ndarray

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Every piece by its number, in the tokenizer's own case."""
        spelled = map(self._spelling, self.rows[len(RESERVED) :].tolist())
        return Vocabulary((*RESERVED, *spelled), lowercase=False)

    @cached_property
    def special(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Numbers of what stands before and after a text, such as [CLS] and [SEP]."""
        encoding = self.tokenizer.encode("a")
        inside = encoding.special_tokens_mask.index(0)
        after = len(encoding.ids) - encoding.special_tokens_mask[::-1].index(0)
        numbers = self._numbers[encoding.ids].tolist()
        return tuple(numbers[:inside]), tuple(numbers[after:])

    @property
    def special_names(self) -> tuple[str, ...]:
        """The spelling of ``special``, those before a text first."""
        before, after = self.special
        return tuple(self._spelling(int(self.rows[at])) for at in (*before, *after))

    @cached_property
    def sha256(self) -> str:
        """Of the file, in hexadecimal digits."""
        return checksum(self.path)

    def spell(self, document: Document) -> tuple[Sequence[str], Sequence[int]]:
        """Return a document's pieces as text, and how many there are in each sentence."""
        if not document.sentences:
            return (), ()
        numbered, words = self.number(document), self.vocabulary.words
        return [words[at] for at in numbered.words.tolist()], numbered.sentence_lengths.tolist()

    def number(self, document: Document) -> NumberedDocument:
        """Return a document's pieces; a token of which the tokenizer leaves nothing is unknown.

        The document has at least one token.
        """
        text = _LONE_SURROGATE.sub("\ufffd", document.text[: document.seen])
        encoding = self._pieces(text)
        owner = piece_owners(np.array(encoding.offsets).reshape(-1, 2), document.tokens)
        pieces = self._numbers[encoding.ids][owner >= 0]
        owner = owner[owner >= 0]
        missing = np.setdiff1d(np.arange(len(document.tokens)), owner)
        owner = np.concatenate([owner, missing])
        order = np.argsort(owner, kind="stable")
        pieces = np.concatenate([pieces, np.full(len(missing), UNKNOWN)])[order]
        counts = np.bincount(owner)  # (tokens,)
        lengths = np.array(document.sentence_lengths)
        in_sentence = np.add.reduceat(counts, lengths.cumsum() - lengths)
        return NumberedDocument(
            pieces.astype(np.int32), in_sentence.astype(np.int32), owner[order].astype(np.int32)
        )

    @cached_property
    def free_of_context(self) -> bool:
        """Whether a word has the same pieces by itself as in a text: no piece holds the space."""
        alone = [self._pieces(text).ids for text in ("a", "b")]
        return self._pieces("a b").ids == [*alone[0], *alone[1]]

    def number_words(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the pieces of each word as it is spelled by itself, one after another.

        Returns:
            (words + 1,) int64 where the pieces of each word begin and end, and (pieces,) int32
            their numbers; a word of which the tokenizer leaves nothing is one unknown piece.
        """
        clean = [_LONE_SURROGATE.sub("\ufffd", word) for word in words]
        encodings = self.tokenizer.encode_batch(clean, add_special_tokens=False)
        numbers = [self._numbers[encoding.ids] if encoding.ids else [UNKNOWN]
                   for encoding in encodings]  # fmt: skip
        ends = np.cumsum([0, *map(len, numbers)])
        return ends, np.concatenate([[], *numbers]).astype(np.int32)

    def _pieces(self, text: str) -> "Encoding":
        return self.tokenizer.encode(text, add_special_tokens=False)

    def _spelling(self, row: int) -> str:
        return self.tokenizer.id_to_token(row) or ""

    @cached_property
    def _numbers(self) -> np.ndarray:
        """The number of each row of the pretrained embedding."""
        numbers = np.full(max(self.rows) + 1, UNKNOWN)
        numbers[self.rows[len(RESERVED) :]] = np.arange(len(RESERVED), len(self.rows))
        return numbers


def piece_owners(pieces: np.ndarray, tokens: tuple[Span, ...]) -> np.ndarray:
    """Return the token that shares most characters with each piece, the first of equals.

    Args:
        pieces: (pieces, 2) characters from and to.

    Returns:
        (pieces,) int64, -1 where a piece stands in no token.
    """
    starts, ends = np.array(tokens).reshape(-1, 2).T
    first = np.searchsorted(ends, pieces[:, 0], side="right")
    last = np.searchsorted(starts, pieces[:, 1], side="left") - 1
    owners = np.where(first <= last, first, -1)
    for at in np.flatnonzero(first < last).tolist():
        inside = np.arange(first[at], last[at] + 1)
        shared = np.minimum(ends[inside], pieces[at, 1]) - np.maximum(starts[inside], pieces[at, 0])
        owners[at] = inside[shared.argmax()]
    owners[pieces[:, 0] >= pieces[:, 1]] = -1
    return owners


def read_word_pieces(path: Path) -> WordPieces:
    """Return the pieces of a ``tokenizer.json``.

    Raises:
        UserError: if the library tokenizers is missing, or the file is missing, damaged or has
            no unknown piece.
    """
    try:
        from tokenizers import Tokenizer as FastTokenizer
    except ImportError as error:
        raise UserError(MISSING_EXTRA) from error
    try:
        tokenizer = FastTokenizer.from_file(str(path))
    except Exception as error:  # the library raises no narrower one
        raise UserError(tr("{path} is no tokenizer.json that can be read.", path=path)) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True  # "[SEP]" in a text is text
    rows = sorted(tokenizer.get_vocab().values())
    reserved = [_row(tokenizer, names) for names in (PADDING_PIECES, UNKNOWN_PIECES)]
    unknown = reserved[1]
    if unknown is None:
        raise UserError(
            tr("{path} has no unknown piece {join}.", path=path, join=" or ".join(UNKNOWN_PIECES))
        )
    # Nothing is padded with it: any row will do where there is none.
    padding = unknown if reserved[0] is None else reserved[0]
    others = [row for row in rows if row not in reserved]
    return WordPieces(path, tokenizer, np.array([padding, unknown, *others]))


def _row(tokenizer: "FastTokenizer", names: tuple[str, ...]) -> int | None:
    return next((row for name in names if (row := tokenizer.token_to_id(name)) is not None), None)


MISSING_EXTRA = (
    "Pretrained models need the packages of requirements-transformers.txt: "
    "python -m pip install -r requirements-transformers.txt."
)
