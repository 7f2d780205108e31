"""Live numbers of lessons against the explanation, plain arithmetic and the model itself."""

import math
from dataclasses import replace

import numpy as np
import pytest

from han_core.explanation.anatomy import anatomy
from han_core.explanation.lesson import LANGUAGES, PLACES, lessons
from han_core.explanation.lesson_measures import live_numbers
from han_core.explanation.lesson_numbers import PADS, is_right
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from tests.explanation.test_model_probe import probabilities_alone, sentences_of

TEXT = "the quiet river walk. bread and music under the window. road unheard letter table"
OF_ONE_MODEL = {"step", "levels", "removal", "weighing", "neighbours"}
BUNDLED = [
    (language, lesson)
    for language in LANGUAGES
    for lesson in lessons(language)
    if lesson.shows in OF_ONE_MODEL
]
BY_SHOWS = {lesson.shows: lesson for language, lesson in BUNDLED if language == "en"}


@pytest.fixture
def probe(random_checkpoint):
    return probe_text(load_checkpoint(random_checkpoint()), TEXT)


def test_a_step_is_the_share_of_the_strongest_word(probe):
    live, explanation = live_numbers(BY_SHOWS["step"], probe), probe.explanation
    strongest = explanation.document_weights.argmax()
    assert live.shown["word"] == probe.document.token_texts()[strongest]
    assert live.values["weight"] == pytest.approx(explanation.word_weights[strongest], abs=1e-5)
    written = [float(row[2].replace("−", "-")) for row in live.rows]
    assert sum(written) == pytest.approx(float(live.shown["sum"]), abs=0.01)
    exp = float(live.shown["exp"])
    assert exp / sum(written) == pytest.approx(live.values["weight"], abs=0.005)
    padded = exp / (sum(written) + PADS * float(live.shown["pad_exp"]))
    assert padded == pytest.approx(live.values["padded"], abs=0.005)
    assert math.log(exp) == pytest.approx(float(live.shown["score"].replace("−", "-")), abs=0.01)


def test_undivided_scores_are_those_of_the_dot_product(random_checkpoint):
    probe = probe_text(load_checkpoint(random_checkpoint("bilstm", "dot")), TEXT)
    live = live_numbers(BY_SHOWS["step"], probe)
    scores = np.array([float(row[1].replace("−", "-")) for row in live.rows])
    shares = np.exp(scores * 8**0.5) / np.exp(scores * 8**0.5).sum()  # two directions of four
    assert live.shown["size"] == "8"
    assert live.values["plain"] == pytest.approx(shares.max(), abs=0.01)


def test_the_levels_multiply(probe):
    live, explanation = live_numbers(BY_SHOWS["levels"], probe), probe.explanation
    values = live.values
    assert values["within"] * values["sentence"] == pytest.approx(values["product"])
    assert values["product"] == pytest.approx(explanation.document_weights.max())
    assert values["darkest_within"] == pytest.approx(explanation.word_weights.max())
    assert live.shown["word"] in live.words
    assert live.shown["darkest"] in live.words


def test_removal_is_what_the_model_says_without_the_word(probe):
    live = live_numbers(BY_SHOWS["removal"], probe)
    explanation, top = probe.explanation, probe.explanation.document_weights.argmax()
    after = []
    for at in range(probe.tokens):
        words = np.where(np.arange(probe.tokens) == at, -1, probe.numbered.words)
        left = [[word for word in one if word >= 0] for one in sentences_of(probe, words)]
        after.append(probabilities_alone(probe, left)[probe.target])
    assert live.values["before"] == pytest.approx(explanation.probability)
    assert live.values["after"] == pytest.approx(after[top], abs=1e-5)
    moved = np.abs(np.array(after) - explanation.probability)
    moved[top] = 0
    assert live.values["key_after"] == pytest.approx(after[moved.argmax()], abs=1e-5)
    change = after[top] - explanation.probability
    expected = "flips" if after[top] < 0.5 else "rises" if change >= 0.01 else "falls"
    assert live.shown["change"] == (
        expected if abs(change) >= 0.01 or after[top] < 0.5 else "stays"
    )


def test_every_place_of_the_sentences_has_a_number(probe):
    for shows, lesson in BY_SHOWS.items():
        live = live_numbers(lesson, probe)
        assert live.shown.keys() >= PLACES[shows]
        with pytest.raises(ValueError, match="expected"):
            replace(live, shown={})


def test_weighing_compares_the_mean_with_the_models_own_weights(random_checkpoint):
    probe = probe_text(load_checkpoint(random_checkpoint("bilstm")), TEXT)
    live, explanation = live_numbers(BY_SHOWS["weighing"], probe), probe.explanation
    parts = anatomy(probe.checkpoint, probe.document)
    states, scores = parts.steps[0].states, {}
    for name, weights in (("even", np.full(probe.tokens, 1 / probe.tokens)),
                          ("learnt", explanation.document_weights)):  # fmt: skip
        logits = parts.classifier @ (weights @ states) + parts.classifier_bias
        scores[name] = np.exp(logits) / np.exp(logits).sum()
    target = scores["even"].argmax()
    assert live.shown["label"] == probe.checkpoint.labels[target]
    for name, chances in scores.items():
        assert live.values[name] == pytest.approx(chances[target], abs=1e-5)
    assert live.values["share"] == pytest.approx(1 / probe.tokens)
    assert live.values["weight"] == pytest.approx(explanation.document_weights.max())


def test_the_word_beside_the_gap_changes_in_the_half_that_reads_across_it(probe):
    live = live_numbers(BY_SHOWS["neighbours"], probe)
    assert abs(live.item - live.key) == 1
    tokens = probe.document.token_texts()
    assert (live.shown["word"], live.shown["gone"]) == (tokens[live.item], tokens[live.key])
    forward, backward = (
        float(live.shown[half].replace("−", "-")) for half in ("forward", "backward")
    )
    assert (backward if live.key < live.item else forward) == 1
    without = " ".join(token for at, token in enumerate(tokens) if at != live.key)
    assert live.rows[1][0].replace(".", "").split() == without.replace(".", "").split()


@pytest.mark.parametrize(
    ("shows", "text", "said"),
    [("weighing", "road", "three words"), ("neighbours", "road", "3 to 60"),
     ("neighbours", "road " * 61, "3 to 60"), ("neighbours", "! ? !", "3 to 60"),
     ("step", "road", "three words"), ("levels", "road walk", "two sentences"),
     ("removal", "road", "3 to 200"), ("removal", "road " * 300, "3 to 200")],
)  # fmt: skip
def test_a_text_without_a_question_is_refused(random_checkpoint, shows, text, said):
    probe = probe_text(load_checkpoint(random_checkpoint()), text)
    with pytest.raises(UserError, match=said):
        live_numbers(BY_SHOWS[shows], probe)


def test_a_flat_model_has_no_levels(random_checkpoint):
    probe = probe_text(load_checkpoint(random_checkpoint("bilstm")), TEXT)
    with pytest.raises(UserError, match="attention over sentences"):
        live_numbers(BY_SHOWS["levels"], probe)


def test_predictions_are_right_within_the_tolerance(probe):
    lesson = BY_SHOWS["step"]
    prediction = lesson.predict.model_copy(update={"answer": "weight", "tolerance": 0.005})
    live = live_numbers(lesson, probe)
    live = replace(live, values=live.values | {"weight": 0.25})
    assert is_right(prediction, live, 0.255)
    assert is_right(prediction, live, 0.245)
    assert not is_right(prediction, live, 0.256)
    removal = BY_SHOWS["removal"]
    live = live_numbers(removal, probe)
    for option in removal.predict.options:
        assert is_right(removal.predict, live, option) == (option == live.shown["change"])


@pytest.fixture(scope="module")
def bundled():
    """The probe of each lesson's own text by its own model."""
    checkpoints = {name: load_checkpoint(name) for name in {one.model for _, one in BUNDLED}}
    return lambda lesson: probe_text(checkpoints[lesson.model], lesson.text)


@pytest.mark.parametrize(("language", "lesson"), BUNDLED, ids=lambda one: str(one)[:20])
def test_a_lesson_shows_what_it_is_about(bundled, language, lesson):
    live = live_numbers(lesson, bundled(lesson))
    for _, template in lesson._templates():
        assert "{" not in live.write(template)
    if lesson.predict.answer == "plain":
        assert live.values["plain"] > 2 * live.values["weight"]
    elif lesson.shows == "step":
        assert live.values["weight"] > 2 * live.values["even"]
        assert live.values["padded"] < live.values["weight"] / 2
    elif lesson.shows == "levels":
        assert live.shown["word"] != live.shown["darkest"]
    elif lesson.shows == "weighing":
        assert live.shown["change"] == "flips"
    elif lesson.shows == "neighbours":
        cosines = [float(live.shown[half].replace("−", "-")) for half in ("forward", "backward")]
        assert min(cosines) < 0.5
        assert max(cosines) == 1
    else:
        assert live.shown["change"] == "rises"
        assert live.values["key_weight"] < live.values["weight"]
    if language == "zh":
        assert live.shown.get("label") in (None, "", "正面", "负面")
