"""Where one is on Errors made into an address, and opened by somebody else."""

import pytest
from streamlit.testing.v1 import AppTest

from han_core.analysis.filters import Range
from tests.pages.conftest import APP
from tests.pages.errors_seen import chips, put, read, table
from tests.pages.seen import press
from tests.processes import PATIENCE


def opened(address: str) -> AppTest:
    """Errors in another session, by an address."""
    app = AppTest.from_file(str(APP.parent / "pages" / "3_Errors.py"), default_timeout=PATIENCE)
    for part in address.split("?")[1].split("&"):
        name, value = part.split("=")
        app.query_params[name] = value.replace("%3A", ":").replace("%40", "@")
    app.run()
    assert not app.exception
    return app


def test_a_link_brings_documents_models_filter_and_document_back(errors):
    errors.selectbox(key="beside").set_value("small-bilstm").run()
    put(errors, outcome="wrong", confidence=Range(low=0.55))
    press(errors, "reading_keys", "next")
    (address,) = [code.value for code in errors.code if "?" in code.value]
    other = opened(address)
    assert chips(other) == chips(errors)
    assert read(other) == read(errors)
    assert other.selectbox(key="beside").value == "small-bilstm"
    assert not other.warning


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", "/etc/passwd"),
        ("source", "kept:" + "0" * 64),
        ("checkpoint", "../../etc"),
        ("filter", "A" * 100_000),
        ("filter", "<script>"),
        ("document", "-1"),
        ("document", "9" * 5_000),
        ("document", "88"),
    ],
)
def test_a_spoilt_link_gets_one_sentence_and_the_page_works(root, name, value):
    app = AppTest.from_file(str(APP.parent / "pages" / "3_Errors.py"), default_timeout=PATIENCE)
    app.query_params[name] = value
    app.run()
    assert not app.exception
    assert len(app.warning) == 1
    assert "link" in app.warning[0].value.lower()
    assert len(table(app)) == 50
