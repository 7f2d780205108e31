"""Alignment error of a translator's attention beside the diagonal and IBM model 1.

``python -m benchmarks.word_alignment CHECKPOINT GOLD PAIRS [--longest N] [--note]``: GOLD has links
and stands beside the pairs that they belong to (``.src-tgt``); PAIRS are more pairs for IBM model
1, with columns named as the checkpoint's languages. One JSON line for each method; ``--note``
writes the errors into the checkpoint's ``metrics.json``, where the page finds them.

``python -m benchmarks.word_alignment CHECKPOINT --swaps``: of 50 pairs such as "I see a red house."
and "Je vois une maison rouge.", in how many the noun, the adjective and both attend most to the
right word, although French has them the other way round.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
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
from han_core.models.checkpoint import METRICS, find_folder
from han_core.models.system_folder import SystemCheckpoint, load_system
from han_core.models.target_words import words_of
from han_core.models.translate import Translation, translate_texts
from han_core.models.translator import (
    MOST_WORDS,
    TRANSLATOR,
    TranslatorConfig,
    TranslatorNetwork,
)
from han_core.runtime.atomic_io import write_json
from han_core.training.ibm_model1 import align_corpus
from han_core.training.pair_batches import TokenisedPairs
from han_core.training.translation_quality import alignment_figures

Words = tuple[list[str], list[str]]

PHRASES = """
    a red house|une maison rouge
    a black cat|un chat noir
    a white dress|une robe blanche
    a green door|une porte verte
    a blue car|une voiture bleue
    a yellow flower|une fleur jaune
    a cold day|une journée froide
    a hot bath|un bain chaud
    an empty box|une boîte vide
    a round table|une table ronde
    an easy question|une question facile
    a difficult problem|un problème difficile
    an interesting book|un livre intéressant
    a dangerous animal|un animal dangereux
    a rich man|un homme riche
    a famous singer|un chanteur célèbre
    an intelligent girl|une fille intelligente
    a tired teacher|un professeur fatigué
    a happy child|un enfant heureux
    a sad song|une chanson triste
    a strange dream|un rêve étrange
    a true story|une histoire vraie
    an expensive watch|une montre chère
    a heavy bag|un sac lourd
    an open window|une fenêtre ouverte
    a closed shop|un magasin fermé
    a dirty shirt|une chemise sale
    a clean room|une chambre propre
    a quiet street|une rue calme
    a Japanese garden|un jardin japonais
    an American film|un film américain
    an English newspaper|un journal anglais
    a warm coat|un manteau chaud
    a dry towel|une serviette sèche
    a wet umbrella|un parapluie mouillé
    a strong boy|un garçon fort
    a serious mistake|une erreur sérieuse
    a simple answer|une réponse simple
    a stupid idea|une idée stupide
    an important meeting|une réunion importante
    a broken chair|une chaise cassée
    a deep lake|un lac profond
    a modern building|un bâtiment moderne
    a foreign language|une langue étrangère
    a free seat|une place libre
    a sick woman|une femme malade
    a dead bird|un oiseau mort
    a full glass|un verre plein
    a public library|une bibliothèque publique
    a soft bed|un lit mou
"""
"""An article, an adjective and a noun; in French the adjective stands last."""


@dataclass(frozen=True)
class Swap:
    """A pair in which adjective and noun change places.

    Attributes:
        noun, adjective: the English and the French word.
    """

    source: str
    target: str
    noun: tuple[str, str]
    adjective: tuple[str, str]


def swaps() -> list[Swap]:
    """Return 50 English sentences with their French translations."""
    made = []
    for line in PHRASES.strip().splitlines():
        english, french = line.strip().split("|")
        (_, adjective, noun), (_, nom, adjectif) = english.split(), french.split()
        sentences = f"I see {english}.", f"Je vois {french}."
        made.append(Swap(*sentences, (noun, nom), (adjective, adjectif)))
    return made


def is_aligned(translation: Translation, words: tuple[str, str]) -> bool:
    """Whether the target word of ``words`` attends most to its source word."""
    row = translation.alignment[translation.target_words.index(words[1])]
    return translation.source_words[int(row.argmax())] == words[0]


def swap_figures(pairs: Sequence[Swap], translations: Sequence[Translation]) -> dict[str, float]:
    """Return the share of pairs whose noun, whose adjective and of which both are aligned."""
    nouns = [is_aligned(one, pair.noun) for one, pair in zip(translations, pairs, strict=True)]
    adjectives = [
        is_aligned(one, pair.adjective) for one, pair in zip(translations, pairs, strict=True)
    ]
    both = [noun and adjective for noun, adjective in zip(nouns, adjectives, strict=True)]
    shares = {"noun": nouns, "adjective": adjectives, "both": both}
    return {name: sum(right) / len(pairs) for name, right in shares.items()}


def print_swaps(checkpoint: SystemCheckpoint) -> None:
    pairs = swaps()
    found = translate_texts(
        checkpoint, [pair.source for pair in pairs], [pair.target for pair in pairs]
    )
    print(json.dumps({"method": "swaps", "pairs": len(pairs), **swap_figures(pairs, found)}))


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


def print_errors(checkpoint: SystemCheckpoint, gold_path: str, more: str, longest: int) -> dict:
    """Print a line for each method, and return the errors as ``metrics.json`` has them."""
    config, model = checkpoint.config, checkpoint.model
    assert isinstance(config, TranslatorConfig)
    assert isinstance(model, TranslatorNetwork)
    gold = read_gold(gold_path)
    words = read_gold_sentences(Path(gold_path).with_suffix(SENTENCES))
    check_gold(gold, words, gold_path)
    pairs = read_pairs(more, config.source_language, config.target_language)
    links = ibm_links(words, split_words(pairs, config))
    kept = [row for row, pair in enumerate(words) if max(map(len, pair)) <= longest]
    truth, chosen = [gold[row] for row in kept], [words[row] for row in kept]
    diagonal = [diagonal_links(len(source), len(target)) for source, target in chosen]
    results = {
        "diagonal": alignment_error(truth, diagonal),
        "ibm": alignment_error(truth, [links[row] for row in kept]),
        "attention": alignment_figures(model, config, truth, chosen),
    }
    for name, figures in results.items():
        print(json.dumps({"method": name, "pairs": len(kept), **figures}))
    errors = {name: round(figures["aer"], 4) for name, figures in results.items()}
    return {"pairs": len(kept), "longest": longest, **errors}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint")
    for name in ("gold", "pairs"):
        parser.add_argument(name, nargs="?")
    parser.add_argument("--longest", type=int, default=MOST_WORDS, help="words of a side")
    parser.add_argument("--note", action="store_true", help="write the errors into metrics.json")
    parser.add_argument("--swaps", action="store_true", help="adjectives and nouns that swap")
    options = parser.parse_args()
    checkpoint = load_system(options.checkpoint, TRANSLATOR)
    if options.swaps:
        print_swaps(checkpoint)
        return
    if not options.gold or not options.pairs:
        parser.error("GOLD and PAIRS are expected, or --swaps")
    noted = print_errors(checkpoint, options.gold, options.pairs, options.longest)
    if options.note:
        path = find_folder(options.checkpoint) / METRICS
        write_json(path, {**checkpoint.metrics, "alignment": noted})


if __name__ == "__main__":
    main()
