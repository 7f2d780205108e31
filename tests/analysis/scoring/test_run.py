"""Scores in a folder and in the cache: filled once, resumed, never mixed; the background job."""

import dataclasses
import errno
import json
import threading
import time

import pytest
from filelock import FileLock

from han_core.analysis.score_cache import find_scores, list_scores, open_scores
from han_core.analysis.scoring import run
from han_core.analysis.scoring.manifest import LOCK, checkpoint_sha256
from han_core.analysis.scoring.run import score_corpus, start_scoring
from han_core.analysis.scoring.table import part_path
from han_core.analysis.sources import source_of
from han_core.data.labels import align_labels
from han_core.models.predict import metrics, predict
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import job_state, stop_job
from han_core.runtime.locks import take
from han_core.runtime.paths import scores_root
from tests.conftest import WORDS
from tests.processes import PATIENCE

pytestmark = pytest.mark.usefixtures("small_parts", "own_data")


@pytest.fixture
def score(folder, checkpoint, corpus, here, tmp_path):
    """``score(…)``: the summary; ``tmp_path / "out"`` has the parts."""

    def call(corpus=corpus, engine=here, progress=None):
        return score_corpus(folder, checkpoint, corpus, tmp_path / "out", engine, progress)

    return call


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.parquet")}


def test_the_figures_are_those_of_evaluate(score, checkpoint, corpus, tmp_path):
    result = score()
    true = align_labels(corpus.labels, checkpoint.labels)
    expected = metrics(predict(checkpoint, corpus.texts), true)
    assert (result.out, result.rows, result.parts) == (str(tmp_path / "out"), 30, 5)
    assert {name: getattr(result, name) for name in expected} == pytest.approx(expected, abs=1e-5)
    assert result.documents_per_second > 0
    assert list(result.to_json()) == [
        "out", "rows", "parts", "accuracy", "macro_f1", "loss", "documents_per_second"
    ]  # fmt: skip


def test_without_labels_there_are_no_figures(score, corpus):
    result = score(dataclasses.replace(corpus, labels=()))
    assert (result.accuracy, result.macro_f1, result.loss) == (None, None, None)
    assert result.documents_per_second > 0


def test_only_what_is_missing_or_damaged_is_scored_again(score, here, tmp_path):
    first, out = score(), tmp_path / "out"
    whole = contents(out)
    assert len(whole) == 5
    assert here.parts == [0, 1, 2, 3, 4]
    part_path(out, 1).unlink()
    part_path(out, 3).write_bytes(whole["part-00003.parquet"][:-30])
    (out / ".part-00004.parquet.new").write_bytes(b"torn")  # of a killed process
    reports = []
    second = score(progress=lambda *done: reports.append(done))
    assert here.parts[5:] == [1, 3]
    assert reports == [(16, 30), (23, 30), (30, 30)]
    assert contents(out) == whole
    assert (second.accuracy, second.loss) == (first.accuracy, first.loss)
    assert score().documents_per_second is None
    assert here.parts[7:] == []


def test_other_documents_are_refused_and_nothing_is_lost(score, corpus, tmp_path):
    score()
    whole = contents(tmp_path / "out")
    with pytest.raises(UserError, match="not of the documents and labels that came"):
        score(corpus.take(range(29)))
    assert contents(tmp_path / "out") == whole


def test_two_at_once_are_refused(score, tmp_path):
    (tmp_path / "out").mkdir()
    with (
        FileLock(tmp_path / "out" / LOCK),
        pytest.raises(UserError, match="Another process is scoring into"),
    ):
        score()
    score()


def test_who_has_patience_waits(folder, checkpoint, corpus, here, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    lock = FileLock(out / LOCK, thread_local=False)
    lock.acquire()
    threading.Timer(0.2, lock.release).start()
    assert score_corpus(folder, checkpoint, corpus, out, here, patience=30).parts == 5


def test_no_space_left_keeps_whole_parts(score, here, tmp_path, monkeypatch):
    write, written = run.write_part, []

    def full_after_two(folder, number, content):
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(number)
        write(folder, number, content)

    monkeypatch.setattr(run, "write_part", full_after_two)
    with pytest.raises(UserError, match=r"No space left on device.*goes on from there"):
        score()
    monkeypatch.setattr(run, "write_part", write)
    here.parts.clear()
    assert score().parts == 5
    assert here.parts == [2, 3, 4]


def test_ctrl_c_says_how_far_it_was(score, here, tmp_path):
    def interrupted(parts, job):
        answers = here(parts, job)
        yield next(answers)
        yield next(answers)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"2 of 5 parts are in .*out; the same"):
        score(engine=interrupted)
    assert len(contents(tmp_path / "out")) == 2


def test_a_folder_that_cannot_be_made(score, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UserError, match="cannot be written to"):
        score()


def test_labels_of_other_classes_are_refused_before_anything_is_made(score, corpus, tmp_path):
    with pytest.raises(UserError, match="blue"):
        score(dataclasses.replace(corpus, labels=("blue",) * 30))
    assert not (tmp_path / "out").exists()


def test_the_manifest_tells_a_stranger_what_this_is(score, tmp_path):
    score()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["format"], manifest["checkpoint"], manifest["data"]) == (
        2,
        "han-additive",
        "thirty",
    )
    assert (manifest["rows"], manifest["rows_a_part"]) == (30, 7)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "many.jsonl"
    rows = ({"text": f"{WORDS[at % 26]} {at}.", "label": "pos"} for at in range(600))
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def wait(work, until, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not until(state := job_state(work)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return state


@pytest.mark.long
def test_it_waits_its_turn_is_stopped_and_goes_on_to_the_end(folder, path):
    source = source_of(str(path))
    scores_root().mkdir(parents=True)
    place = take(scores_root() / ".place")  # another scoring is at work
    work = start_scoring(folder, "cpu", source)
    assert wait(work, lambda state: "Waiting" in state.text).kind == "working"
    stop_job(work)
    assert wait(work, lambda state: state.kind != "working").kind == "stopped"
    assert list_scores() == []
    place.release()
    assert start_scoring(folder, "cpu", source) == work
    state = wait(work, lambda state: state.kind != "working")
    result = find_scores(source, checkpoint_sha256(folder))
    assert (state.kind, state.answer) == ("done", {"key": result.key})
    assert (result.scores.manifest.rows, result.origin.source.data) == (600, str(path))


@pytest.mark.long
def test_who_waits_is_scored_once_the_other_is_stopped(folder, path, tmp_path):
    many = tmp_path / "more.jsonl"
    many.write_text("\n".join(json.dumps({"text": f"film {n} " + "good " * 40, "label": "pos"})
                              for n in range(30_000)))  # fmt: skip
    first = start_scoring(folder, "cpu", source_of(str(many)))
    assert wait(first, lambda state: state.of > 0).kind == "working"
    second = start_scoring(folder, "cpu", source_of(str(path)))
    assert wait(second, lambda state: "Waiting" in state.text).kind == "working"
    stop_job(first)
    assert wait(first, lambda state: state.kind != "working").kind == "stopped"
    assert wait(second, lambda state: state.kind != "working").kind == "done"


def test_why_it_cannot_is_said(folder, path):
    path.write_text(path.read_text().replace("pos", "happy"))
    work = start_scoring(folder, "cpu", source_of(str(path)))
    state = wait(work, lambda state: state.kind != "working")
    assert state.kind == "failed"
    assert "happy" in state.text


def test_the_command_keeps_what_has_no_folder(run_command, folder, path, monkeypatch):
    from han_core.analysis.scoring.workers import score_here
    from han_core.cli import data
    from han_core.models.checkpoint import load_checkpoint

    here = lambda parts, job: score_here(parts, job, load_checkpoint(folder))  # noqa: E731
    monkeypatch.setattr(data, "local_engine", lambda options: here)
    arguments = ("--checkpoint", folder, "--data", path, "--device", "cpu")
    status, (result,), _ = run_command("score", *arguments)
    assert status == 0
    whole = find_scores(source_of(str(path)), checkpoint_sha256(folder))
    assert result["out"] == str(whole.scores.folder)
    assert open_scores(whole.key).origin.accuracy == result["accuracy"]
    status, output, errors = run_command("score", *arguments, "--unlabelled")
    assert (status, output) == (2, [])
    assert "Errors needs labels" in errors[-1]
