"""Translate by beam search, and align a translation that is given.

Hypotheses are compared by log p / ((5 + length) / 6)^a, plus a penalty for source words that got
little attention in all, b · Σ log min(Σ attention, 1) (Wu et al. 2016, equation 14). The unknown
word is never said.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from han_core.models.translator import (
    BOUNDARY,
    IGNORED,
    TranslatorNetwork,
    collate_pairs,
    padded,
)
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.vocabulary import PADDING, UNKNOWN

LEAST_COVERED = 1e-4  # attention that the logarithm of the coverage penalty sees at least
CELLS = 400_000  # steps × source words of all sentences that are aligned at once


@dataclass(frozen=True)
class SearchSettings:
    """How to search.

    Attributes:
        beams: hypotheses that are followed; 1 is greedy.
        length_penalty: a; 0 prefers short translations.
        coverage_penalty: b; 0 leaves it out.

    Raises:
        UserError: if one is out of its range.
    """

    beams: int = 5
    length_penalty: float = 0.6
    coverage_penalty: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.beams <= 100:
            raise UserError(tr("A search follows 1 to 100 beams; {beams} came.", beams=self.beams))
        for name in ("length_penalty", "coverage_penalty"):
            if not 0 <= (value := getattr(self, name)) <= 10:
                raise UserError(
                    tr("{name} is a number from 0 to 10; {value} came.", name=name, value=value)
                )


@dataclass(frozen=True)
class Aligned:
    """A translation and its alignment.

    Attributes:
        words: numbers of the target words.
        attention: (target words, source words), sum 1 in each row.
        log_probabilities: (target words + 1,) of each word given those before; the end is last.
    """

    words: tuple[int, ...]
    attention: np.ndarray
    log_probabilities: np.ndarray


@torch.inference_mode()
def translate_numbers(
    model: TranslatorNetwork,
    sources: Sequence[Sequence[int]],
    settings: SearchSettings = SearchSettings(),  # frozen
    beginnings: Sequence[Sequence[int]] | None = None,
) -> list[Aligned]:
    """Return the best translation found of each numbered sentence.

    Args:
        beginnings: for each sentence the words that its translation begins with.
    """
    found = _search(model, sources, settings.beams, beginnings or [()] * len(sources))
    repeated = [source for source in sources for _ in range(settings.beams)]
    hypotheses = align_numbers(model, repeated, [words for beams in found for words in beams])
    best = []
    for start in range(0, len(hypotheses), settings.beams):
        beams = hypotheses[start : start + settings.beams]
        best.append(max(beams, key=lambda one: _value(one, settings)))
    return best


def align_numbers(
    model: TranslatorNetwork, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[Aligned]:
    """Return how the network aligns given translations; an unknown word has no probability: NaN."""
    longest = max(map(len, sources), default=1) * (max(map(len, targets), default=0) + 1)
    rows = max(1, CELLS // longest)
    return [
        one
        for start in range(0, len(sources), rows)
        for one in _align(model, sources[start : start + rows], targets[start : start + rows])
    ]


@torch.inference_mode()
def _align(
    model: TranslatorNetwork, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[Aligned]:
    device = model.bias.device
    batch = collate_pairs(sources, targets).to(device)
    output = model(batch)
    answers = batch.answers.clamp(min=0)
    chosen = output.scores.log_softmax(-1).gather(-1, answers.unsqueeze(-1)).squeeze(-1)
    chosen = chosen.masked_fill(batch.answers == IGNORED, float("nan")).cpu().double().numpy()
    attention = output.attention.cpu().double().numpy()
    return [
        Aligned(
            tuple(target),
            attention[row, : len(target), : len(source)],
            chosen[row, : len(target) + 1],
        )
        for row, (source, target) in enumerate(zip(sources, targets, strict=True))
    ]


def _search(
    model: TranslatorNetwork,
    sources: Sequence[Sequence[int]],
    beams: int,
    beginnings: Sequence[Sequence[int]],
) -> list[list[list[int]]]:
    """The last ``beams`` hypotheses of each sentence."""
    device = model.bias.device
    source = padded(sources, PADDING).to(device)
    lengths = torch.tensor([len(one) for one in sources], device=device)
    memory, state = model.encode(source, lengths)
    memory, state = memory.repeated(beams), state.repeat_interleave(beams, 0)
    sentences = len(sources)
    # At first all beams of a sentence are the same: only one of them counts.
    totals = torch.full((sentences, beams), float("-inf"), device=device)
    totals[:, 0] = 0.0
    words = torch.full((sentences * beams, 1), BOUNDARY, device=device)
    ended = torch.zeros(sentences * beams, dtype=torch.bool, device=device)
    longest = (2 * lengths + 10).repeat_interleave(beams)  # words, whatever the company
    for step in range(int(longest.max()) + 1):
        output, state = model.decode(words[:, -1:], state, memory)
        steps = _allowed(output.scores[:, 0].log_softmax(-1), ended, longest <= step)
        _begin(steps.view(sentences, beams, -1), beginnings, step)
        candidates = (totals.reshape(-1, 1) + steps).view(sentences, -1)
        totals, best = candidates.topk(beams, dim=1)
        first = torch.arange(sentences, device=device).unsqueeze(1) * beams
        origin = (first + best // steps.shape[1]).flatten()
        chosen = (best % steps.shape[1]).flatten()
        words = torch.cat((words[origin], chosen.unsqueeze(1)), dim=1)
        state, ended = state[origin], ended[origin] | (chosen == BOUNDARY)
        if ended.all():
            break
    rows = [_until_boundary(row) for row in words[:, 1:].tolist()]
    return [rows[start : start + beams] for start in range(0, len(rows), beams)]


def _allowed(steps: Tensor, ended: Tensor, full: Tensor) -> Tensor:
    """(hypotheses, words) log probabilities: no unknown word; after the end nothing but the end.

    Args:
        ended: (hypotheses,) whether it has ended.
        full: (hypotheses,) whether it must end now.
    """
    steps[:, UNKNOWN] = float("-inf")
    steps[full, 1:] = float("-inf")  # all but ``BOUNDARY``
    steps[ended] = float("-inf")
    steps[ended, BOUNDARY] = 0.0
    return steps


def _begin(steps: Tensor, beginnings: Sequence[Sequence[int]], step: int) -> None:
    """Leave a translation no word at ``step`` but that of its beginning.

    Args:
        steps: (sentences, beams, words) log probabilities, changed in place.
    """
    for row, beginning in enumerate(beginnings):
        if step < len(beginning):
            only = steps[row, :, beginning[step]].clone()
            steps[row] = float("-inf")
            steps[row, :, beginning[step]] = only


def _until_boundary(words: list[int]) -> list[int]:
    return words[: words.index(BOUNDARY)] if BOUNDARY in words else words


def _value(hypothesis: Aligned, settings: SearchSettings) -> float:
    """What the best hypothesis has most of."""
    total = float(hypothesis.log_probabilities.sum())
    if not hypothesis.words or np.isnan(total):  # nothing, or what must not be said
        return float("-inf")
    length = ((5 + len(hypothesis.words)) / 6) ** settings.length_penalty
    covered = hypothesis.attention.sum(0).clip(LEAST_COVERED, 1.0)
    coverage = settings.coverage_penalty * float(np.log(covered).sum())
    return total / length + coverage
