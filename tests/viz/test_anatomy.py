"""The data of the figure of one attention step: rows, vectors, classes, languages."""

import base64
import re

import numpy as np
import pytest

from han_core.explanation.anatomy import anatomy
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.viz import anatomy as module
from han_core.viz.anatomy import TEXTS, anatomy_figure

TEXT = "the quiet river walk. bread and music under the window. road unheard"


@pytest.fixture(params=[("han", "additive"), ("bilstm", "dot"), ("han", "linear")], ids="-".join)
def found(request, random_checkpoint):
    checkpoint = load_checkpoint(random_checkpoint(*request.param))
    return anatomy(checkpoint, checkpoint.tokenizer(TEXT))


def unpacked(data: dict, name: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(data["numbers"][name]), "<f4")


def test_vectors_and_scores_are_those_of_the_segment(found):
    for number, step in enumerate(found.steps):
        for segment in range(len(step.query)):
            data, rows = anatomy_figure(found, number, segment).data, step.rows(segment)
            assert data["names"] == list(step.names[rows])
            assert data["chosen"] == step.weights[rows].argmax()
            for name in ("inputs", "states", "features"):
                vectors = unpacked(data, name).reshape(-1, data["sizes"][name])
                assert (vectors == getattr(step, name)[rows]).all()
            assert (unpacked(data, "scores") == step.scores[rows]).all()
            assert (unpacked(data, "query") == step.query[segment]).all()


def test_weights_votes_and_bias_make_the_logits(found):
    last = len(found.steps) - 1
    data = anatomy_figure(found, last).data
    votes = unpacked(data, "votes").reshape(-1, 2)
    logits = found.steps[last].weights @ votes + data["classes"]["bias"]
    assert logits == pytest.approx(found.logits, abs=1e-5)
    assert data["classes"]["whole"]
    if last:
        assert anatomy_figure(found, 0).data["classes"] is None


def test_the_item_is_chosen_and_must_be_in_the_segment(found):
    step = found.steps[0]
    last = int(step.items[-1])
    segment = int(step.owner[-1])
    data = anatomy_figure(found, 0, segment, last).data
    assert data["names"][data["chosen"]] == "unheard"
    with pytest.raises(ValueError, match="item of the segment"):
        anatomy_figure(found, 0, segment, 99)


def test_a_long_segment_draws_the_rows_around_the_chosen_one(found, monkeypatch):
    monkeypatch.setattr(module, "SHOWN", 3)
    step = found.steps[0]
    rows = step.rows(0)
    data = anatomy_figure(found, 0, 0, 1).data
    assert (data["first"], data["count"]) == (0, 3)
    assert len(unpacked(data, "inputs")) == 3 * data["sizes"]["inputs"]
    assert len(unpacked(data, "states")) == (rows.stop - rows.start) * data["sizes"]["states"]
    last = int(step.items[rows][-1])
    data = anatomy_figure(found, 0, 0, last).data
    assert data["first"] + data["count"] == len(data["names"])
    monkeypatch.setattr(module, "LONGEST", 2)
    with pytest.raises(UserError, match="up to 2 words"):
        anatomy_figure(found)


def test_only_the_largest_classes_are_sent(found, monkeypatch):
    monkeypatch.setattr(module, "CLASSES", 1)
    classes = anatomy_figure(found, len(found.steps) - 1).data["classes"]
    assert classes["labels"] == [found.labels[int(found.logits.argmax())]]
    assert not classes["whole"]


def test_the_figure_says_when_it_is_another_one(found):
    first = anatomy_figure(found).data
    assert anatomy_figure(found).data["id"] == first["id"]
    assert anatomy_figure(found, language="zh").data["id"] != first["id"]
    assert anatomy_figure(found, hidden=["mask"]).data["id"] != first["id"]


def test_both_languages_say_the_same():
    english, chinese = TEXTS["en"], TEXTS["zh"]
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        places = [sorted(set(re.findall(r"\{\w+\}", one))) for one in (text, chinese[key])]
        assert places[0] == places[1], key
    assert all(text.strip() for text in [*english.values(), *chinese.values()])
