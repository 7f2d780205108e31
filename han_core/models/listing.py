"""The checkpoints that there are to choose from.

Reads the small files of each folder and the header of its weights, which is what can be
afforded whenever a list is shown. A folder whose files are as they were is not read again.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from pathlib import Path

from han_core.data.corpus import read_corpus
from han_core.data.labels import fitting_classes
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import (
    CARD,
    VOCABULARY,
    WEIGHTS,
    Config,
    check_numbers,
    find_folder,
    read_config,
    read_metrics,
)
from han_core.models.pretrained.base import find_base
from han_core.models.registry import blank_model, model_kind
from han_core.models.system_folder import (
    System,
    blank_system,
    read_system_config,
    system_named_in,
)
from han_core.models.systems import SYSTEMS, find_system
from han_core.models.weights import check_weights
from han_core.runtime.atomic_io import current_folder, files_state, half_replaced, read_json
from han_core.runtime.errors import MissingPackageError, UserError, shown
from han_core.runtime.messages import tr
from han_core.runtime.paths import checkpoints_root

DEFAULT = "han-reviews"
"""The checkpoint that pages show first, unless ``HANSCOPE_DEFAULT_MODEL`` names another."""

MIXED = "bundled:classroom"
"""The mixed examples: bundled reviews of many things, on which all models can be compared."""

LONGEST_DATASET = 200  # characters of its name that are shown


@dataclass(frozen=True)
class Listing:
    """One checkpoint.

    Attributes:
        accuracy: the test's, else the validation's, else None.
        accuracy_of: "test" or "validation", which one ``accuracy`` is; "" where there is none.
        mixed_accuracy: on the bundled mixed examples, as its card says; None where it has none.
    """

    name: str
    path: Path
    model: str
    attention: str
    dataset: str
    classes: tuple[str, ...]
    accuracy: float | None
    language: str
    segmentation: str = "words"
    accuracy_of: str = ""
    mixed_accuracy: float | None = None

    @property
    def mixed_misfit(self) -> str:
        """What the mixed examples lack for this model: "language" or "classes"; "" if nothing."""
        return mixed_misfit(self.language, self.classes)

    def to_json(self) -> dict:
        """As the command ``checkpoints`` prints it."""
        return {
            "name": self.name,
            "model": self.model,
            "attention": self.attention,
            "dataset": self.dataset,
            "classes": list(self.classes),
            "accuracy": self.accuracy,
            "language": self.language,
            "path": str(self.path),
        }


@dataclass(frozen=True)
class SystemListing:
    """A checkpoint of a system beside the text classifiers.

    Attributes:
        figures: the test's, else the validation's, by name.
    """

    name: str
    path: Path
    system: str
    dataset: str
    classes: tuple[str, ...]
    figures: dict[str, float]

    def to_json(self) -> dict:
        """As the command ``checkpoints`` prints it."""
        return {
            "name": self.name,
            "model": self.system,
            "dataset": self.dataset,
            "classes": list(self.classes),
            "accuracy": self.figures.get("accuracy"),
            "figures": self.figures,
            "path": str(self.path),
        }


def system_of(model: str | None, checkpoint: str | None) -> System | None:
    """Return the system of that name, or of that checkpoint; None of a text classifier.

    Raises:
        UserError: if the checkpoint is of a system that is not registered.
    """
    if checkpoint:
        try:
            named = system_named_in(current_folder(find_folder(checkpoint)))
        except UserError:
            return None  # whoever loads it says what is wrong
        return find_system(named) if named else None
    return SYSTEMS.get(model or "")


def list_systems(root: Path | None = None, name: str | None = None) -> list[SystemListing]:
    """Return the checkpoints of all systems, or of one, that can be loaded, by name."""
    entries = [entry for entry in _entries(root) if isinstance(entry, SystemListing)]
    return [entry for entry in entries if name in (None, entry.system)]


def list_checkpoints(root: Path | None = None) -> list[Listing]:
    """Return the checkpoints in ``root`` that can be loaded, by name."""
    return [entry for entry in _entries(root) if isinstance(entry, Listing)]


def unlisted_checkpoints(root: Path | None = None) -> list[UserError]:
    """Return the reason for each folder that ``list_checkpoints`` leaves out."""
    return [entry for entry in _entries(root) if isinstance(entry, UserError)]


def broken_checkpoints(root: Path | None = None) -> list[str]:
    """Return a sentence for each folder that ``list_checkpoints`` leaves out."""
    return [str(reason) for reason in unlisted_checkpoints(root)]


def default_checkpoint(listings: Mapping[str, Listing]) -> str:
    """Return the name of the checkpoint that pages show first, of at least one.

    It is a setting of the installation, so that a run which somebody finishes does not replace
    what everybody sees. Where that one is missing, the first with both levels of attention.
    """
    default = os.environ.get("HANSCOPE_DEFAULT_MODEL", DEFAULT)
    if default in listings:
        return default
    two_levels = (name for name, one in listings.items() if model_kind(one.model).hierarchical)
    return next(two_levels, next(iter(listings)))


def default_pair(listings: Mapping[str, Listing]) -> list[str]:
    """Return the names of the checkpoints that are compared first: two, or the only one.

    The second learnt from the same data as the first where there is such a one; by name the first
    of these. One on a pretrained base, which needs packages beside the default install, comes last.
    """
    first = default_checkpoint(listings)
    others = [name for name in listings if name != first]
    others.sort(
        key=lambda name: (
            model_kind(listings[name].model).pretrained,
            listings[name].dataset != listings[first].dataset,
        )
    )
    return [first, *others[:1]]


@lru_cache(maxsize=256)
def mixed_misfit(language: str, classes: tuple[str, ...]) -> str:
    """What the mixed examples lack for such a model: "language" or "classes"; "" if nothing."""
    try:
        labels = read_corpus(f"{MIXED}/{language}@all").labels
    except UserError:
        return "language"
    return "" if fitting_classes(labels, {"": classes}) else "classes"


def _entries(root: Path | None) -> list[Listing | SystemListing | UserError]:
    root = checkpoints_root() if root is None else root
    if not root.is_dir():
        return []
    folders = [path for path in root.iterdir() if path.is_dir() and path.name[0] != "."]
    return [_listing(folder) for folder in sorted({*folders, *half_replaced(root)})]


def _listing(named: Path) -> Listing | SystemListing | UserError:
    """What a folder holds, or what is wrong with it."""
    if named.name != named.name.encode(errors="replace").decode():
        return UserError(
            tr('The name of the folder "{name}" is not UTF-8.', name=shown(named.name))
        )
    folder = current_folder(named)
    try:
        return _read_folder(named, folder, files_state(folder))
    except (UserError, OSError) as error:
        kind = MissingPackageError if isinstance(error, MissingPackageError) else UserError
        return kind(str(error) if named.name in str(error) else f"{named.name}: {error}")


@lru_cache(maxsize=256)
def _read_folder(named: Path, folder: Path, state: tuple) -> Listing | SystemListing:
    """The listing of files in this state. Errors are not cached: they may pass by themselves.

    Raises:
        UserError, OSError: if it cannot be loaded.
    """
    if (of := system_named_in(folder)) is not None:
        return _read_system(named, folder, find_system(of))
    config, metrics = read_config(folder), read_metrics(folder)
    check_numbers(config)
    if not (folder / VOCABULARY).is_file():
        raise UserError(tr("{name} has no {vocabulary}.", name=named.name, vocabulary=VOCABULARY))
    if model_kind(config.architecture.model).pretrained:  # its shapes take seconds to know
        find_base(config.architecture.base)
    else:
        check_weights(folder / WEIGHTS, _shapes(config.architecture))
    dataset, (part, accuracy) = metrics.get("dataset"), _accuracy(metrics)
    return Listing(
        named.name,
        named,
        config.architecture.model,
        config.architecture.attention,
        shown(dataset, LONGEST_DATASET) if isinstance(dataset, str) else "unknown",
        config.labels,
        accuracy,
        config.text.language,
        config.text.segmentation,
        part,
        _mixed_accuracy(folder, config),
    )


def _read_system(named: Path, folder: Path, kind: System) -> SystemListing:
    config, metrics = read_system_config(folder, kind), read_metrics(folder)
    weights = blank_system(config, kind).state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    check_weights(folder / WEIGHTS, shapes)
    dataset = metrics.get("dataset")
    reached = metrics.get("test") or metrics.get("validation")
    figures = {
        name: float(value)
        for name, value in (reached.items() if isinstance(reached, dict) else ())
        if type(value) in (int, float) and isfinite(value)
    }
    name = shown(dataset, LONGEST_DATASET) if isinstance(dataset, str) else "unknown"
    return SystemListing(named.name, named, kind.name, name, config.labels, figures)


@lru_cache(maxsize=64)
def _shapes(architecture: Architecture) -> Mapping[str, tuple[int, ...]]:
    weights = blank_model(architecture).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in weights.items()}


def _accuracy(metrics: dict) -> tuple[str, float | None]:
    """Which accuracy there is, and its value; ("", None) where there is none."""
    part = "test" if metrics.get("test") else "validation"
    reached = metrics.get(part)
    accuracy = reached.get("accuracy") if isinstance(reached, dict) else None
    if isinstance(accuracy, int | float) and 0 <= accuracy <= 1:  # NaN is neither
        return part, float(accuracy)
    return "", None


def _mixed_accuracy(folder: Path, config: Config) -> float | None:
    """Of ``weaknesses`` in a card of these weights, the share that is right."""
    if not (folder / CARD).is_file():
        return None
    try:
        card = read_json(folder / CARD)
        right, n = (card["weaknesses"]["all"][name] for name in ("right", "n"))
        own = card["weights"] == config.sha256.get(WEIGHTS)
    except (UserError, LookupError, TypeError):
        return None  # the card itself says what is wrong where it is shown
    counts = type(right) is int and type(n) is int and 0 <= right <= n and n > 0
    return right / n if own and counts else None
