"""Which documents a run learns from, and which it validates on.

It knows nothing about words or models.
"""

from han_core.corpora.corpus import Corpus, read_corpus, stratified_split
from han_core.wrong_input import WrongInput


def training_and_validation(
    corpus: Corpus, validation: str, seed: int, limit: int | None, columns: dict[str, str]
) -> tuple[Corpus, Corpus]:
    """The training documents and those held out, as ``train`` is told them.

    Args:
        validation: a share of ``corpus`` to hold out, or the name of other data.
        limit: training documents to take, the first ones.
        columns: what ``read_corpus`` is told of the other data.

    Raises:
        WrongInput: if the share or the limit is out of range, or as ``read_corpus``.
    """
    try:
        fraction = float(validation)
    except ValueError:
        training = corpus
        held_out = read_corpus(validation, **columns, default_split="validation")
    else:
        if not 0 < fraction < 1:
            raise WrongInput(
                f"--validation takes data or a share between 0 and 1; {fraction} came."
            )
        training, held_out = stratified_split(corpus, fraction, seed)
    if limit is not None:
        if limit < 1:
            raise WrongInput(f"--limit is at least 1; {limit} came.")
        training = training.first(limit)
    return training, held_out
