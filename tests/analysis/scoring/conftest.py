"""A small corpus, a random model, and an engine that needs no other process."""

import random

import pytest

from han_core.analysis.scoring import manifest
from han_core.analysis.scoring.workers import Scorer
from han_core.data.corpus import Corpus
from tests.conftest import WORDS


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """Thirty documents of one to four sentences; four words of each sentence are unknown."""
    draw, texts = random.Random(5), []
    for _ in range(30):
        sentences = [
            [*draw.choices(WORDS, k=draw.randint(1, 12)), "Zebra", "zebra", "yak", "gnu"]
            for _ in range(draw.randint(1, 4))
        ]
        texts.append(" ".join(" ".join(words) + "." for words in sentences))
    labels = tuple(draw.choice(("pos", "neg")) for _ in texts)
    return Corpus("thirty", tuple(texts), labels, tuple(f"d{i}" for i in range(30)), {})


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of seven rows: thirty documents make five."""
    monkeypatch.setattr(manifest, "FEWEST", 7)


@pytest.fixture
def here():
    """An engine in this process, which keeps the numbers of the parts that it was given."""

    def engine(parts, job):
        scorer = Scorer(job, "cpu")
        for part in parts:
            engine.parts.append(part.number)
            yield part.number, scorer(part.to_bytes())

    engine.parts = []
    return engine
