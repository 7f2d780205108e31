"""What the documents are like: first rows, classes, lengths, what stands twice, what is missing."""

import streamlit as st

from han_core.data.inspection import Inspection
from han_core.data.preview import Look
from han_core.data.splits import Source
from han_core.viz.charts.distributions import class_counts, lengths
from pages.shared.page import plain
from pages.train import cached_runs, data_form, sentences
from pages.train.data_form import Picked

NARROWEST = 280  # pixels of a figure


def seen(found: Picked, source: Source, seed: int) -> Look | None:
    """What a run would be given; data of the hub are read when somebody asks for it.

    Raises:
        UserError: if a run could not use them.
    """
    if not found.is_local and not _asked(source):
        return None
    look = cached_runs.look(source, seed)
    _sizes(look)
    return look


def details(found: Picked, look: Look | None) -> None:
    """Figures and first rows, in an expander; problems stand above it, for all to see."""
    if look is None:
        rows(found)
        return
    if told := dict.fromkeys([*look.notes, *look.parts["training"].problems]):
        st.warning("\n".join(f"* {plain(sentence)}" for sentence in told))
    with st.expander("Classes, lengths, repetitions and first rows", key="train_look"):
        grid = st.grid(2, min_column_width=NARROWEST, gap=("small", "medium"))
        with grid.cell():
            _classes(look.parts)
        with grid.cell():
            _lengths(look.parts)
        _repeats(look.parts)
        rows(found, look)


def _asked(source: Source) -> bool:
    """Whether somebody wants the data set of the hub read now."""
    key = repr(source)
    if st.button("Download and look at all of it", key="train_download"):
        st.session_state["train_downloaded"] = key
    if st.session_state.get("train_downloaded") == key:
        return True
    st.caption(sentences.DOWNLOAD)
    return False


def _sizes(look: Look) -> None:
    parts = ", ".join(f"{part.documents:,} for {name}" for name, part in look.parts.items())
    unlabelled = f", {look.unlabelled:,} unlabelled" if look.unlabelled else ""
    st.caption(f"{parts}{unlabelled}; {len(look.classes):,} classes.")


def _classes(parts: dict[str, Inspection]) -> None:
    st.markdown("**Classes**")
    st.plotly_chart(
        class_counts({name: part.classes for name, part in parts.items()}),
        key="train_classes",
        config={"displayModeBar": False},
        alt="Documents of each class in training, validation and test",
    )


def _lengths(parts: dict[str, Inspection]) -> None:
    st.markdown("**Lengths**")
    st.plotly_chart(
        lengths([(name, part.words) for name, part in parts.items()]),
        key="train_lengths",
        config={"displayModeBar": False},
        alt="Words in a document: quantiles of each part",
    )
    st.caption(sentences.lengths(parts["training"].words, parts["training"].characters))


def _repeats(parts: dict[str, Inspection]) -> None:
    st.markdown("**Repetitions**")
    st.caption(plain(sentences.repeats({name: part.repeated for name, part in parts.items()})))
    examples = [
        {
            "times": repeat.times,
            "labels": ", ".join(repeat.labels),
            "rows": ", ".join(repeat.ids),
            "text": repeat.beginning,
        }
        for part in parts.values()
        for repeat in part.repeats
    ]
    if examples:
        st.dataframe(examples, hide_index=True, key="train_repeats", height="content")


def rows(found: Picked, look: Look | None = None) -> None:
    """The first rows as they stand in the source, their texts cut short."""
    first = found.rows
    if not first and look is not None:
        pairs = zip(look.texts, look.labels, strict=True)
        first = tuple({"text": text, "label": label} for text, label in pairs)[:5]
    if first:
        st.markdown("**First rows**")
        cut = [{name: cell[: data_form.PREVIEW] for name, cell in row.items()} for row in first]
        column = st.column_config.TextColumn(width="large" if len(first[0]) < 3 else "medium")
        st.dataframe(cut, hide_index=True, key="train_rows", height="content",
                     column_config={found.text_column: column})  # fmt: skip
