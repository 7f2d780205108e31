"""Raw messages of newsgroups and mail, and in them what their senders wrote themselves.

``messages:FILE`` names a table whose texts are raw messages: a header, a blank line, and
text with quotes and a signature in it. A classifier that sees those learns who writes and
from where, not what about, so they are taken off by the rules that comparisons on
20 Newsgroups follow: those of scikit-learn's ``remove=("headers", "footers", "quotes")``. It
knows nothing about labels.
"""

from dataclasses import replace

from han_core.corpora.column import changed
from han_core.corpora.table import Table
from han_core.wrong_input import WrongInput

PREFIX = "messages:"

NOTE = "The texts are messages without their headers, quotes and signatures."

_INTRODUCING = ("writes in", "writes:", "wrote:", "says:", "said:")
"""Somewhere in a line, they introduce a quote."""

_QUOTING = (">", "|", "In article", "Quoted from")
"""At the beginning of a line, they quote or introduce a quote."""


def file_of(spec: str) -> str:
    """The file that ``spec`` names, with or without the prefix."""
    return spec.removeprefix(PREFIX)


def with_own_words(table: Table, text_column: str) -> Table:
    """The table with ``own_words`` in place of the messages in ``text_column``.

    Raises:
        WrongInput: if there is no such column, or no cell of it is a message.
    """
    cells = table.column(text_column)
    if not any("\n\n" in _with_plain_ends(cell) for cell in cells):
        raise WrongInput(
            f"{PREFIX} takes raw messages, each a header, a blank line and a text; "
            f"{table.name} has none."
        )
    data = {**table.data, text_column: changed(cells, own_words)}
    return replace(table, name=PREFIX + table.name, data=data)


def own_words(message: str) -> str:
    """What the sender wrote: neither header nor quotes nor signature; perhaps nothing."""
    return without_quotes(without_signature(without_header(_with_plain_ends(message))))


def without_header(message: str) -> str:
    """What follows the first blank line; a message without one is all header."""
    return message.partition("\n\n")[2]


def without_signature(text: str) -> str:
    """The text up to its last line that is blank or of hyphens, where one lies within it.

    Most texts without a signature lose their last paragraph by this rule: that is how the
    comparisons do it.
    """
    lines = text.strip().split("\n")
    breaks = [at for at, line in enumerate(lines) if not line.strip().strip("-")]
    return "\n".join(lines[: breaks[-1]]) if breaks and breaks[-1] else text


def without_quotes(text: str) -> str:
    """The text without the lines that quote, and without those that introduce a quote."""
    return "\n".join(line for line in text.split("\n") if not _quotes(line))


def _quotes(line: str) -> bool:
    return line.startswith(_QUOTING) or any(words in line for words in _INTRODUCING)


def _with_plain_ends(message: str) -> str:
    return message.replace("\r\n", "\n")
