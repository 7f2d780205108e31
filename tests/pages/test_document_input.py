"""Several texts at once: pasted with separators, and gone through one by one."""

from pages.shared import page
from tests.pages.seen import analysed, captions, click, removed, tokens, words


def test_a_text_with_separators_is_offered_as_several(open_page):
    app = analysed(open_page, "One is good.\n---\nTwo is bad.\n---\nThree.")
    app.button(key="divide").click().run()
    assert words(app) == ["One", "is", "good", "."]
    assert app.button(key="previous").disabled
    assert "1 of 3" in captions(app)
    app.button(key="next").click().run()
    assert words(app) == ["Two", "is", "bad", "."]
    app.button(key="next").click().run()
    assert app.text_area(key="document").value == "Three."
    assert app.button(key="next").disabled
    app.button(key="previous").click().run()
    assert words(app) == ["Two", "is", "bad", "."]


def test_edits_end_with_their_text(open_page):
    app = analysed(open_page, "One is good.\n---\nTwo is bad.")
    app.button(key="divide").click().run()
    click(app, "good")
    assert removed(app) == ["good"]
    app.button(key="next").click().run()
    assert removed(app) == []


def test_one_text_is_offered_no_division(open_page):
    app = analysed(open_page, "A first line.\nA second -- one.\n\n")
    assert not [button for button in app.button if button.key == "divide"]


def test_a_file_of_texts(open_page):
    app = open_page("1_Explore")
    app.file_uploader(key="texts_file").set_value(
        ("two.txt", b"First one.\n===\nSecond one.", "text/plain")
    ).run()
    assert words(app) == ["First", "one", "."]
    assert "1 of 2" in captions(app)


def test_a_file_that_is_none_gets_one_sentence_and_the_text_stays(open_page):
    app = open_page("1_Explore")
    before = tokens(app)
    app.file_uploader(key="texts_file").set_value(("a.txt", b"\0\1\2", "text/plain")).run()
    assert len(app.warning) == 1
    assert tokens(app) == before


def test_an_example_that_is_forgotten_does_not_come_back_over_a_text(open_page, monkeypatch):
    """A click comes with the example that stood there: the browser was not told otherwise yet."""
    monkeypatch.setattr(page, "BROWSER_DELAY", 60)
    app = open_page("1_Explore")
    example = app.selectbox(key="example").value
    app.text_area(key="document").set_value("A text of mine.").run()
    assert app.selectbox(key="example").value is None
    for _ in range(2):
        app.selectbox(key="example").set_value(example)
        app.button(key="analyze").click().run()
        assert app.text_area(key="document").value == "A text of mine."
        assert words(app) == ["A", "text", "of", "mine", "."]
        assert app.selectbox(key="example").value is None
    app.selectbox(key="example").set_value(example)  # with another click, and at once
    app.text_area(key="document").set_value("Another of mine.").run()
    assert app.selectbox(key="example").value is None
    assert app.text_area(key="document").value == "Another of mine."
    monkeypatch.setattr(page, "BROWSER_DELAY", 0)
    app.selectbox(key="example").set_value(example).run()
    assert app.text_area(key="document").value not in ("A text of mine.", "Another of mine.")


def test_a_text_that_gave_way_to_an_example_does_not_come_back_with_a_click(open_page, monkeypatch):
    monkeypatch.setattr(page, "BROWSER_DELAY", 60)
    app = open_page("1_Explore")
    before = app.text_area(key="document").value
    app.selectbox(key="example").set_value("zh-024").run()
    chosen = app.text_area(key="document").value
    app.text_area(key="document").set_value(before)
    app.button(key="analyze").click().run()
    assert app.selectbox(key="example").value == "zh-024"
    assert app.text_area(key="document").value == chosen != before
    assert app.session_state["analysed"] == chosen
    monkeypatch.setattr(page, "BROWSER_DELAY", 0)
    app.text_area(key="document").set_value(before)
    app.button(key="analyze").click().run()
    assert app.selectbox(key="example").value is None
    assert app.session_state["analysed"] == app.text_area(key="document").value == before
