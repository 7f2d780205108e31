"""Tags and a note on a run, and its settings as the beginning of a new one.

The whole form is filled in again. What the run used and is no longer there is named in one
sentence, and left out.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import streamlit as st

from han_core.data.hub import HubName
from han_core.data.labels import is_number
from han_core.data.splits import Source
from han_core.data.text_files import HEADERLESS, PREFIX, file_of
from han_core.data.uploads import is_upload
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.text.word_vectors import vectors_size
from han_core.training.runs import manage
from han_core.training.runs.notes import LONGEST_NOTE, LONGEST_TAG, MOST_TAGS
from han_core.training.runs.plan import Plan
from han_core.training.runs.view import RunView
from han_core.training.settings import BAGS, NOBODY
from pages.shared import cache
from pages.shared.page import plain
from pages.train import (
    data_form,
    domain_form,
    form_values,
    learning_form,
    new_run,
    sentences,
    splits_form,
)

MISSING = "again_missing"
FILES = {
    "validation": mark("the file for validation {name}"),
    "test": mark("the file for test {name}"),
}


def annotate(run: RunView, attempt: Callable) -> None:
    """Draw the popover with tags and note.

    Args:
        attempt: calls an action with its arguments, and shows why it failed.
    """
    tags, note = f"run_tags_{run.id}", f"run_note_{run.id}"
    with st.popover(tr("Tags and note")):
        st.session_state.setdefault(tags, ", ".join(run.notes.tags))
        st.session_state.setdefault(note, run.notes.note)
        st.text_input(tr("Tags, with commas between"), key=tags,
                      max_chars=MOST_TAGS * (LONGEST_TAG + 2))  # fmt: skip
        st.text_area(tr("Note"), key=note, max_chars=LONGEST_NOTE, height=120)
        st.button(
            tr("Save"), key="run_annotate", on_click=attempt, args=(_save, run.id, tags, note)
        )


def _save(id: str, tags: str, note: str) -> None:
    manage.annotate(id, st.session_state[tags], st.session_state[note])


def again(plan: Plan, go: Callable[[], None]) -> None:
    """Draw the button that puts the settings of ``plan`` into the form.

    Args:
        go: opens the form, within a callback.
    """

    def fill() -> None:
        fill_form(plan)
        go()

    st.button(tr("Train again with …"), key="run_again", on_click=fill, help=tr(sentences.AGAIN))


def warn_missing() -> None:
    """Say once what of the run is no longer there."""
    if missing := st.session_state.pop(MISSING, None):
        st.warning(plain(sentences.missing(missing)))


def fill_form(plan: Plan) -> None:
    """Set the widgets of the form to what ``plan`` asks for; what it leaves open stays default."""
    st.session_state[data_form.EXPECTED] = {}
    _fill_settings(plan)
    _fill_watched(plan)
    st.session_state[MISSING] = [
        *_fill_data(plan.source),
        *_fill_held_out(plan.source),
        *_fill_unlabelled(plan.source),
        *_fill_domain(plan),
        *_fill_teachers(plan.settings.get("teachers")),
        *_fill_origin(plan),
        *_fill_vectors(plan),
    ]


def _fill_settings(plan: Plan) -> None:
    state, values = st.session_state, {**plan.settings, **plan.sizes, **plan.text}
    for name, one in form_values.known(plan.model).items():
        form_values.set_field(one, values.get(name, one.default))
    state.setdefault("train_preset", form_values.FIRST)
    state[form_values.FILLED] = plan.model
    state["train_model"], state["train_attention"] = plan.model, plan.attention or "additive"
    state["train_name"], state["set_stretches"] = "", plan.settings.get("stretches", 0)
    if plan.device != "auto":
        state["device"] = plan.device


def _fill_watched(plan: Plan) -> None:
    st.session_state[new_run.WATCHED_AGAIN] = plan.watched
    st.session_state["train_watch_every"] = plan.watch_every


def _fill_data(source: Source) -> Iterable[str]:
    """Choose the documents and their columns; yield them where they are gone."""
    state, bundled = st.session_state, source.data.split("@")[0]
    if source.data.startswith("hf:"):
        yield from _fill_hub(source.data)
    elif bundled in data_form.SOURCES:
        state["train_data"] = bundled
    else:
        state["train_data"] = data_form.FILE
        state["train_messages"] = source.data.startswith(PREFIX)
        state["train_first_row"] = HEADERLESS in source.data
        yield from _keep("train_upload", mark("the documents {name}"), source.data)
    _expect("train_text_column", source.text_column)
    _expect("train_label_column", source.label_column)


def _fill_hub(spec: str) -> Iterable[str]:
    st.session_state["train_data"] = data_form.HUB
    try:
        named = HubName.parse(spec)
    except UserError:
        yield tr("the data set {spec}", spec=spec)
        return
    st.session_state["train_hub"] = named.name
    _expect("train_hub_config", named.config)
    _expect("train_hub_split", named.split)


def _fill_held_out(source: Source) -> Iterable[str]:
    """Divide them as before: by shares, a column, other files or splits; yield files gone."""
    state, parts = st.session_state, {"validation": source.validation, "test": source.test}
    others = {part: spec for part, spec in parts.items() if spec and not is_number(spec)}
    for part, spec in parts.items():
        if part not in others:
            state[f"train_{part}"] = _percent(spec)
    state["train_divide_by"] = splits_form.OTHER if others else splits_form.SHARE
    if source.split_column:
        state["train_divide_by"] = splits_form.COLUMN
        _expect("train_split_column", source.split_column)
    _fill_group(source.group_column)
    state["train_split_seed"] = source.split_seed
    for part in parts:
        spec = others.get(part)
        if source.data.startswith("hf:"):
            _expect(f"train_{part}_split", spec or splits_form.NONE)
        elif not source.data.startswith("bundled:"):
            yield from _keep(f"train_{part}_file", FILES[part], spec)


def _fill_group(column: str | None) -> None:
    """Choose the column whose groups stay together, and the size of blocks: "id/4" has both."""
    name, _, size = (column or "").rpartition("/")
    blocks = bool(name) and size.isdecimal()
    _expect("train_group_column", name if blocks else column or "")
    st.session_state["train_group_block"] = int(size) if blocks else None


def _fill_unlabelled(source: Source) -> Iterable[str]:
    if source.data.startswith("hf:"):
        _expect("train_unlabelled_split", source.unlabelled or splits_form.NONE)
        return ()
    return _keep(
        "train_unlabelled_file", mark("the file of unlabelled texts {name}"), source.unlabelled
    )


def _fill_domain(plan: Plan) -> Iterable[str]:
    """Choose the domain to adapt to; yield its file where it is gone."""
    source = plan.source
    domain_form.fill(source, plan.settings)
    if source.domain_column is not None:
        _expect("train_domain_column", source.domain_column)
        _expect("train_domain", source.adapt_to)
        return ()
    if source.data.startswith("hf:"):
        _expect("train_target_split", source.adapt_to or splits_form.NONE)
        return ()
    return _keep("train_target", mark("the texts of the new domain {name}"), source.adapt_to)


def _fill_teachers(teachers: object) -> Iterable[str]:
    """Choose the teachers, of none the default; yield those that are gone."""
    st.session_state.pop("train_teachers", None)
    if not isinstance(teachers, list | tuple):
        return
    there = {*BAGS, NOBODY, *cache.listings()}
    if chosen := [name for name in teachers if name in there]:
        st.session_state["train_teachers"] = chosen
    for name in teachers:
        if name not in there:
            yield tr("the teacher {name}", name=name)


def _fill_origin(plan: Plan) -> Iterable[str]:
    """Choose the model that the run started from; yield it where it is gone."""
    state, name = st.session_state, str(plan.settings.get("start_from") or "")
    there = name in cache.listings()
    state["train_from"] = name if there else learning_form.NOTHING
    state["set_freeze_words"] = there and bool(plan.settings.get("freeze_words"))
    if there and plan.attention:
        state[f"train_attention_{name}"] = plan.attention
    if name and not there:
        yield tr("the model {name} to start from", name=name)


def _fill_vectors(plan: Plan) -> Iterable[str]:
    """Take the word vectors that were sent; yield them where they are gone."""
    state, vectors = st.session_state, plan.settings.get("vectors")
    yield from _keep("train_vectors", mark("the word vectors {name}"), str(vectors or ""))
    if "train_vectors_kept" not in state:
        return
    name, path, _ = state.pop("train_vectors_kept")
    try:
        state["train_vectors_kept"] = path, vectors_size(path), None
    except UserError:
        yield tr("the word vectors {name}", name=name)
    state["set_freeze_vectors"] = bool(plan.settings.get("freeze_vectors"))


def _keep(key: str, what: str, spec: str | None) -> Iterable[str]:
    """Let the upload ``key`` hold the file of ``spec``; yield it where it is gone.

    Only a file that somebody sent: a plan may come from a stranger's zip, and names any.
    """
    st.session_state.pop(f"{key}_kept", None)
    if not spec:
        return
    path = Path(file_of(spec)).absolute()
    if is_upload(path) and path.is_file():
        st.session_state[f"{key}_kept"] = path.name, str(path), None
    else:
        yield tr(what, name=path.name)


def _expect(key: str, value: str | None) -> None:
    """Choose ``value`` in a picker whose options are known only once the data are read."""
    if value is None:
        st.session_state.pop(key, None)
        return
    st.session_state[key] = st.session_state[data_form.EXPECTED][key] = value


def _percent(share: str | None) -> int:
    """A share as the slider has it."""
    return min(50, max(5, 5 * round(20 * float(share)))) if share else 0
