"""The present tree beside what was recorded before its modules moved."""

import pytest

from tests.recorded.numbers import differences
from tests.recorded.record import RECORDINGS, present, recorded


@pytest.mark.parametrize("name", RECORDINGS)
def test_it_is_as_it_was_recorded(name, tmp_path):
    found = differences(recorded(name), present(name, tmp_path.resolve()))
    assert not found, "\n".join(found[:40])
