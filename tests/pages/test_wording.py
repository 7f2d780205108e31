import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from han_core.data.corpus import read_corpus
from han_core.explanation.attribution import Attribution
from han_core.models.listing import Listing
from han_core.runtime.messages import paragraph, speaking
from han_core.viz.colour_scale import attribution_scale, reading_scale
from han_core.viz.heatmap import Colour
from pages.compare import charts, panels
from pages.shared import cache, wording
from pages.train import sentences as train_sentences
from tests.journey.harness import explained


def listing(model="han", attention="additive", accuracy=0.9061, part="test", mixed=None):
    classes = ("n", "p")
    return Listing(
        "a", Path("a"), model, attention, "imdb", classes, accuracy, "en", "words", part, mixed
    )


def test_names_of_checkpoints():
    assert wording.checkpoint_name(listing()) == (
        "a · HAN · imdb · 90.6% test · mixed examples: not measured"
    )
    assert wording.checkpoint_name(listing("bilstm", "dot", None)) == (
        "a · BiLSTM, dot attention · imdb · mixed examples: not measured"
    )
    assert wording.checkpoint_name(listing(part="validation", mixed=0.609)) == (
        "a · HAN · imdb · 90.6% validation · 60.9% mixed examples"
    )
    assert wording.short_name(listing(mixed=0.609)) == "a · 90.6% test"
    assert wording.short_name(listing(accuracy=None, mixed=0.609)) == "a"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "mixed examples: not measured"),
        ({"mixed_accuracy": 0.5}, "50.0% mixed examples"),
        ({"classes": ("sport", "politics")}, "mixed examples: other classes"),
        ({"language": "fr"}, "mixed examples: other language"),
    ],
)
def test_a_picker_says_why_there_is_no_accuracy_on_the_mixed_examples(changes, name):
    assert wording.mixed_examples(replace(listing(), **changes)) == name


def test_name_of_an_example_is_one_short_line():
    name = wording.example_name("film", "plain, mixed", "One\n\ntwo " + "three " * 50)
    assert name.startswith("Film · plain, mixed · One two three")
    assert name.endswith("…")
    assert len(name) < 80


def test_concentration_by_hand():
    weights = np.array([0.5, 0.25, 0.125, 0.125])
    # entropy: 1.75 bits of 2; the top two of four hold three quarters
    assert wording.concentration(weights, "sentence", 3) == (
        "The top 2 sentences hold 75% of the attention weight (4 sentences). "
        "Spread: 88% (100% = every sentence equal)."
    )
    assert "one word" in wording.concentration(np.ones(1), "word", 10)
    assert wording.concentration(np.zeros(3), "word", 2) == (
        "Every word has 0 of the attention weight."
    )


def test_concentration_names_what_is_shown():
    """Of .10 without signs, the top three words hold .09; attention is not spoken of."""
    explanation = explained("One two three. Four!")
    attention = Colour(explanation.weights("lift"), reading_scale([explanation], "lift"))
    assert "of the attention weight (" in wording.word_concentration(explanation, attention)
    values = np.array([0.05, -0.02, 0.01, 0.0, 0.02, 0.0])
    gradient = Attribution(
        "gradient", "yes", explanation.document, values, np.array([0.04, 0.02]), True
    )
    line = wording.word_concentration(explanation, Colour(values, attribution_scale([gradient])))
    assert line.startswith("The top 3 words hold 90% of gradient × input, signs ignored (6 words).")
    assert "attention" not in line


@pytest.mark.parametrize("texts", [wording, charts, panels, train_sentences])
def test_no_text_claims_to_explain_a_decision(texts):
    constants = [str(value) for name, value in vars(texts).items() if name.isupper()]
    text = " ".join(constants).lower()
    assert len(text) > 500
    for word in ("because", "explains", "looked at", "therefore"):
        assert word not in text


def test_fingerprint_follows_the_files(tmp_path):
    assert cache.fingerprint(tmp_path / "none") == ""
    (tmp_path / "a").write_text("1")
    first = cache.fingerprint(tmp_path)
    assert cache.fingerprint(tmp_path) == first
    os.utime(tmp_path / "a", (1, 1))
    assert cache.fingerprint(tmp_path) != first
    second = cache.fingerprint(tmp_path)
    (tmp_path / "b").write_text("")
    assert cache.fingerprint(tmp_path) != second


def test_checkpoints_root_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(tmp_path))
    assert cache.checkpoints_root() == tmp_path
    assert cache.listings() == {}
    (tmp_path / "mine").mkdir()
    assert [str(reason) for reason in cache.unlisted()] == ["mine has no config.json."]
    monkeypatch.delenv("HANSCOPE_CHECKPOINTS")
    assert cache.checkpoints_root().name == "checkpoints"


def test_sentences_stand_beside_each_other_as_in_their_language():
    assert paragraph("One.", "", "Two.") == "One. Two."
    with speaking("zh"):
        assert paragraph("一。", "", "二。") == "一。二。"


def test_topics_and_tags_of_all_examples_have_names():
    extra = read_corpus("bundled:classroom/all@all").extra
    assert set(extra["topic"]) == set(wording.TOPICS)
    assert {tag for tags in extra["tags"] for tag in tags.split(", ")} == set(wording.TAGS)
