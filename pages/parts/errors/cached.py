"""What the page Errors keeps between reruns, for everybody; bounded, and keyed by all that decides.

It knows nothing about widgets.
"""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import cached

if TYPE_CHECKING:
    from han_core.corpora.corpus import Corpus
    from han_core.errors.predictions import Predictions


def predictions(
    checkpoint: str,
    device: str,
    corpus: "Corpus",
    corpus_key: str,
    progress: cached.Progress,
) -> "Predictions":
    """``score``'s answer; ``corpus_key`` says all that ``corpus`` was made from.

    A function in Streamlit's cache may not draw, so the cache holds an empty
    place for the answer, which is filled here, with progress.
    """
    from han_core.errors.predictions import score

    folder = cached.checkpoints_root() / checkpoint
    mark = cached.fingerprint(folder)
    place = _place(str(folder), mark, device, corpus_key)
    if "answer" not in place:
        place["answer"] = score(cached.checkpoint_of(str(folder), mark, device), corpus, progress)
    return place["answer"]


def faithfulness(
    checkpoint: str,
    device: str,
    corpus: "Corpus",
    corpus_key: str,
    documents: int,
    progress: cached.Progress,
) -> dict:
    """What the command ``faithfulness`` prints for as many documents of ``corpus``.

    Raises:
        WrongInput: as ``sample`` and ``measure`` do.
    """
    from han_core.evidence.corpus import measure
    from han_core.evidence.sampling import sample

    folder = cached.checkpoints_root() / checkpoint
    mark = cached.fingerprint(folder)
    place = _place(str(folder), mark, device, f"evidence of {documents} of {corpus_key}")
    if "answer" not in place:
        model = cached.checkpoint_of(str(folder), mark, device)
        texts = corpus.take(sample(model, corpus.texts, documents)).texts
        place["answer"] = measure(model, texts, progress=progress).to_json()
    return place["answer"]


@st.cache_resource(max_entries=6, show_spinner=False)
def _place(folder: str, fingerprint: str, device: str, corpus_key: str) -> dict:
    return {}
