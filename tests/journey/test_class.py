"""Ten students at once, without browsers: everybody gets an answer, and it is their own.

How quickly is for ``benchmarks.a_class``; machines differ.
"""

import asyncio
import os

from benchmarks.a_class import dollars, lesson
from benchmarks.served import served_class

SESSIONS, SECONDS = 10, 20


def test_ten_sessions_get_their_own_answers(checkpoint_root, random_checkpoint, tmp_path):
    random_checkpoint("han", "additive")
    random_checkpoint("bilstm", "additive")
    ours = {
        "HANSCOPE_CHECKPOINTS": str(checkpoint_root),
        "HANSCOPE_DATA": str(tmp_path),
        "OMP_NUM_THREADS": os.environ["OMP_NUM_THREADS"],
    }
    with served_class(ours) as (address, _):
        record = asyncio.run(lesson(address, SESSIONS, SECONDS, others=[dollars]))
    assert record.errors == []
    assert record.strangers == record.missing == 0
    assert len(record.seconds) >= 2 * SESSIONS
    assert record.health
