"""The view Behavioural tests, drawn for documents of the planted rule."""

import numpy as np
import pytest

from han_core.analysis.behavioural_tests import TESTS
from han_core.analysis.filters import Filter
from pages.errors import behaviour, selection
from tests.pages.errors_seen import context_of, draw
from tests.pages.seen import hooks

TEXTS = ["The river was splendid", "A road is dreadful", "The morning was quiet", "Seven chair"]
NEGATION = next(at for at, test in enumerate(TESTS) if test.name == "Negation")


@pytest.fixture
def store(make_store, planted_checkpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(planted_checkpoint.parent))
    return make_store(true=["good", "bad", "neither", "neither"], texts=TEXTS, ids="abcd")


@pytest.fixture
def errors(store, planted_checkpoint):
    return context_of(store, checkpoint=planted_checkpoint.name)


def test_nothing_runs_before_the_button(errors):
    app = draw("behaviour", errors)
    assert app.button(key="behaviour_run").label == "Test 4 documents"
    assert "behavioural-tests" not in hooks(app)


def test_the_table_and_the_documents_that_failed(errors):
    app = draw("behaviour", errors)
    app.button(key="behaviour_run").click().run()
    assert "behavioural-tests" in hooks(app)
    table = app.dataframe(key=behaviour.TESTS).value.set_index("test")
    assert table.loc["Negation", "documents"] == 3
    assert table.loc["Negation", "held"] == 0  # the rule knows no "not"
    failed = app.dataframe(key=f"{behaviour.FAILED}_Negation").value
    assert failed["id"].tolist() == ["a", "b", "c"]
    assert failed["answer"].tolist()[0] == "good → good"
    assert failed["changes"].tolist()[0] == "was → was not"


def test_a_failed_document_is_opened(errors):
    selected = {"selection": {"rows": [1], "columns": []}}
    app = draw("behaviour", errors, **{f"{behaviour.FAILED}_Negation": selected})
    app.button(key="behaviour_run").click().run()
    app.button(key="behaviour_read").click().run()
    assert app.session_state["errors_view"] == "Documents"
    assert app.session_state[selection.PLACE].row == 1


def test_without_a_model_or_a_document_a_sentence_says_so(store, planted_checkpoint):
    assert "was deleted" in draw("behaviour", context_of(store)).info[0].value
    nothing = context_of(store, Filter(true=("neg",)), checkpoint=planted_checkpoint.name)
    assert "No document" in draw("behaviour", nothing).info[0].value


def test_a_sample_is_part_of_the_rows_and_always_the_same():
    rows = np.arange(0, 1_000, 3)
    chosen = behaviour.sampled(rows, 50)
    assert len(set(chosen.tolist())) == 50
    assert set(chosen.tolist()) <= set(rows.tolist())
    assert (chosen == behaviour.sampled(rows, 50)).all()
    assert behaviour.sampled(rows[:7], 50).tolist() == rows[:7].tolist()
