"""Two adversaries of a model in training: shifts of its words' vectors, and a domain classifier.

Adversarial training shifts the words' vectors of each document to where the model does worse, and
the model learns to decide there as before (Miyato, Dai and Goodfellow 2017, "Adversarial Training
Methods for Semi-Supervised Text Classification"). Worse means a higher loss, or, without a label
(virtual adversarial training), another prediction.

The domain classifier learns to tell source from target by the documents' vectors, while the model
learns vectors by which it cannot (Ganin et al. 2016, "Domain-Adversarial Training of Neural
Networks", JMLR 17). The weight λ of the reversed gradient rises over the run (section 5.2.2).
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, kl_div

from han_core.models.attention import segment_sum
from han_core.text.batch import Batch, NumberedDocument
from han_core.training.resume import fitting, optimizer_tensors, prefixed, restore_optimizer
from han_core.training.settings import Settings

STEEPNESS = 10.0
"""Of the rise of λ, as in the paper."""

PROBE = 0.1
"""Length of a random shift, about which a prediction is looked at; as the authors' code has it."""

SHORTEST = 1e-18
"""Length of a gradient, whose square float32 still holds; a shorter one shifts less far."""

COUNTED = 1_000  # documents whose words are counted together


def word_counts(documents: Sequence[NumberedDocument], words: int) -> np.ndarray:
    """Return (words,) int64 how often each word of a vocabulary stands in ``documents``."""
    counts = np.zeros(words, dtype=np.int64)
    for start in range(0, len(documents), COUNTED):
        part = documents[start : start + COUNTED]
        counts += np.bincount(np.concatenate([d.words for d in part]), minlength=words)
    return counts


def divergence(logits: Tensor, held: Tensor) -> Tensor:
    """Return the sum of KL(held ‖ logits) over documents; both are (documents, classes) logits."""
    ours, theirs = logits.float().log_softmax(1), held.float().log_softmax(1)
    return kl_div(ours, theirs, reduction="sum", log_target=True)


@contextmanager
def shifted_vectors(embedding: nn.Embedding, shift: Tensor | None = None) -> Iterator[list[Tensor]]:
    """Add ``shift`` (tokens, embedding) to the words' vectors that a model reads within.

    Yields:
        what comes to hold the vectors of each pass; after its way back they have a gradient.
    """
    read: list[Tensor] = []

    def keep(_module: nn.Module, _words: object, vectors: Tensor) -> Tensor:
        moved = vectors if shift is None else vectors + shift
        if not moved.requires_grad:  # the words stand still, and the gradient is wanted still
            moved = moved.detach().requires_grad_()
        moved.retain_grad()
        read.append(moved)
        return moved

    hook = embedding.register_forward_hook(keep)
    try:
        yield read
    finally:
        hook.remove()


class WordShifts:
    """Shifts of the words' vectors, of a given length in each document, over all of its words.

    Each number of a vector is measured in its standard deviation over the words of the texts, so
    that longer vectors are no way out: it is as if the vectors were normalised (section 3 of the
    paper), while those of the model stay as they are.

    Args:
        embedding: the model's, on its device.
        counts: (vocabulary,) how often each word stands in the texts.
    """

    def __init__(self, embedding: nn.Embedding, counts: np.ndarray):
        shares = torch.from_numpy(counts / counts.sum()).float()
        self._embedding, self._shares = embedding, shares.to(embedding.weight.device)

    def spread(self) -> Tensor:
        """(embedding,) the standard deviations, as the vectors are now."""
        vectors = self._embedding.weight.detach()
        mean = self._shares @ vectors
        return (self._shares @ (vectors - mean).square()).sqrt()

    def draw(self, batch: Batch) -> Tensor:
        """Draw a direction (tokens, embedding), in standard deviations; all are as likely."""
        size = self._embedding.embedding_dim
        return torch.randn(len(batch.words), size, device=batch.words.device)

    def uphill(self, gradient: Tensor, batch: Batch, length: float) -> Tensor:
        """Return the shift (tokens, embedding) along a gradient in the vectors."""
        return self.along(gradient * self.spread(), batch, length)

    def along(self, direction: Tensor, batch: Batch, length: float) -> Tensor:
        """Return the shift along a direction that is given in standard deviations."""
        owner = batch.document_of_token
        squares = segment_sum(direction.square().sum(1), owner, len(batch))  # (documents,)
        scale = length / squares.sqrt().clamp(min=SHORTEST)
        return direction * scale[owner, None] * self.spread()


class _GradientReversal(torch.autograd.Function):
    @staticmethod
    def forward(context, vectors: Tensor, weight: float) -> Tensor:
        context.weight = weight
        return vectors.view_as(vectors)

    @staticmethod
    def backward(context, *gradients: Tensor) -> tuple[Tensor, None]:
        return -context.weight * gradients[0], None


def reverse_gradient(vectors: Tensor, weight: float) -> Tensor:
    """Return ``vectors``, through which a gradient goes back times −``weight``."""
    reversed_: Tensor = _GradientReversal.apply(vectors, weight)
    return reversed_


def domain_weight(progress: float, settings: Settings) -> float:
    """Return λ at ``progress`` (0 to 1) of a run: 2 / (1 + exp(−10 p)) − 1 times its highest."""
    if settings.domain_schedule == "constant":
        return settings.domain_weight
    return settings.domain_weight * (2 / (1 + math.exp(-STEEPNESS * progress)) - 1)


class Adversary:
    """The domain classifier and its optimiser.

    Attributes:
        weight: λ of the present step.

    Args:
        size: numbers of a document's vector.
    """

    def __init__(self, size: int, settings: Settings, device: torch.device):
        units = settings.domain_units
        layers = nn.Linear(size, units), nn.ReLU(), nn.Linear(units, 1)
        self.network = nn.Sequential(*layers).to(device)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), weight_decay=0.0)
        self.weight = 0.0
        self._settings = settings

    def begin_step(self, progress: float, rate: float) -> None:
        """Set λ and the learning rate for a step at ``progress`` (0 to 1) of the run."""
        self.weight = domain_weight(progress, self._settings)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * self._settings.rate_domain

    def loss(self, vectors: Tensor, source: int) -> Tensor:
        """Return the domain loss, through which the model gets the reversed gradient.

        Args:
            vectors: (documents, size) the first ``source`` of them of the source.
        """
        return self._domain_loss(reverse_gradient(vectors.float(), self.weight), source)

    def learn(self, vectors: Tensor, source: int) -> None:
        """Take the domain classifier's own steps; arguments as of ``loss``."""
        vectors = vectors.detach().float()
        for _ in range(self._settings.domain_steps):
            # What the model's loss left in the gradients goes: it may be scaled for fp16.
            self.optimizer.zero_grad()
            self._domain_loss(vectors, source).backward()
            self.optimizer.step()
        self.optimizer.zero_grad()

    def _domain_loss(self, vectors: Tensor, source: int) -> Tensor:
        """The cross-entropy; both domains count alike, however many documents each has."""
        scores = self.network(vectors)[:, 0]
        truth = (torch.arange(len(scores), device=scores.device) >= source).float()
        losses = binary_cross_entropy_with_logits(scores, truth, reduction="none")
        return (losses[:source].mean() + losses[source:].mean()) / 2

    def accuracy(self, source: np.ndarray, target: np.ndarray) -> float:
        """Return the share of vectors (documents, size) told rightly, the mean of both domains."""
        with torch.inference_mode():
            scores = [self.network(self._on_device(rows))[:, 0] > 0 for rows in (source, target)]
        return (float((~scores[0]).float().mean()) + float(scores[1].float().mean())) / 2

    def _on_device(self, vectors: np.ndarray) -> Tensor:
        return torch.from_numpy(vectors).to(next(self.network.parameters()).device)

    def tensors(self) -> dict[str, Tensor]:
        """All that moves from step to step, by name."""
        return {
            **prefixed("network", self.network.state_dict()),
            **prefixed("optimizer", optimizer_tensors(self.optimizer, self.network)),
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """The reverse of ``tensors``.

        Raises:
            LookupError, ValueError: if they are not those of this domain classifier.
        """
        parts: dict[str, dict[str, Tensor]] = {"network": {}, "optimizer": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        self.network.load_state_dict(fitting(parts["network"], self.network))
        restore_optimizer(self.optimizer, self.network, parts["optimizer"])
