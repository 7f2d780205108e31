"""The app under Streamlit's AppTest, with small checkpoints to choose from."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from han_core.runtime.messages import speaking
from tests.analysis.conftest import make_store  # noqa: F401
from tests.pages.small import write_small_checkpoints
from tests.processes import PATIENCE

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture(scope="session")
def written(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    write_small_checkpoints(root)
    return root


@pytest.fixture
def root(written, tmp_path, monkeypatch) -> Path:
    """A copy of its own for each test, which may break it."""
    root = tmp_path / "checkpoints"
    shutil.copytree(written, root)
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(root))
    return root


@pytest.fixture
def open_page(root) -> Callable[..., AppTest]:
    """``open_page("5_Series", model="mine")``: a page, at an address with these parameters."""

    def open_page(name: str, **address: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
        if name != "1_Explore":
            app.switch_page(f"pages/{name}.py")
            for parameter, value in address.items():
                app.query_params[parameter] = value
            app.run()
        assert not app.exception
        return app

    return open_page


@pytest.fixture
def in_chinese() -> Iterator[Callable[[AppTest], AppTest]]:
    """``in_chinese(app)``: the page again, for somebody who reads Chinese."""
    with ExitStack() as spoken:

        def in_chinese(app: AppTest) -> AppTest:
            app.session_state["locale"] = "zh"
            app.run()
            spoken.enter_context(speaking("zh"))  # AppTest names the choices that it sends itself
            assert not app.exception
            return app

        yield in_chinese


@pytest.fixture
def errors(open_page) -> AppTest:
    """The page Errors with the bundled documents, scored by the small HAN."""
    return open_page("3_Errors")


@pytest.fixture
def class_store(make_store):  # noqa: F811
    """Ten documents of three classes; the second model is always right."""
    return make_store(
        true="aaabbbcccc", predicted="aabbbaccca", other="aaabbbcccc", labels="abc",
        tokens=range(1, 11), confidence=[0.5 + at / 20 for at in range(10)],
    )  # fmt: skip
