"""What is measured of a trained model, and between models.

Accuracy over all test documents; over a sample of them attention's rank correlation with the
gradient and with leave-one-out, how far those two agree with each other (a ceiling for either),
and the adversary's divergence. It does not know what has been published.
"""

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from benchmarks.jain_wallace.adversary import largest_divergences
from benchmarks.jain_wallace.reading import Part, document_of
from han_core.evidence.ranking import gradient_times_input, leave_one_out
from han_core.evidence.sampling import sample_of_scored
from han_core.evidence.subject import Subject, subject_of
from han_core.explanation.agreement import FEWEST, divergence, tau
from han_core.explanation.explain import explain_document
from han_core.models.checkpoint import Checkpoint
from han_core.training.evaluate import metrics, predict_numbered
from han_core.wrong_input import WrongInput

Progress = Callable[[int, int], None]


def sampled(test: Part, documents: int) -> np.ndarray:
    """Rows of test documents to measure, spread evenly over classes and lengths.

    Raises:
        WrongInput: if no document has words enough for a rank correlation.
    """
    fit = np.flatnonzero(test.lengths >= FEWEST)
    if not len(fit):
        raise WrongInput(f"Test documents of at least {FEWEST} words are expected; none came.")
    return fit[sample_of_scored(test.classes[fit], test.lengths[fit], documents)]


def measure(
    checkpoint: Checkpoint, test: Part, rows: np.ndarray, seed: int, progress: Progress
) -> dict:
    """The figures of one model; those of single documents are lists in the order of ``rows``.

    Returns:
        ``accuracy`` of all of ``test``, and lists ``tau_gradient``, ``tau_leave_one_out``,
        ``tau_ceiling`` (null where a side is constant) and ``adversary`` (nats).
    """
    probabilities = predict_numbered(checkpoint.model, test.documents)
    asked = [_subject(checkpoint, test.texts[row]) for row in rows]
    taus = []
    for done, subject in enumerate(asked, start=1):
        taus.append(_taus(subject))
        progress(done, len(asked))
    by_gradient, by_omission, ceiling = map(list, zip(*taus, strict=True))
    own = [subject.explanation.document_weights for subject in asked]
    furthest = largest_divergences(own, [subject.alone() for subject in asked], seed)
    return {
        "accuracy": metrics(probabilities, test.classes)["accuracy"],
        "tau_gradient": by_gradient,
        "tau_leave_one_out": by_omission,
        "tau_ceiling": ceiling,
        "adversary": furthest.tolist(),
    }


def _subject(checkpoint: Checkpoint, text: str) -> Subject:
    return subject_of(checkpoint, document_of(text))


def _taus(subject: Subject) -> tuple[float | None, float | None, float | None]:
    """Attention with the gradient, attention with leave-one-out, those two with each other."""
    attention = subject.explanation.document_weights
    gradient = abs(gradient_times_input(subject, "word", hold_attention=True))
    drops = abs(leave_one_out(subject, "word"))
    return tau(attention, gradient), tau(attention, drops), tau(gradient, drops)


def between(checkpoints: Sequence[Checkpoint], texts: Sequence[str]) -> list[list[float]]:
    """For each pair of models (documents,) the divergence of their attention, in nats."""
    weights = [
        [explain_document(checkpoint, document_of(text)).document_weights for text in texts]
        for checkpoint in checkpoints
    ]
    return [
        [divergence(a, b) for a, b in zip(one, other, strict=True)]
        for one, other in combinations(weights, 2)
    ]
