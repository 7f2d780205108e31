"""The view Behavioural tests: small changes of the shown documents, and whether the answer holds.

The tests run when they are asked for; a row of their table lists the documents that failed it.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from han_core.analysis.behavioural_tests import (
    MOST_DOCUMENTS,
    BehaviourOutcome,
    Failure,
    behaviour,
    outcome_table,
)
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.text.perturbations import differences
from pages.errors import selection
from pages.errors.context import ErrorsContext, progress_bar
from pages.shared import cache
from pages.shared.components import hooked
from pages.shared.page import restore_value
from pages.shared.wording import plain

NUMBER, ASKED, KEPT = "behaviour_documents", "behaviour_asked", "behaviour_answer"
TESTS, FAILED = "behaviour_tests", "behaviour_failed"
NUMBERS = [50, 100, MOST_DOCUMENTS]
LISTED = 4  # changes that a row names
LONGEST = 10_000  # characters of a changed text that are shown
HELP = mark(
    "Each test changes the documents a little and asks the model again. Most changes should leave "
    "the predicted class as it was; a negation should change it. Labels play no part: the "
    "model is compared with itself (CheckList, Ribeiro et al. 2020)."
)
INTERVAL = mark(
    "95% interval of the share, if other documents of this kind had been drawn (Wilson)."
)
SHIFT = mark("Mean change of the probability of the class that was predicted before.")


class Tested(NamedTuple):
    """Rows of the documents that were tested, their texts, and the outcomes."""

    rows: np.ndarray
    texts: list[str]
    outcomes: list[BehaviourOutcome]


def panel(errors: ErrorsContext) -> None:
    """Draw the button, the share of answers that hold by test, and the documents that failed."""
    st.header(tr("Behavioural tests"), anchor=False, help=tr(HELP))
    if errors.checkpoint is None:
        st.info(tr("The model was deleted, so it cannot be tested."))
    elif not len(errors.rows):
        st.info(tr("No document fits the filter; remove a condition."))
    elif (tested := _tested(errors, errors.checkpoint, _asked(errors))) is not None:
        with hooked("behavioural-tests", key="behaviour_place"):
            _tests(tested.outcomes)
        _chosen(errors, tested)


def _asked(errors: ErrorsContext) -> tuple | None:
    """Draw the number and the button; return what decides the answer, once it was asked for."""
    restore_value(NUMBER, NUMBERS[0])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            tr("Documents at most"), NUMBERS, key=NUMBER, width=200, persist_state="session",
            help=tr("Drawn at random from the documents that the filter selects."),
        )  # fmt: skip
        rows = sampled(errors.rows, number)
        folder, stamp = cache.folder_of(str(errors.checkpoint))
        key = (folder, stamp, errors.device, errors.data, tuple(rows.tolist()))
        documents = counted(len(rows), "document")
        st.button(tr("Test {documents}", documents=documents), key="behaviour_run", type="primary",
                  on_click=st.session_state.update, args=({ASKED: key},))  # fmt: skip
    return key if st.session_state.get(ASKED) == key else None


def sampled(rows: np.ndarray, number: int) -> np.ndarray:
    """Return at most ``number`` of ``rows``, ascending; the same ones for the same rows."""
    if len(rows) <= number:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, number, replace=False))


def _tested(errors: ErrorsContext, checkpoint: str, key: tuple | None) -> Tested | None:
    if key is None:
        return None
    kept = st.session_state.get(KEPT)
    if kept is None or kept[0] != key:
        rows = np.array(key[-1])
        texts = errors.store.documents.texts(rows)
        model = cache.checkpoint_of(key[0], key[1], errors.device)
        with progress_bar(tr("Asked about")) as progress:
            kept = key, Tested(rows, texts, behaviour(model, texts, progress=progress))
        st.session_state[KEPT] = kept
    return kept[1]


def _tests(outcomes: list[BehaviourOutcome]) -> None:
    table = outcome_table(outcomes)
    shares = dict.fromkeys(("held", "low", "high"), 100.0)
    number = st.column_config.NumberColumn
    st.dataframe(
        table.assign(
            test=table["test"].map(tr), expected=table["expected"].map(tr),
            **{name: table[name] * by for name, by in shares.items()},
        ),
        key=TESTS, hide_index=True, on_select="rerun", selection_mode="single-row",
        height="content", placeholder="–", alt=tr("Behavioural tests"),
        selection_default={"selection": {"rows": [most_failed(outcomes)]}},
        column_config={
            "test": st.column_config.TextColumn(tr("test")),
            "expected": st.column_config.TextColumn(
                tr("expected"), help=tr("What the model should answer.")
            ),
            "held": number(tr("as expected"), format="%.1f%%",
                           help=tr("Share of the changed documents with the expected answer.")),
            "low": number(tr("from"), format="%.1f%%", help=tr(INTERVAL)),
            "high": number(tr("to"), format="%.1f%%", help=tr(INTERVAL)),
            "failed": number(tr("failed")),
            "languages": st.column_config.TextColumn(tr("languages")),
            "documents": number(tr("changed"), help=tr("Documents that the test could change.")),
            "shift": number(tr("change of probability"), format="%+.3f", help=tr(SHIFT)),
        },
    )  # fmt: skip


def most_failed(outcomes: list[BehaviourOutcome]) -> int:
    """Return the place of the test that fewest documents passed; 0 where all passed."""
    shares = [1.0 if each.held.mean is None else each.held.mean for each in outcomes]
    return int(np.argmin(shares))


def _chosen(errors: ErrorsContext, tested: Tested) -> None:
    """The test whose row is selected: what it changes, and the documents that failed it."""
    rows = st.session_state[TESTS]["selection"]["rows"]
    if not rows or rows[0] >= len(tested.outcomes):
        return
    outcome = tested.outcomes[rows[0]]
    st.markdown(plain(tr(outcome.test.about)))
    if sentence := nothing_failed(outcome):
        st.info(sentence)
        return
    ids = errors.store.documents.take(tested.rows, ["id"])["id"].to_pylist()
    event = st.dataframe(
        failure_table(outcome.failures, ids, tested.texts),
        key=f"{FAILED}_{outcome.test.name}", hide_index=True, on_select="rerun",
        selection_mode="single-row", height=300, alt=tr("Documents that failed the test"),
        column_config={
            "id": st.column_config.TextColumn(tr("id")),
            "answer": st.column_config.TextColumn(tr("answer")),
            "before": st.column_config.NumberColumn(tr("p before"), format="%.3f", help=tr(SHIFT)),
            "after": st.column_config.NumberColumn(tr("p after"), format="%.3f", help=tr(SHIFT)),
            "changes": st.column_config.TextColumn(tr("changes"), width="large"),
        },
    )  # fmt: skip
    if (at := event["selection"]["rows"]) and at[0] < len(outcome.failures):
        _failure(errors, tested, outcome.failures[at[0]])


def nothing_failed(outcome: BehaviourOutcome) -> str:
    """Say why a test has no document that failed; "" where it has some."""
    if not outcome.applies:
        return tr(
            "This test knows {languages} only, and the model reads another.",
            languages=outcome.test.for_languages,
        )
    if not outcome.documents:
        return tr("This test found nothing to change in these documents.")
    return "" if outcome.failures else tr("Every changed document got the expected answer.")


def failure_table(failures: tuple[Failure, ...], ids: list[str], texts: list[str]) -> pd.DataFrame:
    """Return a row for each document that failed.

    Columns: id, answer ("negative → positive"), before and after (probability of the class
    predicted before), changes ("part → patr, …").
    """
    return pd.DataFrame(
        [
            {
                "id": ids[each.document],
                "answer": f"{each.before} → {each.after}",
                "before": each.probability_before,
                "after": each.probability_after,
                "changes": changes_line(texts[each.document], each.text),
            }
            for each in failures
        ]
    )


def changes_line(before: str, after: str) -> str:
    """Return the first changes of a text in words: "part → patr, shot → soht"."""
    pairs = differences(before, after, LISTED)
    nothing = tr("(nothing)")
    return ", ".join(f"{old or nothing} → {new or nothing}" for old, new in pairs)


def _failure(errors: ErrorsContext, tested: Tested, failure: Failure) -> None:
    with st.container(border=True):
        st.button(tr("Open the document"), key="behaviour_read", on_click=_read,
                  args=(errors.data, int(tested.rows[failure.document])))  # fmt: skip
        st.markdown(plain(failure.text[:LONGEST]))


def _read(data: str, row: int) -> None:
    selection.go_to(data, row, 0)
    st.session_state[selection.VIEW] = selection.DOCUMENTS
