"""Pretrain the recurrent word encoder of a classifier as a language model (Dai and Le 2015).

The forward half of a state predicts the next word, the backward half the one before, within what
the encoder reads as one sequence: a sentence of a HAN, a document of a flat model. Of several
layers the first one learns; above it every state knows both sides. The softmax is adaptive
(Grave et al. 2017): words are divided by their frequency, and rare ones cost less.
"""

import itertools
import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from han_core.models.classifier import Dropout
from han_core.models.recurrent.classifier import RecurrentClassifier
from han_core.text.batch import Batch, NumberedDocument, collate, document_lengths
from han_core.text.vocabulary import PADDING
from han_core.training.batches import epoch_batches
from han_core.training.cost import batch_budget
from han_core.training.loop import Lesson, LoopSettings, TrainingLoop
from han_core.training.prepare import Prepared
from han_core.training.settings import Settings

CUTOFFS = (500, 2_500, 10_000)
"""Words of the vocabulary, the frequent ones first, at which a rarer part begins."""

NARROWED = 8
"""Units of a direction from which on each rarer part is told from half as many numbers."""

MEASURED = 500  # validation documents whose perplexity is told


def cutoffs(words: int) -> list[int]:
    """Where the parts of a softmax over so many words begin, the first part left out."""
    return [cutoff for cutoff in CUTOFFS if cutoff < words] or [max(1, words // 2)]


def softmax_outputs(counts: Mapping[str, int], words: int) -> float:
    """Return how many numbers the softmax computes for a prediction, on average.

    Args:
        counts: how often each word stands in a sample; all but the ``words`` most frequent
            ones are unknown, a word of the first part.
    """
    frequent = sorted(counts.values(), reverse=True)[:words]
    edges = [*cutoffs(words), words]
    parts = itertools.pairwise(edges)
    rare = [sum(frequent[start:end]) / sum(counts.values()) * (end - start) for start, end in parts]
    return edges[0] + len(rare) + sum(rare)


class LanguageModel(nn.Module):
    """Embedding and first layer as those of a classifier, and a softmax over words.

    Args:
        model: whose weights it begins with; ``give`` gives them back.
    """

    def __init__(self, model: RecurrentClassifier):
        super().__init__()
        words, size = model.embedding.weight.shape
        hidden = model.reader.hidden_size
        self.embedding = nn.Embedding(words, size, padding_idx=PADDING)
        self.encoder = type(model.reader)(size, hidden)
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(
            hidden, words, cutoffs(words), div_value=2.0 if hidden >= NARROWED else 1.0
        )
        self.dropout = Dropout(model.dropout_words.p)
        self._sequences = model.sequences
        own, given = self.encoder.state_dict(), model.reader.state_dict()
        self.encoder.load_state_dict({name: given[name] for name in own})
        self.embedding.load_state_dict(model.embedding.state_dict())
        self.embedding.requires_grad_(model.embedding.weight.requires_grad)

    def forward(self, batch: Batch) -> Tensor:
        """Return (predictions,) the log-probability of each word that is predicted.

        Every word is, from each side on which its sequence has another one.
        """
        lengths = self._sequences(batch)
        states, _ = self.encoder(self.dropout(self.embedding(batch.words)), lengths)
        ahead, back = self.dropout(states).chunk(2, dim=1)
        followed = torch.ones_like(batch.words, dtype=torch.bool)
        followed[lengths.cumsum(0) - 1] = False
        here = followed.nonzero()[:, 0]
        if not len(here):
            return states.sum(1)[:0]
        known = torch.cat((ahead[here], back[here + 1]))
        wanted = torch.cat((batch.words[here + 1], batch.words[here]))
        found: Tensor = self.softmax(known, wanted).output
        return found

    def give(self, model: RecurrentClassifier) -> None:
        """Put embedding and first layer into the classifier."""
        model.embedding.load_state_dict(self.embedding.state_dict())
        model.reader.load_state_dict(self.encoder.state_dict(), strict=False)


def pretraining(
    model: RecurrentClassifier, prepared: Prepared, settings: Settings, device: torch.device
) -> TrainingLoop[Batch]:
    """Return the training of a ``LanguageModel`` on the training and unlabelled texts.

    Its state is saved by what the caller puts in place of ``save``.
    """
    pools = (prepared.training.documents, prepared.untaught)
    lengths = [length for pool in pools for length in document_lengths(pool).tolist()]
    budget = batch_budget(lengths, settings.batch_tokens)
    batches = epoch_batches(lengths, budget, settings.seed, 0)
    held = prepared.validation.documents[:MEASURED]

    def batch_of(numbers: Sequence[int]) -> Batch:
        return collate([_document(pools, i) for at in numbers for i in batches[at]]).to(device)

    lesson = Lesson(
        examples=len(batches),
        collate=batch_of,
        loss=lambda network, batch: _loss(network(batch)),
        validate=lambda network: {"perplexity": perplexity(network, held, budget, device)},
        rank=lambda figures: (-figures["perplexity"],),
    )
    rates = {"learning_rate": min(1.0, settings.learning_rate), "warmup": settings.warmup}
    asked = LoopSettings(
        epochs=settings.pretrain, batch_size=1, keep="last", weight_decay=settings.weight_decay,
        clip=min(1_000, settings.clip), seed=settings.seed,
        save_seconds=settings.save_seconds or math.inf, **rates,
    )  # fmt: skip
    network = LanguageModel(model).to(device)
    return TrainingLoop(network, lesson, asked, lambda weights, progress, state: None)


def _document(pools: Sequence[Sequence[NumberedDocument]], number: int) -> NumberedDocument:
    first = len(pools[0])
    return pools[0][number] if number < first else pools[1][number - first]


def _loss(found: Tensor) -> Tensor:
    return -found.sum() / max(1, len(found))


def perplexity(
    network: nn.Module, documents: Sequence[NumberedDocument], budget: int, device: torch.device
) -> float:
    """Return e to the mean loss of a word, predicted from either side."""
    total, count = 0.0, 0
    with torch.no_grad():
        for rows in epoch_batches(document_lengths(documents), budget, 0, 0):
            found = network(collate([documents[row] for row in rows]).to(device))
            total, count = total - float(found.double().sum()), count + len(found)
    return math.exp(min(700.0, total / max(1, count)))
