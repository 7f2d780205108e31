"""Train a translator from the page, as a job that goes on when the page is closed."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from han_core.cli.translator_job import DATES, PRESETS
from han_core.data.dates import COLUMNS
from han_core.data.sandbox import read_upload
from han_core.data.table import Table
from han_core.models.translator import TRANSLATOR, Form
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.training.loop import LoopSettings
from han_core.training.translation import DEFAULTS, PairSettings
from han_core.viz.translation import LANGUAGES
from pages.shared import system_training
from pages.shared.language import Late
from pages.shared.page import user_errors_shown
from pages.shared.upload_limits import sent_file

KINDS = ["parquet", "csv", "tsv", "jsonl"]
OWN = mark("Your file")
SOURCES = {DATES: mark("dates in words"), OWN: OWN}
TOKENS = {
    "words": mark("Words"),
    "characters": mark("Characters of Chinese and Japanese"),
    "letters": mark("Every character"),
}
FORMS: dict[Form, str] = {
    "additive": mark("additive"),
    "dot": mark("dot"),
    "general": mark("general"),
}
COLUMNS_OF = {"source": mark("Column of the source"), "target": mark("Column of the target")}
SHOWN = 5  # pairs of a file
Settings = dict[str, object]


def panel() -> None:
    """Draw the form of a new run, and the last run."""
    shown = system_training.is_named(TRANSLATOR)
    with (
        st.expander(tr("Train on pairs of your own"), shown, key="translate_training"),
        user_errors_shown(),
    ):
        _form()
        system_training.progress(TRANSLATOR, "translate_checkpoint")


def _form() -> None:
    source = st.selectbox(
        tr("Training data"),
        list(SOURCES),
        format_func=lambda source: tr(SOURCES[source]),
        key="translate_data",
    )
    file: UploadedFile | None = None
    columns: Settings | None = dict(zip(("source_column", "target_column"), COLUMNS, strict=True))
    sizes: Settings = {}
    if source == OWN:
        file, columns, sizes = _own_pairs()
    settings = _settings(["dates"] if source == DATES else ["quick", "balanced"])
    name = st.text_input(
        tr("Name of the model"), "my-translator", max_chars=60, key="translate_name"
    )
    ready = columns is not None
    if st.button(tr("Start training"), key="translate_start", type="primary", disabled=not ready):
        assert columns is not None
        settings["sizes"] = {**settings["sizes"], **sizes}
        title = DATES if file is None else file.name
        request = {**columns, **settings, "name": name, "title": title}
        system_training.start(TRANSLATOR, {"data": file or DATES}, request)


def _own_pairs() -> tuple[UploadedFile | None, Settings | None, Settings]:
    """Draw the upload, and what its columns are; the second is None while no file was sent."""
    st.file_uploader(tr("A file with a sentence and its translation in each row"), type=KINDS,
                     key="translate_file")  # fmt: skip
    file = sent_file("translate_file")
    if file is None:
        return None, None, {}
    table = _table(file.getvalue(), file.name)
    if len(table.columns) < 2:
        raise UserError(tr("{name} has one column; two columns were expected, a sentence and its "
"translation.", name=table.name))  # fmt: skip
    st.dataframe(table.preview[:SHOWN], hide_index=True, key="translate_preview")
    columns: Settings = {}
    sizes: Settings = {}
    for at, side in enumerate(("source", "target")):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            column = _column(table.columns, at, side)
            columns[f"{side}_column"] = column
            sizes[f"{side}_language"] = _language(column, side)
            sizes[f"{side}_segmentation"] = st.selectbox(
                tr("Tokens"), list(TOKENS), format_func=lambda kind: tr(TOKENS[kind]),
                key=f"translate_{side}_tokens", width=220,
            )  # fmt: skip
    return file, columns, sizes


def _column(columns: Sequence[str], at: int, side: str) -> str:
    return st.selectbox(tr(COLUMNS_OF[side]), columns, index=min(at, len(columns) - 1),
                        key=f"translate_{side}_column", width=220)  # fmt: skip


def _language(column: str, side: str) -> str:
    """Draw the picker of a language; a column of that name chooses it."""
    names = sorted(LANGUAGES, key=LANGUAGES.__getitem__)
    guess = column.lower() if column.lower() in LANGUAGES else "en"
    return st.selectbox(tr("Language"), names, index=names.index(guess),
                        format_func=lambda name: tr(LANGUAGES[name]),
                        key=f"translate_{side}_language_{guess}", width=180)  # fmt: skip


def _settings(presets: Sequence[str]) -> dict[str, Settings]:
    """Draw preset and settings; return those of the loop, of the pairs and of the network."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        preset = st.selectbox(
            tr("Preset"),
            presets,
            key=f"translate_preset_{presets[0]}",
            width=160,
            format_func=tr,
            help="  \n".join(
                tr("**{name}**: {line}", name=tr(name), line=tr(PRESETS[name][0]))
                for name in presets
            ),
        )
        _, loop, pairs, sizes = PRESETS[preset]
        usual_loop = LoopSettings.model_validate({**DEFAULTS, **loop})
        usual_pairs = PairSettings.model_validate(pairs)
        epochs = st.number_input(tr("Passes"), 1, 1_000, usual_loop.epochs,
                                 key=f"translate_epochs_{preset}", width=120)  # fmt: skip
        longest = st.number_input(
            tr("Longest sentence"), 1, 200, usual_pairs.longest, key=f"translate_longest_{preset}",
            width=160, help=tr("Pairs with more tokens on a side are left out."),
        )  # fmt: skip
        attention = st.selectbox(
            tr("Attention"),
            list(FORMS),
            key="translate_attention",
            width=140,
            format_func=lambda form: tr(FORMS[form]),
        )
        guided = st.toggle(
            tr("Guide attention"),
            key="translate_guided",
            help=tr(
                "The loss gains the alignment that IBM model 1 finds (Chen et al. 2016): "
                "attention then aligns words better."
            ),
        )
    return {
        "loop": {**loop, "epochs": int(epochs)},
        "pairs": {**pairs, "longest": int(longest), "guided": 0.5 if guided else 0.0},
        "sizes": {**sizes, "attention": attention},
    }


@st.cache_resource(max_entries=4, show_spinner=Late(mark("Reading the file …")))
def _table(data: bytes, filename: str) -> Table:
    return read_upload(data, filename)
