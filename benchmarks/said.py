"""Texts that visitors paste: words by chance, and a mark by which to know them again."""

import random

SAID = """the film story actor scene end music and but not never very good bad dull bright slow
quick long short funny sad plot joke hero city night rain road letter"""
WORDS = SAID.split()
SENTENCE = 12  # words


def a_text(mark: str, draw: random.Random, words: int = 60) -> str:
    """A text of so many words; it begins with ``mark``, which stands nowhere else."""
    chosen = [mark, *draw.choices(WORDS, k=words - 1)]
    sentences = (chosen[at : at + SENTENCE] for at in range(0, words, SENTENCE))
    return " ".join(" ".join(sentence) + "." for sentence in sentences)
