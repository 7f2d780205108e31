"""The view Map, drawn for a few bundled documents and a small checkpoint."""

from dataclasses import replace

import numpy as np
import pytest
import streamlit as st

from han_core.analysis import document_map as maps
from han_core.analysis.document_map import DocumentMap
from han_core.analysis.filters import DocumentSet, Filter
from han_core.analysis.scoring.manifest import checkpoint_sha256
from han_core.data.corpus import read_corpus
from pages.errors import document_map, selection
from tests.pages.errors_seen import context_of, draw
from tests.pages.seen import hooks


@pytest.fixture
def store(root, make_store, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    corpus = read_corpus("bundled:classroom@test").take(range(12))
    store = make_store(true=list(corpus.labels), texts=list(corpus.texts), labels=corpus.classes)
    sha256 = checkpoint_sha256(root / "small-han")
    manifest = store.scores.manifest.model_copy(update={"checkpoint_sha256": sha256})
    return replace(store, scores=replace(store.scores, manifest=manifest))


def test_few_documents_are_on_the_map_at_once(store):
    app = draw("document_map", context_of(store, checkpoint="small-han"))
    assert "document-map" in hooks(app)
    assert any("**12 documents** on the map" in line.value for line in app.markdown)
    app.selectbox(key=document_map.COLOUR).select("loss").run()
    assert not app.exception


def test_the_map_shows_what_the_other_conditions_select(store):
    data = store.scores.manifest.data_sha256
    chosen = Filter(true=(store.labels[0],), chosen=DocumentSet.of("lasso", data, [0, 1, 2]))
    errors = context_of(store, chosen, checkpoint="small-han")
    app = draw("document_map", errors)
    number = int((store.outcomes.true == 0).sum())
    assert any(f"**{number} document" in line.value for line in app.markdown)
    app.button(key="read_chosen").click().run()
    assert app.session_state[selection.VIEW] == selection.DOCUMENTS


def test_many_documents_wait_for_a_button(store, monkeypatch):
    monkeypatch.setattr(maps, "FEW_DOCUMENTS", 3)
    app = draw("document_map", context_of(store, checkpoint="small-han"))
    assert app.button(key="begin_map").label == "Make the map"
    assert "document-map" not in hooks(app)


def test_what_is_missing_is_said(store, monkeypatch):
    app = draw("document_map", context_of(store))
    assert app.info[0].value == document_map.NO_MODEL
    monkeypatch.setattr(maps, "has_umap", lambda: False)
    app = draw("document_map", context_of(store, checkpoint="small-han"),
               **{document_map.PROJECTION: "umap"})  # fmt: skip
    assert app.info[0].value == maps.NO_UMAP


def test_a_lasso_becomes_a_condition_and_an_empty_one_changes_nothing(monkeypatch):
    session = {"map": {"selection": {"points": [{"customdata": [5]}, {"customdata": [2]}]}}}
    monkeypatch.setattr(st, "session_state", session)
    document_map.choose("map", "data")
    chosen = DocumentSet.of(document_map.CHOSEN, "data", [2, 5])
    assert session[selection.FILTER] == Filter(chosen=chosen)
    session["map"] = {"selection": {"points": []}}
    document_map.choose("map", "data")
    assert session[selection.FILTER] == Filter(chosen=chosen)
    assert document_map.chart_key(chosen) != document_map.chart_key(None)


def test_what_the_map_shows():
    drawn = DocumentMap(np.arange(3), np.zeros((3, 2)), 0.625)
    assert document_map.map_line(drawn, 2, 9) == (
        "**2 documents** on the map, of a random sample of 3 of 9 · it shows 62% of the variance "
        "of their vectors"
    )
