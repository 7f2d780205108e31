"""How far two domains are apart in a model's vectors, and how good it is on each.

The domain classifier of adversarial training learns against the model, so that its accuracy says
little about the vectors. A fresh probe does: a linear classifier that learns from held-out vectors
to tell source from target and is tested on others of them. From its error ε comes the proxy
A-distance 2 (1 − 2 ε) (Ben-David et al. 2007, "Analysis of Representations for Domain Adaptation").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from han_core.models.classifier import AttentionClassifier
from han_core.models.predict import document_vectors, metrics, predict_numbered
from han_core.text.batch import NumberedDocument
from han_core.training.adversary import Adversary
from han_core.training.prepare import Examples, TargetExamples

FOLDS = 5
FEWEST = 10
"""Documents of each domain; of fewer the probe says nothing."""

MOST = 500
"""Documents of each domain that are read for the probe, spread evenly."""


@dataclass(frozen=True)
class DomainProbe:
    """A fresh probe on held-out vectors.

    Attributes:
        accuracy: mean over the folds; .5 is chance.
        documents: of each domain.

    Raises:
        ValueError: if the accuracy is no share.
    """

    accuracy: float
    documents: int

    def __post_init__(self) -> None:
        if not 0 <= self.accuracy <= 1:
            raise ValueError(f"a share expected, {self.accuracy} came")  # not shown

    @property
    def a_distance(self) -> float:
        """Return the proxy A-distance: 0 (the probe is no better than chance) to 2."""
        return max(0.0, 2 * (1 - 2 * (1 - self.accuracy)))


def probe_domains(source: np.ndarray, target: np.ndarray, seed: int) -> DomainProbe | None:
    """Tell source from target by vectors (documents, size) in ``FOLDS`` folds.

    The larger domain gives as many as the smaller one has. None where these are too few.
    """
    from sklearn.linear_model import LogisticRegression  # scikit-learn is heavy
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    n = min(len(source), len(target))
    if n < FEWEST:
        return None
    chance = np.random.default_rng(seed)
    vectors = np.concatenate(
        [rows[np.sort(chance.permutation(len(rows))[:n])] for rows in (source, target)]
    )
    truth = np.repeat([0, 1], n)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    return DomainProbe(float(cross_val_score(probe, vectors, truth, cv=folds).mean()), n)


def domain_report(
    model: AttentionClassifier,
    adversary: Adversary,
    validation: Examples,
    target: TargetExamples,
    seed: int,
) -> dict[str, float | None]:
    """Measure a model in evaluation mode on held-out documents of both domains.

    Returns:
        ``weight`` (λ), ``classifier`` (accuracy of the domain classifier), ``probe`` (of a fresh
        one), ``a_distance``, and ``target`` (accuracy on labelled target documents); None where
        there are too few documents or no labels.
    """
    source = document_vectors(model, spread(validation.documents, MOST))
    other = document_vectors(model, spread(target.held_out, MOST))
    probe = probe_domains(source, other, seed)
    return {
        "weight": adversary.weight,
        "classifier": adversary.accuracy(source, other),
        "probe": probe.accuracy if probe else None,
        "a_distance": probe.a_distance if probe else None,
        "target": target_accuracy(model, target.labelled),
    }


def target_accuracy(model: AttentionClassifier, labelled: Examples | None) -> float | None:
    """Return the accuracy on target documents; None without labels."""
    if labelled is None:
        return None
    probabilities = predict_numbered(model, labelled.documents)
    return metrics(probabilities, labelled.classes)["accuracy"]


def spread(documents: Sequence[NumberedDocument], most: int) -> list[NumberedDocument]:
    """Return at most ``most`` documents, spread evenly."""
    rows = np.linspace(0, len(documents) - 1, min(most, len(documents))).round().astype(int)
    return [documents[row] for row in rows.tolist()]


def adaptation_metrics(before: dict, line: dict, names: tuple[str, str], labelled: int) -> dict:
    """Return what ``metrics.json`` says of the kept epoch, whose line of the history this is.

    Args:
        before: ``domain_report`` before the first step.
        names: of source and target.
        labelled: target documents of which the target accuracy is.
    """
    after = line["domains"]
    return {
        "source": names[0],
        "target": names[1],
        "source_accuracy": line["validation"]["accuracy"],
        "target_accuracy": after["target"],
        "target_documents": labelled,
        "domain_classifier_accuracy": after["classifier"],
        "probe_accuracy": {"before": before["probe"], "after": after["probe"]},
        "proxy_a_distance": {"before": before["a_distance"], "after": after["a_distance"]},
    }
