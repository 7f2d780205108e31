"""Live numbers of several models, a translator, heads and films, by hand and on what ships."""

from dataclasses import replace

import numpy as np
import pytest

from han_core.analysis.film import read_frames
from han_core.explanation.attention_map import AttentionMap
from han_core.explanation.explanation import Explanation, entropy
from han_core.explanation.lesson import FILMS, FORMS, LANGUAGES, lessons
from han_core.explanation.lesson_measures import (
    COLUMNS,
    SMALL,
    TENS,
    Moment,
    around,
    head_pattern,
    live_numbers,
    self_attention,
)
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.models.system_folder import load_system
from han_core.models.translate import Translation, translate_texts
from han_core.models.translator import TRANSLATOR
from han_core.runtime.errors import UserError
from han_core.text.document import Span
from han_core.text.tokenizer import Tokenizer

TEXT = "the quiet river walk. bread and music under the window. road unheard letter table"


def lesson(shows: str, language: str = "en"):
    """A lesson; of those that are not there yet, one of another kind that is taken for it."""
    every = lessons(language)
    found = next((one for one in every if one.shows == shows), None)
    return found or every[0].model_copy(update={"shows": shows})


def share(text: str) -> float:
    return float(text.rstrip("%")) / 100


def measured(text: str) -> float:
    return float(text.replace("−", "-"))


@pytest.fixture
def forms(random_checkpoint):
    folders = [random_checkpoint("bilstm", form) for form in FORMS]
    return [probe_text(load_checkpoint(folder), TEXT) for folder in folders]


def test_four_forms_stand_beside_each_other(forms):
    live = live_numbers(lesson("forms"), forms)
    tokens, first = forms[0].document.token_texts(), forms[0].explanation.document_weights
    assert live.shown["word"] == tokens[first.argmax()]
    by_form = dict(zip(FORMS, (one.explanation.document_weights for one in forms), strict=True))
    for form, weights in by_form.items():
        assert share(live.shown[f"{form}_weight"]) == pytest.approx(
            weights[first.argmax()], abs=1e-4
        )
        assert share(live.shown[f"{form}_spread"]) == pytest.approx(entropy(weights), abs=1e-4)
    at = 1 + COLUMNS.index(live.shown["column"])
    for row in live.rows:
        shown = [weights for weights in by_form["dot"] if f"{weights:.2%}" == row[at]]
        assert shown
    assert live.words == {"A": "A", "B": "B", "C": "C", "D": "D"}
    assert sorted(live.shown[f"{form}_column"] for form in FORMS) == list("ABCD")
    assert live.shown["column"] == live.shown["dot_column"]


def test_the_score_of_a_form_gives_its_weight(forms):
    live = live_numbers(lesson("forms"), forms)
    for form, probe in zip(FORMS, forms, strict=True):
        layer = probe.checkpoint.model.attention
        assert type(layer).__name__.lower().startswith(form)
        assert np.isfinite(measured(live.shown[f"{form}_score"]))
    assert measured(live.shown["divisor"]) == pytest.approx(
        int(live.shown["size"]) ** 0.5, abs=1e-3
    )


@pytest.mark.parametrize("text", ["road", "road " * 61])
def test_forms_need_some_words(random_checkpoint, text):
    probe = probe_text(load_checkpoint(random_checkpoint("bilstm")), text)
    with pytest.raises(UserError, match="3 to 60"):
        live_numbers(lesson("forms"), [probe] * 4)


def test_forms_are_one_of_each(forms):
    with pytest.raises(UserError, match="each form"):
        live_numbers(lesson("forms"), [forms[0]] * 4)


def translation(text: str, answer: str, alignment, chance: float = 0.9) -> Translation:
    source = tuple(Span(at, at + 1) for at, sign in enumerate(text) if sign != " ")
    target = tuple(Span(at, at + 1) for at in range(len(answer)))
    return Translation(
        text, answer, source, target, np.array(alignment), np.log(np.full(len(answer), chance)),
        tuple(range(len(source))), tuple(range(len(answer))),
    )  # fmt: skip


def pointing(places, size: int) -> np.ndarray:
    """80% of each row on its place, the rest on the next one."""
    rows = np.zeros((len(places), size))
    rows[np.arange(len(places)), places] = 0.8
    rows[np.arange(len(places)), np.add(places, 1) % size] += 0.2
    return rows


def test_the_tens_of_the_day_are_looked_up():
    own = translation("May 20 2026", "2026-05-20", pointing([5, 6, 7, 8, 8, 2, 0, 8, 3, 4], 9))
    other = translation("1 May", "2026-05-01", pointing([0] * 10, 4), 0.8)
    live = live_numbers(lesson("alignment"), [own, other])
    assert live.shown["sign"] == own.target_words[TENS] == "2"
    assert live.shown["looks"] == "[2]0"
    assert (live.shown["share"], live.shown["second"]) == ("80.00%", "2[0]")
    assert share(live.shown["chance"]) == pytest.approx(0.9**10, abs=1e-4)
    assert share(live.shown["other_chance"]) == pytest.approx(0.8**10, abs=1e-4)
    assert live.shown["looks"] in live.words
    assert {"[2]026", "20[2]6"} <= set(live.words)  # the same sign, elsewhere
    assert len(live.words) == 4


@pytest.mark.parametrize(
    ("answer", "chance"), [("2026-5-20", 0.9), ("five years", 0.9), ("2026-05-20", 0.4)]
)
def test_what_is_no_date_has_no_question(answer, chance):
    own = translation("May 20 2026", answer, pointing([0] * len(answer), 9), chance)
    with pytest.raises(UserError, match="a date that its model knows"):
        live_numbers(lesson("alignment"), [own, own])


def test_a_character_is_named_within_its_word():
    one = translation("ab cdefghij", "x", [[0.1] * 10])
    assert [around(one, at) for at in (0, 1, 2, 6)] == ["[a]b", "a[b]", "[c]def", "def[g]hij"]


PLACES = ((0, 1), (2, 3), (4, 5), (6, 7))


def made(*heads) -> AttentionMap:
    return AttentionMap("self-attention", "token", "token", PLACES, PLACES, np.array([heads]))


def test_patterns_by_hand():
    column, after = np.zeros((4, 4)), np.zeros((4, 4))
    column[:, 2] = 1
    after[[0, 1, 2, 3], [1, 2, 3, 3]] = 1
    maps = made(np.eye(4), column, after, np.roll(after, 1, 1)[::-1, ::-1], np.full((4, 4), 0.25))
    names = [head_pattern(maps, (0, head)).name for head in (0, 1, 2, 4)]
    assert names == ["itself", "one", "following", "even"]
    found = head_pattern(maps, (0, 1))
    assert (found.column, found.shares["one"], found.shares["itself"]) == (2, 1, 0.25)


@pytest.fixture
def pair(random_checkpoint):
    loaded = load_checkpoint(random_checkpoint("transformer"))
    return [probe_text(loaded, text) for text in (TEXT, "the quiet river walk.")]


def test_heads_are_taken_out_one_by_one(pair):
    live = live_numbers(lesson("heads"), pair)
    maps, shown = self_attention(pair[0]), live.shown
    head = (int(shown["layer"]) - 1, int(shown["head"]) - 1)
    weights = maps.weights[head]
    tokens = pair[0].document.token_texts()
    assert tokens[weights.mean(0).argmax()] == shown["column"]
    assert share(shown["one"]) == pytest.approx(weights.mean(0).max(), abs=1e-4)
    assert share(shown["before"]) == pytest.approx(pair[0].explanation.probability, abs=1e-4)
    assert int(shown["heads"]) == maps.layers * maps.heads >= int(shown["idle"])
    assert (live.segment, live.item) == head
    if abs(share(shown["key_without"]) - share(shown["before"])) < SMALL - 2e-4:
        assert shown["idle"] == shown["heads"]


def test_heads_need_self_attention(random_checkpoint):
    probe = probe_text(load_checkpoint(random_checkpoint()), TEXT)
    with pytest.raises(UserError, match="attend to each other"):
        live_numbers(lesson("heads"), [probe, probe])


@pytest.mark.parametrize("text", ["road walk", "road " * 61])
def test_heads_need_some_words(random_checkpoint, text):
    probe = probe_text(load_checkpoint(random_checkpoint("transformer")), text)
    with pytest.raises(UserError, match="4 to 60"):
        live_numbers(lesson("heads"), [probe, probe])


def moment(step: int, weights, chance: float) -> Moment:
    document = Tokenizer("en")("dull and slow")
    labels, known = ("negative", "positive"), np.ones(3, dtype=bool)
    chances = np.array([chance, 1 - chance])
    return Moment(
        step,
        Explanation("1", document, labels, chances, np.ones(1), np.array(weights), known),
    )


def test_a_film_begins_even_and_turns():
    even, half = [0.33, 0.33, 0.34], [0.48, 0.26, 0.26]  # half as much again is 0.5
    sharp = [0.8, 0.1, 0.1]
    film = [moment(0, even, 0.5), moment(8, half, 0.7), moment(16, sharp, 0.9)]
    live = live_numbers(lesson("film"), film)
    assert (live.shown["start"], live.shown["turn"], live.shown["steps"]) == ("even", "16", "16")
    assert (live.shown["word"], live.shown["weight"]) == ("dull", "80.00%")
    assert (live.shown["first_chance"], live.shown["chance"]) == ("50.00%", "90.00%")
    backward = live_numbers(lesson("film"), film[::-1])
    assert backward.shown["start"] == "others"
    assert live_numbers(lesson("film"), [film[2], film[2]]).shown["start"] == "words"


def test_a_film_knows_its_own_text_alone():
    with pytest.raises(UserError, match="page Train"):
        live_numbers(lesson("film"), [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lesson_on_forms_has_one_that_is_nearly_even(language):
    one = lesson("forms", language)
    probes = [probe_text(load_checkpoint(name), one.text) for name in (one.model, *one.beside)]
    live = live_numbers(one, probes)
    spreads = {form: share(live.shown[f"{form}_spread"]) for form in FORMS}
    assert max(spreads, key=spreads.__getitem__) == "dot"
    assert spreads["dot"] - max(spreads[form] for form in FORMS if form != "dot") > 0.02
    for _, template in one._templates():
        assert "{" not in live.write(template)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_film_that_comes_along_begins_even_and_ends_on_words(language):
    one = lesson("film", language)
    film = read_frames(FILMS / one.model)
    assert film.documents[0].text == one.text
    moments = [Moment(frame.step, frame.explanations[0]) for frame in film.frames]
    live = live_numbers(one, moments)
    assert live.shown["start"] == "even"
    assert share(live.shown["weight"]) > 2 * share(live.shown["even"])
    assert 0 < int(live.shown["turn"].replace(",", "")) < moments[-1].step
    assert share(live.shown["chance"]) > 0.9 > 0.6 > share(live.shown["first_chance"])
    for _, template in one._templates():
        assert "{" not in live.write(template)


@pytest.fixture(scope="module")
def dates():
    return load_system("checkpoints/dates", TRANSLATOR)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lesson_on_alignment_shows_a_day_that_there_is_not(dates, language):
    one = lesson("alignment", language)
    live = live_numbers(one, translate_texts(dates, [one.text, one.contrast]))
    assert live.shown["said"] == "2026-05-20"
    assert live.shown["other"] == "2026-02-31"
    assert min(share(live.shown[name]) for name in ("other_share", "other_chance")) > 0.9
    assert len(live.words) == 4
    for _, template in one._templates():
        assert "{" not in live.write(template)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lesson_on_heads_has_a_column_that_moves(language):
    one = lesson("heads", language)
    loaded = load_checkpoint(one.model)
    live = live_numbers(one, [probe_text(loaded, text) for text in (one.text, one.contrast)])
    assert live.shown["pattern"] == "one"
    assert live.shown["column"] != live.shown["other_column"]
    assert int(live.shown["other_idle"]) > int(live.shown["idle"]) > 0
    for _, template in one._templates():
        assert "{" not in live.write(template)
    with pytest.raises(ValueError, match="expected"):
        replace(live, shown={})
