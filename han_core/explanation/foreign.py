"""Whether a document seems to be of another language than its model: one sentence.

Two cheap signs: its script, and how many of its words the model knows. A text about
something else than the training texts can show the second sign too, so the sentence says
what was seen and not more.
"""

from itertools import chain, islice

from han_core.explanation.explanation import Explanation
from han_core.text.script import language_name, script_of, written_in

MOST_UNKNOWN = 0.4
"""Of the words: in English texts about other things than its own (newsgroups by the IMDB
model) 1 in 1,000 reaches it; Spanish, French, German and Dutch reviews have .45 to .69."""

FEWEST, LOOKED_AT = 10, 2_000  # words, and tokens of a document


def foreign(explanation: Explanation, language: str, name: str) -> str:
    """A sentence where document and model seem to be of two languages; else "".

    Args:
        language: the model's, as a code such as "en".
        name: the model's.
    """
    script, reads = script_of(explanation.document.text), language_name(language)
    usual = written_in(language)
    if script is not None and usual and script not in usual:
        return (
            f"This text stands mostly in {script}, but {name} learnt from texts in {reads}: "
            "what it says here means little."
        )
    words, unknown = _words(explanation)
    if words < FEWEST or unknown < MOST_UNKNOWN * words:
        return ""
    return (
        f"{name} does not know {unknown / words:.0%} of the words of this text: it learnt from "
        f"texts in {reads}, and this one may be in another language, or about something else."
    )


def _words(explanation: Explanation) -> tuple[int, int]:
    """(words, how many of them are unknown) among the first tokens; no numbers, no signs."""
    document = explanation.document
    spans = islice(chain.from_iterable(part.tokens for part in document.sentences), LOOKED_AT)
    tokens = zip(
        (document.text[start:end] for start, end in spans), explanation.known.tolist(), strict=False
    )
    known = [known for text, known in tokens if text.isalpha()]
    return len(known), len(known) - sum(known)
