"""What is taken away says what was on the page, made outside the session."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

from pages.explore import share, words
from pages.shared import cache, document_input

QUESTION = cache.Question("small-han", "cpu", "A fine day. But what rain!")


def elsewhere(function, *given):
    """As a download is made: in a thread of its own, without the session."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *given).result()


def scene(monkeypatch, *edits):
    monkeypatch.setattr(document_input, "edits", lambda: edits)
    monkeypatch.setattr(document_input, "tampering", lambda: None)
    return words.analyse(QUESTION)


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
