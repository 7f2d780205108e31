import json
import shutil

import pytest

from han_core.models.checkpoint import CARD, METRICS, WEIGHTS, load_checkpoint, read_metrics
from han_core.models.listing import list_checkpoints
from han_core.runtime.errors import UserError
from han_core.runtime.quotas import CHECKPOINTS
from han_core.training.runs.archive import (
    delete_published,
    publish_run,
    published,
    rename_published,
)


@pytest.fixture
def run(place, random_checkpoint):
    """A run's folder with a checkpoint; ``run(name)`` makes another one."""

    def make(name="20260102-030405-0123abcd"):
        folder = place / "data" / "runs" / name
        shutil.copytree(random_checkpoint("bilstm"), folder / "checkpoint")
        (folder / "checkpoint" / "resume").mkdir()
        (folder / "checkpoint" / "resume" / "state.json").write_text("{}")
        return folder

    return make


def there(place):
    return sorted(path.name for path in (place / "checkpoints").iterdir())


def test_a_run_becomes_a_checkpoint_without_what_resumes_it(run, place):
    folder = run()
    name = publish_run(folder, "My first, run!")
    assert name == published(folder) == "My-first-run"
    target = place / "checkpoints" / name
    assert not (target / "resume").exists()
    assert (target / WEIGHTS).read_bytes() == (folder / "checkpoint" / WEIGHTS).read_bytes()
    assert load_checkpoint(name).metrics["run"] == folder.name
    assert [listing.name for listing in list_checkpoints()] == [name]
    assert "run" not in read_metrics(folder / "checkpoint")


def test_a_card_that_came_with_a_zip_is_published_too(run, place):
    folder = run()
    (folder / "checkpoint" / CARD).write_text("{}")
    name = publish_run(folder, "mine")
    assert (place / "checkpoints" / name / CARD).read_text() == "{}"


def test_a_name_that_is_taken_gets_a_number(run, place):
    (place / "checkpoints" / "mine").mkdir(parents=True)
    first, second = run("20260102-030405-00000001"), run("20260102-030405-00000002")
    assert publish_run(first, "mine") == "mine-2"
    assert publish_run(second, "mine") == "mine-3"
    assert publish_run(first, "mine") == "mine-2"  # again: its own is replaced
    assert there(place) == ["mine", "mine-2", "mine-3"]
    assert not list((place / "checkpoints" / "mine").iterdir())


def test_no_checkpoint_is_published_beyond_the_quota_and_the_run_stays(run, place, monkeypatch):
    monkeypatch.setenv(CHECKPOINTS.variable, "1k")
    folder = run()
    with pytest.raises(UserError, match="of the 1 KiB allowed"):
        publish_run(folder, "mine")
    assert not (place / "checkpoints").exists()
    monkeypatch.setenv(CHECKPOINTS.variable, "1G")
    assert publish_run(folder, "mine") == "mine"
    monkeypatch.setenv(CHECKPOINTS.variable, "1k")
    assert publish_run(folder, "mine") == "mine"  # takes the place of its own


def test_one_published_again_holds_the_newer_weights(run, place):
    folder = run()
    name = publish_run(folder, "mine")
    metrics = read_metrics(folder / "checkpoint") | {"best_epoch": 9}
    (folder / "checkpoint" / METRICS).write_text(json.dumps(metrics))
    assert publish_run(folder, "another name") == name
    assert read_metrics(place / "checkpoints" / name)["best_epoch"] == 9


def test_it_is_renamed_with_its_run(run, place):
    folder = run()
    assert rename_published(folder, "anything") is None
    publish_run(folder, "mine")
    assert rename_published(folder, "mine") == "mine"
    assert rename_published(folder, "yours") == published(folder) == "yours"
    assert there(place) == ["yours"]


def test_it_is_deleted_alone(run, place):
    folder, other = run(), run("20260102-030405-00000002")
    publish_run(folder, "mine")
    publish_run(other, "mine")
    delete_published(folder)
    delete_published(folder)  # again does nothing
    assert there(place) == ["mine-2"]
    assert published(folder) is None


@pytest.mark.parametrize("step", [rename_published, lambda folder, _: delete_published(folder)])
def test_what_another_run_made_is_left_alone(run, place, step):
    folder, other = run(), run("20260102-030405-00000002")
    publish_run(folder, "mine")
    shutil.copy(folder / "published.json", other / "published.json")
    assert published(other) is None
    step(other, "stolen")
    assert there(place) == ["mine"]


@pytest.mark.parametrize("told", ["[]", "{}", '{"name": "../data"}', '{"name": 3}', "", '"x"'])
def test_a_damaged_note_names_no_checkpoint(run, told):
    folder = run()
    publish_run(folder, "mine")
    (folder / "published.json").write_text(told)
    assert published(folder) is None


def test_one_without_a_checkpoint_is_refused(place):
    with pytest.raises(UserError, match="no model yet"):
        publish_run(place / "data" / "runs" / "20260102-030405-0123abcd", "mine")


def test_a_folder_that_cannot_be_written_is_one_sentence(run, place, monkeypatch):
    (place / "file").touch()
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(place / "file"))
    with pytest.raises(UserError, match="cannot be written"):
        publish_run(run(), "mine")
