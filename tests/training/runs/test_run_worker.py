import subprocess
import sys
import time

import pytest

from han_core.cli import train_run
from han_core.cli.train_run import interrupted_when, work
from han_core.runtime.errors import UserError
from han_core.training import optimization
from han_core.training.callbacks import Stopped
from han_core.training.runs.event_log import EVENTS, EventLog, read_events
from han_core.training.runs.plan import CONFIG


def test_waiting_for_its_turn_needs_nothing_heavy():
    # A queue of twenty would otherwise be twenty processes with torch in memory.
    code = "import sys, han_core.cli.run_worker; print(*sys.modules)"
    asked = [sys.executable, "-c", code]
    loaded = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "numpy", "pydantic", "spacy", "datasets"} & set(loaded)


def test_a_block_that_asks_nobody_is_interrupted():
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), interrupted_when(lambda: True):
        subprocess.run([sys.executable, "-c", "import time; time.sleep(120)"])
    assert time.monotonic() - began < 60


def test_a_block_that_nobody_wants_to_stop_is_left_alone():
    asked = []
    with interrupted_when(lambda: asked.append(1) or False):
        time.sleep(0.5)
    assert asked


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (Stopped("Stopped after step 3."), "stopped", "Stopped after step 3."),
        (KeyboardInterrupt(), "stopped", "Stopped before training began."),
        (UserError("Kept. --resume goes on."), "failed", "Kept. Resuming goes on."),
        (UserError("It is kept; --resume goes on."), "failed", "It is kept; resuming goes on."),
        (MemoryError(), "failed", "memory"),
        (ZeroDivisionError("secret path"), "failed", "(ZeroDivisionError)"),
    ],
)  # fmt: skip
def test_every_end_is_one_sentence(tmp_path, plan, monkeypatch, capsys, error, kind, text):
    def fails(*_):
        raise error

    (tmp_path / CONFIG).write_text(plan().model_dump_json())
    monkeypatch.setattr(train_run, "read_parts", fails)
    work(tmp_path, "cpu", EventLog(tmp_path))
    last = read_events(tmp_path / EVENTS)[0][-1]
    assert last["kind"] == kind
    assert text in last["text"]
    assert "secret" not in last["text"]
    # What nobody expected stands in the log of errors whole.
    assert ("secret path" in capsys.readouterr().err) == isinstance(error, ZeroDivisionError)


def test_a_run_in_a_precision_that_the_processor_lacks_ends_with_a_sentence(
    tmp_path, plan, monkeypatch, capsys
):
    asked = plan(settings={"mixed_precision": "bf16"})
    (tmp_path / CONFIG).write_text(asked.model_dump_json())
    monkeypatch.setattr(optimization, "trains_in_bf16", lambda model, device: False)
    work(tmp_path, "cpu", EventLog(tmp_path))
    last = read_events(tmp_path / EVENTS)[0][-1]
    assert last["kind"] == "failed"
    assert last["text"].startswith("This device (CPU) cannot train bilstm with mixed_precision=")
    assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "checkpoint").exists()


def test_a_run_that_cannot_be_published_is_done_all_the_same(tmp_path, plan, monkeypatch):
    def refused(*_):
        raise UserError("The checkpoint cannot be written.")

    (tmp_path / CONFIG).write_text(plan(epochs=1).model_dump_json())
    monkeypatch.setattr(train_run, "train", lambda *_: {"epochs": 1})
    monkeypatch.setattr(train_run, "publish_run", refused)
    work(tmp_path, "cpu", EventLog(tmp_path))
    events = read_events(tmp_path / EVENTS)[0]
    assert [event["kind"] for event in events[-2:]] == ["say", "done"]
    assert events[-2]["text"] == "The checkpoint cannot be written."
    assert events[-1]["summary"] == {"epochs": 1}
