"""How good a translator is: loss, BLEU, chrF, and the error of its alignment on gold links."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from han_core.data.alignments import (
    SENTENCES,
    GoldAlignment,
    Links,
    alignment_error,
    check_gold,
    read_gold,
    read_gold_sentences,
)
from han_core.data.sentence_pairs import SentencePairs
from han_core.models.beam_search import SearchSettings, align_numbers
from han_core.models.system_folder import SystemCheckpoint
from han_core.models.target_words import words_of
from han_core.models.translate import source_numbers, target_numbers, translate_texts
from han_core.models.translator import MOST_WORDS, TranslatorConfig, TranslatorNetwork
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import tr
from han_core.training.pair_batches import TokenisedPairs
from han_core.training.translation import mean_loss

BATCH = 64


def evaluate_translator(
    checkpoint: SystemCheckpoint,
    pairs: SentencePairs,
    settings: SearchSettings,
    gold: str | None = None,
) -> dict[str, float]:
    """Return ``n``, ``bleu``, ``chrf`` and ``loss``; with links ``alignment_error`` too.

    A sentence that occurs in several pairs is translated once, and all its translations are
    references (BLEU takes the closest).

    Raises:
        UserError: if a package is missing, a sentence is too long, or links and pairs do not fit.
    """
    config, model = checkpoint.config, checkpoint.model
    assert isinstance(config, TranslatorConfig)
    assert isinstance(model, TranslatorNetwork)
    aligned = {} if gold is None else alignment_figures(model, config, *_gold(gold, pairs, config))
    tokenised = TokenisedPairs(pairs, config, MOST_WORDS)
    if tokenised.left_out:
        raise UserError(
            tr(
                "{name} has a sentence without words, or of more than {most}.",
                name=pairs.name,
                most=MOST_WORDS,
            )
        )
    references: dict[str, list[str]] = {}
    for source, target in zip(pairs.sources, pairs.targets, strict=True):
        references.setdefault(source, []).append(target)
    found = translate_texts(checkpoint, list(references), settings=settings)
    scores = translation_scores(
        [one.translation for one in found], list(references.values()), config.target_language
    )
    loss = mean_loss(model, tokenised.numbered(config))["loss"]
    return {"n": len(pairs), **scores, "loss": loss, **aligned}


def translation_scores(
    translations: Sequence[str], references: Sequence[Sequence[str]], language: str
) -> dict[str, float]:
    """Return ``bleu`` and ``chrf`` of translations, each with one reference or more (Post 2018).

    Chinese and Japanese are compared character by character, other languages by the tokens of
    mteval-v13a; case counts.

    Raises:
        UserError: if sacrebleu is not installed.
    """
    if find_spec("sacrebleu") is None:
        raise UserError("BLEU and chrF need the package sacrebleu: pip install sacrebleu.")
    import sacrebleu  # optional

    # A reference that is given twice changes nothing: both measures look for the best one.
    most = max(map(len, references))
    streams = [[own[min(at, len(own) - 1)] for own in references] for at in range(most)]
    tokenize = {"zh": "zh", "ja": "char"}.get(language, "13a")
    bleu = sacrebleu.corpus_bleu(list(translations), streams, tokenize=tokenize)
    chrf = sacrebleu.corpus_chrf(list(translations), streams)
    return {"bleu": float(bleu.score), "chrf": float(chrf.score)}


def alignment_figures(
    model: TranslatorNetwork,
    config: TranslatorConfig,
    gold: Sequence[GoldAlignment],
    pairs: Sequence[tuple[list[str], list[str]]],
) -> dict[str, float]:
    """Return the alignment error of the most attended source word of each target word."""
    found: list[Links] = []
    for start in range(0, len(pairs), BATCH):
        chosen = pairs[start : start + BATCH]
        sources = [source_numbers(source, config) for source, _ in chosen]
        targets = [target_numbers(target, config) for _, target in chosen]
        for one in align_numbers(model, sources, targets):
            best = one.attention.argmax(1).tolist()
            found.append(frozenset((source, target) for target, source in enumerate(best)))
    return alignment_error(gold, found)


def _gold(
    path: str, pairs: SentencePairs, config: TranslatorConfig
) -> tuple[list[GoldAlignment], list[tuple[list[str], list[str]]]]:
    """Links, and the pairs that they belong to: in the file beside them, or those given."""
    gold, beside = read_gold(path), Path(path).with_suffix(SENTENCES)
    if beside.is_file():
        words = read_gold_sentences(beside)
    else:
        tokenised = TokenisedPairs(pairs, config, MOST_WORDS)
        words = [
            (words_of(source), words_of(target))
            for source, target in zip(tokenised.sources, tokenised.targets, strict=True)
        ]
    check_gold(gold, words, shown(Path(path).name))
    return gold, words
