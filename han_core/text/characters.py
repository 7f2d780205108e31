"""Text to characters, for scripts that are written without spaces.

Each Chinese or Japanese character is a token; other letters and digits in a row are one
together, as are those of "WiFi" in a Chinese review, and every mark is one of its own. It knows
nothing about sentences.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

_CHARACTER = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U000323af"
)
"""Chinese characters, with what repeats one or stands for zero; hiragana and katakana."""

_TOKEN = re.compile(rf"\s+|[{_CHARACTER}]|[^\W_{_CHARACTER}]+|.", re.DOTALL)


class Splitter:
    """Takes the place of a spaCy tokenizer; white space is a token, as it is where words are split.

    Args:
        vocab: of the pipeline that it serves.
    """

    def __init__(self, vocab: "Vocab"):
        self._vocab = vocab

    def __call__(self, text: str) -> "Doc":
        from spacy.tokens import Doc

        words = _TOKEN.findall(text)
        return Doc(self._vocab, words=words, spaces=[False] * len(words))
