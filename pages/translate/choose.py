"""The model, the sentence and the search that the page shows."""

from collections.abc import Collection

import streamlit as st

from han_core.models.beam_search import SearchSettings
from han_core.models.listing import list_systems
from han_core.models.system_folder import SystemCheckpoint, load_system
from han_core.models.translator import TRANSLATOR, TranslatorConfig
from han_core.runtime.messages import tr
from han_core.runtime.paths import checkpoints_root
from pages.shared import cache
from pages.shared.page import is_stale, mark_drawn, plain, restore_value, set_value

FIRST = ("en-fr", "dates")
ADDRESS = {"model": "translate_checkpoint", "text": "translate_text", "other": "translate_other"}
"""Names in the address, and the widgets whose values they are."""
LONGEST_LINK = 500  # characters of a sentence
DATES = (
    "the twentieth of May 2026", "May 20, 2026", "Wed 20 May 2026",  # not shown
    "二〇二六年五月二十日", "2026年5月20日（星期三）",
)  # fmt: skip
SENTENCES = {
    "en": (
        "I see a red house.", "She doesn't know where the old man lives.",  # not shown
        "Tom bought a small black dog yesterday.", "It is raining again.",  # not shown
        "I would like to drink a glass of cold water.",  # not shown
    ),
    "fr": ("Je vois une maison rouge.", "Il pleut encore."),  # not shown
    "zh": ("我看到一座红色的房子。", "又下雨了。"),
}  # fmt: skip
"""Examples by the language of the source."""


def checkpoint() -> SystemCheckpoint | None:
    """Draw the picker of models; None where there is none."""
    names = [listing.name for listing in list_systems(checkpoints_root(), TRANSLATOR.name)]
    if not names:
        return None
    _read_address(names)
    restore_value("translate_checkpoint", next((n for n in FIRST if n in names), names[0]), names)
    name = st.selectbox(tr("Model"), names, key="translate_checkpoint", persist_state="session",
                        label_visibility="collapsed", width=260)  # fmt: skip
    folder = checkpoints_root() / name
    return _loaded(str(folder), cache.fingerprint(folder))


def _read_address(models: Collection[str]) -> None:
    """Take model and sentences from the address, once a visit."""
    visit = st.session_state["visit"]
    if st.session_state.get("translate_address") == visit:
        return
    st.session_state["translate_address"] = visit
    for name, key in ADDRESS.items():
        value = st.query_params.get(name, "")[:LONGEST_LINK]
        if name == "model" and value and value not in models:
            st.warning(
                tr(
                    "The link names the model {name}, which is not on this server.",
                    name=plain(value),
                )
            )
        elif value:
            st.session_state[key] = value


def write_address(checkpoint: SystemCheckpoint) -> bool:
    """Let the address say what is shown; False where a sentence is too long for it."""
    values = {**{name: str(st.session_state.get(key, "")).strip() for name, key in ADDRESS.items()},
              "model": checkpoint.name}  # fmt: skip
    fits = all(len(value) <= LONGEST_LINK for value in values.values())
    for name, value in values.items():
        if fits and value and st.query_params.get(name) != value:
            st.query_params[name] = value
        elif name in st.query_params and not (fits and value):
            del st.query_params[name]
    return fits


def examples(checkpoint: SystemCheckpoint) -> tuple[str, ...]:
    """Return sentences that a model can be expected to know."""
    config = checkpoint.config
    assert isinstance(config, TranslatorConfig)
    if config.source_segmentation == "letters":
        return DATES if checkpoint.metrics.get("dataset") == "bundled:dates" else ()
    return SENTENCES.get(config.source_language, ())


def sentence(checkpoint: SystemCheckpoint) -> tuple[str, SearchSettings]:
    """Draw the field, the examples and the settings of the search.

    Returns:
        The sentence, empty where there is none, and how to search.
    """
    own = examples(checkpoint)
    if st.session_state.get("translate_for") != checkpoint.name:  # other examples
        held = st.session_state.get("translate_text", "")
        if held not in own and held in {"", *DATES, *sum(SENTENCES.values(), ())}:
            set_value("translate_text", own[0] if own else "")
            set_value("translate_example", own[0] if own else None)
        st.session_state["translate_for"] = checkpoint.name
    restore_value("translate_text", own[0] if own else "")
    is_stale("translate_text", pressed="translate_go")
    with st.container(horizontal=True, vertical_alignment="bottom", key="translate_row"):
        st.text_input(tr("Sentence"), key="translate_text", persist_state="session",
                      on_change=_forget_example,
                      placeholder=tr("A sentence to translate"), width="stretch")  # fmt: skip
        mark_drawn("translate_text")
        st.button(tr("Translate"), key="translate_go", type="primary")
        settings = _search_settings()
    if own:
        st.pills(tr("Examples"), own, key="translate_example", format_func=plain,
                 on_change=_take_example, label_visibility="collapsed")  # fmt: skip
        mark_drawn("translate_example")
    return str(st.session_state["translate_text"]).strip(), settings


def _take_example() -> None:
    chosen = st.session_state["translate_example"]
    # A click on the button can bring the example that the typed sentence has just replaced.
    if not is_stale("translate_example", pressed="translate_go") and chosen:
        set_value("translate_text", chosen)


def _forget_example() -> None:
    set_value("translate_example", None)


def _search_settings() -> SearchSettings:
    """Draw how the model searches, folded."""
    with st.popover(tr("Search")):
        beams = st.number_input(
            tr("Beams"), 1, 20, 5, key="translate_beams",
            help=tr("Translations that are followed side by side; 1 takes the likeliest word each "
"time."),
        )  # fmt: skip
        length = st.number_input(
            tr("Length penalty"), 0.0, 2.0, 0.6, 0.1, key="translate_length",
            help=tr("0 prefers short translations (Wu et al. 2016)."),
        )  # fmt: skip
        coverage = st.number_input(
            tr("Coverage penalty"), 0.0, 2.0, 0.0, 0.1, key="translate_coverage",
            help=tr("More than 0 prefers translations that attend to every source word (Wu et al. "
"2016)."),
        )  # fmt: skip
    return SearchSettings(int(beams), float(length), float(coverage))


@st.cache_resource(max_entries=8, show_spinner=False)
def _loaded(folder: str, mark: str) -> SystemCheckpoint:
    return load_system(folder, TRANSLATOR)
