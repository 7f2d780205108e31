"""The training documents: bundled, from a file or from the hub, and what they are like."""

from collections.abc import Collection
from dataclasses import dataclass

import streamlit as st

from han_core.data.preview import DataPreview, Inspection
from han_core.data.splits import Source
from han_core.data.table import Table
from han_core.runtime.errors import UserError, counted
from han_core.runtime.messages import mark, tr
from han_core.viz.charts.distributions import class_counts, lengths
from pages.shared import data_picker
from pages.shared.page import plain, restore_value
from pages.train import cached_runs, form_values, sentences

FILE, HUB = "file", "hub"
SOURCES = {
    "bundled:classroom": mark("Classroom corpus, English: 220 short reviews"),
    "bundled:classroom/zh": mark("Classroom corpus, Chinese: 36 short reviews"),
    "bundled:everyday": mark("Everyday pairs, English: 2,072 short reviews"),
    "bundled:everyday/zh": mark("Everyday pairs, Chinese: 544 short reviews"),
    FILE: mark("Your own file"),
    HUB: mark("A data set on the Hugging Face hub"),
}
LONGEST_NAME = 200
LONGEST_CELL = 240  # characters
FIGURE_WIDTH = 280  # the fewest pixels

EXPECTED = "again_expected"
"""Key → the choice of a run that is trained again, until its picker is drawn."""


@dataclass(frozen=True)
class PickedData:
    """Documents that were picked, before they are split.

    Attributes:
        data: a spec as ``read_corpus`` takes it.
        name: for people.
        columns: all of them; texts and labels are two of these.
        others: specs of other splits for validation and test; the first two are the default.
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


def pick() -> PickedData | None:
    """Draw the pickers; None until a file or a name is given.

    Raises:
        UserError: if the file or the name cannot be used.
    """
    restore_value("train_data", next(iter(SOURCES)))
    chosen = st.selectbox(
        tr("Documents"), list(SOURCES), key="train_data", on_change=_take_language,
        format_func=lambda spec: tr(SOURCES[spec]), persist_state="session",
    )  # fmt: skip
    if chosen == FILE:
        return _pick_file()
    if chosen == HUB:
        return _pick_from_hub()
    return PickedData(
        f"{chosen}@train", chosen.removeprefix("bundled:"), (), others=(f"{chosen}@test",)
    )


def _take_language() -> None:
    """Set the language of the documents: Chinese ones are split into words as Chinese."""
    chinese = st.session_state["train_data"].endswith("/zh")
    st.session_state[form_values.key_of("language")] = "zh" if chinese else "en"


def _pick_file() -> PickedData | None:
    uploaded = data_picker.upload("train_upload", data_picker.FORMATS)
    if uploaded is None:
        st.caption(tr(sentences.FILE))
        return None
    name, spec = uploaded
    spec = data_picker.as_first_row("train_first_row", spec)
    table: Table = data_picker.table(spec)
    rows, columns = counted(table.rows, "row"), counted(len(table.columns), "column")
    st.caption(tr("{name}: {rows}, {columns}.", name=plain(name), rows=rows, columns=columns))
    data_picker.show_header_note(table)
    text, label = _pick_columns(table.columns, data_picker.guessed_columns(table))
    spec = data_picker.as_messages("train_messages", spec)
    return PickedData(spec, name, table.columns, text, label, rows=table.preview)


def _pick_from_hub() -> PickedData | None:
    """Pick configuration, split and columns of a data set, from its first rows only.

    Raises:
        UserError: if the hub cannot be reached or knows no such data set.
    """
    restore_value("train_hub", "")
    name = st.text_input(
        tr("Name on the hub"), key="train_hub", placeholder="stanfordnlp/imdb",
        max_chars=LONGEST_NAME, persist_state="session",
    ).strip()  # fmt: skip
    if not name:
        st.caption(tr(sentences.HUB))
        return None
    first = cached_runs.hub_offer(name, None, None)
    left, right = st.columns(2)
    with left:
        config = _pick_part(
            "train_hub_config",
            tr("Configuration"),
            [c.name for c in first.configs],
            first.config.name,
        )
    splits = next(c.splits for c in first.configs if c.name == config)
    rows = {split.name: split.rows for split in splits}
    with right:
        split = _pick_part("train_hub_split", tr("Split to train on"), list(rows),
                           "train" if "train" in rows else next(iter(rows)), rows)  # fmt: skip
    offer = cached_runs.hub_offer(name, config, split)
    st.caption(plain(sentences.offer(offer)))
    columns = tuple(
        column.name
        for column in offer.columns
        if column.kind != "not read"  # not shown
    )
    if len(columns) < 2:
        raise UserError(
            tr(
                "{name} has no two columns that could be texts and labels. Choose another one.",
                name=offer.name,
            )
        )
    others = tuple(offer.spec_of(config, other) for other in rows if other != split)
    text, label = _pick_columns(columns)
    return PickedData(offer.spec, offer.name, columns, text, label, others, offer.rows)


def _pick_part(
    key: str, title: str, names: list[str], default: str, rows: dict[str, int | None] | None = None
) -> str:
    choose_default(key, names, default)
    restore_value(key, default)

    def label(name: str) -> str:
        number = (rows or {}).get(name)
        return name if number is None else f"{name} ({counted(number, 'row')})"

    return st.selectbox(title, names, format_func=label, key=key, persist_state="session")


def _pick_columns(
    columns: tuple[str, ...], guess: tuple[str, str] | None = None
) -> tuple[str, str]:
    text, label = guess or (
        data_picker.guessed_column(columns, "text", 0),
        data_picker.guessed_column(columns, "label", 1),
    )
    left, right = st.columns(2)
    with left:
        text = pick_column("train_text_column", tr("Column of the texts"), columns, text)
    with right:
        label = pick_column("train_label_column", tr("Column of the labels"), columns, label)
    return text, label


def pick_column(key: str, title: str, columns: tuple[str, ...], default: str) -> str:
    """Draw a picker of one column."""
    choose_default(key, columns, default)
    restore_value(key, default)
    return st.selectbox(title, columns, key=key, persist_state="session")


def choose_default(key: str, options: Collection[str], default: str) -> None:
    """Set the picker ``key`` to ``default`` where its choice is none of this data; say so where a
    run that is trained again had it."""
    held = st.session_state.get(key)
    if held not in options:
        if held is not None and held == st.session_state.get(EXPECTED, {}).get(key):
            st.warning(plain(sentences.gone(str(held))))
        st.session_state[key] = default


def read_all(picked: PickedData, source: Source, seed: int) -> DataPreview | None:
    """Read what a run would be given; data of the hub only after a click.

    Raises:
        UserError: if a run could not use them.
    """
    if not picked.is_local and not _is_download_wanted(source):
        return None
    look = cached_runs.look(source, seed)
    documents = {name: part.documents for name, part in look.parts.items()}
    st.caption(sentences.parts(documents, look.unlabelled, look.target, len(look.classes)))
    return look


def _is_download_wanted(source: Source) -> bool:
    key = repr(source)
    if st.button(tr("Download and inspect all documents"), key="train_download"):
        st.session_state["train_downloaded"] = key
    if st.session_state.get("train_downloaded") == key:
        return True
    st.caption(tr(sentences.DOWNLOAD))
    return False


def details(picked: PickedData, look: DataPreview | None) -> None:
    """Draw figures and first rows in an expander, and problems above it."""
    if look is None:
        _first_rows(picked)
        return
    if problems := dict.fromkeys([*look.notes, *look.parts["training"].problems]):
        st.warning("\n".join(f"* {plain(sentence)}" for sentence in problems))
    with st.expander(tr("Classes, lengths, duplicates and first rows"), key="train_look"):
        grid = st.grid(2, min_column_width=FIGURE_WIDTH, gap=("small", "medium"))
        with grid.cell():
            _classes(look.parts)
        with grid.cell():
            _lengths(look.parts)
        _duplicates(look.parts)
        _first_rows(picked, look)


def _classes(parts: dict[str, Inspection]) -> None:
    st.markdown(tr("**Classes**"))
    st.plotly_chart(
        class_counts({name: part.classes for name, part in parts.items()}),
        key="train_classes",
        config={"displayModeBar": False},
        alt=tr("Documents of each class in training, validation and test"),
    )


def _lengths(parts: dict[str, Inspection]) -> None:
    st.markdown(tr("**Lengths**"))
    st.plotly_chart(
        lengths([(name, part.words) for name, part in parts.items()]),
        key="train_lengths",
        config={"displayModeBar": False},
        alt=tr("Words in a document: quantiles of each part"),
    )
    st.caption(sentences.lengths(parts["training"].words, parts["training"].characters))


def _duplicates(parts: dict[str, Inspection]) -> None:
    st.markdown(tr("**Duplicates**"))
    st.caption(plain(sentences.duplicates({name: part.repeated for name, part in parts.items()})))
    examples = [
        {
            tr("times"): repeat.times,
            tr("labels"): ", ".join(repeat.labels),
            tr("rows"): ", ".join(repeat.ids),
            tr("text"): repeat.beginning,
        }
        for part in parts.values()
        for repeat in part.repeats
    ]
    if examples:
        st.dataframe(examples, hide_index=True, key="train_repeats", height="content")


def _first_rows(picked: PickedData, look: DataPreview | None = None) -> None:
    """The first rows of the source, with long cells cut."""
    rows = picked.rows
    if not rows and look is not None:
        pairs = zip(look.texts, look.labels, strict=True)
        rows = tuple({"text": text, "label": label} for text, label in pairs)[:5]
    if rows:
        st.markdown(tr("**First rows**"))
        cut = [{name: cell[:LONGEST_CELL] for name, cell in row.items()} for row in rows]
        column = st.column_config.TextColumn(width="large" if len(rows[0]) < 3 else "medium")
        st.dataframe(cut, hide_index=True, key="train_rows", height="content",
                     column_config={picked.text_column: column})  # fmt: skip
