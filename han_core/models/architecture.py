"""What a model is made of: the numbers that fix its shapes.

An ``Architecture`` is what a checkpoint's configuration stores. It knows nothing
about files or torch.
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
