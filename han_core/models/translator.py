"""Translation with soft alignment: a GRU encoder in both directions, a GRU decoder, attention.

Attention follows the decoder's GRU and its result is not fed back (Luong et al. 2015, section 3.1,
without input feeding), so all words of a given translation are read at once. The scores are
additive (Bahdanau et al. 2015, section A.1.2), dot products or bilinear ("general", Luong et al.,
equation 8). The output layer shares the embedding of the target words (Press and Wolf 2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from han_core.models.recurrent.encoder import BidirectionalGRU
from han_core.models.system_folder import System, SystemConfig
from han_core.runtime.messages import mark
from han_core.text.vocabulary import PADDING, RESERVED, UNKNOWN

Form = Literal["additive", "dot", "general"]
Segmentation = Literal["words", "characters", "letters"]
BOUNDARY = PADDING  # before the first word of a translation, and after the last
IGNORED = -100  # in ``answers``: nothing is learnt here
MOST_WORDS = 200  # of a sentence


class TranslatorConfig(SystemConfig):
    """Languages, words and sizes of a translator.

    Attributes:
        source_language, target_language: as the tokenizer names them.
        source_segmentation, target_segmentation: "letters" takes every character for a word, in
            any script; the others are the tokenizer's.
        source_words, target_words: the vocabularies, in order.
        attached: for each target word, whether no white space stands before it (1), after it (2),
            on either side (3) or whether both may (0).
        attention: how scores come about.
        embedding, encoder, decoder, attention_size: units; of the encoder, in one direction.
        dropout: in training, on embeddings and before the output.
    """

    system: Literal["translator"] = "translator"
    source_language: str = Field(default="en", max_length=16)
    target_language: str = Field(default="fr", max_length=16)
    source_segmentation: Segmentation = "words"
    target_segmentation: Segmentation = "words"
    source_words: tuple[str, ...] = Field(min_length=3, max_length=100_000)
    target_words: tuple[str, ...] = Field(min_length=3, max_length=100_000)
    attached: tuple[Literal[0, 1, 2, 3], ...] = ()
    attention: Form = "additive"
    embedding: int = Field(default=128, ge=1, le=2_048)
    encoder: int = Field(default=128, ge=1, le=2_048)
    decoder: int = Field(default=256, ge=1, le=4_096)
    attention_size: int = Field(default=128, ge=1, le=2_048)
    dropout: float = Field(default=0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _parts_fit(self) -> "TranslatorConfig":
        for words in (self.source_words, self.target_words):
            if words[:2] != RESERVED or len(set(words)) != len(words) or not all(words):
                raise ValueError("a vocabulary begins with the reserved words, each word once")
        if len(self.attached) != len(self.target_words):
            raise ValueError("attached says something of each target word")
        if self.attention == "dot" and self.decoder != 2 * self.encoder:
            raise ValueError("dot products need a decoder twice as wide as the encoder")
        return self


@dataclass(frozen=True)
class PairBatch:
    """Sentences with their translations, padded.

    Attributes:
        source: (sentences, source words)
        source_lengths: (sentences,) words in each, at least 1.
        before: (sentences, steps) the word before each step, ``BOUNDARY`` first.
        answers: (sentences, steps) the word to say; ``BOUNDARY`` last, ``IGNORED`` where unknown.
        steps: (sentences,) steps of each, one more than its words.

    Raises:
        ValueError: if the shapes disagree, or a sentence is empty.
    """

    source: Tensor
    source_lengths: Tensor
    before: Tensor
    answers: Tensor
    steps: Tensor

    def __post_init__(self) -> None:
        sentences = len(self.source)
        if self.before.shape != self.answers.shape or len(self.before) != sentences:
            raise ValueError(f"{sentences} sentences, {tuple(self.before.shape)} steps.")
        if self.source_lengths.shape != (sentences,) or self.steps.shape != (sentences,):
            raise ValueError("A length for each sentence is expected.")
        if int(self.source_lengths.min()) < 1 or int(self.steps.min()) < 1:
            raise ValueError("Every sentence has a word.")

    def to(self, device: torch.device) -> "PairBatch":
        return PairBatch(*(tensor.to(device) for tensor in vars(self).values()))


def collate_pairs(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> PairBatch:
    """Return a batch of numbered sentences and their numbered translations."""
    answers = [
        [*(word if word != UNKNOWN else IGNORED for word in target), BOUNDARY] for target in targets
    ]
    return PairBatch(
        padded(sources, PADDING),
        torch.tensor([len(source) for source in sources]),
        padded([[BOUNDARY, *target] for target in targets], PADDING),
        padded(answers, IGNORED),
        torch.tensor([len(answer) for answer in answers]),
    )


def padded(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
    """Return rows of numbers as (rows, longest row)."""
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=filler)


class Memory(NamedTuple):
    """What a decoder reads of the source.

    Attributes:
        states: (sentences, source words, 2 × encoder)
        keys: (sentences, source words, size) ``states`` as the scores need them.
        is_word: (sentences, source words) False on padding.
    """

    states: Tensor
    keys: Tensor
    is_word: Tensor

    def repeated(self, times: int) -> "Memory":
        return Memory(*(tensor.repeat_interleave(times, 0) for tensor in self))


@dataclass(frozen=True)
class Translated:
    """What the network answers.

    Attributes:
        scores: (sentences, steps, target words) logits.
        attention: (sentences, steps, source words), sum 1 in each step, 0 on padding; the row of a
            step belongs to the word that it says.
    """

    scores: Tensor
    attention: Tensor


class TranslatorNetwork(nn.Module):
    """The network of a configuration."""

    def __init__(self, config: TranslatorConfig):
        super().__init__()
        wide = 2 * config.encoder
        self.source_embedding = nn.Embedding(len(config.source_words), config.embedding)
        self.target_embedding = nn.Embedding(len(config.target_words), config.embedding)
        self.encoder = BidirectionalGRU(config.embedding, config.encoder)
        self.first_state = nn.Linear(wide, config.decoder)
        self.decoder = nn.GRU(config.embedding, config.decoder, batch_first=True)
        self.scoring: Scores = SCORING[config.attention](config)
        self.combine = nn.Linear(wide + config.decoder, config.embedding)
        self.bias = nn.Parameter(torch.zeros(len(config.target_words)))
        self.dropout = nn.Dropout(config.dropout)
        for embedding in (self.source_embedding, self.target_embedding):
            nn.init.normal_(embedding.weight, std=config.embedding**-0.5)

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[Memory, Tensor]:
        """Return what the decoder reads, and its first state (sentences, decoder).

        Args:
            source: (sentences, source words), padded.
            lengths: (sentences,)
        """
        is_word = torch.arange(source.shape[1], device=source.device) < lengths.unsqueeze(1)
        flat = self.dropout(self.source_embedding(source[is_word]))
        words, last = self.encoder(flat, lengths)
        states = words.new_zeros(*source.shape, words.shape[1])
        states[is_word] = words
        first = torch.tanh(self.first_state(last))
        return Memory(states, self.scoring.keys(states), is_word), first

    def decode(self, before: Tensor, state: Tensor, memory: Memory) -> tuple[Translated, Tensor]:
        """Read the words ``before`` and return scores, attention and the last state.

        Args:
            before: (sentences, steps)
            state: (sentences, decoder) before the first of these steps.
        """
        words = self.dropout(self.target_embedding(before))
        states, last = self.decoder(words, state.unsqueeze(0).contiguous())
        scores = self.scoring(states, memory.keys)
        attention = scores.masked_fill(~memory.is_word.unsqueeze(1), float("-inf")).softmax(-1)
        context = attention @ memory.states
        readout = torch.tanh(self.combine(torch.cat((context, states), dim=-1)))
        logits = self.dropout(readout) @ self.target_embedding.weight.T + self.bias
        return Translated(logits, attention), last.squeeze(0)

    def forward(self, batch: PairBatch) -> Translated:
        """Return scores and attention of each step of the translations of ``batch``."""
        memory, first = self.encode(batch.source, batch.source_lengths)
        return self.decode(batch.before, first, memory)[0]


class AdditiveScores(nn.Module):
    """v · tanh(W s + U h) (Bahdanau et al. 2015, section A.1.2)."""

    def __init__(self, config: TranslatorConfig):
        super().__init__()
        self.of_states = nn.Linear(config.decoder, config.attention_size)
        self.of_source = nn.Linear(2 * config.encoder, config.attention_size, bias=False)
        self.vector = nn.Linear(config.attention_size, 1, bias=False)

    def keys(self, source: Tensor) -> Tensor:
        return self.of_source(source)

    def forward(self, states: Tensor, keys: Tensor) -> Tensor:
        """Return (sentences, steps, source words)."""
        both = self.of_states(states).unsqueeze(2) + keys.unsqueeze(1)
        return self.vector(torch.tanh(both)).squeeze(-1)


class DotScores(nn.Module):
    """s · h (Luong et al. 2015, equation 8)."""

    def __init__(self, config: TranslatorConfig):  # as the other scores; there is nothing to learn
        super().__init__()

    def keys(self, source: Tensor) -> Tensor:
        return source

    def forward(self, states: Tensor, keys: Tensor) -> Tensor:
        """Return (sentences, steps, source words)."""
        return states @ keys.transpose(1, 2)


class GeneralScores(DotScores):
    """s · W h (Luong et al. 2015, equation 8)."""

    def __init__(self, config: TranslatorConfig):
        super().__init__(config)
        self.bilinear = nn.Linear(2 * config.encoder, config.decoder, bias=False)

    def keys(self, source: Tensor) -> Tensor:
        projected: Tensor = self.bilinear(source)
        return projected


Scores = AdditiveScores | DotScores
SCORING: dict[str, type[Scores]] = {
    "additive": AdditiveScores,
    "dot": DotScores,
    "general": GeneralScores,
}

TRANSLATOR = System(
    name="translator",
    title=mark("Translation"),
    input=mark("a sentence"),
    output=mark("its translation"),
    config=TranslatorConfig,
    build=TranslatorNetwork,
    commands="han_core.cli.translator",
    page="Translate",
    use="translate",
    abilities=frozenset({"attention", "deletion"}),
    worker="han_core.cli.translator_job",
)
