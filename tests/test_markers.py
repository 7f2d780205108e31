"""Marks that choose tests, and what a test does where something is not installed."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import pytest_collection_modifyitems

TESTS = Path(__file__).parent


@pytest.mark.parametrize(
    ("file", "marks"),
    [
        ("pages/test_app.py", ["page"]),
        ("journey/test_class.py", ["browser"]),
        ("models/test_han.py", []),
        ("recorded/test_recorded.py", ["long"]),
        ("test_architecture.py", []),
    ],
)
def test_pages_and_browser_are_marked_by_their_folder(file, marks):
    found: list[str] = []
    item = SimpleNamespace(path=TESTS / file, add_marker=found.append)
    pytest_collection_modifyitems([item])
    assert found == marks
    assert item.path.is_file()


@pytest.mark.parametrize("value", ["", "false"])
def test_what_is_missing_skips_a_test(missing, monkeypatch, value):
    monkeypatch.setenv("CI", value)
    with pytest.raises(pytest.skip.Exception, match=r"^There is no Ray$"):
        missing("There is no Ray")


def test_what_is_missing_fails_a_test_in_ci(missing, monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="There is no Ray; in CI it has to be there"):
        missing("There is no Ray")
