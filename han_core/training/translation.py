"""Train a translator: vocabularies, batches, an optional guide, the loop, the checkpoint folder.

With a guide, the loss gains the cross-entropy between attention and the alignment of IBM model 1
(guided alignment training, Chen et al. 2016).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from han_core.data.sentence_pairs import SentencePairs
from han_core.models.target_words import attached_sides, target_vocabulary, words_of
from han_core.models.translator import IGNORED, TranslatorConfig, TranslatorNetwork
from han_core.runtime.errors import UserError, counted
from han_core.runtime.messages import tr
from han_core.text.vocabulary import UNKNOWN, Vocabulary
from han_core.training.callbacks import Callbacks
from han_core.training.ibm_model1 import NONE, align_corpus
from han_core.training.loop import Lesson, LoopSettings
from han_core.training.pair_batches import NumberedPairs, TokenisedPairs
from han_core.training.settings import checked
from han_core.training.system_run import (
    COMPUTED,
    Preparation,
    fingerprint,
    sort_assignments,
    train_system,
)

LEAST_ATTENTION = 1e-6  # that the logarithm of the guide sees


class PairSettings(BaseModel):
    """What is done with the pairs before and while they are learnt.

    Attributes:
        longest: words of a side; pairs with a longer one are left out.
        batch_words: target words of a batch, about.
        source_size, target_size: words of a vocabulary at most.
        minimum_count: how often a word stands in the training pairs at least.
        guided: weight of the guide in the loss; 0 is without.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    longest: int = Field(default=30, ge=1, le=200)
    batch_words: int = Field(default=1_200, ge=1, le=100_000)
    source_size: int = Field(default=6_000, ge=3, le=100_000)
    target_size: int = Field(default=6_000, ge=3, le=100_000)
    minimum_count: int = Field(default=2, ge=1, le=1_000)
    guided: float = Field(default=0.0, ge=0, le=10)


DEFAULTS: dict[str, object] = {
    "epochs": 8, "batch_size": 1, "warmup": 0.05, "weight_decay": 0.0,
}  # fmt: skip
"""Of the loop; its batches are whole ones of ``batch_words``."""


@dataclass(frozen=True)
class TranslatorRequest:
    """A run.

    Attributes:
        validation, test: None where there are none.
        sizes: fields of ``TranslatorConfig``.
        out: the checkpoint folder to write.
        resume: go on with the run in ``out``, or begin one where there is none.
        reproduce: the command that does the same again.
    """

    training: SentencePairs
    validation: SentencePairs | None
    test: SentencePairs | None
    sizes: Mapping[str, object]
    pairs: PairSettings
    settings: LoopSettings
    out: Path
    resume: bool = False
    reproduce: str = ""


def parse_assignments(pairs: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return what ``key=value`` pairs set, for ``loop``, ``pairs`` and ``sizes``.

    Raises:
        UserError: names the key that is unknown.
    """
    computed = COMPUTED | {"attention", "source_words", "target_words", "attached"}
    owners = {
        "loop": set(LoopSettings.model_fields) - {"batch_size"},
        "pairs": set(PairSettings.model_fields),
        "sizes": set(TranslatorConfig.model_fields) - computed,
    }
    return sort_assignments(pairs, owners)


def train_translator(request: TranslatorRequest, device: torch.device, watch: Callbacks) -> dict:
    """Run ``request`` to its end; ``train_system`` says what it returns and raises."""
    return train_system(request, lambda: _prepare(request, device, watch), device, watch)


def _prepare(
    request: TranslatorRequest, device: torch.device, watch: Callbacks
) -> Preparation[list[int]]:
    """The network, the lesson over whole batches of words, and the test."""
    config, training = _training_pairs(request, watch)
    validation = _other_part(request.validation, "validation", request, config, watch)
    test = _other_part(request.test, "test", request, config, watch)
    batches = training.batches(request.pairs.batch_words)
    torch.manual_seed(request.settings.seed)
    model = TranslatorNetwork(config).to(device)
    lesson = Lesson(
        len(batches),
        lambda chosen: [row for batch in chosen for row in batches[batch]],
        lambda network, rows: _pairs_loss(network, training, rows, request.pairs.guided),
        (lambda network: _mean_loss_of(network, validation)) if validation else None,
        lambda reached: (-reached["loss"],),
        fingerprint(request.settings, request.pairs, config, training.sources, training.targets),
    )
    test_figures = (lambda written: _mean_loss_of(written.model, test)) if test else None
    settings = request.pairs.model_dump(exclude_defaults=True)
    return Preparation("pairs", len(training), config, model, lesson, test_figures, settings)


def _mean_loss_of(network: nn.Module, pairs: NumberedPairs) -> dict[str, float]:
    assert isinstance(network, TranslatorNetwork)
    return mean_loss(network, pairs)


def _pairs_loss(
    network: nn.Module, pairs: NumberedPairs, rows: Sequence[int], guided: float
) -> Tensor:
    assert isinstance(network, TranslatorNetwork)
    batch = pairs.collate(rows).to(network.bias.device)
    output = network(batch)
    loss = answers_loss(output.scores, batch.answers)
    if pairs.guides:
        guide = pairs.guide(rows).to(network.bias.device)
        loss = loss + guided * guide_loss(output.attention, guide)
    return loss


def answers_loss(scores: Tensor, answers: Tensor) -> Tensor:
    """Return the mean cross-entropy of the words to say; 0 where all of them are unknown."""
    total = cross_entropy(
        scores.flatten(0, 1), answers.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return total / (answers != IGNORED).sum().clamp(min=1)


def guide_loss(attention: Tensor, guide: Tensor) -> Tensor:
    """Return the mean of −log attention at a guide's places (pairs, steps), ``NONE`` apart."""
    known = guide != NONE
    chosen = attention.gather(-1, guide.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    losses = -chosen.clamp(min=LEAST_ATTENTION).log()
    return (losses * known).sum() / known.sum().clamp(min=1)


@torch.inference_mode()
def mean_loss(model: TranslatorNetwork, pairs: NumberedPairs) -> dict[str, float]:
    """Return the cross-entropy of a target word, the end counted as one, and its exponential."""
    total, words = 0.0, 0
    for rows in pairs.batches(4_000):
        batch = pairs.collate(rows).to(model.bias.device)
        count = int((batch.answers != IGNORED).sum())
        total += answers_loss(model(batch).scores, batch.answers).item() * count
        words += count
    loss = total / max(words, 1)
    return {"loss": loss, "perplexity": float(np.exp(min(loss, 700.0)))}


def _training_pairs(
    request: TranslatorRequest, watch: Callbacks
) -> tuple[TranslatorConfig, NumberedPairs]:
    """The configuration with its vocabularies, and the training pairs."""
    plain = _config(request.sizes, RESERVED_ALONE, RESERVED_ALONE, (0, 0, 0))
    for note in request.training.notes:
        watch.say(note)
    pairs = TokenisedPairs(request.training, plain, request.pairs.longest)
    _say_left_out(pairs, "training", request.pairs.longest, watch)
    if not pairs.sources:
        raise UserError(
            tr(
                "No pair of at most {longest} words is left for training.",
                longest=request.pairs.longest,
            )
        )
    least = request.pairs.minimum_count
    source_words = Vocabulary.build(
        map(words_of, pairs.sources), least, request.pairs.source_size
    ).words
    spelled = [words_of(document) for document in pairs.targets]
    target_words = target_vocabulary(spelled, least, request.pairs.target_size)
    if min(len(source_words), len(target_words)) < 3:
        raise UserError(tr("No word stands {least} times in the training pairs.", least=least))
    attached = attached_sides(pairs.targets, target_words)
    config = _config(request.sizes, source_words, target_words, attached)
    numbered = pairs.numbered(config)
    if request.pairs.guided:
        watch.say(tr("Aligning words by IBM model 1."))
        guides = align_corpus(list(zip(numbered.sources, numbered.targets, strict=True)))
        numbered = replace(numbered, guides=tuple(map(_known_guide, guides, numbered.targets)))
    return config, numbered


RESERVED_ALONE = ("<pad>", "<unk>", "?")


def _known_guide(places: np.ndarray, target: list[int]) -> np.ndarray:
    """Places without those of unknown words, of which many are one."""
    return np.where(np.array(target) == UNKNOWN, NONE, places)


def _config(
    sizes: Mapping[str, object],
    source_words: tuple[str, ...],
    target_words: tuple[str, ...],
    attached: tuple[int, ...],
) -> TranslatorConfig:
    vocabularies = {"source_words": source_words, "target_words": target_words}
    config = checked(TranslatorConfig, {**sizes, **vocabularies, "attached": attached})
    assert isinstance(config, TranslatorConfig)
    return config


def _other_part(
    part: SentencePairs | None,
    name: str,
    request: TranslatorRequest,
    config: TranslatorConfig,
    watch: Callbacks,
) -> NumberedPairs | None:
    if part is None:
        return None
    pairs = TokenisedPairs(part, config, request.pairs.longest)
    _say_left_out(pairs, name, request.pairs.longest, watch)
    return pairs.numbered(config) if pairs.sources else None


def _say_left_out(pairs: TokenisedPairs, part: str, longest: int, watch: Callbacks) -> None:
    if pairs.left_out:
        watch.say(
            tr(
                "{pairs} with more than {longest} words on a side, or none, left out.",
                pairs=_pairs(pairs.left_out, part),
                longest=longest,
            )
        )


def _pairs(number: int, part: str) -> str:
    """ "3 training pairs"."""
    match part:
        case "training":
            return counted(number, "training pair")
        case "validation":
            return counted(number, "validation pair")
    return counted(number, "test pair")
