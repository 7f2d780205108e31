"""What is to be trained, and everything that can be checked before texts are read.

Splitting texts into words takes minutes, so all checks that need no words come first.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from han_core.data.corpus import Corpus, fingerprint
from han_core.data.domains import TargetDomain
from han_core.data.labels import align_labels
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import CONFIG, TextConfig, read_config
from han_core.models.pretrained.base import find_base
from han_core.models.registry import blank_model, model_kind, with_defaults
from han_core.runtime.atomic_io import restore_previous
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.runtime.quotas import check_quota_at
from han_core.text.word_pieces import WordPieces
from han_core.text.word_vectors import vectors_size
from han_core.training.distillation import Teacher, find_teachers
from han_core.training.initial_weights import Origin, origin
from han_core.training.optimization import check_precision
from han_core.training.prepare import class_names
from han_core.training.resume import UNVERIFIED, RunState, read_state
from han_core.training.settings import (
    DOMAIN,
    NOBODY,
    Settings,
    check_suits,
    check_together,
    checked,
    without_effect,
)


@dataclass(frozen=True)
class Request:
    """What is to be trained, on what, and where it goes.

    Attributes:
        attention: its form; None for the checkpoint's that the run starts from, else additive.
        sizes: fields of the architecture that differ from their defaults.
        reproduce: the command that does the same again.
        resume: go on with the run in ``out``, or begin one where there is none.
        unlabelled: documents for the teachers of the settings to label.
        target: the domain to adapt to.
    """

    model: str
    attention: str | None
    training: Corpus
    validation: Corpus
    test: Corpus | None
    out: Path
    settings: Settings
    sizes: dict[str, object]
    text: TextConfig
    reproduce: str
    resume: bool = False
    unlabelled: Corpus | None = None
    target: TargetDomain | None = None


@dataclass(frozen=True)
class CheckedRequest:
    """What was found out about a request that can be carried out.

    Attributes:
        request: with what the checkpoint decides that it starts from, and ``out`` absolute,
            and free or a run's to go on with.
        test: the class of each test document.
        state: of the run to go on with; None to begin.
        origin: the checkpoint that it starts from, if any.
        notes: what was asked for and has no effect, a sentence each.
        teachers: who are to be asked; none where nobody is, or all was said already.
    """

    request: Request
    test: tuple[int, ...]
    state: RunState | None
    origin: Origin | None
    notes: tuple[str, ...]
    teachers: tuple[Teacher, ...] = ()


def check_request(request: Request, device: torch.device) -> CheckedRequest:
    """Look at everything that needs no reading of texts.

    Raises:
        UserError: if labels, settings, vectors or device do not fit, the folder is
            taken, the disk's quota is used up, or the run that has begun there is damaged.
    """
    out = free_folder(request.out, request.resume)
    begun = request.resume and holds_something(out)
    state = read_state(out) if begun else None
    # A run that has begun holds all that it took over, whatever became of where it came from.
    begun_from = origin(request.settings, out if begun else None)
    if begun:
        # A run from before goes on with the rules by which it has split its texts.
        version = read_config(out).text.tokenizer_version
        text = request.text.model_copy(update={"tokenizer_version": version})
        request = replace(request, text=text)
    settled = _settled(request, begun_from)
    check_suits(settled.model, settled.settings)
    original, request = request, _within_reach(settled)
    labels = class_names(request.training.classes, request.settings.label_names)
    align_labels(request.validation.labels, request.training.classes)
    # By the data's own names of the classes: ``label_names`` are for people.
    test = align_labels(request.test.labels, request.training.classes) if request.test else ()
    check_precision(request.settings.mixed_precision, request.model, device)
    shape = architecture(request, 2, len(labels))
    _check_vectors(request.settings.vectors, shape.embedding)
    notes = without_effect(
        request.model, shape.attention, original.sizes, original.settings, shape.layers
    )
    notes += _cautions(request, begun_from, labels)
    if state and not state.is_verified:
        notes.append(tr(UNVERIFIED))
    teachers = () if state else _teachers(request, labels)
    if teachers:
        labelled = {
            "train": request.training,
            "validation": request.validation,
            "test": request.test,
        }
        parts = {name: fingerprint(part) for name, part in labelled.items() if part is not None}
        notes += [caution for teacher in teachers for caution in teacher.cautions(parts)]
    return CheckedRequest(
        replace(request, out=out), test, state, begun_from, tuple(notes), teachers
    )


def _cautions(request: Request, begun_from: Origin | None, labels: tuple[str, ...]) -> list[str]:
    """Sentences on frozen words of other classes, and on settings that have nothing to work on."""
    cautions = []
    if begun_from and request.settings.freeze_words and not begun_from.has_classes(labels):
        cautions.append(begun_from.frozen_caution(labels))
    changed = request.settings.model_dump(exclude_defaults=True)
    shape = architecture(request, 2, len(labels))
    idle = []
    if request.settings.attention_guide and shape.pooling != "attention":
        idle.append(("attention_guide", f"pooling={shape.pooling}"))
    if "guide_against" in changed and not request.settings.attention_guide:
        idle.append(("guide_against", "attention_guide=0"))
    for name, cause in idle:
        cautions.append(tr("{name} has no effect with {cause}.", name=name, cause=cause))
    if "start_share" in changed and not (begun_from and begun_from.is_whole(labels, shape)):
        cautions.append(
            tr(
                "start_share has no effect: the run starts from no checkpoint of the same classes "
                "and attention."
            )
        )
    if request.target is None:
        without = [name for name in DOMAIN if name in changed]
        cautions += [tr("{name} has no effect without --adapt-to.", name=name) for name in without]
    return cautions


def _teachers(request: Request, labels: tuple[str, ...]) -> tuple[Teacher, ...]:
    names = request.settings.teachers
    if NOBODY in names:
        return ()
    if request.unlabelled is None and not request.settings.stretches:
        if names != Settings().teachers:
            raise UserError(
                tr(
                    "teachers label unlabelled documents, which --unlabelled D names, or "
                    "stretches=N of each training document."
                )
            )
        return ()
    pieces = pieces_of(request)
    return find_teachers(names, request.training.classes, labels, request.text, pieces)


def _settled(request: Request, begun_from: Origin | None) -> Request:
    """The request with what the checkpoint decides that it starts from."""
    check_together(request.settings)
    if model_kind(request.model).pretrained:  # its own tokenizer decides about case
        request = replace(request, text=request.text.model_copy(update={"lowercase": False}))
    if begun_from is None:
        return replace(request, attention=request.attention or "additive")
    model, attention = begun_from.model(request.model, request.attention)
    if request.settings.freeze_words:
        begun_from.freezes(attention)
    classes = request.training.classes
    names = request.settings.label_names or begun_from.names(classes) or classes
    return replace(
        request,
        model=model,
        attention=attention,
        sizes=begun_from.sizes(request.sizes),
        text=begun_from.text(request.text),
        settings=request.settings.model_copy(update={"label_names": names}),
    )


def pieces_of(request: Request) -> WordPieces | None:
    """Return the pieces that the model reads in place of words, if it does.

    Raises:
        UserError: if its base is missing or damaged.
    """
    if not model_kind(request.model).pretrained:
        return None
    return find_base(architecture(request, 2, 2).base).pieces


def _within_reach(request: Request) -> Request:
    """The request whose documents are cut where the model reads no further, and say so."""
    longest = model_kind(request.model).longest(architecture(request, 2, 2))
    if longest is None or request.text.maximum_tokens <= longest:
        return request
    return replace(request, text=request.text.model_copy(update={"maximum_tokens": longest}))


def architecture(request: Request, words: int, classes: int) -> Architecture:
    """The architecture asked for, with the sizes that the data decide.

    Raises:
        UserError: if such a model cannot be built.
    """
    return shape_of(request.model, request.attention or "additive", request.sizes, words, classes)


def shape_of(
    model: str, attention: str, sizes: Mapping[str, object], words: int, classes: int
) -> Architecture:
    """The architecture of a kind of model with these sizes and its own defaults.

    Raises:
        UserError: as ``architecture``.
    """
    values = {
        **with_defaults(model, sizes),
        "model": model,
        "attention": attention,
        "vocabulary_size": words,
        "classes": classes,
    }
    shape = checked(Architecture, values)
    assert isinstance(shape, Architecture)
    blank_model(shape)
    return shape


def _check_vectors(path: str | None, embedding: int) -> None:
    if path is not None and (size := vectors_size(path)) != embedding:
        raise UserError(
            tr(
                "The vectors have {size} numbers and the model's {embedding}; --set "
                "embedding={size} fits them.",
                size=size,
                embedding=embedding,
            )
        )


def free_folder(out: Path, resume: bool) -> Path:
    """Return the folder to write to, absolute.

    Raises:
        UserError: if it cannot be written, or holds something and no run is to go on.
    """
    out = out.absolute()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        restore_previous(out)
        taken = holds_something(out)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(
            tr("--out {out} cannot be written: {reason}.", out=out, reason=reason)
        ) from error
    if not os.access(out.parent, os.W_OK):
        raise UserError(
            tr("--out {out} cannot be written: its parent folder is read-only.", out=out)
        )
    if not taken:
        check_quota_at(out)
    elif not resume:
        raise UserError(
            tr(
                "--out names a new or empty folder; {out} holds something (a checkpoint: --resume "
                "goes on with it).",
                out=out,
            )
            if (out / CONFIG).exists()
            else tr("--out names a new or empty folder; {out} holds something.", out=out)
        )
    return out


def holds_something(out: Path) -> bool:
    """Whether there is anything at ``out`` but an empty folder."""
    return out.exists() and not (out.is_dir() and not any(out.iterdir()))
