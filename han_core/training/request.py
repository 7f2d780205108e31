"""What is to be trained, and whether it can be.

Splitting texts into words takes minutes, so everything that can be found wrong
without it is found before. It knows nothing about how training goes.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from han_core.corpora.corpus import Corpus
from han_core.corpora.labels import align_labels
from han_core.device import mixed_precision
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import CONFIG, TextConfig
from han_core.models.folder import rescue
from han_core.text.vectors import vectors_size
from han_core.training.prepare import class_names
from han_core.training.resume import RunState, read_state
from han_core.training.settings import Settings, checked
from han_core.wrong_input import WrongInput


@dataclass(frozen=True)
class Request:
    """What is to be trained, on what, and where it goes.

    Attributes:
        sizes: fields of the architecture that differ from their defaults.
        reproduce: the command that does the same again.
        resume: go on with the run in ``out``, or begin one where there is none.
    """

    model: str
    attention: str
    training: Corpus
    validation: Corpus
    test: Corpus | None
    out: Path
    settings: Settings
    sizes: dict[str, object]
    text: TextConfig
    reproduce: str
    resume: bool = False


@dataclass(frozen=True)
class Ready:
    """What was found out about a request that can be carried out.

    Attributes:
        out: absolute, and free or a run's to go on with.
        test: the class of each test document.
        state: of the run to go on with; None to begin.
    """

    out: Path
    test: tuple[int, ...]
    state: RunState | None


def ready(request: Request, device: torch.device) -> Ready:
    """Looks at everything that needs no reading of texts.

    Raises:
        WrongInput: if labels, settings, vectors or device do not fit, the folder is
            taken, or the run that has begun there is damaged.
    """
    labels = class_names(request.training.classes, request.settings.label_names)
    align_labels(request.validation.labels, request.training.classes)
    # By the data's own names of the classes: ``label_names`` are for people.
    test = align_labels(request.test.labels, request.training.classes) if request.test else ()
    mixed_precision(request.settings.mixed_precision, device)
    _check_vectors(request.settings.vectors, architecture(request, 2, len(labels)).embedding)
    out = _free(request)
    begun = request.resume and _holds_something(out)
    return Ready(out, test, read_state(out) if begun else None)


def architecture(request: Request, words: int, classes: int) -> Architecture:
    """The architecture asked for, with the sizes that the data decide."""
    values = {
        **request.sizes,
        "model": request.model,
        "attention": request.attention,
        "vocabulary_size": words,
        "classes": classes,
    }
    found = checked(Architecture, values)
    assert isinstance(found, Architecture)
    return found


def _check_vectors(path: str | None, embedding: int) -> None:
    if path is not None and (size := vectors_size(path)) != embedding:
        raise WrongInput(
            f"The vectors have {size} numbers and the model's {embedding}; "
            f"--set embedding={size} fits them."
        )


def _free(request: Request) -> Path:
    """The folder to write to; refused where it cannot be written or holds something."""
    out = request.out.absolute()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        rescue(out)
        taken = _holds_something(out)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise WrongInput(f"--out {out} cannot be written: {reason}.") from error
    if not os.access(out.parent, os.W_OK):
        raise WrongInput(f"--out {out} cannot be written: its parent folder is read-only.")
    if taken and not request.resume:
        raise WrongInput(
            f"--out names a new or empty folder; {out} holds something"
            + (" (a checkpoint: --resume goes on with it)." if (out / CONFIG).exists() else ".")
        )
    return out


def _holds_something(out: Path) -> bool:
    return out.exists() and not (out.is_dir() and not any(out.iterdir()))
