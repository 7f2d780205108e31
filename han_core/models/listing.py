"""Which checkpoints there are to choose from.

Reads the small files of each folder and no weights. It knows nothing about how
a list is shown.
"""

from dataclasses import dataclass
from pathlib import Path

from han_core.models.checkpoint import SHIPPED, VOCABULARY, WEIGHTS, read_config, read_metrics
from han_core.models.folder import rescue
from han_core.wrong_input import WrongInput


@dataclass(frozen=True)
class Listing:
    """One checkpoint: ``accuracy`` is the test's, else the validation's, else None."""

    name: str
    path: Path
    model: str
    attention: str
    dataset: str
    classes: tuple[str, ...]
    accuracy: float | None
    language: str

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


def list_checkpoints(root: Path = SHIPPED) -> list[Listing]:
    """The checkpoints in the folder ``root``, by name; broken folders are left out."""
    return [found for found in _found(root) if isinstance(found, Listing)]


def broken_checkpoints(root: Path = SHIPPED) -> list[str]:
    """A sentence for each folder that ``list_checkpoints`` leaves out."""
    return [found for found in _found(root) if isinstance(found, str)]


def _found(root: Path) -> list[Listing | str]:
    if not root.is_dir():
        return []
    for left in root.glob(".*.previous"):
        rescue(root / left.name.removeprefix(".").removesuffix(".previous"))
    folders = sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")
    return [_listing(folder) for folder in folders]


def _listing(folder: Path) -> Listing | str:
    """What a folder holds, or what is wrong with it."""
    try:
        config, metrics = read_config(folder), read_metrics(folder)
    except WrongInput as error:
        return str(error)
    for name in (WEIGHTS, VOCABULARY):
        if not (folder / name).is_file():
            return f"{folder.name} has no {name}."
    reached = metrics.get("test") or metrics.get("validation")
    accuracy = reached.get("accuracy") if isinstance(reached, dict) else None
    return Listing(
        folder.name,
        folder,
        config.architecture.model,
        config.architecture.attention,
        str(metrics.get("dataset", "unknown")),
        config.labels,
        float(accuracy) if isinstance(accuracy, int | float) else None,
        config.text.language,
    )
