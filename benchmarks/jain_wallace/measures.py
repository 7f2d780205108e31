"""Measurements of trained models and of their attention, beside the published figures.

Accuracy over all test documents; over a sample of them the rank correlation of attention with
the gradient and with leave-one-out, that of those two with each other (a ceiling for either),
and the divergence that an adversary reaches.

The adversary of Jain and Wallace 2019 (section 4.2.2, equation 7) is several attention
distributions over the same states, each as far as it gets from the model's own and from the
others in Jensen-Shannon divergence, while the answer moves by no more than a hundredth in
total variation. It is found by Adam over scores whose softmax is the attention, as in their
program. A search finds a lower bound of the largest divergence there is; ln 2 is the ceiling.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from benchmarks.figures import markdown_table
from benchmarks.jain_wallace.data import Part, document_of
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
    """Search for the most different attention that leaves the answer of a document as it is.

    Args:
        attention: for each document (tokens,) the model's own weights.
        votes: for each document (tokens, classes) logits with all attention on one token.

    Returns:
        (documents,) the divergence in nats; 0 where every other attention changed the answer.
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
    """Search at once: (documents, longest), (documents, longest, classes) → (documents,)."""
    documents, longest = own.shape
    padding = (own == 0).unsqueeze(1)  # softmax never gives a token 0
    answer = (own.unsqueeze(1) @ votes).softmax(2)  # (documents, 1, classes)
    scores = SPREAD * torch.randn((documents, ADVERSARIES, longest), generator=generator)
    scores.requires_grad_()
    optimizer = torch.optim.Adam([scores], lr=RATE, amsgrad=True)
    largest = torch.zeros(documents)
    for _ in range(steps):
        other = scores.masked_fill(padding, -torch.inf).softmax(2)  # (documents, searches, longest)
        moved = ((other @ votes).softmax(2) - answer).abs().sum(2) / 2
        far = torch_divergence(other, own.unsqueeze(1))  # (documents, searches)
        reached = far.detach().masked_fill(moved.detach() > UNCHANGED, 0.0).amax(1)
        largest = torch.maximum(largest, reached)
        apart = torch_divergence(other[:, _ONE], other[:, _OTHER]).sum() / len(_ONE) / 2
        loss = PENALTY * (moved - UNCHANGED).clamp_min(0).sum() - far.sum() - apart
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return largest.double().numpy()


def torch_divergence(a: Tensor, b: Tensor) -> Tensor:
    """Return the Jensen-Shannon divergence over the last dimension, in nats (Lin 1991)."""
    return _entropy((a + b) / 2) - (_entropy(a) + _entropy(b)) / 2


def _entropy(weights: Tensor) -> Tensor:
    # Not xlogy, whose gradient at 0 is infinite.
    return -(weights * weights.clamp_min(_TINY).log()).sum(-1)


def _padded(rows: Sequence[np.ndarray]) -> Tensor:
    """Return (documents, longest, size) with zeros after the end."""
    tensors = [torch.from_numpy(row).float() for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)


def sample_rows(test: Part, documents: int) -> np.ndarray:
    """Return rows of test documents to measure, spread evenly over classes and lengths.

    Raises:
        UserError: if no document has words enough for a rank correlation.
    """
    fit = np.flatnonzero(test.lengths >= FEWEST)
    if not len(fit):
        raise UserError(f"Expected test documents of at least {FEWEST} words; there is none.")
    return fit[sample_of_scored(test.classes[fit], test.lengths[fit], documents)]


def measure(
    checkpoint: Checkpoint,
    test: Part,
    rows: np.ndarray,
    seed: int,
    progress: Callable[[int, int], None],
) -> dict:
    """Measure one model; figures of single documents are lists in the order of ``rows``.

    Returns:
        ``accuracy`` of all of ``test``, and lists ``tau_gradient``, ``tau_leave_one_out``,
        ``tau_ceiling`` (null where a side is constant) and ``adversary`` (nats).
    """
    probabilities = predict_numbered(checkpoint.model, test.documents)
    probes = [probe_document(checkpoint, document_of(test.texts[row])) for row in rows]
    taus = []
    for done, probe in enumerate(probes, start=1):
        taus.append(_taus(probe))
        progress(done, len(probes))
    by_gradient, by_omission, ceiling = map(list, zip(*taus, strict=True))
    own = [probe.explanation.document_weights for probe in probes]
    votes = [probe.entry_log_probabilities() for probe in probes]
    return {
        "accuracy": metrics(probabilities, test.classes)["accuracy"],
        "tau_gradient": by_gradient,
        "tau_leave_one_out": by_omission,
        "tau_ceiling": ceiling,
        "adversary": largest_divergences(own, votes, seed).tolist(),
    }


def _taus(probe: ModelProbe) -> tuple[float | None, float | None, float | None]:
    """Correlate attention with the gradient, attention with leave-one-out, and those two."""
    attention = probe.explanation.document_weights
    gradient = abs(gradient_ranking(probe, "word", hold_attention=True))
    drops = abs(leave_one_out(probe, "word"))
    return tau(attention, gradient), tau(attention, drops), tau(gradient, drops)


def divergence_between(
    checkpoints: Sequence[Checkpoint], texts: Sequence[str]
) -> list[list[float]]:
    """Return for each pair of models (documents,) the divergence of their attention, in nats."""
    weights = [
        [explain_document(checkpoint, document_of(text)).document_weights for text in texts]
        for checkpoint in checkpoints
    ]
    return [
        [divergence(a, b) for a, b in zip(one, other, strict=True)]
        for one, other in combinations(weights, 2)
    ]


@dataclass(frozen=True)
class Expected:
    """A published figure, and the expected result of a repetition.

    Attributes:
        published: with its standard deviation over documents where the paper has it.
        window: where the mean over seeds should lie; None where nothing is expected.
    """

    title: str
    published: str
    window: tuple[float, float] | None

    def holds(self, value: float) -> bool | None:
        """Say whether ``value`` lies in the window; None without one."""
        return self.window and self.window[0] <= value <= self.window[1]


EXPECTED = {
    "accuracy": Expected("accuracy", ".8981", (0.89, 0.91)),
    "tau_gradient": Expected("tau of attention and gradient", ".437 ± .061", (0.37, 0.48)),
    "tau_leave_one_out": Expected(
        "tau of attention and leave-one-out", ".341 ± .070", (0.29, 0.38)
    ),
    "tau_ceiling": Expected("tau of gradient and leave-one-out", ".517", None),
    "adversary": Expected("largest divergence, same answer", "about .57", (0.53, 0.62)),
    "between": Expected("divergence between seeds", "", (0.0, 0.10)),
}


@dataclass(frozen=True)
class Figure:
    """A figure over the seeds.

    Attributes:
        mean: of the seeds' values (or of the pairs' of seeds).
        spread: their standard deviation; None for one value.
        seeds: the values.
        documents: the standard deviation over documents, the mean of the seeds'; None for a
            figure that no single document has.
    """

    mean: float
    spread: float | None
    seeds: list[float]
    documents: float | None


def figure_of(values: Sequence[float | Sequence[float | None]]) -> Figure:
    """Return a figure from each seed's value, or from each seed's values of single documents.

    A document without a value (None) is left out of its seed's mean.
    """
    single = [np.array(value, dtype=float).ravel() for value in values]
    means = [float(np.nanmean(rows)) for rows in single]
    spread = float(np.std(means, ddof=1)) if len(means) > 1 else None
    several = any(len(rows) > 1 for rows in single)
    documents = float(np.mean([np.nanstd(rows) for rows in single])) if several else None
    return Figure(float(np.mean(means)), spread, means, documents)


def table(figures: Mapping[str, Figure]) -> str:
    """Return a table in Markdown, a row a figure, in the order of ``EXPECTED``."""
    head = ("", "published", "expected", "here", "in it", "each seed", "± documents", "± seeds")
    rows = [_row(EXPECTED[name], figures[name]) for name in EXPECTED if name in figures]
    return markdown_table(head, rows)


def _row(expected: Expected, figure: Figure) -> tuple[str, ...]:
    return (
        expected.title,
        expected.published,
        " to ".join(map(_decimal, expected.window or ())),
        _decimal(figure.mean, 3),
        {None: "", True: "yes", False: "no"}[expected.holds(figure.mean)],
        " ".join(_decimal(value, 3) for value in figure.seeds),
        "" if figure.documents is None else _decimal(figure.documents, 3),
        "" if figure.spread is None else _decimal(figure.spread, 3),
    )


def as_json(figures: Mapping[str, Figure]) -> dict:
    """Return the figures for the results file."""
    return {
        name: {
            **asdict(figure),
            "published": EXPECTED[name].published,
            "window": EXPECTED[name].window,
            "holds": EXPECTED[name].holds(figure.mean),
        }
        for name, figure in figures.items()
    }


def _decimal(value: float, digits: int = 2) -> str:
    """Return a number without its leading zero: ".37"."""
    return f"{value:.{digits}f}".replace("0.", ".", 1)
