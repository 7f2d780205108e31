"""Settings that belong together, under names that a teacher would use.

It knows nothing about data: how long a run takes is what ``estimate`` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """What differs from the defaults.

    Attributes:
        line: what it is good for, a sentence.
        settings: fields of ``Settings``.
        sizes: fields of ``Architecture``.
    """

    name: str
    line: str
    settings: Mapping[str, object]
    sizes: Mapping[str, object]


PRESETS = (
    Preset(
        "quick look",
        "A small model and ten passes: seconds on the bundled corpus, to see how training goes.",
        {"epochs": 10, "patience": 10, "learning_rate": 0.005},
        {"embedding": 50, "hidden": 25, "attention_size": 50},
    ),
    Preset(
        "balanced",
        "The defaults: a few thousand documents in some minutes.",
        {},
        {},
    ),
    Preset(
        "thorough",
        "Large, slow and strongly regularised, for tens of thousands of documents.",
        {"epochs": 20, "patience": 5, "average": 0.999},
        {"embedding": 200, "hidden": 100, "dropout_words": 0.5, "dropout_document": 0.5},
    ),
)
"""From the quickest to the slowest."""
