"""How many words a corpus knows, told from a sample of it.

A sample misses most rare words, and the more texts, the fewer of their words are new.
Both follow from the share of words that the sample shows once, if words come as in the
process of Pitman and Yor (1997), which gives the power laws of Zipf and Heaps. It knows
nothing about texts.
"""

from collections.abc import Mapping
from math import prod


def expected_words(counts: Mapping[str, int], tokens: float, minimum_count: int) -> int:
    """Words that stand at least ``minimum_count`` times in a corpus of ``tokens`` tokens.

    Within a third on reviews and newsgroups, from 30,000 tokens of up to 6 million.

    Args:
        counts: how often each word stands in the sample.
    """
    seen = sum(counts.values())
    if tokens <= seen + 0.5:
        return sum(count >= minimum_count for count in counts.values())
    once = sum(count == 1 for count in counts.values()) / len(counts)
    different = len(counts) * (tokens / seen) ** once
    # Of a word's possible counts 1, 2, …: the share that is not below minimum_count.
    frequent = prod((k - once) / k for k in range(1, min(minimum_count, 1_000)))
    return round(different * frequent)
