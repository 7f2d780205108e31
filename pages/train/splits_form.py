"""Which documents are for training, validation and test: by share, by column, by other data."""

from dataclasses import dataclass

import streamlit as st

from han_core.data.labels import is_number
from han_core.data.splits import Source
from han_core.data.text_files import PREFIX
from pages.shared import files
from pages.shared.page import restore_value
from pages.train import data_form, sentences
from pages.train.data_form import Picked

SHARE, COLUMN, OTHER = "share", "column", "other"
NONE = "none"


@dataclass(frozen=True)
class _Held:
    """What is held out: fields of ``Source``."""

    validation: str
    test: str | None = None
    split_column: str | None = None

    @property
    def drawn(self) -> bool:
        """Whether a share is drawn at random."""
        return any(part and is_number(part) for part in (self.validation, self.test))


def divided(found: Picked) -> Source:
    """The expander that says how, and the source that comes of it."""
    with st.expander("Training, validation and test", key="train_divide"):
        held = _held(found)
        group, seed = _drawing(found) if held.drawn else (None, None)
    return Source(
        data=found.data,
        validation=held.validation,
        test=held.test,
        text_column=found.text_column,
        label_column=found.label_column,
        split_column=held.split_column,
        group_column=group,
        split_seed=seed,
    )


def _held(found: Picked) -> _Held:
    if found.data.startswith("bundled:"):
        st.caption(sentences.BUNDLED_TEST)
        return _Held(_share("train_validation", "Share for validation", 20), found.others[0])
    ways = {SHARE: "A share drawn at random", OTHER: "Other documents"}
    if found.others:
        ways[OTHER] = "Other splits of the data set"
    if len(found.columns) > 2:
        ways[COLUMN] = "A column says it"
    restore_value("train_divide_by", SHARE, ways)
    way = st.radio(
        "What is held out", list(ways), horizontal=True, key="train_divide_by",
        format_func=lambda name: ways[name], persist_state="session",
    )  # fmt: skip
    if way == COLUMN:
        return _by_column(found)
    if way == OTHER:
        return _by_splits(found) if found.others else _by_files(found)
    left, right = st.columns(2)
    with left:
        validation = _share("train_validation", "Share for validation", 20)
    with right:
        test = _share("train_test", "Share for test", 0, least=0)
    st.caption(sentences.STRATIFIED)
    return _Held(validation, test if float(test) else None)


def _drawing(found: Picked) -> tuple[str | None, int | None]:
    """What a share does not divide, as ``Source`` takes it, and what draws it."""
    columns = [
        name for name in found.columns if name not in (found.text_column, found.label_column)
    ]
    left, middle, right = st.columns(3)
    group = None
    if columns:
        with left:
            group = _group(columns)
        with middle:
            block = _whole("train_group_block", "Numbers in a block", 1, "each its own group",
                           disabled=group is None)  # fmt: skip
        st.caption(sentences.GROUPED)
        group = f"{group}/{block}" if group and block else group
    with right if columns else left:
        seed = _whole("train_split_seed", "Seed of the division", 0, "the run's")
    return group, seed


def _group(columns: list[str]) -> str | None:
    key, there = "train_group_column", ["", *columns]
    if st.session_state.get(key) not in there:
        st.session_state[key] = ""  # another file
    restore_value(key, "")
    return st.selectbox(
        "Keep together", there, key=key, persist_state="session",
        format_func=lambda name: name or "nothing",
    ) or None  # fmt: skip


def _whole(key: str, title: str, least: int, usual: str, disabled: bool = False) -> int | None:
    """A whole number that may be left out."""
    restore_value(key, None)
    return st.number_input(
        title, min_value=least, value=None, step=1, key=key, placeholder=usual, disabled=disabled,
        persist_state="session",
    )  # fmt: skip


def _share(key: str, title: str, usual: int, least: int = 5) -> str:
    """A share as ``Source`` takes it."""
    restore_value(key, usual)
    percent = st.slider(title, least, 50, step=5, format="%d%%", key=key, persist_state="session")
    return f"{percent / 100:g}"


def _by_column(found: Picked) -> _Held:
    there = tuple(
        name for name in found.columns if name not in (found.text_column, found.label_column)
    )
    name = data_form.column("train_split_column", "Column of the parts", there, "split", 0)
    st.caption(sentences.SPLIT_COLUMN)
    return _Held(_share("train_validation", "Share for validation where no row is for it", 10),
                 split_column=name)  # fmt: skip


def _by_splits(found: Picked) -> _Held:
    names = split_names(found)
    usual = _like(found.others, "valid", "dev")
    left, right = st.columns(2)
    with left:
        validation = split("train_validation_split", "Validation", names, usual, "A share")
    with right:
        test = split("train_test_split", "Test", names, _like(found.others, "test"), "None")
    if validation is None:
        validation = _share("train_validation", "Share for validation", 20)
    return _Held(validation, test)


def split_names(found: Picked) -> dict[str, str]:
    """The other splits of a data set of the hub, by their specs."""
    return {spec: spec.rsplit("@", 1)[-1] for spec in found.others}


def split(key: str, title: str, names: dict[str, str], usual: str | None, none: str) -> str | None:
    """A picker of one of the splits that ``names`` has by their specs, or of none."""
    there = {NONE: none, **names}
    if st.session_state.get(key) not in there:
        st.session_state[key] = usual or NONE
    restore_value(key, usual or NONE)
    chosen = st.selectbox(
        title, list(there), format_func=lambda spec: there[spec], key=key, persist_state="session"
    )
    return None if chosen == NONE else chosen


def _like(specs: tuple[str, ...], *names: str) -> str | None:
    """The split that is called like one of ``names``."""
    return next(
        (spec for spec in specs if any(name in spec.rsplit("@", 1)[-1] for name in names)), None
    )


def _by_files(found: Picked) -> _Held:
    prefix = PREFIX if found.data.startswith(PREFIX) else ""  # they are read alike
    left, right = st.columns(2)
    with left:
        validation = files.upload("train_validation_file", "File for validation")
    with right:
        test = files.upload("train_test_file", "File for test (may be left out)")
    if validation is None:
        st.caption(sentences.NO_VALIDATION_FILE)
    if validation is not None:
        held = prefix + validation[1]
    else:
        held = _share("train_validation", "Share for validation", 20)
    return _Held(held, prefix + test[1] if test else None)
