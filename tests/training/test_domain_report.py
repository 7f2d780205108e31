"""The fresh probe and the proxy A-distance, and what metrics.json says of them."""

import numpy as np
import pytest

from han_core.training.domain_report import (
    FEWEST,
    DomainProbe,
    adaptation_metrics,
    probe_domains,
    spread,
)


@pytest.mark.parametrize(
    ("accuracy", "distance"), [(1.0, 2.0), (0.75, 1.0), (0.5, 0.0), (0.4, 0.0), (0.693, 0.772)]
)
def test_the_distance_is_two_times_one_minus_twice_the_error(accuracy, distance):
    assert DomainProbe(accuracy, 100).a_distance == pytest.approx(distance, abs=1e-9)


def test_domains_that_are_apart_are_told_and_equal_ones_are_not():
    chance = np.random.default_rng(0)
    base = chance.normal(0, 1, (400, 5))
    apart = base[:200], base[200:] + 8
    assert probe_domains(*apart, seed=0).accuracy == 1.0
    alike = probe_domains(base[:200], base[200:], seed=0)
    assert alike.accuracy == pytest.approx(0.5, abs=0.12)  # four standard errors
    assert alike.documents == 200


def test_the_larger_domain_gives_no_advantage():
    """Of 400 against 20 one would be right 95% of the time without looking."""
    base = np.random.default_rng(1).normal(0, 1, (420, 5))
    probe = probe_domains(base[:400], base[400:], seed=0)
    assert probe.documents == 20
    assert probe.accuracy < 0.8


def test_a_shift_on_one_side_of_which_the_error_is_known_by_hand():
    """One number, −1 or 1, of which a tenth lies on the wrong side: no line errs less."""
    source = np.where(np.arange(200) % 10, -1.0, 1.0)[:, None]
    probe = probe_domains(source, -source, seed=0)
    assert probe.accuracy == pytest.approx(0.9)
    assert probe.a_distance == pytest.approx(1.6)


def test_too_few_documents_give_no_probe():
    vectors = np.zeros((FEWEST - 1, 3))
    assert probe_domains(vectors, np.zeros((50, 3)), seed=0) is None
    with pytest.raises(ValueError, match="share"):
        DomainProbe(1.2, 5)


def test_documents_are_spread_over_all():
    assert spread(list(range(10)), 4) == [0, 3, 6, 9]
    assert spread(list(range(3)), 4) == [0, 1, 2]


def test_the_metrics_name_before_and_after():
    before = {"probe": 0.7, "a_distance": 0.8}
    line = {
        "validation": {"accuracy": 0.9},
        "domains": {"target": 0.6, "classifier": 0.55, "probe": 0.65, "a_distance": 0.6},
    }
    assert adaptation_metrics(before, line, ("books", "pans"), 12) == {
        "source": "books",
        "target": "pans",
        "source_accuracy": 0.9,
        "target_accuracy": 0.6,
        "target_documents": 12,
        "domain_classifier_accuracy": 0.55,
        "probe_accuracy": {"before": 0.7, "after": 0.65},
        "proxy_a_distance": {"before": 0.8, "after": 0.6},
    }
