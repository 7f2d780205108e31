"""How documents are split into training, validation and test: by share, column or other data."""

from dataclasses import dataclass

import streamlit as st

from han_core.data.labels import is_number
from han_core.data.splits import Source
from han_core.data.text_files import prefix_of
from han_core.runtime.messages import tr
from pages.shared import data_picker
from pages.shared.page import restore_value
from pages.train import data_form, sentences
from pages.train.data_form import PickedData

SHARE, COLUMN, OTHER = "share", "column", "other"
NONE = "none"


@dataclass(frozen=True)
class _HeldOut:
    """What is held out for validation and test: fields of ``Source``."""

    validation: str
    test: str | None = None
    split_column: str | None = None

    @property
    def drawn(self) -> bool:
        """Whether a share is drawn at random."""
        return any(part and is_number(part) for part in (self.validation, self.test))


def split_source(picked: PickedData) -> Source:
    """Draw the expander, and return the documents with their split."""
    with st.expander(tr("Training, validation and test"), key="train_divide"):
        held = _held_out(picked)
        group, seed = _random_split(picked) if held.drawn else (None, None)
    return Source(
        data=picked.data,
        validation=held.validation,
        test=held.test,
        text_column=picked.text_column,
        label_column=picked.label_column,
        split_column=held.split_column,
        group_column=group,
        split_seed=seed,
    )


def _held_out(picked: PickedData) -> _HeldOut:
    if picked.data.startswith("bundled:"):
        st.caption(tr(sentences.BUNDLED_TEST))
        return _HeldOut(
            _share("train_validation", tr("Share for validation"), 20), picked.others[0]
        )
    options = {SHARE: tr("A random share"), OTHER: tr("Other documents")}
    if picked.others:
        options[OTHER] = tr("Other splits of the data set")
    if len(picked.columns) > 2:
        options[COLUMN] = tr("By a column")
    restore_value("train_divide_by", SHARE, options)
    choice = st.radio(
        tr("Held out for validation and test"),
        list(options),
        horizontal=True,
        key="train_divide_by",
        format_func=lambda name: options[name],
        persist_state="session",
    )
    if choice == COLUMN:
        return _by_column(picked)
    if choice == OTHER:
        return _by_splits(picked) if picked.others else _by_files(picked)
    left, right = st.columns(2)
    with left:
        validation = _share("train_validation", tr("Share for validation"), 20)
    with right:
        test = _share("train_test", tr("Share for test"), 20, least=0)
    st.caption(tr(sentences.STRATIFIED))
    return _HeldOut(validation, test if float(test) else None)


def _random_split(picked: PickedData) -> tuple[str | None, int | None]:
    """The column whose groups stay together, as ``Source`` takes it, and the seed."""
    columns = [
        name for name in picked.columns if name not in (picked.text_column, picked.label_column)
    ]
    left, middle, right = st.columns(3)
    group = None
    if columns:
        with left:
            group = _group(columns)
        with middle:
            block = _whole("train_group_block", tr("Block size"), 1, tr("each value is a group"),
                           disabled=group is None)  # fmt: skip
        st.caption(tr(sentences.GROUPED))
        group = f"{group}/{block}" if group and block else group
    with right if columns else left:
        seed = _whole("train_split_seed", tr("Seed of the split"), 0, tr("that of the run"))
    return group, seed


def _group(columns: list[str]) -> str | None:
    key, options = "train_group_column", ["", *columns]
    data_form.choose_default(key, options, "")
    restore_value(key, "")
    return st.selectbox(
        tr("Keep together"), options, key=key, persist_state="session",
        format_func=lambda name: name or tr("nothing"),
    ) or None  # fmt: skip


def _whole(key: str, title: str, least: int, default: str, disabled: bool = False) -> int | None:
    """Draw a field for a whole number that may be left empty."""
    restore_value(key, None)
    return st.number_input(
        title, min_value=least, value=None, step=1, key=key, placeholder=default, disabled=disabled,
        persist_state="session",
    )  # fmt: skip


def _share(key: str, title: str, default: int, least: int = 5) -> str:
    """Draw a slider, and return the share as ``Source`` takes it."""
    restore_value(key, default)
    percent = st.slider(title, least, 50, step=5, format="%d%%", key=key, persist_state="session")
    return f"{percent / 100:g}"


def _by_column(picked: PickedData) -> _HeldOut:
    columns = tuple(
        name for name in picked.columns if name not in (picked.text_column, picked.label_column)
    )
    name = data_form.pick_column(
        "train_split_column",
        tr("Column of the split"),
        columns,
        data_picker.guessed_column(columns, "split", 0),
    )
    st.caption(tr(sentences.SPLIT_COLUMN))
    return _HeldOut(_share("train_validation", tr("Share for validation if no row is for it"), 10),
                 split_column=name)  # fmt: skip


def _by_splits(picked: PickedData) -> _HeldOut:
    names = split_names(picked)
    default = _like(picked.others, "valid", "dev")
    left, right = st.columns(2)
    with left:
        validation = pick_split(
            "train_validation_split", tr("Validation"), names, default, tr("A share")
        )
    with right:
        test = pick_split(
            "train_test_split", tr("Test"), names, _like(picked.others, "test"), tr("None")
        )
    if validation is None:
        validation = _share("train_validation", tr("Share for validation"), 20)
    return _HeldOut(validation, test)


def split_names(picked: PickedData) -> dict[str, str]:
    """Return the names of the other splits of a data set on the hub, by their specs."""
    return {spec: spec.rsplit("@", 1)[-1] for spec in picked.others}


def pick_split(
    key: str, title: str, names: dict[str, str], default: str | None, none: str
) -> str | None:
    """Draw a picker of one of the splits (spec → name), or of none, which is called ``none``."""
    options = {NONE: none, **names}
    data_form.choose_default(key, options, default or NONE)
    restore_value(key, default or NONE)
    chosen = st.selectbox(
        title, list(options), format_func=lambda spec: options[spec], key=key,
        persist_state="session",
    )  # fmt: skip
    return None if chosen == NONE else chosen


def _like(specs: tuple[str, ...], *names: str) -> str | None:
    """The first split whose name contains one of ``names``."""
    return next(
        (spec for spec in specs if any(name in spec.rsplit("@", 1)[-1] for name in names)), None
    )


def _by_files(picked: PickedData) -> _HeldOut:
    prefix = prefix_of(picked.data)  # they are read alike
    left, right = st.columns(2)
    with left:
        validation = data_picker.upload(
            "train_validation_file", tr("File for validation"), named=True
        )
    with right:
        test = data_picker.upload("train_test_file", tr("File for test (optional)"), named=True)
    if validation is None:
        st.caption(tr(sentences.NO_VALIDATION_FILE))
    if validation is not None:
        held = prefix + validation[1]
    else:
        held = _share("train_validation", tr("Share for validation"), 20)
    return _HeldOut(held, prefix + test[1] if test else None)
