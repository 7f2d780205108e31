"""Guide attention towards the words that carry the decision, while a model trains.

A word contributes the gradient of the predicted class's log-odds at its vector, times the vector:
about what they lose without the word (Denil et al. 2014). Attention is taught to rank the words
of a document as their contributions do, by a loss over pairs (RankNet, Burges et al. 2005): the
word that contributes more should have the larger weight α_s · α_w, and a pair counts as much as
its words differ. Words that speak against the decision come last or, if they count as words that
matter, too, behind those that speak as strongly for it. Nothing but attention leads from words to
the decision, as ever.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot, softplus

from han_core.models.attention import segment_sum
from han_core.models.classifier import AttentionClassifier, Output
from han_core.text.batch import Batch

SMALLEST = 1e-12
"""Weight whose logarithm is still taken, and spread that is still divided by."""


def log_odds(logits: Tensor) -> Tensor:
    """Return (documents,) the log-odds of the predicted class; ``logits`` (documents, classes)."""
    predicted = one_hot(logits.argmax(1), logits.shape[1]).bool()
    others = logits.masked_fill(predicted, -torch.inf).logsumexp(1)
    return logits[predicted] - others


def contributions(model: AttentionClassifier, batch: Batch) -> Tensor:
    """Return (tokens,) what each word adds to its document's log-odds, without dropout.

    The weights get no gradient.
    """
    training = model.training
    model.eval()
    # cuDNN's recurrent layers have no backward pass outside training.
    with torch.backends.cudnn.flags(enabled=False):
        vectors = model.embedding(batch.words).detach().requires_grad_()
        logits = model.decide(model.encode(vectors, batch), batch).logits
        (gradient,) = torch.autograd.grad(log_odds(logits).sum(), vectors)
    model.train(training)
    return (gradient * vectors.detach()).sum(1)


def draw_partners(batch: Batch) -> Tensor:
    """Return (tokens,) for each word another of its document, or itself, by chance."""
    owner = batch.document_of_token.cpu()
    drawn = owner + torch.rand(len(owner), dtype=torch.float64)
    return drawn.argsort().to(batch.words.device)


@dataclass(frozen=True)
class Guide:
    """The order that attention should have in a batch.

    Attributes:
        values: (tokens,) what each word counts.
        partners: (tokens,) the word of the same document that each is compared with.
    """

    batch: Batch
    values: Tensor
    partners: Tensor

    def loss(self, output: Output) -> Tensor:
        """Return the sum over documents of how far their attention is from that order.

        A pair costs log(1 + exp(−d)), where d is how much larger the logarithm of the weight of
        the word is that should be first. In each document pairs count by the difference
        of contributions, measured in their root mean square; one of equal words costs nothing.
        """
        difference = self._scaled() - self._scaled()[self.partners]
        weights = output.sentence_weights[self.batch.sentence_of_token] * output.word_weights
        logs = weights.float().clamp(min=SMALLEST).log()
        ahead = (logs - logs[self.partners]) * difference.sign()
        return (self._mean(difference.abs() * softplus(-ahead))).sum()

    def _scaled(self) -> Tensor:
        spread = self._mean(self.values.square()).sqrt().clamp(min=SMALLEST)
        return self.values / spread[self.batch.document_of_token]

    def _mean(self, values: Tensor) -> Tensor:
        """(tokens,) → (documents,)"""
        batch = self.batch
        return segment_sum(values, batch.document_of_token, len(batch)) / batch.tokens_per_document


def draw_guide(model: AttentionClassifier, batch: Batch, against: float = -1.0) -> Guide:
    """Return the order that ``model`` asks of attention in ``batch``.

    Args:
        model: the one that learns, or one that learnt before and stands still: its contributions
            do not grow with the attention that they have got.
        against: what a word that speaks against the decision counts, where one that speaks for it
            counts 1; between −1 (such words come last) and 1 (what matters is their size).
    """
    values = contributions(model, batch)
    return Guide(batch, torch.where(values < 0, -against * values, values), draw_partners(batch))
