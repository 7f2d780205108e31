"""Coding beside a document, the codebook and agreement, each panel alone under AppTest."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from han_core.analysis.annotations.agreement import agreement_of_counts, marks
from han_core.analysis.annotations.codebook import STARTER_TAGS, codebook, retire_tag, save_tag
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.document_annotations import document_annotations
from han_core.analysis.annotations.writing import BETWEEN, add_tag, set_flag, set_read, write_note
from han_core.runtime.errors import UserError
from pages.errors import annotation_editor, cached_scores
from pages.errors import codebook as codebook_view
from tests.pages.errors_seen import draw
from tests.processes import PATIENCE

A, B = "a" * 32, "b" * 32
HTML = "<b>x</b> **y** [z](http://a) & 100 %"


def editor_script(content: str, analyst: str) -> None:
    from types import SimpleNamespace

    import streamlit as st

    from pages.errors import annotation_editor
    from pages.shared import page

    page.start_visit("Errors")
    read = SimpleNamespace(content=st.session_state.get("content", content), true="negative")
    store = SimpleNamespace(labels=("negative", "neutral", "positive"))
    annotation_editor.panel(SimpleNamespace(analyst=analyst, store=store), read)


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """Notes that lose patience soon."""
    opened = open_database(f"sqlite:///{tmp_path / 'notes.sqlite'}", patience=0.05)
    monkeypatch.setattr(cached_scores, "notes", lambda: opened)
    yield opened
    opened.close()


@pytest.fixture
def pressed(monkeypatch) -> dict:
    """What was last given to the listener of keys."""
    arguments: dict = {}

    def listener(names, key, on_press):
        arguments.update(names=names, on_press=on_press)

    monkeypatch.setattr(annotation_editor, "key_listener", listener)
    return arguments


def beside(analyst: str = "Anna") -> AppTest:
    app = AppTest.from_function(editor_script, args=(A, analyst), default_timeout=PATIENCE).run()
    assert not app.exception
    return app


def codebook_of(analyst: str) -> AppTest:
    return draw("codebook", SimpleNamespace(analyst=analyst))


def go(app: AppTest, content: str) -> AppTest:
    app.session_state["content"] = content
    return app.run()


def choose(app: AppTest, key: str, *names: str) -> AppTest:
    app.button_group(key=key).set_value(list(names)).run()
    assert not app.exception
    return app


def type_note(app: AppTest, text: str) -> AppTest:
    app.text_area(key="coding_note").set_value(text).run()
    assert not app.exception
    return app


def own(database, who="Anna", content=A):
    return next(
        (one for one in document_annotations(database, content) if one.annotator == who), None
    )


def test_without_a_name_nothing_can_be_said(notes):
    app = beside(analyst="")
    assert "Enter your name" in app.info[0].value
    assert not app.text_area
    assert not app.error


def test_a_name_that_cannot_be_stored_is_said(notes):
    app = beside(analyst="a\x07b")
    assert "visible characters" in app.error[0].value
    assert not app.text_area


def test_tags_are_put_and_taken_off(notes):
    for name in ("irony", "negation"):
        save_tag(notes, name, "Ben")
    add_tag(notes, A, "irony", "Ben")
    app = choose(beside(), "coding_tags", "negation", "irony")
    assert [tag.name for tag in own(notes).tags] == ["irony", "negation"]
    choose(app, "coding_tags", "negation")
    assert [tag.name for tag in own(notes).tags] == ["negation"]
    assert [tag.name for tag in own(notes, "Ben").tags] == ["irony"]
    go(app, B)
    assert app.button_group(key="coding_tags").value == []
    go(app, A)
    assert app.button_group(key="coding_tags").value == ["negation"]


def test_what_another_window_tagged_stays(notes):
    for name in ("irony", "negation"):
        save_tag(notes, name, "Ben")
    app = beside()
    add_tag(notes, A, "irony", "Anna")  # in another window
    choose(app, "coding_tags", "negation")
    assert [tag.name for tag in own(notes).tags] == ["irony", "negation"]
    assert app.button_group(key="coding_tags").value == ["irony", "negation"]


def test_the_buttons_stand_in_the_order_of_their_keys(notes):
    for name, key in (("a", "0"), ("b", ""), ("c", "2"), ("d", "1")):
        save_tag(notes, name, "Ben", key=key)
    options = beside().button_group(key="coding_tags").options
    assert [option.split(" ")[1] for option in options] == ["d", "c", "a", "b"]


def test_keys_tag_and_untag(notes, pressed):
    save_tag(notes, "irony", "Ben", key="i")
    save_tag(notes, "no key", "Ben")
    app = beside()
    assert pressed["names"] == {"i": "irony"}
    pressed["on_press"]("irony")
    assert [tag.name for tag in own(notes).tags] == ["irony"]
    app.run()
    pressed["on_press"]("irony")
    assert own(notes) is None


def test_a_tag_can_be_made_on_the_way(notes):
    app = beside()
    app.text_input(key="coding_new_tag").set_value(" of  age ")
    app.button(key="coding_make_tag").click().run()
    assert [tag.name for tag in own(notes).tags] == ["of age"]
    assert app.text_input(key="coding_new_tag").value == ""
    app.text_input(key="coding_new_tag").set_value("Of Age")
    app.button(key="coding_make_tag").click().run()
    assert "is in the codebook already" in app.error[0].value.replace("\\", "")
    assert app.text_input(key="coding_new_tag").value == "Of Age"


def test_a_retired_tag_is_offered_only_where_it_stands(notes):
    tag = save_tag(notes, "irony", "Anna")
    add_tag(notes, A, "irony", "Anna")
    retire_tag(notes, tag, "Anna")
    app = beside()
    assert app.button_group(key="coding_tags").value == ["irony"]
    assert not go(app, B).button_group(key="coding_tags").options


def test_flags_and_the_class_that_is_meant(notes):
    app = choose(beside(), "coding_marks", "label_is_wrong", "read")
    assert own(notes).read
    (flag,) = own(notes).flags
    assert (flag.kind, flag.label, flag.meant) == ("label_is_wrong", "negative", "")
    assert app.selectbox(key="coding_meant").options == ["neutral", "positive"]
    app.selectbox(key="coding_meant").set_value("positive").run()
    assert own(notes).flags[0].meant == "positive"
    choose(app, "coding_marks", "label_is_wrong", "read", "ambiguous")
    assert own(notes).flags[1].meant == "positive"  # it stayed
    choose(app, "coding_marks")
    assert own(notes) is None


def test_a_note_is_saved_when_its_field_is_left(notes):
    app = type_note(beside(), HTML)
    assert own(notes).note.text == HTML
    assert "Saved 2" in app.caption[-1].value
    app.button(key="coding_save_note").click().run()
    assert own(notes).note.version == 1
    go(app, B)
    assert app.text_area(key="coding_note").value == ""
    go(app, A)
    assert app.text_area(key="coding_note").value == HTML
    type_note(app, "shorter")
    type_note(app, "short")
    assert own(notes).note.text == "short"
    type_note(app, " ")
    assert own(notes) is None


def test_two_windows_keep_both_notes(notes):
    first, second = beside(), beside()
    type_note(first, "one")
    type_note(second, "two")
    both = f"one{BETWEEN}two"
    assert own(notes).note.text == both
    assert second.text_area(key="coding_note").value == both
    assert any("another window" in caption.value for caption in second.caption)
    assert first.run().text_area(key="coding_note").value == both


def test_what_no_database_holds_is_said(notes):
    app = type_note(beside(), "a\0b")
    assert app.text_area(key="coding_note").value == "a\ufffdb"
    assert any("NUL" in caption.value for caption in app.caption)


def test_too_long_a_note_stays_in_its_field(notes):
    app = type_note(beside(), "x" * 200_001)
    assert "200,001" in app.error[0].value.replace("\\", "")
    assert len(app.text_area(key="coding_note").value) == 200_001
    assert own(notes) is None


def test_locked_notes_lose_nothing(notes, tmp_path):
    other = open_database(f"sqlite:///{tmp_path / 'notes.sqlite'}")
    app = beside()
    with other.writing():
        type_note(app, "typed while it was locked")
        assert "are locked" in app.error[0].value
        assert app.text_area(key="coding_note").value == "typed while it was locked"
        go(app, B)
        assert app.text_area(key="coding_note").value == ""
        go(app, A)
        assert app.text_area(key="coding_note").value == "typed while it was locked"
        assert "not saved yet" in app.warning[0].value
    app.button(key="coding_save_note").click().run()
    assert own(notes).note.text == "typed while it was locked"
    assert not app.warning
    other.close()


def test_an_unreachable_database_loses_nothing(notes, monkeypatch):
    def gone():
        raise UserError("The notes cannot be reached.")

    app = beside()
    with monkeypatch.context() as patch:
        patch.setattr(cached_scores, "notes", gone)
        type_note(app, "typed meanwhile")
        assert all("cannot be reached" in error.value for error in app.error)
        assert app.text_area(key="coding_note").value == "typed meanwhile"
        go(app, B)
        go(app, A)
        assert app.text_area(key="coding_note").value == "typed meanwhile"
    app.run()
    assert app.text_area(key="coding_note").value == "typed meanwhile"
    app.button(key="coding_save_note").click().run()
    assert own(notes).note.text == "typed meanwhile"


def test_what_others_said_is_shown_on_request_only(notes):
    save_tag(notes, "a*b*", "Ben")
    add_tag(notes, A, "a*b*", "Ben")
    write_note(notes, A, "Ben", HTML)
    set_flag(notes, A, "label_is_wrong", "Cem", True, "negative", "pos:red[x]")
    app = beside()
    assert "Ben" not in str(app.main)
    app.toggle(key="coding_others").set_value(True).run()
    assert [text.value for text in app.text] == [HTML]
    lines = " ".join(one.value for one in app.markdown).replace(":small[]", "")
    assert r"**Ben** :gray-badge[a\*b\*]" in lines
    assert r"label is wrong\: pos\:red\[x\]" in lines
    assert app.expander[0].label == "History: 3 changes"


def test_the_codebook_begins_with_the_starters(notes):
    app = codebook_of("Anna")
    assert "is empty" in app.info[0].value
    app.button(key="codebook_starters").click().run()
    assert len(codebook(notes)) == len(STARTER_TAGS)
    rows = app.dataframe[0].value
    assert rows["tag"].tolist() == [tag.name for tag in codebook(notes)]


def test_without_a_name_the_codebook_is_read_only(notes):
    app = codebook_of("")
    assert not app.button
    assert any("Enter your name" in info.value for info in app.info)


def edit(app: AppTest, **fields: str) -> AppTest:
    for name, value in fields.items():
        kind = app.text_area if name == "about" else app.text_input
        kind(key=f"codebook_{name}").set_value(value)
    app.button(key="codebook_save").click().run()
    assert not app.exception
    return app


def test_a_tag_is_made_changed_retired_and_merged(notes):
    app = edit(codebook_of("Anna"), name="irony", about="other way", key="i")
    (tag,) = codebook(notes)
    assert (tag.name, tag.description, tag.key, tag.created_by) == (
        "irony", "other way", "i", "Anna",
    )  # fmt: skip
    assert app.text_input(key="codebook_name").value == ""
    edit(app, name="sarcasm")
    app.selectbox(key="codebook_tag").set_value(tag.id).run()
    assert app.text_area(key="codebook_about").value == "other way"
    edit(app, name="Irony")
    assert [one.name for one in codebook(notes)] == ["Irony", "sarcasm"]
    add_tag(notes, A, "irony", "Ben")
    app.selectbox(key="codebook_tag").set_value(tag.id).run()
    app.button(key="codebook_retire").click().run()
    assert [one.name for one in codebook(notes)] == ["sarcasm"]
    app.selectbox(key="codebook_tag").set_value(tag.id).run()
    app.button(key="codebook_restore").click().run()
    app.selectbox(key="codebook_tag").set_value(tag.id).run()
    app.button(key="codebook_merge").click().run()
    assert not app.error
    assert [one.name for one in codebook(notes)] == ["sarcasm"]
    assert marks(notes).tagged == {"sarcasm": frozenset({A})}


def test_what_cannot_be_saved_stays_in_the_fields(notes):
    save_tag(notes, "irony", "Ben")
    app = edit(codebook_of("Anna"), name="IRONY", about="typed")
    assert "already" in app.error[0].value
    assert app.text_input(key="codebook_name").value == "IRONY"
    assert app.text_area(key="codebook_about").value == "typed"


def test_a_change_of_somebody_else_is_said_before_it_is_gone_over(notes):
    tag = save_tag(notes, "irony", "Anna")
    app = codebook_of("Anna")
    app.selectbox(key="codebook_tag").set_value(tag.id).run()
    save_tag(notes, "irony", "Ben", "Ben's words", tag=tag)
    edit(app, about="Anna's words")
    assert "Somebody else has changed" in app.error[0].value.replace("\\", "")
    assert codebook(notes)[0].description == "Ben's words"
    assert app.text_area(key="codebook_about").value == "Anna's words"
    app.button(key="codebook_save").click().run()
    assert codebook(notes)[0].description == "Anna's words"


def test_a_reason_has_a_column_only_where_there_is_one():
    kappa, without = agreement_of_counts("x", 20, 5, 10, 15), agreement_of_counts("y", 0, 0, 0, 9)
    assert "why not" not in codebook_view.agreement_table([kappa], "Anna", "Ben")
    both = codebook_view.agreement_table([kappa, without], "Anna", "Ben")
    assert both["why not"].tolist() == ["", without.reason]
    assert without.reason


def test_agreement_of_two_people(notes):
    save_tag(notes, "irony", "Anna")
    app = codebook_of("Anna")
    assert any("two people" in caption.value for caption in app.caption)
    for content, who in [(A, "Anna"), (A, "Ben"), (B, "Ben"), ("c" * 32, "Ben")]:
        set_read(notes, content, who, True)
    for content in (A, B, "c" * 32):
        add_tag(notes, content, "irony", "Ben")
        set_read(notes, content, "Anna", True)
    add_tag(notes, A, "irony", "Anna")
    add_tag(notes, "d" * 32, "irony", "Anna")
    app.run()
    app.selectbox(key="agreement_first").set_value("Anna").run()
    app.selectbox(key="agreement_second").set_value("Ben").run()
    assert not app.exception
    (row,) = app.dataframe[-1].value.to_dict("records")
    assert (row["tag"], row["both"], row["only Anna"], row["only Ben"]) == ("irony", 1, 0, 2)
    assert row["kappa"] == 0
    app.selectbox(key="agreement_second").set_value("Anna").run()
    assert any("Choose two people" in caption.value for caption in app.caption)
