"""A small class room on a real server: reveals arrive, and a kill of the server loses nothing."""

import os

from benchmarks.class_room import measure


def test_a_reveal_reaches_all_and_a_restart_loses_nothing(tmp_path):
    environment = {
        "HANSCOPE_CHECKPOINTS": str(tmp_path),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
    }
    figures = measure(4, 2, explore=False, environment=environment)
    assert figures["reveal"]["replies"] == 4 * 2
    assert figures["answers_accepted"] == 4 * 3  # two questions, and the second vote on one
    assert figures["answers_lost"] == 0
    assert figures["seen_before_the_reveal"] == 0
