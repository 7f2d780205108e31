"""Which documents a run learns from, which it validates on, and which it is tested on.

By a share cut at random, by other data, or by a column that says it. It knows nothing
about words or models.
"""

from dataclasses import dataclass

from han_core.corpora.corpus import Corpus, read_corpus, stratified_split
from han_core.wrong_input import WrongInput


@dataclass(frozen=True)
class Source:
    """Where the documents come from, and how they are divided.

    Attributes:
        data: a file, ``hf:...`` or ``bundled:...``.
        validation: other data, or the share of ``data`` to hold out as a number in words.
        test: likewise; None for no test.
        split_column: the column of ``data`` that says of each row whether it is for
            training, validation or test; ``validation`` and ``test`` then only count for
            the part that no row is for.
        limit: training documents to take, the first ones.
    """

    data: str
    validation: str = "0.1"
    test: str | None = None
    text_column: str = "text"
    label_column: str = "label"
    split_column: str | None = None
    limit: int | None = None


@dataclass(frozen=True)
class Parts:
    """Documents to learn from, to validate on, and to test on; and what to tell about them."""

    training: Corpus
    validation: Corpus
    test: Corpus | None
    notes: tuple[str, ...]


def read_parts(source: Source, seed: int) -> Parts:
    """The documents of ``source``; ``seed`` draws what is held out.

    Raises:
        WrongInput: if a share or the limit is out of range, or as ``read_corpus``.
    """
    columns = {"text_column": source.text_column, "label_column": source.label_column}
    corpus = read_corpus(source.data, **columns)
    training, validation = _held_out(corpus, source.validation, seed, columns)
    test = read_corpus(source.test, **columns, default_split="test") if source.test else None
    if source.limit is not None:
        if source.limit < 1:
            raise WrongInput(f"--limit is at least 1; {source.limit} came.")
        training = training.first(source.limit)
    notes = (*corpus.notes, *validation.notes, *(test.notes if test else ()))
    return Parts(training, validation, test, tuple(dict.fromkeys(notes)))


def _held_out(
    corpus: Corpus, validation: str, seed: int, columns: dict[str, str]
) -> tuple[Corpus, Corpus]:
    try:
        fraction = float(validation)
    except ValueError:
        return corpus, read_corpus(validation, **columns, default_split="validation")
    if not 0 < fraction < 1:
        raise WrongInput(f"--validation takes data or a share between 0 and 1; {fraction} came.")
    return stratified_split(corpus, fraction, seed)
