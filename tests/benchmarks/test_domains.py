"""The table of domain adaptation, by hand."""

import pytest

from benchmarks.domains import PAIRS, PUBLISHED, bag_of_words, rows_of, table
from han_core.data.corpus import Corpus


def result(pair, seed, method, accuracy, distance=None):
    found = distance and {"proxy_a_distance": {"before": 0.0, "after": distance}}
    return {"pair": pair, "seed": seed, "method": method, "accuracy": accuracy,
            "adaptation": found, "seconds": 1.0}  # fmt: skip


def test_means_and_spreads_over_seeds_stand_beside_bags_of_words_and_published_figures():
    pair = PAIRS[0]
    results = [
        result(pair, 0, "source only", 0.70, 0.6),
        result(pair, 1, "source only", 0.74, 0.8),
        result(pair, 0, "gradient reversal", 0.71, 1.0),
    ]
    rows = dict(line.strip("| ").split(" | ", 1) for line in table(results, {pair: (0.789, 0.887)})
                .splitlines() if not line.startswith("| HAN, w"))  # fmt: skip
    assert rows["HAN, source only"] == "72.0 ± 2.0"
    assert rows["HAN, gradient reversal"] == "71.0 ± 0.0"
    assert rows["proxy A-distance, source only"] == "0.70"
    assert rows["TF-IDF on the target's pool"] == "88.7"
    assert rows["published, gradient reversal on bags of words"] == str(PUBLISHED[pair][0])


@pytest.fixture
def corpus():
    """Each domain has words of its own for both classes."""
    rows = [
        (f"{word} {domain} {number}", label, domain, split)
        for domain, words in {"a": ("fine", "dull"), "b": ("sharp", "blunt")}.items()
        for split in ("pool", "test")
        for number in range(10)
        for word, label in zip(words, ("1", "0"), strict=True)
    ]
    texts, labels, domains, splits = zip(*rows, strict=True)
    ids = tuple(map(str, range(len(rows))))
    return Corpus("planted", texts, labels, ids, {"domain": domains, "split": splits})


def test_documents_of_a_domain_and_a_split(corpus):
    assert len(rows_of(corpus, "a")) == 40
    assert all(" b " in text for text in rows_of(corpus, "b", "test").texts)
    assert len(rows_of(corpus, "b", "test")) == 20


def test_a_bag_of_words_knows_the_domain_that_it_learnt_from(corpus):
    source, pool = bag_of_words(corpus, "a/b")
    assert pool == 1.0
    assert source == pytest.approx(0.5, abs=0.3)
