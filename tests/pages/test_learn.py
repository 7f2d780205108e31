"""Learn under AppTest: predict, reveal, check, both languages, texts of one's own, addresses."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from han_core.explanation.lesson import lessons
from han_core.explanation.lesson_measures import live_numbers
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from tests.pages.seen import components, heatmaps, hooks

SHIPPED = Path(__file__).parents[2] / "checkpoints"


@pytest.fixture
def learn(root, open_page):
    """The page with small models that go by the names of those in the lessons."""
    shutil.copytree(root / "small-bilstm", root / "bilstm-additive-imdb")
    (root / "small-han").rename(root / "han-imdb")
    forms = (f"bilstm-{form}-imdb" for form in ("dot", "general", "linear"))
    for name in (*forms, "dates", "transformer-imdb"):
        shutil.copytree(SHIPPED / name, root / name)
    return go_to(open_page("0_Learn"), 3)


def lesson(number: int, language: str = "en"):
    return next(one for one in lessons(language) if one.number == number)


def live(root, number: int, text: str | None = None):
    one = lesson(number)
    return live_numbers(one, probe_text(load_checkpoint(root / one.model), text or one.text))


def said(app) -> str:
    """All Markdown of the page without its escapes."""
    every = [*app.markdown, *app.success, *app.warning, *app.info]
    return re.sub(r"\\(.)|:small\[\]", r"\1", "\n".join(one.value for one in every))


def go_to(app, number: int):
    app.segmented_control(key="lesson").set_value(number).run()
    assert not app.exception
    return app


def predict(app, value):
    if app.number_input:
        app.number_input[0].set_value(value).run()
    else:
        app.radio[0].set_value(value).run()
    return app.button(key="learn_predict").click().run()


def test_the_answer_is_hidden_until_it_is_predicted(learn, root):
    measured = live(root, 3)
    assert measured.shown["weight"] not in said(learn)
    assert components(learn, "hanscope_anatomy") == []
    assert learn.button(key="learn_predict").disabled
    predict(learn, round(100 * measured.values["weight"], 2))
    assert "Right." in said(learn)
    assert measured.write(lesson(3).reveal) in said(learn)
    (figure,) = components(learn, "hanscope_anatomy")
    assert figure["names"][figure["chosen"]] == measured.shown["word"]
    assert figure["hidden"] == ["padding"]
    assert not learn.exception


def test_a_wrong_prediction_is_marked(learn, root):
    predict(learn, 100.0)
    assert "Not this time." in said(learn)
    assert "100.00%" in said(learn)


def test_a_skip_is_recorded(learn):
    learn.button(key="learn_skip").click().run()
    assert "You skipped the prediction" in "\n".join(one.value for one in learn.caption)
    (progress,) = learn.session_state["learn_progress"].values()
    assert progress.skipped
    assert progress.given is None


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
def test_every_option_of_the_check_has_its_feedback(learn, number):
    go_to(learn, number)
    learn.button(key="learn_skip").click().run()
    check = lesson(number).check
    (asked,) = [one for one in learn.radio if one.label.startswith(check.question[:15])]
    key = asked.key
    for at, option in enumerate(check.options):
        learn.radio(key=key).set_value(at).run()
        learn.button(key="learn_answer").click().run()
        assert not learn.exception
        assert option.feedback[:40] in said(learn)
        assert bool(learn.success) == option.correct
    assert lesson(number).takeaway[:40] in said(learn)


def test_words_of_the_text_can_be_chosen(learn, root):
    go_to(learn, 7)
    measured = live(root, 7)
    assert list(measured.words) == learn.radio[0].options
    predict(learn, measured.shown["word"])
    assert "Right." in said(learn)
    assert "(Measured, Your answer)" in said(learn)


def test_changes_show_what_they_do(learn, root):
    go_to(learn, 10)
    measured = live(root, 10)
    predict(learn, measured.shown["change"])
    words = [len(heatmaps(learn)[0]["tokens"])]
    for change, name in (("word", "after"), ("even", "even"), ("shuffled", "shuffled")):
        learn.segmented_control(key="learn_change").set_value(change).run()
        assert learn.metric[0].value == f"{measured.values[name]:.1%}"
        words.append(len(heatmaps(learn)[0]["tokens"]))
    assert words == [words[0], words[0] - 1, words[0], words[0]]


def test_weights_move_from_even_to_the_models_own(learn, root):
    go_to(learn, 1)
    measured = live(root, 1)
    predict(learn, measured.shown["change"])
    assert "Right." in said(learn)
    for power, name in ((0.0, "even"), (1.0, "learnt")):
        learn.select_slider(key="learn_power").set_value(power).run()
        assert not learn.exception
        assert learn.metric[0].value == f"{measured.values[name]:.1%}"
        weights = heatmaps(learn)[0]["weights"]
        assert (max(weights) - min(weights) < 1e-6) == (name == "even")


def test_any_word_can_be_taken_out_of_the_states(learn, root):
    go_to(learn, 2)
    measured = live(root, 2)
    predict(learn, measured.shown["half"])
    assert "Right." in said(learn)
    (choice,) = [one for one in learn.pills if "learn_gone" in one.key]
    assert choice.value == measured.key
    for at in range(len(choice.options)):
        learn.pills(key=choice.key).set_value(at).run()
        assert not learn.exception


def test_four_forms_are_drawn_beside_each_other_or_one_in_full(learn, root):
    go_to(learn, 6)
    assert learn.radio[0].options == ["A", "B", "C", "D"]
    learn.button(key="learn_skip").click().run()
    drawn = [data["weights"] for data in heatmaps(learn)]
    forms = ("additive", "dot", "general", "linear")
    for form, weights in zip(forms, drawn, strict=True):
        model = load_checkpoint(root / f"bilstm-{form}-imdb")
        own = probe_text(model, lesson(6).text).explanation.document_weights
        assert weights == pytest.approx(own, abs=1e-4)
    for form in forms:
        learn.segmented_control(key="learn_form").set_value(form).run()
        assert not learn.exception
        assert [data["form"] for data in components(learn, "hanscope_anatomy")] == [form]


def test_a_form_that_is_missing_is_named(learn, root):
    shutil.rmtree(root / "bilstm-general-imdb")
    go_to(learn, 6)
    assert "bilstm-general-imdb" in said(learn)


def test_the_decoder_is_shown_for_the_date_and_for_a_day_that_there_is_not(learn):
    go_to(learn, 8)
    assert components(learn, "hanscope_alignment") == []
    assert learn.radio[0].options == [r"t\[w\]ent", r"\[2\]026", r"2\[0\]26", r"20\[2\]6"]
    predict(learn, "t[w]ent")
    assert "Right." in said(learn)
    (view,) = components(learn, "hanscope_alignment")
    assert "".join(view["target"]) == "2026-05-20"
    (choice,) = [one for one in learn.segmented_control if "learn_date" in one.key]
    choice.set_value("31 February 2026").run()
    assert not learn.exception
    (view,) = components(learn, "hanscope_alignment")
    assert "".join(view["target"]) == "2026-02-31"


def test_another_date_makes_the_question_anew(learn):
    go_to(learn, 8)
    learn.text_area(key="learn_text").set_value("3 March 1999").run()
    assert "1999-03-03" in "".join(str(one.value) for one in learn.table).replace("\\", "")
    learn.text_area(key="learn_text").set_value("I was bored.").run()
    assert "There is no question about this text." in said(learn)
    learn.text_area(key="learn_text").set_value("   ").run()
    assert not learn.exception


def test_open_in_translate(learn):
    go_to(learn, 8)
    learn.button(key="learn_skip").click().run()
    learn.button(key="learn_explore").click().run()
    assert not learn.exception
    assert learn.session_state["translate_text"] == lesson(8).text
    (view,) = components(learn, "hanscope_alignment")
    assert "".join(view["target"]) == "2026-05-20"


def test_masks_and_sparsemax_change_the_heads(learn):
    go_to(learn, 9)
    predict(learn, "one")
    assert "Right." in said(learn)
    (heads,) = components(learn, "hanscope_attention_heads")
    assert heads["open"] == [0, 1]
    tops = [heads["figures"]]
    for widget, value in (("learn_mask", "causal"), ("learn_shares", "sparsemax")):
        learn.segmented_control(key=widget).set_value(value).run()
        assert not learn.exception
        tops.append(components(learn, "hanscope_attention_heads")[0]["figures"])
    learn.selectbox(key="learn_window").set_value(1).run()
    tops.append(components(learn, "hanscope_attention_heads")[0]["figures"])
    entropies = [np.mean(one["entropy"]) for one in tops]
    assert entropies == sorted(entropies, reverse=True)
    assert len(set(entropies)) == len(entropies)


def test_the_film_of_training_goes_on_to_a_run_of_ones_own(learn):
    go_to(learn, 11)
    predict(learn, "even")
    assert "Right." in said(learn)
    (film,) = components(learn, "hanscope_film")
    assert film["frames"][0]["step"] == 0
    assert film["frames"][-1]["accuracy"]
    learn.button(key="learn_explore").click().run()
    assert not learn.exception
    assert learn.session_state["train_watched_text"] == lesson(11).text
    assert not learn.button(key="train_start").disabled


def test_a_film_of_another_text_is_made_on_train(learn):
    go_to(learn, 11)
    learn.text_area(key="learn_text").set_value("What actors! I laughed.").run()
    assert "page Train" in said(learn)


def test_an_address_hides_the_masks_of_heads_and_of_forms(learn):
    learn.session_state["learn_hide"] = ["mask"]
    go_to(learn, 9)
    learn.button(key="learn_skip").click().run()
    assert "learn_mask" not in [one.key for one in learn.segmented_control]
    assert components(learn, "hanscope_attention_heads")
    go_to(learn, 6)
    learn.button(key="learn_skip").click().run()
    learn.segmented_control(key="learn_form").set_value("linear").run()
    (figure,) = components(learn, "hanscope_anatomy")
    assert "mask" in figure["hidden"]


def test_a_text_with_the_same_word_twice_can_be_taken_apart(learn):
    go_to(learn, 2)
    learn.text_area(key="learn_text").set_value("the film the plot the end").run()
    learn.button(key="learn_skip").click().run()
    assert not learn.exception


def test_a_text_of_ones_own_makes_the_question_anew(learn, root):
    learn.button(key="learn_skip").click().run()
    text = "The plot is thin. But what actors!"
    learn.text_area(key="learn_text").set_value(text).run()
    assert learn.number_input
    assert live(root, 3, text).shown["word"] in said(learn)
    learn.text_area(key="learn_text").set_value("Thin.").run()
    assert "There is no question about this text." in said(learn)
    learn.text_area(key="learn_text").set_value("   ").run()
    assert not learn.exception
    learn.button(key="learn_back").click().run()
    assert "cheated" in said(learn)


def test_the_address_says_lesson_language_text_and_controls(root, open_page):
    (root / "small-han").rename(root / "han-imdb")
    app = open_page("1_Explore")
    app.query_params["lesson"] = "5"
    app.query_params["lang"] = "en"
    app.query_params["text"] = "What actors! I laughed."
    app.query_params["hide"] = "mask,nonsense"
    app.switch_page("pages/0_Learn.py").run()
    assert not app.exception
    assert app.segmented_control(key="lesson").value == 5
    app.button(key="learn_skip").click().run()
    (figure,) = components(app, "hanscope_anatomy")
    assert set(figure["hidden"]) == {"mask", "temperature", "scaling", "steps"}
    assert "laughed" in said(app)


@pytest.mark.parametrize(
    "asked", [{"lesson": "99"}, {"lesson": "-1"}, {"lang": "xx"}, {"text": "x" * 5_000}]
)
def test_a_wrong_address_does_no_harm(root, open_page, asked):
    (root / "small-han").rename(root / "han-imdb")
    app = open_page("1_Explore")
    for name, value in asked.items():
        app.query_params[name] = value
    app.switch_page("pages/0_Learn.py").run()
    assert not app.exception
    assert app.segmented_control(key="lesson").value == 1
    errors = [one.value for one in app.error]
    assert bool(errors) == ("text" in asked)


def test_notes_for_the_teacher_stand_in_a_fold_with_live_numbers(learn, root):
    notes = lesson(3).teacher
    (fold,) = [one for one in learn.expander if one.label == "Notes for the teacher"]
    assert not fold.proto.expanded
    assert live(root, 3).write(notes.wrong[1].answer) in said(learn)
    assert f"With a class, about {notes.minutes} minutes" in said(learn)
    assert "These notes were written" not in "".join(one.value for one in learn.caption)
    learn.text_area(key="learn_text").set_value("The plot is thin. But what actors!").run()
    assert "These notes were written" in "".join(one.value for one in learn.caption)


def test_a_handout_can_be_downloaded(learn):
    (save,) = [one for one in learn.get("download_button") if one.key == "learn_handout"]
    assert save.proto.label == "Handout"


def test_an_address_hides_the_notes(root, open_page):
    (root / "small-han").rename(root / "han-imdb")
    app = open_page("1_Explore")
    app.query_params["lesson"] = "3"
    app.query_params["hide"] = "notes"
    app.switch_page("pages/0_Learn.py").run()
    assert not app.exception
    assert lesson(3).title in "".join(one.value for one in app.header)
    assert not [one for one in app.expander if one.label == "Notes for the teacher"]
    assert app.query_params["hide"] == "notes"


def test_both_languages(learn, root):
    (root / "han-imdb").rename(root / "han-zh")
    learn.text_area(key="learn_text").set_value("The plot is thin. But what actors!").run()
    learn.button(key="locale_switch").click().run()
    assert not learn.exception
    assert lesson(3, "zh").title in "".join(one.value for one in learn.header)
    assert learn.button(key="learn_skip").label == "跳过预测"


def test_a_model_that_is_missing_is_named(open_page):
    app = go_to(open_page("0_Learn"), 3)
    assert "han-imdb" in re.sub(r"\\(.)", r"\1", app.info[0].value)


def test_open_in_explore(learn):
    learn.button(key="learn_skip").click().run()
    learn.button(key="learn_explore").click().run()
    assert not learn.exception
    assert learn.session_state["analysed"] == lesson(3).text
    assert learn.session_state["checkpoint"] == "han-imdb"


def test_the_hook_names_the_lesson(learn):
    assert "lesson" in hooks(learn)
    (mark,) = [data for data in components(learn, "hanscope_test_id") if data["testid"] == "lesson"]
    assert mark["lesson"] == "3"
