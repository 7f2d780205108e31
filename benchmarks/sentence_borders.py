"""How well splitters find sentence borders, beside treebanks in which people marked them.

``python -m benchmarks.sentence_borders GOLD…`` reads CoNLL-U files of Universal Dependencies, such
as ``en_ewt-ud-test.conllu``, and prints a table of F1 in percent: a border counts where a sentence
after the first of its document begins. A file without documents is read as documents of ten
sentences. pysbd is compared where it can be imported; so is spaCy's trained splitter, senter, which
learns from the files of ``--train``: other documents of the treebank of the same name.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import spacy
from spacy.tokens import Doc
from spacy.training import Example

from han_core.runtime.errors import UserError
from han_core.text.tokenizer import VERSIONS, Tokenizer

TOGETHER = 10
"""Sentences of a document where a file marks none."""

TRAINING = 40.0
"""Processor seconds that the trained splitter learns of each language."""

Splitter = Callable[[str], list[int]]
"""Gives the characters at which sentences begin, the first one's left out."""


class GoldDocument(NamedTuple):
    """A text, and the characters at which its sentences after the first begin."""

    text: str
    starts: tuple[int, ...]


class Scores(NamedTuple):
    """Percent of borders."""

    f1: float
    precision: float
    recall: float


def read_documents(lines: Sequence[str]) -> Iterator[GoldDocument]:
    """Rebuild the texts of a CoNLL-U file; a new paragraph is a blank line."""
    text, starts, marked = "", list[int](), any("# newdoc" in line for line in lines)
    for number, (comments, words) in enumerate(_sentences(lines)):
        names = {comment.split()[1] for comment in comments if len(comment.split()) > 1}
        if text and ("newdoc" in names if marked else number % TOGETHER == 0):
            yield GoldDocument(text.rstrip(), tuple(starts))
            text, starts = "", []
        if text:
            text = text.rstrip() + "\n\n" if "newpar" in names else text
            starts.append(len(text))
        text += words
    if text:
        yield GoldDocument(text.rstrip(), tuple(starts))


def _sentences(lines: Sequence[str]) -> Iterator[tuple[list[str], str]]:
    """Yield comments and characters of each sentence, the space after it included."""
    comments, words, last = list[str](), "", 0
    for line in [*lines, ""]:
        if line.startswith("#"):
            comments.append(line)
        elif line:
            columns = line.split("\t")
            first, _, end = columns[0].partition("-")
            if "." in first or int(first) <= last:  # an empty node, or part of a written word
                continue
            last = int(end or first)
            words += columns[1] + ("" if "SpaceAfter=No" in columns[9] else " ")
        elif words:
            yield comments, words
            comments, words, last = [], "", 0


def score(splitter: Splitter, documents: Sequence[GoldDocument]) -> Scores:
    """Compare the borders of all documents together."""
    correct = predicted = marked = 0
    for text, starts in documents:
        borders = set(splitter(text))
        correct += len(borders & set(starts))
        predicted += len(borders)
        marked += len(starts)
    return Scores(
        200 * correct / max(1, predicted + marked),
        100 * correct / max(1, predicted),
        100 * correct / max(1, marked),
    )


def ours(language: str, version: int) -> Splitter:
    tokenizer = Tokenizer(language, 10_000_000, version=version)
    return lambda text: [sentence.start for sentence in tokenizer(text).sentences][1:]


def of_pipeline(pipeline) -> Splitter:
    def starts(text: str) -> list[int]:
        firsts = (
            next((token.idx for token in sentence if not token.is_space), sentence.start_char)
            for sentence in pipeline(text).sents
        )
        return list(firsts)[1:]

    return starts


def sentencizer(language: str) -> Splitter:
    pipeline = spacy.blank(language)
    pipeline.add_pipe("sentencizer")
    return of_pipeline(pipeline)


def pysbd_splitter(language: str) -> Splitter | None:
    """None where pysbd is missing, or does not know the language."""
    try:
        import pysbd
    except ImportError:
        return None
    if language not in pysbd.languages.LANGUAGE_CODES:
        return None
    segmenter = pysbd.Segmenter(language=language, clean=False, char_span=True)

    def starts(text: str) -> list[int]:
        spans = [span for span in segmenter.segment(text) if span.sent.strip()]
        return [span.start + len(span.sent) - len(span.sent.lstrip()) for span in spans][1:]

    return starts


def trained(language: str, documents: Sequence[GoldDocument], seconds: float) -> Splitter:
    """Train spaCy's senter on other documents of the language, from random weights."""
    pipeline = spacy.blank(language)
    pipeline.add_pipe("senter")
    examples = [_example(pipeline, document) for document in documents]
    draw, started = random.Random(0), time.process_time()
    optimizer = pipeline.initialize(lambda: examples)
    while time.process_time() - started < seconds:
        draw.shuffle(examples)
        for start in range(0, len(examples), 8):
            pipeline.update(examples[start : start + 8], sgd=optimizer, drop=0.1)
            if time.process_time() - started > seconds:
                break
    return of_pipeline(pipeline)


def _example(pipeline, document: GoldDocument) -> Example:
    doc = pipeline.make_doc(document.text)
    starts = {0, *document.starts}
    marks = [token.idx in starts for token in doc]
    reference = Doc(
        doc.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc], sent_starts=marks
    )
    return Example(doc, reference)


def table(
    gold: dict[str, list[GoldDocument]], training: dict[str, list[GoldDocument]]
) -> Iterator[str]:
    """Yield a row for each treebank, below the head."""
    names = [f"version {version}" for version in VERSIONS]
    yield f"| treebank | borders | {' | '.join(names)} | sentencizer | pysbd | senter |"
    yield "|---" * (len(names) + 5) + "|"
    for name, documents in gold.items():
        language = name.split("_")[0]
        splitters = [*(ours(language, version) for version in VERSIONS), sentencizer(language)]
        more = [pysbd_splitter(language)]
        more.append(trained(language, training[name], TRAINING) if name in training else None)
        cells = [f"{score(s, documents).f1:.1f}" if s else "–" for s in [*splitters, *more]]
        borders = sum(len(document.starts) for document in documents)
        yield f"| {name} | {borders:,} | {' | '.join(cells)} |"


def read_all(paths: Sequence[Path]) -> dict[str, list[GoldDocument]]:
    """Read each treebank under the name before "-ud-".

    Raises:
        UserError: names a file that cannot be read, or holds no sentence.
    """
    read: dict[str, list[GoldDocument]] = {}
    for path in paths:
        try:
            documents = list(read_documents(path.read_text(encoding="utf-8").split("\n")))
        except (OSError, ValueError, IndexError) as error:
            raise UserError(f"A CoNLL-U file is expected; {path} is none.") from error
        if not documents:
            raise UserError(f"Sentences in CoNLL-U are expected; {path} holds none.")
        read[path.name.partition("-ud-")[0]] = documents
    return read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gold", nargs="+", type=Path)
    parser.add_argument("--train", nargs="+", type=Path, default=[])
    options = parser.parse_args()
    try:
        for line in table(read_all(options.gold), read_all(options.train)):
            print(line, flush=True)
    except UserError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
