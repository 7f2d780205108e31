"""Scores that are kept: found, listed, bounded, forgotten."""

import csv
import shutil
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from filelock import FileLock

from han_core.analysis import score_cache
from han_core.analysis.dataset import open_store
from han_core.analysis.document_table import table_page
from han_core.analysis.documents import FILE
from han_core.analysis.score_cache import (
    delete_scores,
    evict_scores,
    find_scores,
    list_scores,
    open_scores,
    request_folder,
    score_key,
    version_stamp,
)
from han_core.analysis.scoring import run
from han_core.analysis.scoring.manifest import LOCK, checkpoint_sha256
from han_core.analysis.scoring.run import cache_scores, is_small, score_in_process
from han_core.analysis.scoring.table import SCHEMA, part_path, read_rows
from han_core.analysis.scoring.workers import score_here
from han_core.analysis.sources import source_of
from han_core.data.corpus import Corpus
from han_core.data.uploads import scored_data
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import JobState, job_state, write_state
from han_core.runtime.paths import documents_root, scores_root
from tests.damage import each_flipped, flip

CONTENT = 'text,label,split\nGreen road.,positive,dev\n"Stone, river.",negative,test\n'


pytestmark = pytest.mark.usefixtures("own_data")


@pytest.fixture
def sha256(folder):
    return checkpoint_sha256(folder)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "films.csv"
    path.write_text(CONTENT)
    return path


def read(path) -> Corpus:
    """As ``Source.read``, without a process of its own."""
    rows = list(csv.DictReader(path.open()))
    columns = {name: tuple(row[name] for row in rows) for name in ("text", "label", "split")}
    ids, extra = tuple(map(str, range(1, len(rows) + 1))), {"split": columns["split"]}
    return Corpus(path.name, columns["text"], columns["label"], ids, extra)


@pytest.fixture
def keep(folder, path):
    """``keep()``: the file scored in this process by ``folder``, or another checkpoint."""

    def keep(by=folder):
        source = source_of(str(path))
        return score_in_process(by, load_checkpoint(by), read(path), source, lambda done, of: None)

    return keep


def test_what_was_kept_is_found_by_the_question_and_by_the_key(keep, path, sha256):
    source = source_of(str(path))
    assert find_scores(source, sha256) is None
    made = keep()
    for result in (find_scores(source, sha256), open_scores(made.key), *list_scores()):
        assert (result.scores, result.origin) == (made.scores, made.origin)
    assert made.scores.columns == ("split",)
    assert made.origin.source == source.with_checksum()
    assert made.scores.folder == scores_root() / made.scores.manifest.key
    assert made.size > part_path(made.scores.folder, 0).stat().st_size
    assert open_store(made.scores).rows == 2
    assert scored_data() == {str(path)}
    assert find_scores(source, "another") is None
    assert find_scores(source_of(str(path), "label", "text"), sha256) is None


def test_scoring_again_reads_no_model(keep, monkeypatch):
    made = keep()

    def none(*_, **__):
        raise AssertionError("nothing is left to score")

    monkeypatch.setattr(run, "score_here", none)
    again = keep()
    assert again.scores == made.scores


def test_another_checkpoint_shares_the_documents(keep, random_checkpoint):
    first, other = keep(), random_checkpoint("bilstm")
    second = keep(other)
    assert second.scores.documents == first.scores.documents
    assert second.key == score_key(first.scores.manifest, checkpoint_sha256(other)) != first.key
    assert [each.key for each in list_scores()] == [second.key, first.key]  # used last first
    delete_scores(second.key)
    assert open_store(first.scores).rows == 2
    assert [each.key for each in list_scores()] == [first.key]


def test_damaged_documents_are_scored_again_and_then_whole(keep, path, sha256):
    documents = keep().scores.documents / FILE
    content = documents.read_bytes()
    documents.write_bytes(content.replace(b"Green", b"Groen"))
    with pytest.raises(UserError, match="documents are damaged"):
        open_store(find_scores(source_of(str(path)), sha256).scores).documents.texts(np.arange(2))
    assert find_scores(source_of(str(path)), sha256) is None
    assert open_store(keep().scores).rows == 2
    assert find_scores(source_of(str(path)), sha256) is not None
    assert documents.read_bytes() == content


@pytest.mark.parametrize("name", ["part-00000.parquet", "manifest.json", "source.json"])
@pytest.mark.parametrize("suffix", ["", ".sha256"])
def test_no_flipped_bit_of_scores_is_believed_and_scoring_again_heals(
    keep, path, sha256, name, suffix
):
    made, source = keep(), source_of(str(path))
    expected = everything(made)
    for _ in each_flipped(made.scores.folder / f"{name}{suffix}", 12):
        with pytest.raises(UserError):
            everything(find_scores(source, sha256) or refused())
        assert find_scores(source, sha256) is None
    flip(made.scores.folder / f"{name}{suffix}", 100)
    assert everything(keep()) == expected
    assert everything(find_scores(source, sha256)) == expected


def refused():
    raise UserError("These scores are damaged: they are not offered.")


def everything(cached) -> list[dict]:
    """Every cell of all rows, read as the page does."""
    store = open_store(cached.scores)
    (table,) = read_rows(cached.scores.folder, cached.scores.manifest, np.arange(2), SCHEMA.names)
    frame = table_page(store, np.arange(2), None, 0, 2)
    return [*table.to_pylist(), *frame.to_dict("records"), cached.origin.model_dump(exclude={"at"})]


def test_damaged_scores_stay_where_their_file_is_gone(keep, path, sha256):
    made, source = keep(), source_of(str(path))
    flip(part_path(made.scores.folder, 0), 8 * 200)
    path.unlink()
    assert find_scores(source, sha256).scores == made.scores


def test_a_file_that_changed_is_another_question(keep, path, sha256):
    before = keep()
    path.write_text(CONTENT.replace("Green", "Quiet"))
    assert find_scores(source_of(str(path)), sha256) is None
    after = keep()
    assert after.key != before.key
    assert find_scores(before.origin.source, sha256).key == before.key
    assert before.origin.source.standing() == "changed"


def test_scores_that_are_not_whole_are_not_found(keep, path, sha256):
    made = keep()
    part_path(made.scores.folder, 0).unlink()
    assert (open_scores(made.key), list_scores(), find_scores(source_of(str(path)), sha256)) == (
        None,
        [],
        None,
    )
    keep()
    assert open_scores(made.key)
    shutil.rmtree(made.scores.documents)
    assert open_scores(made.key) is None
    keep()
    (made.scores.folder / "source.json").write_text("{}")
    assert open_scores(made.key) is None
    assert version_stamp(made.key) == (0, 0)


@pytest.mark.parametrize("key", ["", "..", "../../etc", "a" * 63, "A" * 64, "0" * 64])
def test_a_key_from_an_address_opens_nothing_else(key):
    assert open_scores(key) is None
    delete_scores(key)


def test_the_stamp_tells_when_something_was_written_anew(keep):
    made = keep()
    before = version_stamp(made.key)
    assert min(before) > 0
    assert version_stamp(made.key) == before
    (made.scores.folder / "source.json").touch()
    assert version_stamp(made.key) != before


def test_room_is_made_by_those_used_longest_ago(keep, random_checkpoint, monkeypatch):
    old, new = keep(), keep(random_checkpoint("bilstm"))
    evict_scores(0)
    assert len(list_scores()) == 2  # just looked at
    monkeypatch.setattr(score_cache, "FRESH_SECONDS", -1)
    evict_scores(old.size + new.size + 10_000_000)
    assert len(list_scores()) == 2
    open_scores(old.key)  # used now
    evict_scores(score_cache._size(scores_root()) + score_cache._size(documents_root()) - 1)
    assert [each.key for each in list_scores()] == [old.key]
    evict_scores(0)
    assert list_scores() == []
    assert list(documents_root().iterdir()) == []


def test_what_a_killed_process_left_is_taken_away(keep):
    made = keep()
    left = scores_root() / f".deleted-{made.key}"
    made.scores.folder.rename(left)
    evict_scores()
    assert not left.exists()


def test_what_is_being_written_stays(keep, monkeypatch):
    made = keep()
    monkeypatch.setattr(score_cache, "FRESH_SECONDS", -1)
    with FileLock(made.scores.folder / LOCK):
        evict_scores(0)
        with pytest.raises(UserError, match="are being written; stop that first"):
            delete_scores(made.key)
    assert open_scores(made.key)


def test_old_questions_without_an_answer_go(keep, path, sha256, monkeypatch):
    made = keep()
    stale = scores_root() / ".asked" / "stale"
    stale.mkdir()
    write_state(stale, JobState(kind="failed", text="No."))
    monkeypatch.setattr(score_cache, "FRESH_SECONDS", -1)
    evict_scores()
    assert not stale.exists()
    assert job_state(request_folder(source_of(str(path)), sha256)).answer == {"key": made.key}


def test_data_without_labels_are_refused(folder, path):
    source = source_of(str(path))
    unlabelled = replace(read(path), labels=())
    with pytest.raises(UserError, match=r"films\.csv has no labels"):
        score_in_process(folder, load_checkpoint(folder), unlabelled, source, lambda done, of: None)
    assert not scores_root().exists()


def test_labels_of_other_classes_leave_nothing_behind(folder, path):
    path.write_text(CONTENT.replace("positive", "happy"))
    source = source_of(str(path))
    with pytest.raises(UserError, match="happy"):
        score_in_process(folder, load_checkpoint(folder), read(path), source, lambda done, of: None)
    assert (list_scores(), documents_root().exists()) == ([], False)


def test_a_full_disk_is_one_sentence(keep):
    def full(path, value):
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:  # undoing all would let go of the folder, too
        patch.setattr(run, "write_json_with_checksum", full)
        with pytest.raises(UserError, match=r"cannot be kept \(No space left on device\)"):
            keep()
    assert list_scores() == []


def test_the_same_figures_as_the_command_prints(folder, path):
    source, checkpoint = source_of(str(path)), load_checkpoint(folder)
    engine = partial(score_here, checkpoint=checkpoint)
    whole, summary = cache_scores(folder, checkpoint, read(path), source, engine)
    assert (summary.accuracy, summary.loss) == (whole.origin.accuracy, whole.origin.loss)
    assert time.time() - whole.origin.at < 60


def test_few_documents_are_scored_at_once(path, monkeypatch):
    corpus = read(path)
    assert is_small(corpus)
    monkeypatch.setattr(run, "FEW_CHARACTERS", 20)
    assert not is_small(corpus)
    monkeypatch.setattr(run, "FEW_CHARACTERS", 100)
    monkeypatch.setattr(run, "FEW_DOCUMENTS", 1)
    assert not is_small(corpus)
