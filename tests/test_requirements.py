"""The lock: every package of the default set, in the version that is installed."""

import re
from importlib import metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if re.match(r"[\w.-]+", line)]


LOCK = {
    canonicalize_name(requirement.name): requirement
    for requirement in requirements("requirements.lock")
    if requirement.marker is None or requirement.marker.evaluate()
}


def needed_by(requirement: Requirement) -> list[Requirement]:
    """Requirements of an installed package on this machine."""
    environment = dict(default_environment())
    extras = ["", *requirement.extras]
    needed = [Requirement(line) for line in metadata.requires(requirement.name) or ()]
    return [
        other
        for other in needed
        if other.marker is None
        or any(other.marker.evaluate({**environment, "extra": extra}) for extra in extras)
    ]


def test_the_lock_pins_what_requirements_name():
    for requirement in requirements("requirements.txt"):
        assert LOCK[canonicalize_name(requirement.name)].specifier == requirement.specifier


def test_whatever_is_installed_for_the_default_set_is_locked_in_its_version():
    waiting, seen = requirements("requirements.txt"), set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in seen or (name not in LOCK and _absent(name)):
            continue
        seen.add(name)
        assert name in LOCK, f"{name} is not in requirements.lock: make lock"
        assert LOCK[name].specifier.contains(metadata.version(name)), name
        waiting += needed_by(requirement)
    assert len(seen) > 60


def _absent(name: str) -> bool:
    """Whether a package is not installed, as another build of torch does without."""
    return not any(canonicalize_name(other.name) == name for other in metadata.distributions())
