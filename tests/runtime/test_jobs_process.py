"""Background processes have a lower priority than the app, but are never starved."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from han_core.runtime.processes import NICE

AUTOGROUP = Path("/proc/self/autogroup")
PRIORITY = """
import os
from pathlib import Path
from han_core.runtime.processes import lower_priority
lower_priority()
group = Path("/proc/self/autogroup")
print(os.nice(0), os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else 0)
print(group.read_text() if group.exists() else "")
"""


@pytest.mark.skipif(not hasattr(os, "nice"), reason="this system has no nice values")
def test_the_process_and_its_session_have_a_lower_priority():
    run = subprocess.run(
        [sys.executable, "-c", PRIORITY], capture_output=True, text=True, start_new_session=True,
        check=True,
    )  # fmt: skip
    nice, scheduler, *group = run.stdout.split()
    assert int(nice) == min(19, os.nice(0) + NICE)
    assert int(scheduler) == getattr(os, "SCHED_OTHER", 0)  # the class "idle" may get no time
    if AUTOGROUP.exists() and AUTOGROUP.read_text().strip():
        assert group[-2:] == ["nice", str(NICE)]


def test_background_work_gets_a_fifth_to_a_half_of_an_ordinary_share():
    # The kernel gives each step of nice 1.25 times the weight of the next.
    assert 1 / 5 < 1.25**-NICE < 1 / 2
