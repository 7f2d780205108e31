"""The report of a scored data set: its figures, and the documents that were chosen."""

# ruff: noqa: F811

import json
import re

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from han_core.analysis.annotations.agreement import marks
from han_core.analysis.annotations.codebook import save_tag
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.writing import add_tag, set_flag, write_note
from han_core.analysis.documents import content_hash
from han_core.explanation.explain import explain
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.viz import report
from han_core.viz.report import GONE, ReportScope, error_analysis_report, shared_scale
from tests.analysis.conftest import make_store, scored_corpus, scores, store  # noqa: F401
from tests.viz.conftest import made_explanation


@pytest.fixture
def database(tmp_path):
    return open_database(f"sqlite:///{tmp_path / 'notes.sqlite'}")


@pytest.fixture
def four(make_store):
    return make_store(
        true=["neg", "pos", "pos", "neg"],
        predicted=["neg", "pos", "neg", "pos"],
        confidence=[0.9, 0.8, 0.7, 0.6],
        texts=["Good film .", "fine", "so <b>so</b>", "dull"],
        columns={"split": ["dev", "test", "", "test"]},
        other=["neg", "neg", "pos", "neg"],
    )


def page(store, shown, database, rows=None, conditions=(), checkpoint=None) -> str:
    rows = np.arange(store.rows) if rows is None else np.array(rows)
    part = ReportScope(store, rows, tuple(conditions), marks(database))
    return error_analysis_report(part, shown, database, checkpoint)


def facts(html: str) -> dict[str, str]:
    return dict(re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", html))


def grid(html: str, title: str) -> list[list[str]]:
    body = re.search(f"<h2>{title}</h2>.*?<tbody>(.*?)</tbody>", html, re.DOTALL)[1]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in body.split("</tr>")[:-1]]


def drawn(html: str) -> list[dict]:
    return json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])


def test_figures_are_those_of_what_the_filter_leaves(four, database):
    html = page(four, [], database, rows=[0, 1, 3], conditions=["wrong & sure", "tag: x"])
    named = facts(html)
    assert named["Filter"] == "wrong &amp; sure; tag: x"
    assert named["Documents"] == "3 of 4"
    true, predicted = ["neg", "pos", "neg"], ["neg", "pos", "pos"]
    assert named["Accuracy"].startswith(f"{accuracy_score(true, predicted):.3f} (95% interval ")
    assert named["Accuracy of all documents"].startswith("0.500 (")
    f1 = f1_score(true, predicted, average="macro")
    assert named["Macro F1"].startswith(f"{f1:.3f} (95% interval ")
    assert named["Accuracy of the second model"].startswith("0.667 (")
    assert named["Accuracy of the second model"].endswith(", second")
    loss = -np.log([0.9, 0.8, 0.4]).mean()
    assert named["Mean loss"] == f"{loss:.3f}"
    found = precision_recall_fscore_support(true, predicted, labels=["neg", "pos"])
    expected = [[f"{column[at]:.3f}" for column in found[:3]] for at in (0, 1)]
    assert grid(html, "Classes") == [["neg", "2", *expected[0]], ["pos", "1", *expected[1]]]


def test_documents_stand_in_the_given_order_with_their_annotations(four, database):
    save_tag(database, "irony", "Ann")
    for text in ("so <b>so</b>", "dull"):
        add_tag(database, content_hash(text), "irony", "Ann")
    write_note(database, content_hash("dull"), "Ben", "<script>alert(1)</script>")
    set_flag(database, content_hash("dull"), "label_is_wrong", "Ben", True, "neg", "pos")
    html = page(four, [3, 0], database, rows=[0, 2, 3])
    assert re.findall("<h2>(Document .*?)</h2>", html) == ["Document 3", "Document 0"]
    assert [one["tokens"] for one in drawn(html)] == [["dull"], ["Good", "film", "."]]
    assert "<span>irony (Ann)</span><span>label is wrong (pos) (Ben)</span>" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert" not in html
    assert "Second model: neg. split: test." in html
    assert GONE in html
    assert grid(html, "Tags and flags") == [["irony", "2", "2"], ["label is wrong", "1", "1"]]


def test_with_the_model_words_and_weights_are_those_of_explain(
    store, scores, database, planted_checkpoint
):  # fmt: skip
    checkpoint = load_checkpoint(planted_checkpoint)
    html = page(store, [7], database, checkpoint=checkpoint)
    (text,) = store.documents.texts(np.array([7]))
    expected = explain(checkpoint, text)
    (found,) = drawn(html)
    assert found["tokens"] == list(expected.document.token_texts())
    assert found["weights"] == pytest.approx(expected.document_weights.tolist(), abs=1e-5)
    assert GONE not in html
    (stored,) = drawn(page(store, [7], database))
    assert stored["tokens"] == found["tokens"]
    assert stored["weights"] == pytest.approx(found["weights"], abs=0.01)


def test_more_than_a_browser_bears_is_refused(four, database, monkeypatch):
    monkeypatch.setattr(report, "MOST_TOKENS", 5)
    with pytest.raises(UserError, match=r"at most 200 documents and 5 words .* 3 with 6 words"):
        page(four, [0, 1, 2], database)
    page(four, [0, 1, 3], database)
    monkeypatch.setattr(report, "MOST_DOCUMENTS", 2)
    with pytest.raises(UserError, match="at most 2 documents"):
        page(four, [0, 1, 3], database)


def test_of_no_documents_it_says_so(four, database):
    named = facts(page(four, [], database, rows=np.arange(0)))
    assert named["Documents"] == "0 of 4"
    assert named["Accuracy"] == named["Macro F1"] == named["Mean loss"] == "none"


def test_one_long_document_leaves_the_others_their_colours():
    flat = [made_explanation([["a", "b"]], word_weights=[0.9, 0.1])] * 19
    long = made_explanation([["w"] * 100], word_weights=[0.901, *[0.001] * 99])
    found = shared_scale([*flat, long])
    assert found.top == 4  # the floor, for 2 × .9 lies below it
    assert "this and more" in found.title
    assert shared_scale([long]).top == pytest.approx(90.1)
    assert "this and more" not in shared_scale([long]).title
    assert shared_scale([]).top == 1
