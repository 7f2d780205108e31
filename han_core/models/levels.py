"""The levels of a model, as people speak of them: words, sentences, classifier.

It knows nothing about what is done with a level.
"""

from typing import Literal

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
