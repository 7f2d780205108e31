import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from han_core.analysis.annotations.agreement import agreement, agreement_of_counts, annotators
from han_core.analysis.annotations.codebook import save_tag
from han_core.analysis.annotations.writing import add_tag, set_flag, set_read, write_note
from han_core.runtime.errors import UserError

COUNTS = st.tuples(*[st.integers(0, 60)] * 4)


def labels(both, only_first, only_second, neither):
    first = [1] * both + [1] * only_first + [0] * only_second + [0] * neither
    second = [1] * both + [0] * only_first + [1] * only_second + [0] * neither
    return first, second


@given(COUNTS)
def test_kappa_is_that_of_scikit_learn(counts):
    first, second = labels(*counts)
    assume(len(set(first) | set(second)) == 2)
    result = agreement_of_counts("x", *counts)
    assert result.n == sum(counts)
    assert result.kappa == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)


def by_hand(shares: np.ndarray) -> float:
    observed = shares[0] + shares[3]
    first, second = shares[0] + shares[1], shares[0] + shares[2]
    expected = first * second + (1 - first) * (1 - second)
    return (observed - expected) / (1 - expected)


@given(st.tuples(*[st.integers(5, 60)] * 4))
def test_the_interval_is_that_of_the_delta_method(counts):
    """The variance again, from the gradient of kappa in the multinomial shares."""
    n, shares = sum(counts), np.array(counts) / sum(counts)
    step = 1e-6
    gradient = np.array(
        [(by_hand(shares + e) - by_hand(shares - e)) / (2 * step) for e in step * np.eye(4)]
    )
    # kappa as written takes the fourth share as what is left only through 1 - first and so on
    mean = gradient @ shares
    error = math.sqrt(((gradient - mean) ** 2 @ shares) / n)
    result = agreement_of_counts("x", *counts)
    assert result.low == pytest.approx(max(result.kappa - 1.959964 * error, -1), abs=1e-4)
    assert result.high == pytest.approx(min(result.kappa + 1.959964 * error, 1), abs=1e-4)


def test_an_example_worked_by_hand():
    """20 both, 5 and 10 one alone, 15 neither: agreement .7, by chance .5, kappa .4."""
    result = agreement_of_counts("x", 20, 5, 10, 15)
    assert result.kappa == pytest.approx(0.4)
    assert (result.low, result.high) == (
        pytest.approx(0.149, abs=0.01),
        pytest.approx(0.651, abs=0.01),
    )


@pytest.mark.parametrize(
    ("counts", "kappa", "reason"),
    [
        ((0, 0, 0, 0), None, "no document"),
        ((9, 0, 0, 0), None, "every document"),
        ((0, 0, 0, 9), None, "no document"),
        ((3, 0, 0, 6), 1.0, "no disagreement"),
        ((0, 4, 0, 5), 0.0, ""),
        ((0, 5, 5, 0), -1.0, ""),
    ],
)
def test_where_kappa_or_its_interval_is_not_defined(counts, kappa, reason):
    result = agreement_of_counts("x", *counts)
    assert result.kappa == (kappa if kappa is None else pytest.approx(kappa))
    assert reason in result.reason
    assert (result.low is None) == bool(reason)


@given(COUNTS)
def test_the_interval_holds_kappa(counts):
    result = agreement_of_counts("x", *counts)
    if result.low is not None:
        assert -1 <= result.low <= result.kappa <= result.high <= 1


def test_only_documents_that_both_looked_at_count(database):
    for name in ("irony", "negation", "unused"):
        save_tag(database, name, "Anna")
    documents = [f"{number:032x}" for number in range(8)]
    for content in documents[:6]:
        set_read(database, content, "Anna", True)
    for content in documents[2:]:
        write_note(database, content, "Ben", "seen")
    for number, who in [(0, "Anna"), (2, "Anna"), (2, "Ben"), (3, "Ben"), (7, "Ben")]:
        add_tag(database, documents[number], "irony", who)
    add_tag(database, documents[0], "negation", "Anna")  # Ben never saw that one
    set_flag(database, documents[5], "ambiguous", "Ben", True)
    add_tag(database, documents[3], "irony", "Cem")

    irony, ambiguous = agreement(database, "Anna", "Ben")
    # in common: 2, 3, 4, 5
    assert (irony.name, irony.n, irony.both, irony.only_first, irony.only_second) == (
        "irony", 4, 1, 0, 1,
    )  # fmt: skip
    assert irony.kappa == pytest.approx(cohen_kappa_score([1, 0, 0, 0], [1, 1, 0, 0]))
    assert (ambiguous.name, ambiguous.only_second) == ("ambiguous", 1)
    (some,) = agreement(database, "Anna", "Ben", contents=documents[3:5])
    assert (some.name, some.n, some.only_second, some.kappa) == ("irony", 2, 1, 0.0)
    assert agreement(database, "Anna", "nobody") == ()
    assert annotators(database) == {"Anna": 6, "Ben": 6, "Cem": 1}
    with pytest.raises(UserError, match="same one twice"):
        agreement(database, "Anna", "Anna")
