"""Suggested changes on Explore."""

from pages.explore import drawer, suggestions
from tests.pages.seen import hooks

TEXT = "The film was good. It is long, and the end is terrible and slow."


def with_what_if(open_page):
    app = open_page("1_Explore")
    app.session_state["drawer"] = drawer.WHAT_IF
    return app.run()


def asked(open_page):
    app = with_what_if(open_page)
    app.text_area(key="document").set_value(TEXT)
    app.button(key="analyze").click().run()
    return app.button(key="suggest").click().run()


def test_nothing_is_tried_before_the_button(open_page):
    app = with_what_if(open_page)
    assert app.button(key="suggest").label == "Suggest changes"
    assert not any((button.key or "").startswith("try_") for button in app.button)


def test_a_click_puts_the_edits_into_what_if(open_page):
    app = asked(open_page)
    assert not app.exception
    assert "suggestions" in hooks(app)
    app.button(key="try_negate").click().run()
    (edit,) = app.session_state["edits"]
    assert edit.replacement == f"{TEXT[edit.start : edit.end]} not"
    assert "what-if" in hooks(app)
    assert app.button(key="try_negate").disabled


def test_the_lines_say_what_changes_and_what_comes_of_it():
    edits = ()
    one = suggestions.Suggestion("opposite", edits, (("good", "bad"),), "negative", 0.41)
    assert suggestions.changes_line(one) == "good → bad"
    assert suggestions.answer_line("positive", 0.97, one) == "positive 97% → 41%, now negative"
    gone = tuple((word, "") for word in "abcdefgh")
    flip = suggestions.Suggestion("flip", edits, gone, "positive", 0.6)
    assert suggestions.changes_line(flip) == "without a, b, c, d, e, f and 2 more"
    assert suggestions.answer_line("positive", 0.97, flip) == "positive 97% → 60%"


def test_edits_that_are_made_do_not_take_the_suggestions_away(open_page):
    app = asked(open_page)
    app.button(key="try_negate").click().run()
    app.button(key="undo").click().run()
    assert app.session_state["edits"] == ()
    assert not app.button(key="try_negate").disabled
