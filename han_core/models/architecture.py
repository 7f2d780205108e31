"""Sizes of a model, and what a kind of model declares about itself.

Each model's file declares one ``ModelKind``; ``registry`` lists them all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from torch import nn

AttentionForm = Literal["additive", "dot", "general", "linear"]
AttentionPattern = Literal["full", "local", "sliding"]
Pooling = Literal["attention", "mean", "first"]
Positions = Literal["sinusoidal", "learnt"]

Level = Literal["words", "sentences", "classifier"]
"""Where in a model a parameter belongs; training can give each level a rate of its own."""


class Architecture(BaseModel):
    """Sizes and rates of a model, as a checkpoint's configuration stores them.

    ``hidden`` counts the recurrent units of one direction, or the numbers of a Transformer's
    state, and ``attention_size`` the units of additive attention. An encoder has ``layers``, one
    on top of another (a HAN's two encoders as many each); ``layer_norm`` normalises the states
    of a recurrent one before attention. Dropout acts in training alone, on the words' vectors,
    between recurrent layers, on the sentences' vectors (HAN), what each layer of a Transformer
    adds, its self-attention weights, and the document's vector; so does ``attention_noise``,
    the standard deviation of normal noise on every attention score that pools states.
    ``SELF_ATTENTION_SIZES`` are those of models whose words attend to each other:

    * ``heads`` in each layer, with ``feedforward`` × ``hidden`` units between layers
    * ``attention_pattern``: words see all words, or ``window`` words on each side, and with
      ``sliding`` the document's first ``global_tokens`` words too, which see all words
    * ``pooling``: the document's vector is a weighted sum of the states, their mean or the first
    * ``base``, ``tune``: the pretrained encoder and what is tuned of it; it reads ``window``
      pieces together, of which neighbours share ``overlap``
    * ``positions``: sinusoids, or a table of ``maximum_positions`` learnt vectors
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    attention: AttentionForm = "additive"
    vocabulary_size: int = Field(ge=2, le=5_000_000)
    classes: int = Field(ge=2, le=100_000)
    embedding: int = Field(default=100, ge=1, le=4_096)
    hidden: int = Field(default=50, ge=1, le=4_096)
    attention_size: int = Field(default=100, ge=1, le=4_096)
    dropout_words: float = Field(default=0.3, ge=0, lt=1)
    dropout_sentences: float = Field(default=0.2, ge=0, lt=1)
    dropout_document: float = Field(default=0.3, ge=0, lt=1)
    attention_noise: float = Field(default=0.0, ge=0, le=10)
    layers: int = Field(default=1, ge=1, le=100)
    layer_norm: bool = False
    dropout_layers: float = Field(default=0.1, ge=0, lt=1)
    heads: int = Field(default=4, ge=1, le=256)
    feedforward: int = Field(default=4, ge=1, le=16)
    attention_pattern: AttentionPattern = "full"
    window: int = Field(default=32, ge=1, le=4_096)
    global_tokens: int = Field(default=1, ge=1, le=64)
    pooling: Pooling = "attention"
    positions: Positions = "sinusoidal"
    maximum_positions: int = Field(default=1_024, ge=1, le=100_000)
    dropout_attention: float = Field(default=0.0, ge=0, lt=1)
    base: str = Field(default="", max_length=1_000)
    base_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    tune: str = Field(default="lora:16", max_length=20)
    overlap: int = Field(default=32, ge=0, le=4_096)


SELF_ATTENTION_SIZES = frozenset(
    {
        "attention_pattern",
        "dropout_attention",
        "feedforward",
        "global_tokens",
        "heads",
        "maximum_positions",
        "pooling",
        "positions",
        "window",
    }
)
"""Fields of ``Architecture`` that have no effect without self-attention."""

PRETRAINED_SIZES = frozenset({"base", "base_sha256", "tune", "overlap"})
"""Fields of ``Architecture`` that have no effect without a pretrained base."""


class StepCost(NamedTuple):
    """Cost of a training step, in floating-point operations of a large matrix product.

    Attributes:
        operation: one operation of the model's own products.
        number: each number of a word's vector and state, for all that is no product.
        parameter: one parameter in AdamW.
        step: a step, whatever its size.
    """

    operation: float
    number: float
    parameter: float
    step: float


class Operations(NamedTuple):
    """Multiplications and additions on the way forward, for each word and each sentence.

    Attributes:
        upper: beside them, numbers that a word has in recurrent layers above the first.
    """

    word: float
    sentence: float = 0.0
    upper: float = 0.0


class EvidenceWords(NamedTuple):
    """Longest text, in words, whose evidence a page measures without a click.

    Attributes:
        quick: about a second's work, for one person.
        thorough: the same with leave-one-out.
        shared: a few hundredths of a second, where many people share the machine.
        layers: of the model that was measured; one of more layers takes as many times longer.
    """

    quick: int
    thorough: int
    shared: int
    layers: int = 1


@dataclass(frozen=True, kw_only=True)
class ModelKind:
    """Everything that the rest of the program asks about a kind of model.

    Attributes:
        name: as configurations, commands and links spell it.
        title: as readers see it.
        build: makes the module with random weights.
        levels: the level of each part, by the first component of its parameters' names.
        operations: its cost on the way forward, by its sizes and the length of documents: the
            mean over all words of the tokens in their document.
        activations: numbers that training holds for each word of a batch, by the same two.
        defaults: sizes that it has where none are said, other than those of ``Architecture``.
        presets: settings and sizes of a preset, by its name, that differ for it.
        complete: sizes with those that follow from them, as from a pretrained base.
        pretrained: whether it reads the word pieces of a base, which is no part of a checkpoint.
        unused_settings: settings and sizes that have no effect on it.
        refused_settings: those that ask for a part that it does not have.
        unused_in_one_layer: of the others, those that have none where it has one layer.
        longest: tokens of the longest document that it can read, by its sizes; None for any.
        implied_attention: the attention form that its title implies, if any.
        step_cost: measured over 28 steps (500 to 8,000 words; embedding 50 to 200, hidden 25
            to 200), all of them within 25%.
        maps: whether its words attend to each other, so that a ``MapRequest`` has an answer.
    """

    name: str
    title: str
    build: Callable[[Architecture], nn.Module]
    levels: Mapping[str, Level]
    operations: Callable[[Architecture, float], Operations]
    activations: Callable[[Architecture, float], float]
    defaults: Mapping[str, object] = field(default_factory=dict)
    presets: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    complete: Callable[[dict[str, object]], dict[str, object]] = dict
    pretrained: bool = False
    unused_settings: frozenset[str] = frozenset()
    refused_settings: frozenset[str] = frozenset()
    unused_in_one_layer: frozenset[str] = frozenset()
    longest: Callable[[Architecture], int | None] = lambda architecture: None
    implied_attention: AttentionForm | None = None
    step_cost: StepCost
    evidence_words: EvidenceWords
    maps: bool = False

    @property
    def hierarchical(self) -> bool:
        """Whether sentences have an encoder and an attention of their own."""
        return "sentences" in self.levels.values()
