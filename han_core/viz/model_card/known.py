"""Facts of a checkpoint folder: its ``config.json`` and ``metrics.json``.

``metrics.json`` may come from a stranger or from an older version, so each value is taken
only where it has the expected type and range, and cut to a length that can be shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from han_core.models.architecture import Architecture
from han_core.models.checkpoint import (
    VOCABULARY,
    WEIGHTS,
    Config,
    find_folder,
    read_config,
    read_metrics,
)
from han_core.models.registry import blank_model
from han_core.runtime.atomic_io import current_folder
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import tr

PARTS = ("train", "validation", "test")
LONGEST = 300  # characters of a value
LONGEST_TEXT = 4_000  # of a command or a note
MOST = 40  # settings, seeds, kinds of documents


@dataclass(frozen=True)
class Scores:
    """Scores of the model on one part of the data; None where they are missing."""

    accuracy: float | None = None
    macro_f1: float | None = None
    loss: float | None = None


@dataclass(frozen=True)
class AdaptationFacts:
    """What adapting to a target domain brought; None where it is missing.

    Attributes:
        target: the domain's name.
        accuracy: on ``documents`` held-out target documents with labels.
        classifier: accuracy of the domain classifier; .5 is chance.
        distances: proxy A-distance before and after, 0 to 2.
    """

    target: str
    accuracy: float | None
    documents: int
    classifier: float | None
    distances: tuple[float | None, float | None]


@dataclass(frozen=True)
class CheckpointFacts:
    """What a checkpoint folder records of its model and training.

    Attributes:
        name: the folder's.
        documents: "train", "validation", "test" and whatever else was used → how many.
        reached: by the same names, "validation" and "test".
        seeds: (seed, test accuracy) of runs that differ in the seed alone.
        settings: name → value in words, those that are not the usual ones.
        teachers: models that labelled the unlabelled documents of distillation.
        command: that makes it again; "" where it is missing.
        notes: further sentences, name → text.
        parameters, bytes: of the weights, as numbers and as a file.
        adaptation: None where it was not adapted to a domain.
    """

    name: str
    config: Config
    dataset: str
    documents: Mapping[str, int]
    reached: Mapping[str, Scores]
    seeds: tuple[tuple[int, float], ...]
    seed: int | None
    date: str
    settings: Mapping[str, str]
    teachers: tuple[str, ...]
    command: str
    notes: Mapping[str, str]
    parameters: int
    bytes: int
    adaptation: AdaptationFacts | None = None

    @property
    def test(self) -> Scores:
        return self.reached["test"]

    @property
    def right(self) -> int | None:
        """Test documents classified rightly; None where accuracy or number is missing."""
        n, accuracy = self.documents.get("test", 0), self.test.accuracy
        return None if accuracy is None or not n else round(accuracy * n)


def checkpoint_facts(folder: str | Path) -> CheckpointFacts:
    """Return the facts of the checkpoint in ``folder``, or of that name.

    Raises:
        UserError: if there is none or its configuration does not fit.
    """
    location = find_folder(folder)
    path = current_folder(location)
    config, metrics = read_config(path), read_metrics(path)
    return CheckpointFacts(
        name=location.name,
        config=config,
        dataset=text_of(metrics.get("dataset")),
        documents=counts_of(metrics.get("documents")),
        reached={part: _scores(metrics.get(part)) for part in PARTS[1:]},
        seeds=_seeds(metrics.get("seeds")),
        seed=count_of(metrics.get("seed")),
        date=text_of(metrics.get("date")),
        settings=settings_of(metrics.get("settings")),
        teachers=_teachers(metrics.get("teaching")),
        command=text_of(metrics.get("reproduce"), LONGEST_TEXT),
        notes=_notes(metrics),
        parameters=parameters(config.architecture),
        bytes=sum(_size(path / file, location.name) for file in (WEIGHTS, VOCABULARY)),
        adaptation=_adaptation(metrics.get("adaptation")),
    )


def _size(file: Path, name: str) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError as error:
        raise UserError(tr("{name} has no {file}.", name=name, file=file.name)) from error


def parameters(architecture: Architecture) -> int:
    """Count the trainable parameters of this architecture, without memory for them."""
    return sum(tensor.numel() for tensor in blank_model(architecture).parameters())


def _scores(value: object) -> Scores:
    scores = value if isinstance(value, dict) else {}
    loss = scores.get("loss")
    return Scores(
        _share(scores.get("accuracy")),
        _share(scores.get("macro_f1")),
        loss if isinstance(loss, int | float) and isfinite(loss) else None,
    )


def _seeds(value: object) -> tuple[tuple[int, float], ...]:
    """Of ``[{"seed": 0, "test": {"accuracy": 0.9}}, …]``, those that are so."""
    runs = []
    for run in value[:MOST] if isinstance(value, list) else ():
        if isinstance(run, dict):
            seed, accuracy = count_of(run.get("seed")), _scores(run.get("test")).accuracy
            if seed is not None and accuracy is not None:
                runs.append((seed, accuracy))
    return tuple(runs)


def _teachers(value: object) -> tuple[str, ...]:
    """Of ``{"teachers": [{"name": "nb-svm"}, …]}``, the names."""
    teachers = value.get("teachers") if isinstance(value, dict) else None
    if not isinstance(teachers, list):
        return ()
    named = [one.get("name") for one in teachers[:MOST] if isinstance(one, dict)]
    return tuple(shown(name) for name in named if isinstance(name, str))


def _adaptation(value: object) -> AdaptationFacts | None:
    """Of what ``metrics.json`` has under this name; the target must have one."""
    if not isinstance(value, dict) or not (target := text_of(value.get("target"))):
        return None
    both = value.get("proxy_a_distance")
    before, after = (both.get(name) if isinstance(both, dict) else None
                     for name in ("before", "after"))  # fmt: skip
    return AdaptationFacts(
        target,
        _share(value.get("target_accuracy")),
        count_of(value.get("target_documents")) or 0,
        _share(value.get("domain_classifier_accuracy")),
        (_distance(before), _distance(after)),
    )


def _distance(value: object) -> float | None:
    """A proxy A-distance, of which the half is a share."""
    if isinstance(value, int | float) and _share(value / 2) is not None:
        return float(value)
    return None


def counts_of(value: object) -> dict[str, int]:
    """Return the entries that are whole numbers from 0."""
    pairs = list(value.items())[:MOST] if isinstance(value, dict) else []
    return {shown(name): count for name, one in pairs if (count := count_of(one)) is not None}


def settings_of(value: object) -> dict[str, str]:
    """Return the entries with their values in words, cut to what can be shown."""
    pairs = list(value.items())[:MOST] if isinstance(value, dict) else []
    return {shown(name): _value(one) for name, one in pairs}


def _value(value: object) -> str:
    if isinstance(value, list):
        return shown(",".join(str(one) for one in value[:MOST]), LONGEST)
    return shown(str(value).lower() if isinstance(value, bool) else str(value), LONGEST)


def _notes(metrics: dict) -> dict[str, str]:
    """The origin of the word vectors, and a further note."""
    notes = {name: text_of(metrics.get(name), LONGEST_TEXT) for name in ("vectors", "note")}
    return {name: text for name, text in notes.items() if text}


def text_of(value: object, longest: int = LONGEST) -> str:
    """Return a text, cut to what can be shown; "" where it is none."""
    return shown(value, longest) if isinstance(value, str) else ""


def count_of(value: object) -> int | None:
    """Return a whole number from 0; None where it is none."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**12:
        return value
    return None


def _share(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)  # NaN is not between them
    return None
