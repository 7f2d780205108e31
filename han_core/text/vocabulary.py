"""Words and their numbers: 0 is padding, 1 the unknown word, then training words by frequency."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

PADDING, UNKNOWN = 0, 1
RESERVED = ("<pad>", "<unk>")


@dataclass(frozen=True)
class Vocabulary:
    """The words of a model's embedding.

    Attributes:
        words: number → word; the first two are ``RESERVED``.
        lowercase: whether words are compared in lower case.

    Raises:
        UserError: if the reserved words do not stand first or a word stands twice.
    """

    words: tuple[str, ...]
    lowercase: bool = True

    def __post_init__(self) -> None:
        if self.words[:2] != RESERVED:
            raise UserError(
                tr(
                    "A vocabulary starts with {reserved}; {words} came.",
                    reserved=RESERVED,
                    words=self.words[:2],
                )
            )
        if len(self._numbers) != len(self.words):
            raise UserError(tr("A vocabulary lists each word once; one stands there twice."))

    @classmethod
    def build(
        cls,
        documents: Iterable[Sequence[str]],
        minimum_count: int = 2,
        maximum_size: int = 30_000,
        lowercase: bool = True,
    ) -> "Vocabulary":
        """Count the tokens of ``documents`` and keep the frequent ones.

        ``maximum_size`` counts the two reserved words. Ties go to the word that
        comes first in code-point order, so that a rebuild gives the same numbers.
        """
        counts: Counter[str] = Counter()
        for tokens in documents:
            counts.update(token.lower() if lowercase else token for token in tokens)
        return cls(RESERVED, lowercase).extended(counts, minimum_count, maximum_size)

    def extended(
        self, counts: Mapping[str, int], minimum_count: int, maximum_size: int
    ) -> "Vocabulary":
        """Append the frequent words of ``counts``; the present ones keep their numbers.

        ``counts`` is by words in the vocabulary's case. No word goes, even where there are
        more than ``maximum_size``.
        """
        new = [(-n, w) for w, n in counts.items() if n >= minimum_count and w not in self._numbers]
        places = max(0, maximum_size - len(self))
        words = (word for _, word in sorted(new)[:places])
        return Vocabulary((*self.words, *words), self.lowercase)

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    def number(self, token: str) -> int:
        """Look up ``token``: ``UNKNOWN`` if it was not in the training texts."""
        return self.numbers([token])[0]

    def numbers(self, tokens: Iterable[str]) -> list[int]:
        """Look up each of ``tokens``."""
        words = map(str.lower, tokens) if self.lowercase else tokens
        number = self._numbers.get
        return [number(word, UNKNOWN) or UNKNOWN for word in words]  # a text's "<pad>" is none
