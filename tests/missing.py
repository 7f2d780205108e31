"""What ends a test for lack of a package or a program that only some machines have."""

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Skip the test; in CI, where everything is installed, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; in CI it has to be there.", pytrace=False)
    pytest.skip(reason)
