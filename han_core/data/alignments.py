"""Word alignments that people made, and how far an alignment agrees with them.

The format of the shared task of 2003 (Mihalcea and Pedersen): links of a pair on one line, numbers
from 1, ``3-4`` a sure link of source word 3 and target word 4, ``3p4`` a possible one. Precision
|A ∩ P| / |A|, recall |A ∩ S| / |S| and the alignment error rate 1 − (|A ∩ S| + |A ∩ P|) /
(|A| + |S|) are those of Och and Ney (2003, equation 31), where every sure link is possible too.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from han_core.runtime.errors import UserError, shown, system_errors
from han_core.runtime.messages import tr

Links = frozenset[tuple[int, int]]
"""Pairs of source and target word, counted from 0."""

MOST_BYTES = 50_000_000
SENTENCES = ".src-tgt"  # the ending of the file of pairs beside one of links
_LINK = re.compile(r"([1-9][0-9]{0,5})([-p])([1-9][0-9]{0,5})", re.ASCII)


@dataclass(frozen=True)
class GoldAlignment:
    """The links of one pair.

    Attributes:
        sure: links that everybody would draw.
        possible: those that some would; the sure ones are among them.
    """

    sure: Links
    possible: Links

    def __post_init__(self) -> None:
        object.__setattr__(self, "possible", self.possible | self.sure)


def read_gold(path: str | Path) -> list[GoldAlignment]:
    """Return the links of each line.

    Raises:
        UserError: names the line that holds something else.
    """
    name = shown(Path(path).name)
    return [
        gold_of(line, tr("Line {number} of {name}", number=number, name=name))
        for number, line in enumerate(_lines(Path(path)), start=1)
    ]


def gold_of(line: str, where: str | None = None) -> GoldAlignment:
    """Return the links that a line names.

    Raises:
        UserError: if something in it is no link.
    """
    links: dict[str, set[tuple[int, int]]] = {"-": set(), "p": set()}
    for word in line.split():
        if not (link := _LINK.fullmatch(word)):
            raise UserError(
                tr(
                    '{where} holds "{word}"; links such as 3-4 (sure) or 3p4 (possible), counted '
                    "from 1, were expected.",
                    where=where or tr("The line"),
                    word=shown(word),
                )
            )
        links[link[2]].add((int(link[1]) - 1, int(link[3]) - 1))
    return GoldAlignment(frozenset(links["-"]), frozenset(links["p"]))


def read_gold_sentences(path: str | Path) -> list[tuple[list[str], list[str]]]:
    """Return the words of each pair in lines of ``source ||| target``, as white space divides them.

    Raises:
        UserError: names the line without both sides.
    """
    pairs = []
    for number, line in enumerate(_lines(Path(path)), start=1):
        source, bars, target = line.partition("|||")
        if not (bars and source.strip() and target.strip()):
            raise UserError(
                tr(
                    "Line {number} of {name} is not: source ||| target, both with words.",
                    number=number,
                    name=shown(Path(path).name),
                )
            )
        pairs.append((source.split(), target.split()))
    return pairs


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise UserError(tr("There is no file {path}.", path=shown(str(path), 200)))
    with system_errors(tr("{name} cannot be read", name=shown(path.name))):
        if path.stat().st_size > MOST_BYTES:
            raise UserError(
                tr(
                    "{name} has more than {most_bytes:,} bytes.",
                    name=shown(path.name),
                    most_bytes=MOST_BYTES,
                )
            )
        content = path.read_bytes()
    try:
        return content.decode("utf-8").removesuffix("\n").split("\n") if content else []
    except UnicodeDecodeError as error:
        raise UserError(tr("{name} is not text in UTF-8.", name=shown(path.name))) from error


def check_gold(
    gold: Sequence[GoldAlignment], pairs: Sequence[tuple[Sequence[str], Sequence[str]]], name: str
) -> None:
    """Check that links and pairs belong together.

    Raises:
        UserError: if there are more of one, or a link leads to a word that is not there.
    """
    if len(gold) != len(pairs):
        raise UserError(
            tr(
                "{name} has links of {links:,} pairs; {pairs:,} pairs came.",
                name=name,
                links=len(gold),
                pairs=len(pairs),
            )
        )
    for number, (links, (source, target)) in enumerate(zip(gold, pairs, strict=True), start=1):
        for i, j in links.possible:
            if i >= len(source) or j >= len(target):
                raise UserError(
                    tr(
                        "Line {number} of {name} links words {i} and {j}; the pair has {sources} "
                        "and {targets} words.",
                        number=number,
                        name=name,
                        i=i + 1,
                        j=j + 1,
                        sources=len(source),
                        targets=len(target),
                    )
                )


def alignment_error(gold: Iterable[GoldAlignment], found: Iterable[Links]) -> dict[str, float]:
    """Return ``aer``, ``precision`` and ``recall`` over all pairs.

    Where nothing is linked, precision is 1; where nothing is sure, recall is 1.
    """
    links = sure = in_sure = in_possible = 0
    for truth, alignment in zip(gold, found, strict=True):
        links, sure = links + len(alignment), sure + len(truth.sure)
        in_sure += len(alignment & truth.sure)
        in_possible += len(alignment & truth.possible)
    return {
        "aer": 1 - (in_sure + in_possible) / (links + sure) if links + sure else 0.0,
        "precision": in_possible / links if links else 1.0,
        "recall": in_sure / sure if sure else 1.0,
    }


def diagonal_links(source: int, target: int) -> Links:
    """Link each target word with the source word at the same share of the sentence."""
    return frozenset(
        (min(source - 1, (2 * j + 1) * source // (2 * target)), j) for j in range(target)
    )
