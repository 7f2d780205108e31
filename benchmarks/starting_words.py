"""Give a checkpoint the words of other texts, for a run that starts from it.

    python -m benchmarks.starting_words CHECKPOINT VECTORS DATA SIZE OUT

The words are the SIZE ones that are most frequent in DATA, whose domains (a column ``domain``)
count alike, however large. Words that CHECKPOINT knows keep their vectors. The others get theirs
from VECTORS, a file that ``python -m han_core vectors`` learnt from all texts: a linear map, which
fits the vectors of the words that both know, takes them to where the checkpoint has such words
(Mikolov, Le and Sutskever 2013, "Exploiting Similarities among Languages for Machine
Translation", equation 3; here with a ridge, and each word counts by the root of its frequency).
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from han_core.cli.common import say
from han_core.data.corpus import Corpus, read_corpus
from han_core.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.text.word_vectors import vector_entries

RIDGE = 1.0


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    parser.add_argument("vectors", type=Path, metavar="VECTORS")
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("size", type=int, metavar="SIZE")
    parser.add_argument("out", type=Path, metavar="OUT")
    options = parser.parse_args(arguments)
    own = load_checkpoint(options.checkpoint)
    shares = word_shares(read_corpus(options.data), own)
    words, vectors = starting_table(
        own, dict(vector_entries(options.vectors)), shares, options.size
    )
    save_with(own, words, vectors, options.out)
    new = len(set(words.words) - set(own.vocabulary.words))
    say(f"{len(words):,} words, {new:,} of them new.")


def word_shares(corpus: Corpus, checkpoint: Checkpoint) -> dict[str, float]:
    """Return the share of each word in the texts of a domain, as the mean over the domains."""
    domains = corpus.extra.get("domain", ("",) * len(corpus.texts))
    counts: dict[str, Counter[str]] = {name: Counter() for name in sorted(set(domains))}
    for text, domain in zip(corpus.texts, domains, strict=True):
        words = checkpoint.tokenizer(text).token_texts()
        counts[domain].update(map(str.lower, words) if checkpoint.vocabulary.lowercase else words)
    shares: dict[str, float] = {}
    for count in counts.values():
        for word, n in count.items():
            shares[word] = shares.get(word, 0.0) + n / count.total() / len(counts)
    return shares


def starting_table(
    own: Checkpoint, given: dict[str, np.ndarray], shares: dict[str, float], size: int
) -> tuple[Vocabulary, torch.Tensor]:
    """Return ``size`` words, reserved ones included, and their vectors (words, embedding).

    Args:
        own: whose words keep their vectors.
        given: vectors of another space, by word; words that neither knows are left out.
        shares: by which words are chosen.
    """
    table = own.model.embedding.weight.detach().numpy()
    numbers = {word: number for number, word in enumerate(own.vocabulary.words)}
    both = [word for word in given if word in numbers and word in shares]
    source = np.stack([given[word] for word in both])
    target = table[[numbers[word] for word in both]]
    move = linear_map(source, target, np.array([shares[word] for word in both]) ** 0.5)
    by_share = sorted(shares.keys() & (given.keys() | numbers), key=lambda w: (-shares[w], w))
    words = (*RESERVED, *by_share[: size - len(RESERVED)])
    rows = [table[numbers[word]] if word in numbers else given[word] @ move for word in words]
    return Vocabulary(words, own.vocabulary.lowercase), torch.from_numpy(np.stack(rows))


def linear_map(source: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return W (source size, target size) that makes Σ weight ‖x W − y‖² + RIDGE ‖W‖² least."""
    scale = np.sqrt(weight / weight.mean())[:, None]
    x, y = scale * source, scale * target
    ridge = RIDGE * np.eye(source.shape[1])
    return np.linalg.solve(x.T @ x + ridge, x.T @ y).astype(np.float32)


def save_with(own: Checkpoint, words: Vocabulary, vectors: torch.Tensor, out: Path) -> None:
    """Save a checkpoint with another vocabulary and its vectors (words, embedding)."""
    weights = {**own.model.state_dict(), "embedding.weight": vectors}
    shape = own.config.architecture.model_copy(update={"vocabulary_size": len(words)})
    config = own.config.model_copy(update={"architecture": shape, "weights": "float32"})
    save_checkpoint(out, config, words, weights, own.metrics, [])


if __name__ == "__main__":
    main()
