"""Processes of their own let those at the app go first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from han_core.detached import NICE

CLAIM = Path("/proc/self/autogroup")
SAYS = """
import os
from han_core.detached import stand_back
stand_back()
idle = getattr(os, "SCHED_IDLE", None)
print(os.nice(0), idle is None or os.sched_getscheduler(0) == idle)
try:
    print(open("/proc/self/autogroup").read())
except OSError:
    pass
"""


@pytest.mark.skipif(not hasattr(os, "nice"), reason="this system knows no niceness")
def test_the_process_and_its_session_stand_back():
    run = subprocess.run(
        [sys.executable, "-c", SAYS], capture_output=True, text=True, start_new_session=True,
        check=True,
    )  # fmt: skip
    own, idle, *session = run.stdout.split()
    assert int(own) == min(19, os.nice(0) + NICE)
    assert idle == "True"
    if CLAIM.exists() and CLAIM.read_text().strip():
        assert session[-2:] == ["nice", str(NICE)]
