"""Train a translator: vocabularies, batches, an optional guide, the loop, the checkpoint folder.

With a guide, the loss gains the cross-entropy between attention and the alignment of IBM model 1
(guided alignment training, Chen et al. 2016).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from han_core.data.sentence_pairs import SentencePairs
from han_core.models.registry import count_parameters
from han_core.models.system_folder import load_system, save_system
from han_core.models.translate import (
    attached_sides,
    sentence_tokenizer,
    source_numbers,
    target_numbers,
    target_vocabulary,
    words_of,
)
from han_core.models.translator import (
    IGNORED,
    TRANSLATOR,
    PairBatch,
    TranslatorConfig,
    TranslatorNetwork,
    collate_pairs,
)
from han_core.runtime.errors import UserError, counted
from han_core.text.document import Document
from han_core.text.vocabulary import UNKNOWN, Vocabulary
from han_core.training.callbacks import Callbacks, device_trouble
from han_core.training.ibm_model1 import NONE, align_corpus
from han_core.training.loop import Lesson, LoopSettings, Progress, TrainingLoop
from han_core.training.request import free_folder, holds_something
from han_core.training.resume import RunState, read_state
from han_core.training.settings import checked
from han_core.training.writer import why_not_written

COMPUTED = {
    "format", "library", "system", "labels", "sha256", "attention",
    "source_words", "target_words", "attached",
}  # fmt: skip
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
    fields = {
        "loop": set(LoopSettings.model_fields) - {"batch_size"},
        "pairs": set(PairSettings.model_fields),
        "sizes": set(TranslatorConfig.model_fields) - COMPUTED,
    }
    values: dict[str, dict[str, object]] = {name: {} for name in fields}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        owner = next((name for name, keys in fields.items() if key in keys), None)
        if not (equals and owner):
            known = ", ".join(sorted(set().union(*fields.values())))
            raise UserError(f"--set takes key=value, keys {known}; {pair[:80]!r} came.")
        values[owner][key] = value
    return values


@dataclass(frozen=True)
class NumberedPairs:
    """Pairs as numbers; ``guides`` has the source place of each target word, or none at all."""

    sources: tuple[list[int], ...]
    targets: tuple[list[int], ...]
    guides: tuple[np.ndarray, ...] = ()

    def __len__(self) -> int:
        return len(self.sources)

    def batches(self, words: int) -> list[list[int]]:
        """Return the pairs in batches of similar length, of about so many target words."""
        by_length = sorted(
            range(len(self)), key=lambda row: (len(self.targets[row]), len(self.sources[row]), row)
        )
        batches: list[list[int]] = [[]]
        for row in by_length:
            if batches[-1] and (len(batches[-1]) + 1) * (len(self.targets[row]) + 1) > words:
                batches.append([])
            batches[-1].append(row)
        return batches

    def collate(self, rows: Sequence[int]) -> PairBatch:
        return collate_pairs([self.sources[r] for r in rows], [self.targets[r] for r in rows])

    def guide(self, rows: Sequence[int]) -> Tensor:
        """(pairs, steps) source places, ``NONE`` where there is none."""
        steps = max(len(self.targets[row]) for row in rows) + 1
        places = np.full((len(rows), steps), NONE)
        for at, row in enumerate(rows):
            places[at, : len(self.guides[row])] = self.guides[row]
        return torch.from_numpy(places)


class TokenisedPairs:
    """Both sides of pairs as documents, without pairs that are too long."""

    def __init__(self, pairs: SentencePairs, sizes: TranslatorConfig, longest: int):
        source = sentence_tokenizer(sizes.source_language, sizes.source_segmentation)
        target = sentence_tokenizer(sizes.target_language, sizes.target_segmentation)
        self.sources: list[Document] = []
        self.targets: list[Document] = []
        for text, translation in zip(pairs.sources, pairs.targets, strict=True):
            both = source(text), target(translation)
            if all(0 < len(document.tokens) <= longest for document in both):
                self.sources.append(both[0])
                self.targets.append(both[1])
        self.left_out = len(pairs) - len(self.sources)

    def numbered(self, config: TranslatorConfig) -> NumberedPairs:
        return NumberedPairs(
            tuple(source_numbers(words_of(document), config) for document in self.sources),
            tuple(target_numbers(words_of(document), config) for document in self.targets),
        )


def train_translator(request: TranslatorRequest, device: torch.device, watch: Callbacks) -> dict:
    """Run ``request`` to its end and return the summary that the command prints.

    Raises:
        UserError: if data, settings or device do not fit, the folder is taken, or the disk fails.
        Stopped: when ``watch`` asked for it; the run is saved and goes on with ``resume``.
    """
    out = free_folder(request.out, request.resume)
    state = read_state(out) if request.resume and holds_something(out) else None
    run = _Run(replace(request, out=out), device, watch)
    with device_trouble(device, several=False):
        if state is not None:
            run.loop.restore(state)
            watch.say(f"Going on after step {run.loop.step}.")
        progress = run.loop.run(watch)
        return run.finish(progress)


class _Run:
    """One run and its folder."""

    def __init__(self, request: TranslatorRequest, device: torch.device, watch: Callbacks):
        self.request, self.device = request, device
        self._reached: dict[str, float] | None = None
        config, self.training = _prepared(request, watch)
        self.config, self.validation = config, _other_part(request, config, watch)
        self.batches = self.training.batches(request.pairs.batch_words)
        torch.manual_seed(request.settings.seed)
        self.model = TranslatorNetwork(config).to(device)
        lesson = Lesson(
            len(self.batches),
            lambda chosen: [row for batch in chosen for row in self.batches[batch]],
            self._loss,
            self._validate if self.validation else None,
            lambda reached: (-reached["loss"],),
            _fingerprint(request, config, self.training),
        )
        self.loop: TrainingLoop[list[int]] = TrainingLoop(
            self.model, lesson, request.settings, self._save
        )

    def _loss(self, model: nn.Module, rows: list[int]) -> Tensor:
        batch = self.training.collate(rows).to(self.device)
        output = model(batch)
        loss = answers_loss(output.scores, batch.answers)
        if self.training.guides:
            guide = self.training.guide(rows).to(self.device)
            loss = loss + self.request.pairs.guided * guide_loss(output.attention, guide)
        return loss

    def _validate(self, model: nn.Module) -> dict[str, float]:
        assert self.validation is not None
        return mean_loss(self.model, self.validation)

    def _save(self, weights: dict[str, Tensor], progress: Progress, state: RunState | None) -> None:
        try:
            save_system(
                self.request.out,
                self.config,
                weights,
                self._metrics(progress),
                progress.history,
                state.files() if state else None,
            )
        except OSError as error:
            raise UserError(why_not_written(error, self.request.out)) from error

    def _metrics(self, progress: Progress) -> dict:
        request = self.request
        parts = {"train": request.training, "validation": request.validation, "test": request.test}
        best = progress.history[progress.best_epoch - 1] if progress.best_epoch else {}
        return {
            "dataset": request.training.name,
            "pairs": {name: len(part) if part else 0 for name, part in parts.items()},
            "best_epoch": progress.best_epoch,
            "validation": best.get("validation"),
            "test": self._reached,
            "seed": request.settings.seed,
            "date": datetime.now(UTC).date().isoformat(),
            "settings": {
                **request.settings.model_dump(exclude_defaults=True),
                **request.pairs.model_dump(exclude_defaults=True),
            },
            "reproduce": request.reproduce,
        }

    def finish(self, progress: Progress) -> dict:
        """Write the weights to keep, test those that are on the disk, and return the summary."""
        out, test = self.request.out, self.request.test
        self._save(self.loop.weights(), progress, None)
        if test is not None:  # with the weights as they come back from the disk
            written = load_system(out, TRANSLATOR, self.device).model
            assert isinstance(written, TranslatorNetwork)
            tokenised = TokenisedPairs(test, self.config, self.request.pairs.longest)
            if tokenised.sources:
                self._reached = mean_loss(written, tokenised.numbered(self.config))
                self._save(self.loop.weights(), progress, None)
        metrics = self._metrics(progress)
        seconds = sum(line["seconds"] for line in progress.history)
        return {
            "checkpoint": str(out),
            "epochs": len(progress.history),
            "seconds": round(seconds, 3),
            "validation": metrics["validation"],
            "test": metrics["test"],
            "parameters": count_parameters(self.model),
        }


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


def _prepared(
    request: TranslatorRequest, watch: Callbacks
) -> tuple[TranslatorConfig, NumberedPairs]:
    """The configuration with its vocabularies, and the training pairs."""
    plain = _config(request.sizes, RESERVED_ALONE, RESERVED_ALONE, (0, 0, 0))
    for note in request.training.notes:
        watch.say(note)
    pairs = TokenisedPairs(request.training, plain, request.pairs.longest)
    _say_left_out(pairs, "training", request.pairs.longest, watch)
    if not pairs.sources:
        raise UserError(f"No pair of at most {request.pairs.longest} words is left for training.")
    least = request.pairs.minimum_count
    source_words = Vocabulary.build(
        map(words_of, pairs.sources), least, request.pairs.source_size
    ).words
    spelled = [words_of(document) for document in pairs.targets]
    target_words = target_vocabulary(spelled, least, request.pairs.target_size)
    if min(len(source_words), len(target_words)) < 3:
        raise UserError(f"No word stands {least} times in the training pairs.")
    attached = attached_sides(pairs.targets, target_words)
    config = _config(request.sizes, source_words, target_words, attached)
    numbered = pairs.numbered(config)
    if request.pairs.guided:
        watch.say("Aligning words by IBM model 1.")
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
    request: TranslatorRequest, config: TranslatorConfig, watch: Callbacks
) -> NumberedPairs | None:
    if request.validation is None:
        return None
    pairs = TokenisedPairs(request.validation, config, request.pairs.longest)
    _say_left_out(pairs, "validation", request.pairs.longest, watch)
    return pairs.numbered(config) if pairs.sources else None


def _say_left_out(pairs: TokenisedPairs, part: str, longest: int, watch: Callbacks) -> None:
    if pairs.left_out:
        watch.say(
            f"{counted(pairs.left_out, f'{part} pair')} with more than {longest} words on a side, "
            "or none, left out."
        )


def _fingerprint(
    request: TranslatorRequest, config: TranslatorConfig, training: NumberedPairs
) -> str:
    """A digest of all that a run must find unchanged to go on."""
    described = [
        request.settings.model_dump(exclude={"save_seconds"}),
        request.pairs.model_dump(),
        config.model_dump(exclude={"library", "sha256"}),
        training.sources,
        training.targets,
    ]
    return sha256(json.dumps(described).encode()).hexdigest()
