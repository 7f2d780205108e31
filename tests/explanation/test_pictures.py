"""Texts with pictures: each part alone, the map of patches, deletion by hand, and Grad-CAM."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from han_core.explanation.pictures import (
    Deletion,
    PictureExplanation,
    deletion_evidence,
    explain_pictures,
    explained_evidence,
    grad_cam,
    inked,
    without_patches,
    without_words,
)
from han_core.models.han_image import HAN_IMAGE, HanImageConfig, HanImageNetwork
from han_core.models.picture_predict import answer_documents, collate_documents, prepared
from han_core.models.system_folder import SystemCheckpoint
from han_core.text.batch import NumberedDocument
from han_core.text.vocabulary import RESERVED
from tests.pictured import SMALL, picture_of, planted, square

CONFIG = HanImageConfig(
    words=(*RESERVED, "bad", "good", "the", "thing"), labels=("a", "b", "c"), **SMALL
)


@pytest.fixture(scope="module")
def checkpoint():
    torch.manual_seed(3)
    return SystemCheckpoint(HAN_IMAGE.name, CONFIG, HanImageNetwork(CONFIG).eval(), {})


def test_each_part_alone_is_what_the_network_says_without_the_other(checkpoint):
    data, _ = planted(3)
    documents = prepared(data, CONFIG)
    for one, document in zip(explain_pictures(checkpoint, data), documents, strict=True):
        variants = [document, document.without_picture(), document.without_text()]
        answers = answer_documents(checkpoint, variants)
        chosen = int(answers[0].probabilities.argmax())
        line = one.to_json()
        assert line["label"] == CONFIG.labels[chosen]
        for name, answer in zip(("both", "text", "image"), answers, strict=True):
            assert line["modalities"][name] == pytest.approx(answer.probabilities[chosen], abs=1e-6)
            label = CONFIG.labels[int(answer.probabilities.argmax())]
            assert line["modalities"]["labels"][name] == label
        assert sum(line["modalities"]["weights"].values()) == pytest.approx(1)
        assert sum(line["image"]["weights"]) == pytest.approx(1)
        (sentence,) = line["sentences"]
        assert sum(token["weight"] for token in sentence["tokens"]) == pytest.approx(1)


def test_a_part_that_is_missing_is_missing_in_the_answer(checkpoint):
    data, _ = planted(2)
    data = replace(data, texts=("", data.texts[1]), pictures=(data.pictures[0], None))
    picture, text = (one.to_json() for one in explain_pictures(checkpoint, data))
    assert (picture["sentences"], picture["modalities"]["text"]) == ([], None)
    assert picture["modalities"]["weights"] == {"text": 0, "image": 1}
    assert picture["modalities"]["image"] == picture["modalities"]["both"]
    assert (text["image"], text["modalities"]["image"]) == (None, None)
    assert text["modalities"]["weights"] == {"text": 1, "image": 0}


def test_the_map_leads_to_the_pixels_of_the_file(checkpoint):
    data, _ = planted(1)
    line = explain_pictures(checkpoint, data)[0].to_json()["image"]
    assert (line["rows"], line["columns"], line["key_axis"]) == (4, 4, "patch")
    assert line["keys"][6] == [1, 2]
    assert line["boxes"][6] == [16, 8, 24, 16]
    assert line["square"] == [0, 0, 32, 32]


def test_patches_become_white_and_only_they():
    picture = picture_of(square("red", 1, 2))
    assert np.argwhere(inked(picture, 4)).tolist() == [[1, 2], [3, 0]]
    gone = np.zeros((4, 4), bool)
    gone[1, 2] = True
    changed = without_patches(picture, gone)
    assert np.argwhere(inked(changed, 4)).tolist() == [[3, 0]]
    assert (changed.pixels[24:, :8] == picture.pixels[24:, :8]).all()
    assert inked(picture, 4).sum() == 2  # the picture itself stays as it was


def test_words_are_left_out_and_empty_sentences_with_them():
    words = NumberedDocument(np.arange(2, 8, dtype=np.int32), np.array([2, 1, 3], np.int32))
    changed = without_words(words, [2, 4])
    assert changed.words.tolist() == [2, 3, 5, 7]
    assert changed.sentence_lengths.tolist() == [2, 2]
    assert without_words(words, range(6)) is None


def test_deletion_by_hand(checkpoint):
    data, _ = planted(1)
    (document,), (one,) = prepared(data, CONFIG), explain_pictures(checkpoint, data)
    evidence = deletion_evidence(checkpoint, document, one)
    chosen = int(one.text.probabilities.argmax())

    def fall(changed) -> float:
        (answer,) = answer_documents(checkpoint, [changed])
        return float(one.text.probabilities[chosen] - answer.probabilities[chosen])

    top = int(one.text.document_weights.argmax())
    words = [fall(replace(document, words=without_words(document.words, [k]))) for k in range(3)]
    text = evidence["text"]
    assert (text.count, text.attention) == (1, pytest.approx(words[top], abs=1e-6))
    assert sorted(text.others) == pytest.approx(sorted(words[:top] + words[top + 1 :]), abs=1e-6)
    order = np.argsort(-one.patches.flatten(), kind="stable")
    gone = np.isin(np.arange(16), order[:2]).reshape(4, 4)
    white = replace(document, picture=without_patches(document.picture, gone))
    assert evidence["image"].count == 2
    assert evidence["image"].attention == pytest.approx(fall(white), abs=1e-6)


def test_a_white_picture_and_a_single_word_have_no_evidence(checkpoint):
    data, _ = planted(1)
    blank = picture_of(np.full((32, 32, 3), 255, np.uint8))
    data = replace(data, texts=("good",), pictures=(blank,))
    ((_, evidence),) = explained_evidence(checkpoint, data)
    assert evidence == {}


@pytest.mark.parametrize(
    ("attention", "others", "verdict"),
    [
        (0.5, [0.1] * 30, "matters"),
        (0.5, [0.1] * 20 + [0.6], "matters"),
        (0.5, [0.1] * 9 + [0.6], "like random"),
        (0.001, [0.0] * 30, "no effect"),
        (0.001, [0.0] * 29 + [0.3], "like random"),
        (0.5, [0.1] * 4, "too short"),
    ],
)
def test_verdicts(attention, others, verdict):
    assert Deletion(1, attention, np.array(others)).verdict == verdict


def test_grad_cam_is_its_formula(checkpoint):
    (document,) = prepared(planted(1)[0], CONFIG)
    network = checkpoint.model
    batch = collate_documents([document], 32)
    with torch.no_grad():
        output = network(batch)
    chosen = int(output.scores[0].argmax())

    def score(states: torch.Tensor) -> torch.Tensor:
        image = network.image.pool(states)
        part = network.image_part(image.vectors).relu()
        parts = torch.stack((output.parts[:, 0], part), 1)
        return network.decide(parts, batch.present)[0][0, chosen]

    step, states = 1e-2, output.patch_states.double()
    network.double()
    output = replace(output, parts=output.parts.double())
    numeric = torch.zeros(16, states.shape[2], dtype=torch.float64)
    with torch.no_grad():
        for patch in range(16):
            for channel in range(states.shape[2]):
                moved = states.clone()
                moved[0, patch, channel] += step
                numeric[patch, channel] = score(moved)
                moved[0, patch, channel] -= 2 * step
                numeric[patch, channel] = (numeric[patch, channel] - score(moved)) / (2 * step)
    network.float()
    expected = (states[0] * numeric.mean(0)).sum(1).clamp(min=0).view(4, 4).numpy()
    assert grad_cam(checkpoint, document) == pytest.approx(expected, abs=1e-4)


def test_weights_that_are_none_are_refused(checkpoint):
    (one,) = explain_pictures(checkpoint, planted(1)[0])
    assert isinstance(one, PictureExplanation)
    with pytest.raises(ValueError, match="sum 1"):
        replace(one, patches=one.patches * 2)
