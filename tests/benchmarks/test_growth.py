"""The exponents of growth, and one small case of each kind."""

import pytest

from benchmarks.growth import ATTENTION_CASES, PATTERNS, WORK, exponent


def test_the_exponent_of_a_power_is_found():
    sizes = [1_000, 2_000, 8_000, 16_000]
    assert exponent(sizes, [3e-9 * size**2 for size in sizes]) == pytest.approx(2)
    assert exponent(sizes, [5.0] * 4) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("kind", list(ATTENTION_CASES))
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_small_document_is_measured(kind, pattern):
    figures = WORK[kind](pattern, 50)
    assert figures["seconds"] > 0
    assert figures["seconds_a_thousand_tokens"] == pytest.approx(figures["seconds"] * 20)
    assert figures["megabytes"] >= 0
