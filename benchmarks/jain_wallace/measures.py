"""How different could attention be with the answer unchanged?

The adversary of Jain and Wallace 2019 (section 4.2.2, equation 7): several attention
distributions over the same states, each as far as it gets from the model's own and from the
others in Jensen-Shannon divergence, while the answer moves by no more than a hundredth in
total variation. Found by Adam over scores whose softmax is the attention, as in their program.
What a search finds is a lower bound of the largest divergence there is; ln 2 is the ceiling.

What is measured of a trained model, and between models.

Accuracy over all test documents; over a sample of them attention's rank correlation with the
gradient and with leave-one-out, how far those two agree with each other (a ceiling for either),
and the adversary's divergence. It does not know what has been published.
"""

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from benchmarks.jain_wallace.setup import Part, document_of
from han_core.explanation.agreement import FEWEST, divergence, tau
from han_core.explanation.attribution import gradient_ranking, leave_one_out
from han_core.explanation.dataset_evidence import sample_of_scored
from han_core.explanation.explain import explain_document
from han_core.explanation.model_probe import ModelProbe, probe_document
from han_core.models.checkpoint import Checkpoint
from han_core.models.predict import metrics, predict_numbered
from han_core.runtime.errors import UserError

ADVERSARIES = 5
STEPS = 500
RATE = 0.01
SPREAD = 3.0
"""Standard deviation of the random scores that a search begins with."""

UNCHANGED = 0.01
"""An answer moved by no more than this is the same answer."""

PENALTY = 500.0
"""For each unit that an answer moves beyond ``UNCHANGED``."""

TOGETHER = 32  # documents searched at once

_TINY = 1e-20
_ONE, _OTHER = np.triu_indices(ADVERSARIES, 1)


def largest_divergences(
    attention: Sequence[np.ndarray], votes: Sequence[np.ndarray], seed: int, steps: int = STEPS
) -> np.ndarray:
    """The largest divergence that a search came by for each document, in nats.

    Args:
        attention: for each document (tokens,) the model's own weights.
        votes: for each document (tokens, classes) logits with all attention on one token.

    Returns:
        (documents,) 0 where no other attention left the answer as it was.
    """
    found = np.zeros(len(attention))
    generator = torch.Generator().manual_seed(seed)
    by_length = np.argsort([len(weights) for weights in attention], kind="stable")
    for start in range(0, len(by_length), TOGETHER):
        rows = by_length[start : start + TOGETHER]
        own = _padded([attention[row][:, None] for row in rows])[..., 0]
        found[rows] = _search(own, _padded([votes[row] for row in rows]), generator, steps)
    return found


def _search(own: Tensor, votes: Tensor, generator: torch.Generator, steps: int) -> np.ndarray:
    """(documents, longest), (documents, longest, classes), zeros after the end → (documents,)"""
    documents, longest = own.shape
    gone = (own == 0).unsqueeze(1)  # softmax never gives a token 0
    answer = (own.unsqueeze(1) @ votes).softmax(2)  # (documents, 1, classes)
    scores = SPREAD * torch.randn((documents, ADVERSARIES, longest), generator=generator)
    scores.requires_grad_()
    optimizer = torch.optim.Adam([scores], lr=RATE, amsgrad=True)
    largest = torch.zeros(documents)
    for _ in range(steps):
        other = scores.masked_fill(gone, -torch.inf).softmax(2)  # (documents, adversaries, longest)
        moved = ((other @ votes).softmax(2) - answer).abs().sum(2) / 2
        far = torch_divergence(other, own.unsqueeze(1))  # (documents, adversaries)
        reached = far.detach().masked_fill(moved.detach() > UNCHANGED, 0.0).amax(1)
        largest = torch.maximum(largest, reached)
        apart = torch_divergence(other[:, _ONE], other[:, _OTHER]).sum() / len(_ONE) / 2
        loss = PENALTY * (moved - UNCHANGED).clamp_min(0).sum() - far.sum() - apart
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return largest.double().numpy()


def torch_divergence(a: Tensor, b: Tensor) -> Tensor:
    """Jensen-Shannon divergence over the last dimension, in nats (Lin 1991)."""
    return _entropy((a + b) / 2) - (_entropy(a) + _entropy(b)) / 2


def _entropy(weights: Tensor) -> Tensor:
    # Not xlogy, whose gradient at 0 is infinite.
    return -(weights * weights.clamp_min(_TINY).log()).sum(-1)


def _padded(rows: Sequence[np.ndarray]) -> Tensor:
    """[(tokens, size), …] → (documents, longest, size) with zeros after the end."""
    tensors = [torch.from_numpy(row).float() for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)


Progress = Callable[[int, int], None]


def sampled(test: Part, documents: int) -> np.ndarray:
    """Rows of test documents to measure, spread evenly over classes and lengths.

    Raises:
        UserError: if no document has words enough for a rank correlation.
    """
    fit = np.flatnonzero(test.lengths >= FEWEST)
    if not len(fit):
        raise UserError(f"Test documents of at least {FEWEST} words are expected; none came.")
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
    furthest = largest_divergences(
        own, [subject.entry_log_probabilities() for subject in asked], seed
    )
    return {
        "accuracy": metrics(probabilities, test.classes)["accuracy"],
        "tau_gradient": by_gradient,
        "tau_leave_one_out": by_omission,
        "tau_ceiling": ceiling,
        "adversary": furthest.tolist(),
    }


def _subject(checkpoint: Checkpoint, text: str) -> ModelProbe:
    return probe_document(checkpoint, document_of(text))


def _taus(subject: ModelProbe) -> tuple[float | None, float | None, float | None]:
    """Attention with the gradient, attention with leave-one-out, those two with each other."""
    attention = subject.explanation.document_weights
    gradient = abs(gradient_ranking(subject, "word", hold_attention=True))
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
