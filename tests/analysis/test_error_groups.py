"""Groups of similar errors: planted ones are found, and words have the odds that are computed."""

import math

import numpy as np
import pytest

from han_core.analysis.error_groups import PRIOR, cluster, find_error_groups, log_odds


def clouds(sizes: tuple[int, ...], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    which = np.repeat(np.arange(len(sizes)), sizes)
    vectors = 4 * np.eye(len(sizes), 6)[which] + draw.normal(scale=0.3, size=(len(which), 6))
    return which, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_planted_number_of_groups_is_chosen():
    which, vectors = clouds((20, 12, 9))
    codes, silhouette = cluster(vectors)
    assert len({*zip(which.tolist(), codes.tolist(), strict=True)}) == 3
    assert silhouette > 0.6
    assert np.array_equal(codes, cluster(vectors)[0])


@pytest.mark.parametrize("vectors", [np.ones((30, 4)), clouds((5, 4))[1], np.ones((1, 4))])
def test_few_or_equal_errors_are_one_group(vectors):
    codes, silhouette = cluster(vectors)
    assert set(codes) == {0}
    assert silhouette is None


def test_the_log_odds_of_a_word_by_hand():
    group, others = np.array([8.0, 2.0]), np.array([2.0, 8.0])
    prior = 10 * PRIOR
    odds = [math.log((y + prior) / (10 + 2 * prior - y - prior)) for y in (8, 2)]
    expected = (odds[0] - odds[1]) / math.sqrt(1 / (8 + prior) + 1 / (2 + prior))
    assert log_odds(group, others) == pytest.approx([expected, -expected])


def test_groups_have_size_pattern_words_and_examples(make_store):
    which, vectors = clouds((40, 25))
    subjects = np.where(which == 0, "plot", "sound")
    texts = [f"the {subject} was odd {row}" for row, subject in enumerate(subjects)]
    texts += ["right one"] * 3
    true = ["pos"] * 40 + ["neg"] * 20 + ["pos"] * 5 + ["pos"] * 3
    predicted = ["neg"] * 40 + ["pos"] * 20 + ["neg"] * 5 + ["pos"] * 3
    store = make_store(true=true, predicted=predicted, texts=texts)
    found = find_error_groups(store, np.arange(65), vectors)
    first, second = found.groups
    assert (len(first.rows), first.true, first.predicted, first.share) == (40, "pos", "neg", 1)
    assert (second.true, second.predicted, second.share) == ("neg", "pos", 0.8)
    assert first.words == ("plot",)
    assert second.words == ("sound",)
    assert second.tag == "neg → pos: sound"
    middle = vectors[:40].mean(0)
    nearest = np.linalg.norm(vectors[:40] - middle, axis=1).argsort()[:3]
    assert set(first.examples) == set(nearest.tolist())


def test_no_error_has_no_group(make_store):
    store = make_store(true=["pos"])
    assert find_error_groups(store, np.arange(0), np.zeros((0, 4))).groups == ()


def test_a_long_suggestion_is_cut_to_a_name(make_store):
    labels = ("a" * 60, "b" * 60)
    store = make_store(true=[labels[0]], predicted=[labels[1]], labels=labels)
    (group,) = find_error_groups(store, np.arange(1), np.ones((1, 2))).groups
    assert len(group.tag) == 80
