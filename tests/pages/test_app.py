import ast

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import APP
from tests.processes import PATIENCE

PAGES = sorted((APP.parent / "pages").glob("*.py"))


def test_pages_stand_in_the_order_of_their_numbers():
    named = [
        node.value
        for node in ast.walk(ast.parse(APP.read_text()))
        if isinstance(node, ast.Constant) and str(node.value).startswith("pages/")
    ]
    assert named == [f"pages/{page.name}" for page in PAGES]


@pytest.mark.parametrize("script", PAGES, ids=lambda script: script.stem)
def test_a_page_stands_for_itself(script, root):
    """A deep link may be the first visit after the server's start, without app.py."""
    app = AppTest.from_file(str(script), default_timeout=PATIENCE).run()
    assert not app.exception
    assert not app.error
    assert app.title[0].value == script.stem.split("_")[1]
    app.run()
    assert not app.exception


@pytest.mark.parametrize("script", PAGES, ids=lambda script: script.stem)
def test_a_page_is_layout_only(script):
    source = script.read_text()
    assert len(source.splitlines()) < 80
    assert "session_state" not in source
    assert "cache_" not in source


def test_session_state_and_caches_stand_in_few_places():
    root = APP.parent / "pages"
    caching = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if "@st.cache_" in path.read_text()
    }
    assert caching == {
        "shared/cache.py",
        "shared/data_picker.py",
        "shared/lesson_material.py",
        "errors/cached_scores.py",
        "errors/thresholds.py",
        "explore/suggestions.py",
        "pictures/choose.py",
        "series/choose.py",
        "train/cached_runs.py",
        "train/dynamics.py",
        "translate/choose.py",
        "translate/training.py",
    }
