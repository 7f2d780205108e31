"""Train a model on texts with pictures from the page, as a job that goes on when it is closed."""

from typing import get_args

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from han_core.cli.picture_job import PRESETS
from han_core.data.pictures import BUNDLED, bundled_pictures
from han_core.models.han_image import HAN_IMAGE, Fusion
from han_core.runtime.messages import mark, tr
from han_core.training.loop import LoopSettings
from pages.pictures.choose import OWN, source_name
from pages.shared import system_training
from pages.shared.page import restore_value, user_errors_shown
from pages.shared.upload_limits import sent_file

FUSIONS: dict[Fusion, str] = {
    "attention": mark("Attention over the two"),
    "concatenation": mark("Concatenation"),
}
COLUMNS = {
    "text": mark("Column of the text"),
    "image": mark("Column of the image"),
    "label": mark("Column of the label"),
}
SIZES = {
    48: mark("48 pixels, 6 × 6 patches"),
    56: mark("56 pixels, 7 × 7 patches"),
    96: mark("96, 12 × 12 patches"),
}


def panel() -> None:
    """Draw the form of a new run, and the last run."""
    shown = system_training.is_named(HAN_IMAGE)
    with (
        st.expander(tr("Train on pictures of your own"), shown, key="pictures_training"),
        user_errors_shown(),
    ):
        data = _data()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            columns = {
                role: st.text_input(tr(title), key=f"pictures_{role}_column",
                                    width=180, placeholder=role).strip() or None
                for role, title in COLUMNS.items()
            }  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="bottom"):
            preset = st.selectbox(tr("Preset"), list(PRESETS), key="pictures_preset", width=140,
                                  format_func=tr, help="  \n".join(
                                      tr("**{name}**: {line}", name=tr(name), line=tr(line))
                                      for name, (line, _, _) in PRESETS.items()))  # fmt: skip
            passes = LoopSettings.model_validate(PRESETS[preset][1]).epochs
            epochs = st.number_input(
                tr("Passes"), 1, 1_000, passes, key=f"pictures_epochs_{preset}", width=120
            )
            fusion = st.selectbox(
                tr("Text and picture meet by"),
                get_args(Fusion),
                width=220,
                format_func=lambda fusion: tr(FUSIONS[fusion]),
                key="pictures_fusion",
                help=tr("Attention over the two has a weight for each. Concatenation has none."),
            )
            size = st.selectbox(
                tr("Pictures are read with"),
                list(SIZES),
                width=230,
                format_func=lambda size: tr(SIZES[size]),
                key="pictures_size",
            )
        name = st.text_input(
            tr("Name of the model"), "my-pictures", max_chars=60, key="pictures_name"
        )
        if st.button(
            tr("Start training"), key="pictures_start", type="primary", disabled=data is None
        ):
            assert data is not None
            loop = {**PRESETS[preset][1], "epochs": int(epochs)}
            sizes = {**PRESETS[preset][2], "fusion": fusion, "size": size}
            request = {"columns": columns, "name": name, "loop": loop, "sizes": sizes}
            system_training.start(HAN_IMAGE, {"data": data}, request)
        system_training.progress(HAN_IMAGE, "pictures_checkpoint")


def _data() -> str | UploadedFile | None:
    """Draw the picker of training data; None while no file was sent."""
    sources = [*bundled_pictures(), OWN]
    restore_value("pictures_training_source", sources[0], sources)
    source = st.selectbox(
        tr("Training data"), sources, key="pictures_training_source", format_func=source_name
    )
    if source != OWN:
        return f"{BUNDLED}{source}"
    st.file_uploader(tr("A Parquet file with a text, a picture's bytes and a label in each row"),
                     type=["parquet"], key="pictures_training_file")  # fmt: skip
    return sent_file("pictures_training_file")
