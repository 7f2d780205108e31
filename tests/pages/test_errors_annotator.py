"""Names that a passphrase protects: in the page, in a class and alone, and in an import."""

import pytest
from streamlit.testing.v1 import AppTest

from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.document_annotations import Annotation, Note
from han_core.analysis.annotations.import_annotations import FileAnnotations
from han_core.analysis.annotations.passphrases import (
    protected_names,
    reset_passphrase,
    set_passphrase,
)
from han_core.analysis.annotations.writing import utc_now
from han_core.runtime.errors import UserError
from pages.errors import cached_scores
from pages.errors.import_annotations import locked_line
from pages.shared import cache
from tests.processes import PATIENCE


def script():
    from contextlib import suppress

    import streamlit as st

    from han_core.runtime.errors import UserError
    from pages.errors import annotator
    from pages.shared import page

    page.start_visit("Errors")
    st.session_state["name"] = annotator.picker()
    with suppress(UserError):
        st.session_state["locked"] = annotator.locked_names(["Anna", "Ben", "anna"])


@pytest.fixture
def notes(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'notes.sqlite'}"
    monkeypatch.setenv("HANSCOPE_NOTES", url)
    return open_database(url)


@pytest.fixture
def app(notes) -> AppTest:
    return AppTest.from_function(script, default_timeout=PATIENCE).run()


@pytest.fixture
def in_class(monkeypatch):
    monkeypatch.setenv(cache.CLASS, "1")


def enter(app: AppTest, **values: str) -> AppTest:
    """Type into the fields ``analyst`` or ``analyst_…``."""
    for key, value in values.items():
        app.text_input(key=key).set_value(value)
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, button: str) -> AppTest:
    app.button(key=f"analyst_{button}").click().run()
    assert not app.exception
    return app


def protect(app: AppTest, new: str, repeated: str) -> AppTest:
    """Fill the form of the passphrase and send it."""
    app.text_input(key="analyst_new").set_value(new)
    app.text_input(key="analyst_repeated").set_value(repeated)
    return press(app, "protect")


def keys(app: AppTest) -> set[str]:
    return {element.key for element in (*app.text_input, *app.button)}


def name(app: AppTest) -> str:
    return app.session_state["name"]


def test_alone_a_name_without_passphrase_works_as_ever(app):
    assert name(enter(app, analyst=" Anna  K ")) == "Anna K"
    assert keys(app) == {"analyst"}


def test_a_class_sets_a_passphrase_on_first_use(in_class, app, notes):
    assert keys(app) == {"analyst"}
    assert name(enter(app, analyst="Anna")) == "Anna"
    protect(app, "correct horse", "correct horse")
    assert list(protected_names(notes)) == ["anna"]
    assert name(app) == "Anna"
    assert app.text_input(key="analyst_new").value == ""
    assert not app.error


@pytest.mark.parametrize(
    ("new", "repeated", "message"),
    [("short", "short", "6 to 200"), ("correct horse", "correct", "two fields differ")],
)
def test_what_cannot_be_a_passphrase_changes_nothing(in_class, app, notes, new, repeated, message):
    enter(app, analyst="Anna")
    protect(app, new, repeated)
    assert message in app.error[0].value
    assert app.text_input(key="analyst_new").value == new
    assert protected_names(notes) == {}


def test_a_protected_name_is_locked_until_its_passphrase_is_given(app, notes):
    set_passphrase(notes, "anna", "correct horse")
    enter(app, analyst="Anna")
    assert name(app) == ""
    assert app.session_state["locked"] == ["Anna", "anna"]
    enter(app, analyst_passphrase="correct house")
    assert "not the passphrase of Anna" in app.error[0].value
    assert (name(app), app.text_input(key="analyst").value) == ("", "Anna")
    enter(app, analyst_passphrase="correct horse")
    assert (name(app), app.session_state["locked"]) == ("Anna", [])
    assert not app.error
    assert name(enter(app, analyst="Ben")) == "Ben"
    assert name(enter(app, analyst="ANNA")) == "ANNA"  # once a session is enough
    press(app, "lock")
    assert name(app) == ""


def test_a_passphrase_is_changed_and_removed_by_who_gave_it(app, notes):
    set_passphrase(notes, "Anna", "correct horse")
    enter(enter(app, analyst="Anna"), analyst_passphrase="correct horse")
    protect(app, "battery staple", "battery staple")
    assert name(app) == "Anna"
    press(app, "lock")
    enter(app, analyst_passphrase="battery staple")
    press(app, "open")
    assert (name(app), protected_names(notes)) == ("Anna", {})


def test_a_name_that_somebody_protects_meanwhile_is_locked(in_class, app, notes):
    enter(app, analyst="Anna")
    set_passphrase(notes, "Anna", "somebody else's")
    protect(app, "my own words", "my own words")
    assert "changed in the meantime" in app.error[0].value
    assert name(app) == ""
    reset_passphrase(notes, "Anna")
    assert name(app.run()) == "Anna"


def test_without_the_database_who_was_confirmed_goes_on(app, monkeypatch):
    def gone():
        raise UserError("The notes cannot be reached.")

    enter(app, analyst="Anna")
    monkeypatch.setattr(cached_scores, "notes", gone)
    assert name(app.run()) == "Anna"
    assert name(enter(app, analyst="Ben")) == ""


def test_an_import_leaves_protected_names_out():
    by = {who: Annotation(who, note=Note("text", utc_now(), 0)) for who in ("Anna", "Ben")}
    file = FileAnnotations({"a": (by["Anna"], by["Ben"]), "b": (by["Ben"],)}, own=0)
    assert file.without(["Ben"]).annotations == {"a": (by["Anna"],)}
    assert file.without([]) == file
    assert "by Ben: a passphrase protects this name" in locked_line(["Ben"])
    assert "by Anna and Ben: a passphrase protects these names" in locked_line(["Anna", "Ben"])
