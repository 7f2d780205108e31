"""Evidence as JSON, for whoever measures it in another process.

Numbers come back as they were. It does not know how they travel.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from han_core.evidence.deletion import Curve, Deletion
from han_core.evidence.faithfulness import Evidence
from han_core.evidence.flip import Flip
from han_core.evidence.ranking import RankedBy
from han_core.evidence.swaps import Swaps


def told(evidence: Evidence) -> str:
    """The evidence as text."""
    return json.dumps(asdict(evidence), default=np.ndarray.tolist)


def heard(text: str) -> Evidence:
    """What was ``told``."""
    found = json.loads(text)
    for name, read in (("deletion", _deletion), ("swaps", _swaps)):
        found[name] = found[name] and read(found[name])
    return Evidence(**found)


def _deletion(found: dict) -> Deletion:
    curves = {name: _curves(found[name]) for name in ("comprehensiveness", "sufficiency")}
    return Deletion(**{**found, **curves, "removed": np.array(found["removed"])})


def _curves(found: Mapping[RankedBy, dict]) -> dict[RankedBy, Curve]:
    return {by: Curve(np.array(curve["values"])) for by, curve in found.items()}


def _swaps(found: dict) -> Swaps:
    arrays = {name: np.array(found[name]) for name in ("uniform", "permuted")}
    return Swaps(**{**found, **arrays, "flip": found["flip"] and Flip(**found["flip"])})
