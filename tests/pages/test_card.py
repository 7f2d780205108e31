"""About a model: its card beside the picker, whatever stands in it, and foreign texts."""

import json
import shutil
from pathlib import Path

import pytest

from han_core.models.checkpoint import CARD, CONFIG, read_config
from han_core.viz.model_card.content import Card, Counted, Weaknesses, weights_of, write_card
from han_core.viz.model_card.readme import section_markdown
from pages.shared import controls
from pages.shared.wording import plain


@pytest.fixture
def carded(root):
    """A card in the folder of small-han."""
    folder = root / "small-han"
    one = Counted(n=20, right=12)
    card = Card(
        weights=weights_of(folder, read_config(folder)),
        weaknesses=Weaknesses(data="reviews", all=one, tags={"sarcasm": one}),
    )
    write_card(folder, card)
    return folder


def text_of(app) -> str:
    shown = [*app.markdown, *app.caption, *app.code]
    return "\n".join(one.value for one in shown).replace("\\", "")


def test_a_checkpoint_with_a_card(carded):
    (note,), sections = controls.card_content("small-han")
    assert note == controls.FROM_CARD
    assert [section.title for section in sections] == [
        "The model", "Accuracy", "Weaknesses", "How it was made",
    ]  # fmt: skip


def test_a_checkpoint_without_a_card_says_what_its_metrics_say(root):
    (note,), sections = controls.card_content("small-han")
    assert "no card" in note
    assert "card --checkpoint small-han" in note
    assert [section.title for section in sections] == ["The model", "Accuracy", "How it was made"]


@pytest.mark.parametrize("content", [b"{", b'{"format": 1}', b"[" * 10_000, b"\0"])
def test_a_strangers_card_that_does_not_fit_is_said(root, content):
    (root / "small-han" / CARD).write_bytes(content)
    (note,), sections = controls.card_content("small-han")
    assert "card.json" in note
    assert len(sections) == 3


def test_a_strangers_words_are_escaped_on_the_page(root):
    hostile = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) $y$ :red[z] www.evil.com"
    folder = root / "small-han"
    (folder / "metrics.json").write_text(json.dumps({"dataset": hostile, "note": hostile}))
    _, sections = controls.card_content("small-han")
    drawn = "\n".join(section_markdown(section, plain) for section in sections)
    assert hostile not in drawn
    assert plain(hostile) in drawn


@pytest.mark.parametrize(
    ("name", "key", "value"), [("1_Explore", "drawer", "Model"), ("2_Compare", "about", True)]
)
def test_it_is_read_when_somebody_opens_it(open_page, carded, name, key, value):
    app = open_page(name)
    assert "60.0% right" not in text_of(app)
    app.session_state[key] = value  # as a click does
    app.run()
    assert not app.exception
    assert "60.0% right" in text_of(app)


def test_a_checkpoint_that_went_away_while_it_was_open(root, monkeypatch):
    monkeypatch.setattr(controls.st, "caption", (said := []).append)
    controls.model_card("gone")
    assert "gone" in said[0]


def test_a_text_in_another_script_is_said_on_explore(open_page):
    app = open_page("1_Explore")
    assert not [one for one in app.info if "stands mostly in" in one.value]
    app.text_area(key="document").set_value("这部电影开头很慢，但是半小时后我完全投入了。")
    app.button(key="analyze").click().run()
    (said,) = [one.value.replace("\\", "") for one in app.info]
    assert "mostly in Chinese characters, but small-han learnt from texts in English" in said


def test_each_model_of_compare_says_so_for_itself(open_page):
    app = open_page("2_Compare")
    app.text_area(key="document").set_value("这部电影开头很慢，但是半小时后我完全投入了。")
    app.button(key="analyze").click().run()
    said = [one.value for one in app.info if "stands mostly in" in one.value]
    assert len(said) == 2
    assert "small\\-bilstm" in said[1]


def test_what_the_default_install_leaves_out_stands_in_the_help_and_what_is_broken_on_the_page(
    root, open_page
):
    shutil.copytree(Path(__file__).parents[2] / "checkpoints" / "bert-imdb", root / "bert-imdb")
    config = root / "bert-imdb" / CONFIG
    settings = json.loads(config.read_text())
    settings["architecture"]["base"] = "package:nowhere_to_be_found"
    config.write_text(json.dumps(settings))
    (root / "mine").mkdir()
    for name, key in (("1_Explore", "checkpoint"), ("2_Compare", "checkpoints")):
        app = open_page(name)
        (told,) = [one.value for one in app.caption if "Left out" in one.value]
        assert "mine has no" in told
        picker = (app.selectbox if key == "checkpoint" else app.multiselect)(key=key)
        left_out = picker.help.replace("\\", "")
        assert "Left out: bert-imdb" in left_out
        assert "requirements-transformers.txt" in left_out
