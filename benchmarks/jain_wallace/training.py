"""One BiLSTM with tanh attention, trained as Jain and Wallace 2019 trained theirs.

Adam with AMSGrad (Reddi et al. 2018), a batch of 32 documents of similar length, no dropout,
and the weights of the epoch with the best area under the ROC curve on the validation
documents. What the paper leaves open is as in its authors' program: the loss is summed over a
batch, and all but attention is drawn towards zero a little. It knows nothing about evidence.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from benchmarks.jain_wallace.setup import Part, Reading
from han_core.models.architecture import Architecture
from han_core.models.classifier import AttentionClassifier
from han_core.models.predict import predict_numbered
from han_core.models.registry import build_model
from han_core.runtime.errors import UserError
from han_core.text.batch import collate
from han_core.training.optimization import copied

RATE, DECAY = 1e-3, 1e-5
BATCH = 32  # documents
MOST_HIDDEN = 4_096
NOISE = 0.1  # of a document's length, by which the order of an epoch is shuffled


@dataclass(frozen=True)
class Recipe:
    """What can be changed about a run.

    Attributes:
        hidden: LSTM units of one direction, and units of the attention.
        epochs: at most.
        patience: epochs without a better one after which training ends.

    Raises:
        UserError: if there are more units than a model may have.
    """

    hidden: int = 128
    epochs: int = 8
    patience: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.hidden <= MOST_HIDDEN:
            raise UserError(f"1 to {MOST_HIDDEN:,} hidden units are expected; {self.hidden} came.")


@dataclass(frozen=True)
class Trained:
    """A model as it was after its best epoch.

    Attributes:
        weights: by name, on the CPU.
        history: for each epoch its ``loss`` (nats a document) and validation ``auc``.
    """

    architecture: Architecture
    weights: dict[str, Tensor]
    history: list[dict[str, float]]


def train(
    reading: Reading,
    recipe: Recipe,
    vectors: np.ndarray,
    seed: int,
    device: torch.device,
    say: Callable[[str], None],
) -> Trained:
    """Trains one model.

    Args:
        vectors: (words, size) that the words begin with; they are learnt further.
        say: told of every epoch, in a sentence.
    """
    torch.manual_seed(seed)
    architecture = _architecture(reading, recipe, vectors.shape[1])
    model = build_model(architecture)
    with torch.no_grad():
        model.embedding.weight.copy_(torch.from_numpy(vectors))
    optimizer = _optimizer(model.to(device))
    best: dict[str, Tensor] = {}
    history: list[dict[str, float]] = []
    for epoch in range(1, recipe.epochs + 1):
        loss = _one_epoch(model, optimizer, reading.training, np.random.default_rng((seed, epoch)))
        auc = _auc(model, reading.validation)
        if not history or auc > max(row["auc"] for row in history):
            best = copied({name: tensor.cpu() for name, tensor in model.state_dict().items()})
        history.append({"epoch": epoch, "loss": loss, "auc": auc})
        say(f"Seed {seed}, epoch {epoch}: loss {loss:.4f}, validation AUC {auc:.4f}.")
        if _stands_still(history, recipe.patience):
            break
    return Trained(architecture, best, history)


def _stands_still(history: list[dict[str, float]], patience: int) -> bool:
    best = max(range(len(history)), key=lambda at: history[at]["auc"])
    return len(history) - 1 - best >= patience


def _architecture(reading: Reading, recipe: Recipe, embedding: int) -> Architecture:
    return Architecture(
        model="bilstm", attention="additive", vocabulary_size=len(reading.vocabulary),
        classes=len(reading.labels), embedding=embedding, hidden=recipe.hidden,
        attention_size=recipe.hidden, dropout_words=0, dropout_sentences=0, dropout_document=0,
    )  # fmt: skip


def _optimizer(model: AttentionClassifier) -> torch.optim.Adam:
    named = list(model.named_parameters())
    free = [tensor for name, tensor in named if name.startswith("attention.")]
    drawn = [tensor for name, tensor in named if not name.startswith("attention.")]
    groups = [{"params": drawn, "weight_decay": DECAY}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.Adam(groups, lr=RATE, amsgrad=True)


def _one_epoch(
    model: AttentionClassifier,
    optimizer: torch.optim.Adam,
    part: Part,
    rng: np.random.Generator,
) -> float:
    """A step for each batch; the mean loss of a document."""
    model.train()
    device, total = next(model.parameters()).device, 0.0
    for rows in batches(part.lengths, rng):
        classes = torch.from_numpy(part.classes[rows]).to(device)
        logits = model(collate([part.documents[row] for row in rows]).to(device)).logits
        loss = cross_entropy(logits, classes, reduction="sum")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    model.eval()
    return total / len(part.classes)


def batches(lengths: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Every document once, 32 of similar length together, in random order."""
    order = np.argsort(lengths * rng.uniform(1 - NOISE, 1 + NOISE, len(lengths)))
    starts = rng.permutation(np.arange(0, len(order), BATCH))
    return (order[start : start + BATCH] for start in starts)


def _auc(model: AttentionClassifier, part: Part) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(part.classes, predict_numbered(model, part.documents)[:, 1]))
