"""From documents to scores on the page: at once, by another process, changed, gone, deleted."""

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from han_core.analysis.score_cache import list_scores
from han_core.analysis.scoring import run
from han_core.analysis.scoring.queue import WAITING, QueuedScoring
from han_core.analysis.sources import source_of
from han_core.runtime.jobs import JobState
from pages.errors import scoring, scoring_queue, word_attention
from pages.shared import data_picker
from tests.pages.seen import captions
from tests.processes import PATIENCE

ROWS = [
    {"text": f"A {'fine' if at % 2 else 'dull'} film {at}.", "label": ("neg", "pos")[at % 2]}
    for at in range(6)
]


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    data_picker.forget_scores()


def script():
    """What the page does with documents, without its panels."""
    import streamlit as st

    from pages.errors import scoring
    from pages.shared import controls, data_picker
    from pages.shared.page import begin, user_errors_shown

    begin("Errors", "")
    with user_errors_shown():
        source = data_picker.source()
        checkpoint, device = scoring.checkpoint_picker(source), controls.device()
        documents = data_picker.documents(source)
        if documents is not None:
            found = scoring.scored(checkpoint, device, documents)
            st.session_state["found"] = found and found.manifest.rows
            if found is not None:
                scoring.scores_popover(found)


@pytest.fixture
def app(root):
    from streamlit.testing.v1 import AppTest

    return AppTest.from_function(script, default_timeout=PATIENCE)


@pytest.fixture
def own_file(tmp_path, root):
    """(path, scores) of a file that the command line scored by small-han."""
    from han_core.models.checkpoint import load_checkpoint

    path = tmp_path / "films.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)))
    source, folder = source_of(str(path)), root / "small-han"
    made = run.score_in_process(
        folder, load_checkpoint(folder), source.read(), source, lambda done, of: None
    )
    return path, made


def test_few_documents_are_scored_at_once_and_kept(app):
    app.run()
    assert app.session_state["found"] == 88
    (made,) = list_scores()
    assert made.origin.source.data == "bundled:classroom@test"
    part = next(made.scores.folder.glob("part-*"))
    before = part.stat().st_mtime_ns
    app.run()
    assert app.session_state["found"] == 88
    assert part.stat().st_mtime_ns == before


def test_many_are_scored_by_another_process(app, monkeypatch):
    monkeypatch.setattr(run, "FEW_DOCUMENTS", 10)
    app.run()
    assert app.session_state["found"] is None
    deadline = time.monotonic() + PATIENCE
    while app.session_state["found"] is None and time.monotonic() < deadline:
        time.sleep(0.3)
        app.run()
    assert app.session_state["found"] == 88
    assert not app.error


def test_stopped_it_says_how_far_it_was_and_begins_again_on_request(app, monkeypatch):

    stopped = JobState(kind="stopped", text="Stopped.", done=30, of=88)
    monkeypatch.setattr(scoring, "job_state", lambda folder: stopped)
    begun = []
    monkeypatch.setattr(scoring, "start_scoring", lambda *given: begun.append(given))
    app.run()
    assert "stopped at 30 of 88 documents" in app.info[0].value
    app.button(key="score_again_small-han").click().run()
    ((folder, _, source),) = begun
    assert (folder.name, source.data) == ("small-han", "bundled:classroom@test")


def test_scored_before_is_offered_and_a_changed_file_is_said_and_scored_anew(app, own_file):
    path, made = own_file
    app.run()
    choice = data_picker.KEPT + made.scores.manifest.data_sha256
    assert "Scored before: films.jsonl (6 documents)" in app.selectbox(key="source").options
    app.selectbox(key="source").set_value(choice).run()
    assert app.session_state["found"] == 6
    assert not app.warning
    path.write_text("\n".join(map(json.dumps, ROWS[:4])))
    app.run()
    assert app.session_state["found"] == 6
    said = app.warning[0].value.replace("\\", "")
    assert said.startswith("The file films.jsonl has changed since it was scored.")
    app.button(key="score_anew_small-han").click().run()
    assert app.session_state["found"] == 4
    assert not app.warning
    app.run()  # the picker says which documents these are by now
    assert app.selectbox(key="source").value not in (choice, "bundled:classroom@test")
    assert app.session_state["found"] == 4
    app.selectbox(key="source").set_value(choice).run()
    assert app.session_state["found"] == 4  # in this session the file as it is was asked for


def test_another_model_needs_the_file(app, own_file):
    path, made = own_file
    path.unlink()
    app.run()
    app.selectbox(key="source").set_value(data_picker.KEPT + made.scores.manifest.data_sha256).run()
    assert app.session_state["found"] == 6  # documents and scores are kept
    assert "no longer exists" in app.warning[0].value
    app.selectbox(key="checkpoint").set_value("small-bilstm").run()
    assert app.session_state["found"] is None
    assert "has no scores of the file" in app.warning[0].value


def test_a_checkpoint_that_is_gone_leaves_its_scores(app, own_file, root):
    _, made = own_file
    shutil.rmtree(root / "small-han")
    app.run()
    app.selectbox(key="source").set_value(data_picker.KEPT + made.scores.manifest.data_sha256).run()
    gone = scoring.GONE + made.key
    assert app.selectbox(key="checkpoint").options[-1] == "small-han (deleted, its scores are kept)"
    app.selectbox(key="checkpoint").set_value(gone).run()
    assert app.session_state["found"] == 6
    assert "was deleted" in app.warning[0].value
    assert scoring.present(gone) is None
    app.button(key="forget_scores").click().run()
    assert made.key not in {each.key for each in list_scores()}
    assert not app.exception


def test_deleted_documents_are_no_longer_chosen(app, own_file):
    _, made = own_file
    app.run()
    app.selectbox(key="source").set_value(data_picker.KEPT + made.scores.manifest.data_sha256).run()
    app.button(key="forget_scores").click().run()
    assert "were deleted" in app.warning[0].value
    assert app.session_state["found"] == 88
    assert not app.exception


def test_a_name_of_the_hub_is_checked_before_anything_begins(app):
    app.run()
    app.selectbox(key="source").set_value(data_picker.HUB).run()
    assert not app.error
    app.text_input(key="hub_data").set_value("../etc/passwd").run()
    assert "does not name a data set of the hub" in app.error[0].value.replace("\\", "")


def test_two_data_sets_of_one_name_are_told_apart(own_file):
    _, made = own_file
    assert data_picker.before_name(made, alone=True) == "Scored before: films.jsonl (6 documents)"
    os.environ["TZ"] = "UTC"
    time.tzset()
    later = made.__class__(
        made.scores, made.origin.model_copy(update={"at": 0.0}), made.used, made.size
    )
    assert data_picker.before_name(later, alone=False).endswith(", 01 January 1970, 00:00)")


def test_how_far_in_words():
    reading = JobState(kind="working", text="Reading a_b.csv")
    assert scoring_queue.progress_line(reading) == r"Reading a\_b\.csv …"
    at_work = JobState(kind="working", text="Scored", done=1_200, of=9_000, seconds_left=130.0)
    assert (
        scoring_queue.progress_line(at_work)
        == "Scored 1,200 of 9,000 documents, about 2 minutes left"
    )
    assert scoring_queue.duration(9_000) == "2 hours"
    assert scoring_queue.duration(0.2) == "1 seconds"


def queued(name: str, visitor: str, text: str, done: int, of: int) -> QueuedScoring:
    state = JobState(kind="working", text=text, done=done, of=of)
    return QueuedScoring(Path(name), name, "han_a", visitor, time.time() - 180, state)


def test_a_line_of_the_queue_says_what_how_far_since_when_and_whose():
    running = queued("a_b.csv", "", "Scored", 30, 90)
    assert scoring_queue.queue_line(running, own=False) == (
        r"**a\_b\.csv** with **han\_a**: Scored 30 of 90 documents · asked for 3 minutes ago · "
        "another visitor's"
    )
    waiting = scoring_queue.queue_line(queued("a.csv", "me", WAITING, 0, 0), own=True)
    assert waiting.endswith(": waiting · asked for 3 minutes ago · yours")


def queue_script():
    from pages.errors import scoring_queue

    scoring_queue.show(scoring_queue.scoring_queue())


def test_visitors_end_what_is_their_own(tmp_path, monkeypatch):
    from streamlit.testing.v1 import AppTest

    mine = tmp_path / "mine"
    mine.mkdir()
    own = QueuedScoring(mine, "b", "han", "me", 0.0, JobState(kind="working", text=WAITING))
    queue = [queued("a", "other", "Scored", 1, 2), own]
    monkeypatch.setattr(scoring_queue, "scoring_queue", lambda: queue)
    monkeypatch.setattr(scoring_queue, "_visitor", lambda session: "me")
    app = AppTest.from_function(queue_script, default_timeout=PATIENCE).run()
    assert [button.label for button in app.button] == ["Remove"]
    app.button(key="queue_stop_1").click().run()
    assert (mine / "stop").exists()


def test_rare_words_are_left_out():
    assert word_attention.least(88) == 3
    assert word_attention.least(20_000) == 20


def attended_script():
    import numpy as np
    import streamlit as st

    from han_core.analysis.filters import Marks
    from han_core.analysis.sources import source_of
    from pages.errors import cached_scores, scoring, selection, word_attention
    from pages.errors.context import ErrorsContext
    from pages.shared import controls
    from pages.shared.page import begin

    begin("Errors", "")
    device = controls.device()
    scores = scoring.scored("small-han", device, source_of("bundled:classroom@test"))
    store = cached_scores.store(scores)
    rows = np.arange(st.session_state.get("rows", store.rows))
    word_attention.panel(
        ErrorsContext("small-han", None, device, store, Marks(), selection.current(), rows,
              store.outcomes.take(rows), "")
    )  # fmt: skip


def test_the_panel_of_what_is_attended_to(root):
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_function(attended_script, default_timeout=PATIENCE).run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 3
    assert "Based on the 88 documents" in captions(app)
    table = app.dataframe[0].value
    assert (np.diff(table["shrunken"]) <= 0).all()
    assert (table["documents"] >= 3).all()
    app.selectbox(key="attended_group").set_value("True negative").run()
    assert app.dataframe[0].value["documents"].max() < table["documents"].max()
    app.selectbox(key="evidence_documents").set_value(20).run()
    app.button(key="measure_dataset").click().run()
    assert len(app.get("plotly_chart")) == 8
    assert "20 documents; points are means" in captions(app)
    app.session_state["rows"] = 0
    app.run()
    assert "no document" in app.info[0].value
