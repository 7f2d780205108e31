"""The handout of a lesson: blanks, solution, notes; text stays text, and nothing is loaded."""

import pytest
from lxml import html as lxml_html

from han_core.explanation.lesson import lessons
from han_core.explanation.lesson_measures import live_numbers
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.viz.handout import handout, pieces, predicted

TEXT = "the quiet river walk. bread and music under the window. road letter table"


def lesson(number: int, language: str = "en"):
    return next(one for one in lessons(language) if one.number == number)


@pytest.fixture
def made(random_checkpoint):
    """``made(number, text, language, notes)``: live numbers and the parsed page of a lesson."""

    def make(number: int, text: str = TEXT, language: str = "en", notes: bool = True):
        one = lesson(number, language)
        probe = probe_text(load_checkpoint(random_checkpoint()), text)
        live = live_numbers(one, probe)
        return live, lxml_html.fromstring(handout(one, text, probe, live, notes))

    return make


def hidden(page) -> list[str]:
    """What the switch of the solution shows."""
    marks = "contains(@class, 'hs-solution') or contains(@class, 'hs-answer')"
    return [one.text_content() for one in page.xpath(f"//*[{marks}]")]


def without_solution(page) -> str:
    for one in page.xpath("//*[contains(@class, 'hs-solution') or contains(@class, 'hs-answer')]"):
        one.drop_tree()
    for one in page.xpath("//section | //style"):
        one.drop_tree()
    return page.text_content()


def test_the_answer_stands_in_the_solution_only(made):
    live, page = made(3)
    assert live.shown["weight"] in hidden(page)
    assert live.write(lesson(3).takeaway) in hidden(page)
    left = without_solution(page)
    assert live.shown["weight"] not in left
    assert live.write(lesson(3).predict.question) in left
    assert live.shown["sum"] in left


def test_a_formula_has_blanks_for_what_the_question_does_not_tell(made):
    live, _ = made(3)
    parts = pieces(lesson(3), lesson(3).formula, live)
    assert "".join(part.text for part in parts) == live.write(lesson(3).formula)
    assert [part.text for part in parts if part.blank] == [live.shown["exp"], live.shown["weight"]]


def test_choices_of_a_prediction_mark_the_right_one(made):
    live, _ = made(10)
    choices = predicted(lesson(10), live)
    right = [choice.text for choice in choices if choice.right]
    assert right == [lesson(10).predict.options[live.shown["change"]]]
    live, _ = made(7)
    assert [choice.text for choice in predicted(lesson(7), live)] == list(live.words)
    assert predicted(lesson(3), live) == []


def test_exactly_one_box_of_each_question_is_ticked_by_the_solution(made):
    _, page = made(10)
    for choices in page.xpath("//ul[contains(@class, 'hs-choices')]"):
        assert len(choices.xpath(".//*[@class='hs-box']/*[@class='hs-solution']")) == 1


def test_the_teachers_copy_has_the_notes_and_can_be_left_out(made):
    notes = lesson(3).teacher
    live, page = made(3, lesson(3).text)
    (section,) = page.xpath("//section[@class='hs-teacher']")
    said = section.text_content()
    for template in (notes.plan[1].text, notes.wrong[1].answer, notes.discuss[0]):
        assert live.write(template) in said
    assert "These notes were written" not in said
    _, page = made(3)
    assert "These notes were written" in page.xpath("string(//section)")
    _, page = made(3, notes=False)
    assert not page.xpath("//section | //*[@id='teacher']")
    assert page.xpath("//*[@id='solution']")


def test_a_lesson_without_notes_has_no_teachers_copy(random_checkpoint):
    one = lesson(3).model_copy(update={"teacher": None})
    probe = probe_text(load_checkpoint(random_checkpoint()), TEXT)
    page = lxml_html.fromstring(handout(one, TEXT, probe, live_numbers(one, probe)))
    assert not page.xpath("//section")


@pytest.mark.parametrize(("language", "lang"), [("en", "en"), ("zh", "zh-Hans")])
def test_the_page_names_its_language(made, language, lang):
    _, page = made(5, language=language)
    assert page.get("lang") == lang
    assert lesson(5, language).title in page.xpath("string(//title)")


def test_switches_are_boxes_with_labels_before_what_they_show(made):
    _, page = made(3)
    for id in ("solution", "teacher"):
        (box,) = page.xpath(f"//input[@type='checkbox'][@id='{id}']")
        assert page.xpath(f"string(//label[@for='{id}'])")
        assert box.xpath("following-sibling::main")
        assert box.get("checked") is None


def test_text_stays_text_and_nothing_is_loaded(random_checkpoint):
    text = '<img src=x onerror="alert(1)"> the river & bread {weight} \ud800'
    probe = probe_text(load_checkpoint(random_checkpoint()), text)
    live = live_numbers(lesson(3), probe)
    written = handout(lesson(3), text, probe, live)
    assert "<img" not in written
    page = lxml_html.fromstring(written)
    assert page.xpath("string(//blockquote)") == text.replace("\ud800", "\ufffd")
    assert not page.xpath("//@src | //link | //a")
    assert page.xpath("string(//script[@type='module'])") == ""
