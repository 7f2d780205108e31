"""Alignment error of a translator's attention beside the diagonal and IBM model 1.

``python -m benchmarks.word_alignment CHECKPOINT GOLD PAIRS [--longest N]``: GOLD has links and
stands beside the pairs that they belong to (``.src-tgt``); PAIRS are more pairs for IBM model 1,
with columns named as the checkpoint's languages. One JSON line for each method.
"""

import argparse
import json
from pathlib import Path

from han_core.data.alignments import (
    SENTENCES,
    Links,
    alignment_error,
    check_gold,
    diagonal_links,
    read_gold,
    read_gold_sentences,
)
from han_core.data.sentence_pairs import SentencePairs, read_pairs
from han_core.models.system_folder import load_system
from han_core.models.translate import words_of
from han_core.models.translator import TRANSLATOR, TranslatorConfig, TranslatorNetwork
from han_core.training.ibm_model1 import align_corpus
from han_core.training.pair_batches import TokenisedPairs
from han_core.training.translation_quality import alignment_figures

Words = tuple[list[str], list[str]]


def ibm_links(gold_words: list[Words], more: list[Words]) -> list[Links]:
    """Return the links of IBM model 1, learnt on all pairs in lower case, of the first ones."""
    numbers: dict[str, int] = {}

    def numbered(words: list[str]) -> list[int]:
        return [numbers.setdefault(word.lower(), len(numbers)) for word in words]

    corpus = [(numbered(source), numbered(target)) for source, target in [*gold_words, *more]]
    found = align_corpus(corpus)[: len(gold_words)]
    return [frozenset((int(i), j) for j, i in enumerate(row) if i >= 0) for row in found]


def split_words(pairs: SentencePairs, config: TranslatorConfig) -> list[Words]:
    """Return the words of pairs of at most 40 words."""
    tokenised = TokenisedPairs(pairs, config, 40)
    return [
        (words_of(source), words_of(target))
        for source, target in zip(tokenised.sources, tokenised.targets, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("checkpoint", "gold", "pairs"):
        parser.add_argument(name)
    parser.add_argument("--longest", type=int, default=10_000, help="words of a side")
    options = parser.parse_args()
    checkpoint = load_system(options.checkpoint, TRANSLATOR)
    config, model = checkpoint.config, checkpoint.model
    assert isinstance(config, TranslatorConfig)
    assert isinstance(model, TranslatorNetwork)
    gold = read_gold(options.gold)
    words = read_gold_sentences(Path(options.gold).with_suffix(SENTENCES))
    check_gold(gold, words, options.gold)
    pairs = read_pairs(options.pairs, config.source_language, config.target_language)
    links = ibm_links(words, split_words(pairs, config))
    kept = [row for row, pair in enumerate(words) if max(map(len, pair)) <= options.longest]
    truth, chosen = [gold[row] for row in kept], [words[row] for row in kept]
    diagonal = [diagonal_links(len(source), len(target)) for source, target in chosen]
    results = {
        "diagonal": alignment_error(truth, diagonal),
        "IBM model 1": alignment_error(truth, [links[row] for row in kept]),
        "attention": alignment_figures(model, config, truth, chosen),
    }
    for name, figures in results.items():
        print(json.dumps({"method": name, "pairs": len(kept), **figures}))


if __name__ == "__main__":
    main()
