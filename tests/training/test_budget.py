"""Little data make small batches."""

from han_core.training.cost import batch_budget


def test_a_batch_of_little_data_is_a_thirtieth_of_it():
    assert batch_budget([50] * 120) == 50 * 120 // 30
    assert batch_budget([10] * 30 + [900]) == 900  # no document is longer than a batch
    assert batch_budget([200] * 25_000) == 8_000  # IMDB's size
    assert batch_budget([20_000, 5]) == 8_000
    assert batch_budget([1, 1]) == 1
    assert batch_budget([50] * 120, given=3_000) == 3_000
