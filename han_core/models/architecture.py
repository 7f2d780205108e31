"""Sizes of a model, and what a kind of model declares about itself.

Each model's file declares one ``ModelKind``; ``registry`` lists them all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from torch import nn

AttentionForm = Literal["additive", "dot", "linear"]

Level = Literal["words", "sentences", "classifier"]
"""Where in a model a parameter belongs; training can give each level a rate of its own."""


class Architecture(BaseModel):
    """Sizes and rates of a model, as a checkpoint's configuration stores them.

    ``hidden`` counts the recurrent units of one direction, and ``attention_size``
    the units of additive attention. Dropout acts in training alone, on the words'
    vectors, the sentences' vectors (HAN) and the document's vector; so does
    ``attention_noise``, the standard deviation of normal noise on every attention score.
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


class Activations(NamedTuple):
    """Numbers held in training for each word of a batch, per unit of two sizes."""

    embedding: int
    hidden: int


class EvidenceWords(NamedTuple):
    """Longest text, in words, whose evidence a page measures without a click.

    Attributes:
        quick: about a second's work, for one person.
        thorough: the same with leave-one-out.
        shared: a few hundredths of a second, where many people share the machine.
    """

    quick: int
    thorough: int
    shared: int


@dataclass(frozen=True, kw_only=True)
class ModelKind:
    """Everything that the rest of the program asks about a kind of model.

    Attributes:
        name: as configurations, commands and links spell it.
        title: as readers see it.
        build: makes the module with random weights.
        levels: the level of each part, by the first component of its parameters' names.
        gates: of its recurrent cell, 3 in a GRU and 4 in an LSTM.
        unused_settings: settings and sizes that have no effect on it.
        implied_attention: the attention form that its title implies, if any.
        step_cost: measured over 28 steps (500 to 8,000 words; embedding 50 to 200, hidden 25
            to 200), all of them within 25%.
        activations: measured over batches of uneven size.
        maps: whether its words attend to each other, so that a ``MapRequest`` has an answer.
    """

    name: str
    title: str
    build: Callable[[Architecture], nn.Module]
    levels: Mapping[str, Level]
    gates: int
    unused_settings: frozenset[str] = frozenset()
    implied_attention: AttentionForm | None = None
    step_cost: StepCost
    activations: Activations
    evidence_words: EvidenceWords
    maps: bool = False

    @property
    def hierarchical(self) -> bool:
        """Whether sentences have an encoder and an attention of their own."""
        return "sentences" in self.levels.values()
