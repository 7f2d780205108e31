"""A data set of the hub: its configurations, splits, columns and first rows, before a download.

Where the documents come from: the bundle, a file, or the hub.

A file stays on this machine for the runs that use it, under a name made of its content;
people see it under its own.
"""

from dataclasses import dataclass

import streamlit as st

from han_core.data.table import Table
from han_core.runtime.errors import UserError
from pages.shared import data_picker, files
from pages.shared import files as uploading
from pages.shared.page import plain, restore_value
from pages.train import cached_runs, form_values, sentences

LONGEST_NAME = 200


@dataclass(frozen=True)
class Chosen:
    """One split of a data set, and what else there is to validate or test on."""

    data: str
    name: str
    columns: tuple[str, ...]
    others: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


def chosen() -> Chosen | None:
    """The pickers; None until a name is given.

    Raises:
        UserError: if the hub cannot be reached or knows no such data set.
    """
    restore_value("train_hub", "")
    name = st.text_input(
        "Name on the hub", key="train_hub", placeholder="stanfordnlp/imdb",
        max_chars=LONGEST_NAME, persist_state="session",
    ).strip()  # fmt: skip
    if not name:
        st.caption(sentences.HUB)
        return None
    first = cached_runs.hub_offer(name, None, None)
    left, right = st.columns(2)
    with left:
        config = _part("train_hub_config", "Configuration", [c.name for c in first.configs],
                       first.config.name)  # fmt: skip
    splits = next(c.splits for c in first.configs if c.name == config)
    rows = {split.name: split.rows for split in splits}
    with right:
        split = _part("train_hub_split", "Split to train on", list(rows),
                      "train" if "train" in rows else next(iter(rows)), rows)  # fmt: skip
    offer = cached_runs.hub_offer(name, config, split)
    st.caption(plain(sentences.offer(offer)))
    columns = tuple(column.name for column in offer.columns if column.kind != "not read")
    if len(columns) < 2:
        raise UserError(f"{offer.name} shows no two columns that could be texts and labels.")
    others = tuple(offer.spec_of(config, other) for other in rows if other != split)
    return Chosen(offer.spec, offer.name, columns, others, offer.rows)


def _part(
    key: str, title: str, there: list[str], usual: str, rows: dict[str, int | None] | None = None
) -> str:
    if st.session_state.get(key) not in there:
        st.session_state[key] = usual  # another data set
    restore_value(key, usual)

    def named(name: str) -> str:
        number = (rows or {}).get(name)
        return name if number is None else f"{name} ({number:,} rows)"

    return st.selectbox(title, there, format_func=named, key=key, persist_state="session")


FILE, HUB = "file", "hub"
SOURCES = {
    "bundled:classroom": "Classroom corpus, English: 220 short reviews",
    "bundled:classroom/zh": "Classroom corpus, Chinese: 24 short reviews",
    FILE: "A file of my own",
    HUB: "A data set of the Hugging Face hub",
}
PREVIEW = 240  # characters of a cell


@dataclass(frozen=True)
class Picked:
    """Documents that somebody picked, before they are divided.

    Attributes:
        data: a spec as ``read_corpus`` takes it.
        name: for people.
        columns: all of them; texts and labels are two of these.
        others: other splits that can be validated or tested on, by their specs; the first
            two are what somebody would take.
        rows: the first ones.
    """

    data: str
    name: str
    columns: tuple[str, ...]
    text_column: str = "text"
    label_column: str = "label"
    others: tuple[str, ...] = ()
    rows: tuple[dict[str, str], ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether reading all of it needs no network."""
        return not self.data.startswith("hf:")


def picked() -> Picked | None:
    """The pickers; None until a file or a name is given.

    Raises:
        UserError: if the file or the name cannot be used.
    """
    restore_value("train_data", next(iter(SOURCES)))
    chosen = st.selectbox(
        "Documents", list(SOURCES), key="train_data", on_change=_take_language,
        format_func=lambda spec: SOURCES[spec], persist_state="session",
    )  # fmt: skip
    if chosen == FILE:
        return _file()
    if chosen == HUB:
        return _of_hub()
    return Picked(
        f"{chosen}@train", chosen.removeprefix("bundled:"), (), others=(f"{chosen}@test",)
    )


def _take_language() -> None:
    """Chinese documents are split into words as Chinese."""
    chinese = st.session_state["train_data"].endswith("/zh")
    st.session_state[form_values.key_of("language")] = "zh" if chinese else "en"


def _file() -> Picked | None:
    kept = uploading.upload("train_upload", "CSV, TSV, JSONL or Parquet")
    if kept is None:
        st.caption(sentences.FILE)
        return None
    name, spec = kept
    table = files.table(spec)
    st.caption(f"{plain(name)}: {table.rows:,} rows, {len(table.columns)} columns.")
    text, label = _columns(table)
    spec = uploading.as_messages("train_messages", spec)
    return Picked(spec, name, table.columns, text, label, rows=table.preview)


def _columns(table: Table) -> tuple[str, str]:
    pickers = st.columns(2)
    with pickers[0]:
        text = column("train_text_column", "Column of the texts", table.columns, "text", 0)
    with pickers[1]:
        label = column("train_label_column", "Column of the labels", table.columns, "label", 1)
    return text, label


def column(key: str, title: str, columns: tuple[str, ...], name: str, otherwise: int) -> str:
    """A picker of one column; at first the one called ``name``."""
    guess = data_picker.guessed_column(columns, name, otherwise)
    if st.session_state.get(key) not in columns:
        st.session_state[key] = guess  # another file
    restore_value(key, guess)
    return st.selectbox(title, columns, key=key, persist_state="session")


def _of_hub() -> Picked | None:
    found = chosen()
    if found is None:
        return None
    columns = found.columns
    pickers = st.columns(2)
    with pickers[0]:
        text = column("train_text_column", "Column of the texts", columns, "text", 0)
    with pickers[1]:
        label = column("train_label_column", "Column of the labels", columns, "label", 1)
    return Picked(found.data, found.name, columns, text, label, found.others, found.rows)
