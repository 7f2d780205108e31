"""The picker of labelled documents: bundled, scored before, your own file, or the hub.

Files, bundled corpora and stored scores are read once for everybody: bounded, keyed by content
and shared without copies, for they do not change and may lie in a mapped file.
"""

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from han_core.analysis import score_cache
from han_core.analysis.score_cache import CachedScores
from han_core.analysis.sources import Source, source_of
from han_core.data.columns import header_note
from han_core.data.corpus import Corpus, read_corpus, table_named
from han_core.data.delimited import UNNAMED
from han_core.data.hub import HubName
from han_core.data.table import Table
from han_core.data.text_files import (
    PREFIX,
    PastedTexts,
    file_of,
    headerless,
    read_pasted_file,
    text_column,
)
from han_core.data.uploads import store_upload
from han_core.runtime.errors import counted, file_size
from han_core.runtime.messages import Locale, current_locale, mark, tr
from han_core.runtime.paths import scores_root
from han_core.runtime.quotas import UPLOADS
from han_core.training.runs.manage import forget_unused_uploads
from pages.shared.language import Late
from pages.shared.page import plain, restore_value
from pages.shared.upload_limits import sent_file
from pages.shared.wording import example_name


@st.cache_resource(max_entries=8, show_spinner=False)
def bundled(spec: str) -> Corpus:
    return read_corpus(spec)


def examples(spec: str) -> dict[str, tuple[str, str]]:
    """Return id → (name for a picker, text) of a bundled corpus."""
    return _examples(spec, current_locale())


@st.cache_resource(max_entries=4, show_spinner=False)
def _examples(spec: str, locale: Locale) -> dict[str, tuple[str, str]]:
    corpus = bundled(spec)
    rows = zip(corpus.ids, corpus.extra["topic"], corpus.extra["tags"], corpus.texts, strict=True)
    return {id: (example_name(topic, tags, text), text) for id, topic, tags, text in rows}


@st.cache_resource(max_entries=8, show_spinner=Late(mark("Reading the file …")))
def table(spec: str) -> Table:
    """Return the columns of a file on this machine.

    Raises:
        UserError: if it cannot be read.
    """
    return table_named(spec)


@st.cache_data(max_entries=4, show_spinner=Late(mark("Reading the file …")))
def texts(data: bytes, filename: str) -> PastedTexts:
    return read_pasted_file(data, filename)


def list_scores() -> list[score_cache.CachedScores]:
    """Return stored scores, as they were at most two seconds ago, last used first."""
    return _list_scores(str(scores_root()))


def forget_scores() -> None:
    """List stored scores anew, after some were stored or deleted."""
    _list_scores.clear()


@st.cache_resource(ttl=2, max_entries=2, show_spinner=False)
def _list_scores(root: str) -> list[score_cache.CachedScores]:
    return score_cache.list_scores()


KINDS = ["csv", "tsv", "jsonl", "json", "parquet", "gz"]
FORMATS = mark("CSV, TSV, JSONL, JSON or Parquet")


def upload(key: str, title: str, named: bool = False) -> tuple[str, str] | None:
    """Draw an upload; return the name of the file and its spec, kept for the session.

    Args:
        named: whether to name a file that is kept and that the browser no longer shows.

    Raises:
        UserError: if it cannot be read; the file before it stays.
    """
    held = f"{key}_kept"

    def changed() -> None:
        if st.session_state[key] is None:
            st.session_state.pop(held, None)

    st.file_uploader(title, type=KINDS, key=key, on_change=changed, help=_room())
    known = st.session_state[held][2] if held in st.session_state else None
    file = sent_file(key, known)
    if file is not None and file.file_id != known:
        st.session_state[held] = (file.name, _keep(file), file.file_id)
    if held not in st.session_state:
        return None
    name, spec, _ = st.session_state[held]
    if named and file is None:
        held_file(key, name)
    return name, spec


def held_file(key: str, line: str) -> None:
    """Draw a line about the file that the upload ``key`` keeps, and a button that lets it go."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(plain(line), width="content")
        if st.session_state.get(key) is None:
            st.button(tr("Remove"), key=f"{key}_remove", type="tertiary",
                      on_click=st.session_state.pop, args=(f"{key}_kept", None))  # fmt: skip


def _room() -> str:
    """Return what all uploaded files take, and may take."""
    used, limit = file_size(UPLOADS.used()), file_size(UPLOADS.limit())
    return tr(
        "Files that people sent take {used} of the {limit} that this server keeps. All but "
        "Parquet may be packed as .gz.",
        used=used,
        limit=limit,
    )


def as_first_row(key: str, spec: str) -> str:
    """Draw the switch for a file without a header, and return the spec that reads it so."""
    if not file_of(spec).lower().removesuffix(".gz").endswith((".csv", ".tsv")):
        return spec
    restore_value(key, False)
    is_data = st.checkbox(
        tr("The first row is data"), key=key, persist_state="session",
        help=tr("For files without names of columns: these are then numbered."),
    )  # fmt: skip
    return headerless(spec) if is_data else spec


def show_header_note(table: Table) -> None:
    """Draw a hint where the first row looks like data."""
    if note := header_note(table):
        st.warning(plain(note))


def as_messages(key: str, spec: str) -> str:
    """Draw the switch for raw messages, and return the spec that reads them so."""
    restore_value(key, False)
    raw = st.checkbox(
        tr("Raw messages"), key=key, persist_state="session",
        help=tr("For mail or newsgroup posts: headers, quotes and signatures are left out."),
    )  # fmt: skip
    return PREFIX + spec if raw else spec


def _keep(file) -> str:
    """Store the file, after deleting uploads that no run needs; return its spec."""
    forget_unused_uploads(UPLOADS.limit() // 2)
    with st.spinner(tr("Reading the file …")):
        return str(store_upload(file.getvalue(), file.name))


UPLOAD, HUB, KEPT = "upload", "hub", "kept:"
BUNDLED = {
    "bundled:classroom@test": mark("Classroom, English, test"),
    "bundled:classroom@train": mark("Classroom, English, train"),
    "bundled:classroom/zh@all": mark("Classroom, Chinese, all"),
    "bundled:classroom/all@all": mark("Classroom, everything"),
    "bundled:everyday@test": mark("Everyday pairs, English, test"),
    "bundled:everyday/zh@test": mark("Everyday pairs, Chinese, test"),
}
OWN = {UPLOAD: mark("Your own file"), HUB: mark("A data set on the Hugging Face hub")}


def source(on_change: Callable[[], None] | None = None) -> str:
    """Draw the picker; return a bundled spec, ``UPLOAD``, ``HUB``, or ``KEPT`` with a hash.

    The hash is the ``data_sha256`` of documents that were scored before.
    """
    _follow()
    kept = {KEPT + sha256: title for sha256, title in before().items()}
    options = {key: tr(title) for key, title in BUNDLED.items()} | kept
    options |= {key: tr(title) for key, title in OWN.items()}
    if st.session_state.get("source", UPLOAD) not in options:
        st.warning(tr("The scores of these documents were deleted. Choose documents again."))
        st.session_state["source"] = next(iter(options))
    restore_value("source", next(iter(options)))
    return st.selectbox(
        tr("Documents"),
        list(options),
        format_func=lambda spec: options.get(spec, spec),
        key="source",
        persist_state="session",
        on_change="rerun" if on_change is None else on_change,
    )


def documents(source: str) -> Source | None:
    """Draw what else the choice needs, and return the documents; None without a file.

    Raises:
        UserError: if the file cannot be read.
    """
    if source == UPLOAD:
        return _upload()
    if source == HUB:
        return _of_hub()
    if source.startswith(KEPT):
        return _anew(kept_of(source)[0].origin.source)
    return source_of(source)


def before() -> dict[str, str]:
    """Return data hash → name of own documents scored before, the latest first."""
    latest: dict[str, CachedScores] = {}
    for each in list_scores():
        if each.origin.source.data not in BUNDLED:
            latest.setdefault(each.scores.manifest.data_sha256, each)
    names = [each.origin.source.name for each in latest.values()]
    return {
        sha256: before_name(each, alone=names.count(each.origin.source.name) == 1)
        for sha256, each in latest.items()
    }


def before_name(cached: CachedScores, alone: bool) -> str:
    """Return one line for the picker; with the time of scoring where names are equal."""
    rows = counted(cached.scores.manifest.rows, "document")
    name = cached.origin.source.name
    if alone:
        return tr("Scored before: {name} ({rows})", name=name, rows=rows)
    when = datetime.fromtimestamp(cached.origin.at)
    return tr("Scored before: {name} ({rows}, {when:%d %B %Y, %H:%M})",
              name=name, rows=rows, when=when)  # fmt: skip


def take_anew(source: Source) -> None:
    """Use the file of ``source`` as it is now, not as it was when it was scored."""
    anew = st.session_state.get("source_anew", ())
    st.session_state["source_anew"] = (*anew, source)


def _follow() -> None:
    """Switch to the file as it is now, once it has been scored."""
    if not (held := kept_of(st.session_state.get("source", ""))):
        return
    was = held[0].origin.source
    if (now := _anew(was)) != was:
        for each in list_scores():
            if each.origin.source.same_as(now):
                st.session_state["source"] = KEPT + each.scores.manifest.data_sha256


def _anew(source: Source) -> Source:
    if source not in st.session_state.get("source_anew", ()):
        return source
    return source_of(source.data, source.text_column, source.label_column)


def kept_of(source: str) -> list[CachedScores]:
    """Return stored scores of the documents that the picker names, last used first."""
    sha256 = source.removeprefix(KEPT)
    return [
        each
        for each in list_scores()
        if sha256 == each.scores.manifest.data_sha256 or source == each.origin.source.data
    ]


def _upload() -> Source | None:
    """Draw the upload and its columns, folded once the file has been scored."""
    name, spec, _ = st.session_state.get("upload_kept", ("", "", None))
    is_scored = bool(spec) and any(one.origin.source.data.endswith(spec) for one in list_scores())
    with st.expander(plain(name) or tr("Your own file"), expanded=not is_scored):
        uploaded = upload("upload", tr(FORMATS))
        if uploaded is None:
            st.caption(tr("A file with a column of texts and a column of labels is expected."))
            return None
        spec = as_first_row("first_row", uploaded[1])
        columns = _columns(table(spec))
        return source_of(as_messages("messages", spec), *columns)


def _of_hub() -> Source | None:
    title = tr("Name: OWNER/NAME, with /CONFIG and @SPLIT where it has several")
    name = _typed("hub_data", title, "")
    columns = st.columns(2)
    with columns[0]:
        text = _typed("hub_text_column", tr("Column of the texts"), "text")
    with columns[1]:
        label = _typed("hub_label_column", tr("Column of the labels"), "label")
    if not name:
        st.caption(tr("It is downloaded once, in the background."))
        return None
    spec = name if name.startswith("hf:") else f"hf:{name}"
    HubName.parse(spec)
    return source_of(spec, text, label)


def _typed(key: str, title: str, usual: str) -> str:
    restore_value(key, usual)
    return st.text_input(title, key=key, max_chars=300, persist_state="session").strip()


def guessed_column(columns: tuple[str, ...], name: str, otherwise: int) -> str:
    """Return the column called ``name`` in any case, else number ``otherwise``, else the last."""
    alike = [column for column in columns if column.strip().casefold() == name]
    return alike[0] if alike else columns[min(otherwise, len(columns) - 1)]


def guessed_columns(table: Table) -> tuple[str, str]:
    """Return the columns that most likely hold texts and labels.

    Without the usual names texts are in the first column, or in the longest of a file
    without a header, and labels in the second, or in the first that is left.
    """
    first = table.columns[:1] != (UNNAMED.format(1),)
    longest = 0 if first else table.columns.index(text_column(table))
    text = guessed_column(table.columns, "text", longest)
    others = [name for name in table.columns if name != text] or [text]
    label = guessed_column(table.columns, "label", 1) if first else others[0]
    return text, label


def _columns(table: Table) -> tuple[str, str]:
    """Draw the pickers of the two columns."""
    st.caption(tr("{name}: {rows}.", name=plain(table.name), rows=counted(table.rows, "row")))
    show_header_note(table)
    pickers = st.columns(2)
    with pickers[0]:
        text = _column(table, "text", tr("Column of the texts"), 0)
    with pickers[1]:
        label = _column(table, "label", tr("Column of the labels"), 1)
    return text, label


def _column(table: Table, name: str, title: str, otherwise: int) -> str:
    guess = guessed_columns(table)[otherwise]
    key = f"{name}_column"
    if st.session_state.get(key) not in table.columns:
        st.session_state[key] = guess  # another file
    restore_value(key, guess)
    return st.selectbox(title, table.columns, key=key, persist_state="session")
