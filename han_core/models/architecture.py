"""What a model is made of: the numbers that fix its shapes.

An ``Architecture`` is what a checkpoint's configuration stores. It knows nothing
about files or torch.

The levels of a model, as people speak of them: words, sentences, classifier.

It knows nothing about what is done with a level.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Architecture(BaseModel):
    """Sizes and rates of a model; every field is checked when it is made.

    ``hidden`` counts the recurrent units of one direction, and ``attention_size``
    the units of additive attention. Dropout acts in training alone, on the words'
    vectors, the sentences' vectors (HAN) and the document's vector; so does
    ``attention_noise``, the standard deviation of normal noise on every attention score.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Literal["han", "bilstm"]
    attention: Literal["additive", "dot", "linear"] = "additive"
    vocabulary_size: int = Field(ge=2, le=5_000_000)
    classes: int = Field(ge=2, le=100_000)
    embedding: int = Field(default=100, ge=1, le=4_096)
    hidden: int = Field(default=50, ge=1, le=4_096)
    attention_size: int = Field(default=100, ge=1, le=4_096)
    dropout_words: float = Field(default=0.3, ge=0, lt=1)
    dropout_sentences: float = Field(default=0.2, ge=0, lt=1)
    dropout_document: float = Field(default=0.3, ge=0, lt=1)
    attention_noise: float = Field(default=0.0, ge=0, le=10)


Level = Literal["words", "sentences", "classifier"]

LEVELS: dict[str, Level] = {
    "embedding": "words",
    "word_encoder": "words",
    "word_attention": "words",
    "encoder": "words",
    "sentence_encoder": "sentences",
    "sentence_attention": "sentences",
    # A flat model's attention stands where a HAN's sentence level ends: before the last layer.
    "attention": "classifier",
    "classifier": "classifier",
}
"""The level of each part of a HAN or a BiLSTM."""


def level_of(parameter: str) -> Level:
    """The level of the parameter of that name, ``word_encoder.weight_ih_l0`` for example.

    Raises:
        KeyError: if no part of a model is called so.
    """
    return LEVELS[parameter.partition(".")[0]]
