"""Sentence pairs as numbers, in batches of similar length."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from han_core.data.sentence_pairs import SentencePairs
from han_core.models.target_words import words_of
from han_core.models.translate import sentence_tokenizer, source_numbers, target_numbers
from han_core.models.translator import PairBatch, TranslatorConfig, collate_pairs
from han_core.text.document import Document
from han_core.training.ibm_model1 import NONE


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
