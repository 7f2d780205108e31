"""Ten students at once, without browsers: everybody gets an answer, and it is their own.

At the same time one pastes what is hard to read, one leaves before each answer, and one trains.
Speed is for ``benchmarks.a_class``; machines differ.
"""

import asyncio
import os

from benchmarks.a_class import dollars, leaving, lesson
from benchmarks.server_session import served_class

SESSIONS, SECONDS = 10, 20


def test_ten_sessions_get_their_own_answers(
    checkpoint_root, random_checkpoint, tmp_path, monkeypatch
):
    random_checkpoint("han", "additive")
    random_checkpoint("bilstm", "additive")
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    environment = {
        "HANSCOPE_CHECKPOINTS": str(checkpoint_root),
        "OMP_NUM_THREADS": os.environ["OMP_NUM_THREADS"],
    }
    with served_class(environment) as (address, _):
        record = asyncio.run(lesson(address, SESSIONS, SECONDS, [dollars, leaving], trains=True))
    assert record.errors == []
    assert record.strangers == record.missing == 0
    assert len(record.student_seconds) >= 2 * SESSIONS
    assert record.trained
    assert record.health
