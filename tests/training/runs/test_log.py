import errno
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.training.runs import event_log
from han_core.training.runs.event_log import EVENTS, RESERVE, RESERVED, EventLog, read_events


def told(folder):
    return read_events(folder / EVENTS)[0]


def test_events_come_back_in_order_with_their_time(tmp_path):
    log = EventLog(tmp_path)
    for step in range(5):
        assert log.write("saved", step=step)
    log.write("say", text="zwei\nZeilen ✓")
    log.close()
    events = told(tmp_path)
    assert [event.get("step") for event in events] == [0, 1, 2, 3, 4, None]
    assert events[-1]["text"] == "zwei\nZeilen ✓"
    times = [event["t"] for event in events]
    assert times == sorted(times)


def test_a_reader_goes_on_where_it_was(tmp_path):
    log = EventLog(tmp_path)
    log.write("saved", step=1)
    _, offset = read_events(tmp_path / EVENTS)
    log.write("saved", step=2)
    events, end = read_events(tmp_path / EVENTS, offset)
    assert [event["step"] for event in events] == [2]
    assert end == (tmp_path / EVENTS).stat().st_size
    assert read_events(tmp_path / EVENTS, end) == ([], end)


@given(cut=st.integers(0, 200), step=st.integers(0, 10**9))
def test_a_torn_line_is_left_out_and_then_cut_off(tmp_path_factory, cut, step):
    folder = tmp_path_factory.mktemp("torn")
    log = EventLog(folder)
    for text in ("first", "second"):
        log.write("say", text=text)
    log.close()
    content = (folder / EVENTS).read_bytes()[: -1 - cut]
    (folder / EVENTS).write_bytes(content)
    whole = content.count(b"\n")
    assert len(told(folder)) == whole
    log = EventLog(folder)
    log.write("saved", step=step)
    log.close()
    events = told(folder)
    assert len(events) == whole + 1
    assert events[-1]["step"] == step
    assert all(map(json.loads, (folder / EVENTS).read_bytes().splitlines()))


def test_a_torn_line_longer_than_one_look_is_cut_off(tmp_path):
    whole = b'{"t": 1, "kind": "saved", "step": 3}\n'
    (tmp_path / EVENTS).write_bytes(whole + b"x" * 200_000)
    EventLog(tmp_path).close()
    assert (tmp_path / EVENTS).read_bytes() == whole
    (tmp_path / EVENTS).write_bytes(b"x" * 200_000)
    EventLog(tmp_path).close()
    assert (tmp_path / EVENTS).read_bytes() == b""


@pytest.mark.parametrize(
    "line",
    [
        b"", b"nothing", b"[1]", b"null", b'{"t": 1}', b'{"t": 1, "kind": "saved"}',
        b'{"t": 1, "kind": "saved", "step": "3"}', b'{"t": 1, "kind": "saved", "step": true}',
        b'{"t": 1, "kind": "saved", "step": 1.5}', b'{"t": NaN, "kind": "say", "text": "x"}',
        b'{"t": 1, "kind": "say", "text": 3}', b'{"t": 1, "kind": ["say"], "text": "x"}',
        b'{"t": 1, "kind": "unheard of"}', b"[" * 100_000, b"\xff\xfe", b'{"t": 1e999, "kind": 1}',
        b'{"t": 1, "kind": "saved", "step": ' + b"9" * 4000 + b"}",
        b'{"t": 1, "kind": "done", "summary": []}',
    ],
)  # fmt: skip
def test_what_is_no_event_is_left_out(tmp_path, line):
    good = b'{"t": 1, "kind": "saved", "step": 3}\n'
    (tmp_path / EVENTS).write_bytes(good + line + b"\n" + good)
    assert [event["step"] for event in told(tmp_path)] == [3, 3]


@given(content=st.binary(max_size=300))
def test_any_bytes_can_be_read(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("any")
    (folder / EVENTS).write_bytes(content)
    _, offset = read_events(folder / EVENTS)
    assert offset == content.rfind(b"\n") + 1


def test_a_line_without_end_does_not_stop_a_reader(tmp_path, monkeypatch):
    monkeypatch.setattr(event_log, "MOST", 1_000)
    good = b'{"t": 1, "kind": "saved", "step": 3}\n'
    (tmp_path / EVENTS).write_bytes(b"x" * 2_500 + b"\n" + good)
    offset, found = 0, []
    for _ in range(5):
        events, offset = read_events(tmp_path / EVENTS, offset)
        found += events
    assert [event["step"] for event in found] == [3]


def test_numbers_that_json_lacks_are_nothing(tmp_path):
    log = EventLog(tmp_path)
    log.write("done", summary={"loss": float("nan"), "all": [float("inf"), 1.5]})
    assert told(tmp_path)[0]["summary"] == {"loss": None, "all": [None, 1.5]}


class FullDisk:
    """``os.write`` on a disk with so many bytes left; ``more`` frees some."""

    def __init__(self, left: int):
        self.left = left

    def write(self, handle: int, data: bytes) -> int:
        taken = data[: self.left]
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.left -= len(taken)
        return os.pwrite(handle, taken, os.fstat(handle).st_size)


@pytest.mark.parametrize("left", [0, 1, 30])
def test_a_full_disk_tears_no_line_and_still_takes_the_last_message(tmp_path, monkeypatch, left):
    log = EventLog(tmp_path)
    log.write("saved", step=1)
    disk = FullDisk(left)
    reserve = tmp_path / RESERVE
    assert reserve.stat().st_size == RESERVED

    def write(handle, data):
        if not reserve.exists():
            disk.left = max(disk.left, RESERVED)
        return disk.write(handle, data)

    monkeypatch.setattr(event_log.os, "write", write)
    assert not log.write("saved", step=2)
    assert log.write("failed", text="There is no space left on the disk.")
    assert [event["kind"] for event in told(tmp_path)] == ["saved", "failed"]
    assert all(map(json.loads, (tmp_path / EVENTS).read_bytes().splitlines()))
    assert not reserve.exists()


def test_a_log_that_is_not_there_tells_nothing(tmp_path):
    assert read_events(tmp_path / EVENTS) == ([], 0)
