"""Domains in the form: fine-tune a model of the same classes, or adapt to texts without labels."""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from han_core.data.preview import DataPreview
from han_core.data.splits import Source
from han_core.data.text_files import prefix_of
from han_core.models.listing import Listing
from han_core.models.registry import MODELS
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.training.fields import setting_fields
from han_core.training.settings import DOMAIN
from pages.shared import cache, data_picker, wording
from pages.shared.page import plain, restore_value
from pages.train import cached_runs, data_form, form_values, learning_form, sentences, splits_form
from pages.train.data_form import PickedData

NONE, TUNE, ADAPT = "none", "tune", "adapt"
CHOICES = {
    NONE: mark("One domain"),
    TUNE: mark("These documents are of a new domain"),
    ADAPT: mark("The new domain has texts without labels"),
}
OTHER, COLUMN = "other", "column"
MOST_OFFERED = 3
MOST_DOMAINS = 100


@dataclass(frozen=True)
class DomainChoice:
    """What the form says of domains.

    Attributes:
        kind: one of ``CHOICES``.
        source: the documents, with the target domain if there is one.
        settings: of domain adaptation, where they differ from their defaults.
    """

    kind: str
    source: Source
    settings: dict[str, Any]


def choose(picked: PickedData, source: Source) -> DomainChoice:
    """Draw what is known before the documents are read.

    Raises:
        UserError: if the texts of the target domain cannot be used.
    """
    restore_value("train_domain_kind", NONE, CHOICES)
    kind = st.radio(
        tr("Domains"),
        list(CHOICES),
        key="train_domain_kind",
        format_func=lambda name: tr(CHOICES[name]),
        help=tr(sentences.DOMAINS),
        persist_state="session",
    )
    if kind != ADAPT:
        return DomainChoice(kind, source, {})
    target, column = _target(picked)
    if target is None:
        st.caption(tr(sentences.NO_TARGET))
        return DomainChoice(kind, source, {})
    fields = setting_fields()
    grid = st.grid(2, min_column_width=form_values.NARROWEST, gap=("small", "medium"))
    settings = {}
    for name in DOMAIN:
        with grid.cell():
            settings[name] = form_values.draw(fields[name])
    changed = {name: v for name, v in settings.items() if v != fields[name].default}
    return DomainChoice(kind, replace(source, adapt_to=target, domain_column=column), changed)


def _target(picked: PickedData) -> tuple[str | None, str | None]:
    """Draw where the target texts come from: ``adapt_to`` and ``domain_column`` of ``Source``."""
    if not picked.is_local:
        names = splits_form.split_names(picked)
        return splits_form.pick_split(
            "train_target_split", tr("Texts"), names, None, tr("None")
        ), None
    columns = [c for c in picked.columns if c not in (picked.text_column, picked.label_column)]
    if columns and _by() == COLUMN:
        return _column(picked, tuple(columns))
    uploaded = data_picker.upload("train_target", tr("Texts of the new domain"), named=True)
    return (prefix_of(picked.data) + uploaded[1] if uploaded else None), None


def _by() -> str:
    options = {OTHER: tr("Another file"), COLUMN: tr("A column of these documents")}
    restore_value("train_target_by", OTHER, options)
    return st.radio(
        tr("Texts of the new domain"), list(options), horizontal=True, key="train_target_by",
        format_func=lambda name: options[name], persist_state="session",
    )  # fmt: skip


def _column(picked: PickedData, columns: tuple[str, ...]) -> tuple[str, str]:
    left, right = st.columns(2)
    with left:
        guess = data_picker.guessed_column(columns, "domain", 0)
        column = data_form.pick_column("train_domain_column", tr("Column"), columns, guess)
    domains = cached_runs.domains(picked.data, column)
    if not 2 <= len(domains) <= MOST_DOMAINS:
        raise UserError(sentences.domains(column, len(domains), MOST_DOMAINS))
    with right:
        target = data_form.pick_column("train_domain", tr("New domain"), domains, domains[-1])
    return target, column


def offer(choice: DomainChoice, look: DataPreview | None, start_from: Listing | None) -> None:
    """Draw what is known once the documents are read: models of the same classes to start from."""
    if choice.kind != TUNE:
        return
    fitting = _fitting(look)
    if start_from is not None and start_from.name in fitting:
        st.caption(plain(sentences.tunes(start_from.name)))
        return
    if not fitting:
        st.caption(tr(sentences.NO_MODEL_OF_THE_CLASSES))
        return
    st.caption(tr(sentences.TUNE))
    with st.container(horizontal=True):
        for name in list(fitting)[:MOST_OFFERED]:
            st.button(tr("Start from {name}", name=plain(name)), key=f"train_domain_from_{name}",
                      on_click=_start_from, args=(name,),
                      help=plain(wording.checkpoint_name(fitting[name])))  # fmt: skip


def _fitting(look: DataPreview | None) -> dict[str, Listing]:
    """Models of the same classes and language by name, the best first; none before a look.

    Those of a pretrained base come last: not every installation reads them, and they take longer.
    """
    if look is None:
        return {}
    text = learning_form.run_text(None)
    all_models = cache.listings().values()
    found = [each for each in all_models if learning_form.fits(each, look.classes, *text)]
    found.sort(key=lambda one: (MODELS[one.model].pretrained, -(one.accuracy or 0), one.name))
    return {listing.name: listing for listing in found}


def _start_from(name: str) -> None:
    st.session_state["train_from"] = name
    st.session_state["set_freeze_words"] = False


def fill(source: Source, settings: dict) -> None:
    """Choose what a run that is trained again had; the file itself is kept by the caller."""
    state, by_column = st.session_state, source.domain_column is not None
    state["train_domain_kind"] = ADAPT if source.adapt_to else NONE
    state["train_target_by"] = COLUMN if by_column else OTHER
    fields = setting_fields()
    for name in DOMAIN:
        form_values.set_field(fields[name], settings.get(name, fields[name].default))
