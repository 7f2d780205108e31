"""Export from Explore: links that restore a view, and the files of the download buttons."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.testing.v1 import AppTest

from pages.explore import share
from pages.explore.analysis import analyse
from pages.shared import cache, document_input
from tests.pages.conftest import APP
from tests.pages.seen import analysed, click, heatmaps, open_part, predicted, removed, tokens
from tests.processes import PATIENCE


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))


def opened(token: str) -> AppTest:
    """Explore in another session: the page by its own address, with this view."""
    app = AppTest.from_file(str(APP.parent / "pages" / "1_Explore.py"), default_timeout=PATIENCE)
    app.query_params[share.PARAMETER] = token
    app.run()
    assert not app.exception
    return app


def made(app) -> str:
    app.button(key="link").click().run()
    (address,) = [code.value for code in app.code]
    return address.split(f"{share.PARAMETER}=")[1]


def test_a_link_brings_everything_back(open_page):
    app = click(click(analysed(open_page), "thin"), "actors")
    app.get_by_key("tamper_kind").set_value("sharpen").run()
    app.get_by_key("reading").set_value("lift").run()
    open_part(app, "Methods").get_by_key("placebo").set_value("uniform").run()
    other = opened(made(app))
    assert heatmaps(other) == heatmaps(app)
    assert removed(other) == ["thin", "actors"]
    assert predicted(other) == predicted(app)
    assert other.selectbox(key="checkpoint").value == app.selectbox(key="checkpoint").value


def test_the_method_and_its_class_come_back(open_page):
    app = analysed(open_page)
    app.selectbox(key="method").set_value("leave_one_word_out").run()
    app.selectbox(key="target").set_value("positive").run()
    assert heatmaps(opened(made(app))) == heatmaps(app)


def test_a_long_text_is_kept_by_the_server(open_page):
    text = " ".join(f"word{number * 7919 % 10_007}" for number in range(1_000))
    token = made(analysed(open_page, text))
    assert len(token) < 500
    assert opened(token).text_area(key="document").value == text


@pytest.mark.parametrize(
    "harm",
    [
        lambda token: token[:-7],
        lambda token: token[:30] + ("A" if token[30] != "A" else "B") + token[31:],
        lambda token: "<script>alert(1)</script>",
        lambda token: "../../etc/passwd",
        lambda token: "A" * 100_000,
    ],
    ids=["cut", "changed", "markup", "path", "long"],
)
def test_a_spoilt_link_gets_one_sentence_and_the_page_works(open_page, harm):
    app = opened(harm(made(analysed(open_page))))
    assert len(app.warning) == 1
    assert "link" in app.warning[0].value
    assert tokens(app)
    app.run()
    assert not app.warning


def test_a_link_to_a_checkpoint_that_is_not_here(open_page, root):
    token = made(analysed(open_page))
    (root / "small-han").rename(root / "another")
    app = opened(token)
    assert "not on this server" in app.warning[0].value
    assert tokens(app)


QUESTION = cache.Question("small-han", "cpu", "A fine day. But what rain!")


def elsewhere(function, *given):
    """As a download is made: in a thread of its own, without the session."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *given).result()


def scene(monkeypatch, *edits):
    monkeypatch.setattr(document_input, "edits", lambda: edits)
    monkeypatch.setattr(document_input, "tampering", lambda: None)
    return analyse(QUESTION)


def test_the_page_holds_the_reading_and_the_edits(root, monkeypatch):
    from han_core.text.edits import Edit

    seen = scene(monkeypatch, Edit(2, 6))
    page = elsewhere(share._page, seen, "lift").decode()
    assert "times uniform attention" in page
    assert "Without 1 word " in page
    assert "within the document" in elsewhere(share._page, seen, "document").decode()
    assert "Without" not in elsewhere(share._page, scene(monkeypatch), "lift").decode()


def test_the_tables_hold_every_word(root, monkeypatch):
    seen = scene(monkeypatch)
    rows = elsewhere(share._csv, seen).decode().splitlines()
    assert len(rows) == 1 + seen.now.tokens
    exported = json.loads(elsewhere(share._json, seen))
    assert exported["label"] == seen.explanation.label
    assert sum(len(sentence["tokens"]) for sentence in exported["sentences"]) == seen.now.tokens


def test_the_buttons_name_files_after_the_checkpoint(open_page):
    app = open_page("1_Explore")
    labels = [button.proto.label for button in app.get("download_button")]
    assert [re.sub(r".*\((\w+)\)", r"\1", label) for label in labels] == ["HTML", "CSV", "JSON"]
