"""Training on texts with pictures: what is planted is learnt, and attention lands on it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from han_core.data.pictures import PictureSet
from han_core.models.han_image import HAN_IMAGE, HanImageConfig, HanImageNetwork
from han_core.models.picture_patches import standardised
from han_core.models.picture_predict import answer_documents, config_of, prepared
from han_core.models.system_folder import load_system
from han_core.runtime.errors import UserError
from han_core.text.vocabulary import RESERVED, UNKNOWN
from han_core.training.callbacks import Callbacks, Stopped
from han_core.training.loop import LoopSettings
from han_core.training.pictures import (
    PictureRequest,
    _PictureLesson,
    class_names,
    parse_assignments,
    picture_figures,
    picture_size,
    targets_of,
    train_pictures,
)
from tests.pictured import SMALL, WORDS, planted

CPU = torch.device("cpu")


def watch(stop=lambda: False, said=None):
    return Callbacks(
        lambda texts, name: texts,
        lambda epoch, examples: lambda count, loss: None,
        (said if said is not None else []).append,
        stop=stop,
    )


def request(out, epochs=14, **sizes) -> PictureRequest:
    data, _ = planted(120)
    parts = [data.take(range(*rows)) for rows in ((80,), (80, 100), (100, 120))]
    settings = LoopSettings(
        epochs=epochs, batch_size=12, learning_rate=0.02, save_seconds=0, seed=1
    )
    return PictureRequest(*parts, {**SMALL, **sizes}, {}, settings, out)


@pytest.mark.long
def test_attention_lands_on_the_square_and_on_the_word(tmp_path):
    summary = train_pictures(request(tmp_path / "m"), CPU, watch())
    assert summary["test"]["accuracy"] > 0.9
    checkpoint = load_system(tmp_path / "m", HAN_IMAGE)
    data, places = planted(40, seed=9)
    answers = answer_documents(checkpoint, prepared(data, config_of(checkpoint)))
    landed = [one.patches[tuple(place)] for one, place in zip(answers, places, strict=True)]
    assert np.mean(landed) > 0.5  # a patch has 1/16 by chance
    at_word = [
        float(one.words[[word in WORDS for word in text.split()]].sum())
        for one, text in zip(answers, data.texts, strict=True)
    ]
    assert np.mean(at_word) > 0.6
    assert all(one.modalities.sum() == pytest.approx(1) for one in answers)
    figures = picture_figures(checkpoint, data)
    assert figures["accuracy"] > 0.9
    for part in ("text", "image"):  # each knows half of what the class is made of
        assert 0.25 <= figures[f"accuracy_{part}_alone"] <= 0.8


@pytest.mark.long
def test_the_other_fusion_learns_too_and_has_no_weights(tmp_path):
    summary = train_pictures(request(tmp_path / "m", fusion="concatenation"), CPU, watch())
    assert summary["test"]["accuracy"] > 0.9
    checkpoint = load_system(tmp_path / "m", HAN_IMAGE)
    (answer,) = answer_documents(checkpoint, prepared(planted(1)[0], config_of(checkpoint)))
    assert answer.modalities is None


@pytest.mark.long
def test_a_run_that_was_stopped_ends_with_the_same_weights(tmp_path):
    varying = {"variation": 0.1, "unknown_words": 0.1, "dropout": 0.2}
    train_pictures(request(tmp_path / "whole", epochs=2, **varying), CPU, watch())
    calls = iter(range(100))
    stopping = request(tmp_path / "parts", epochs=2, **varying)
    with pytest.raises(Stopped):
        train_pictures(stopping, CPU, watch(stop=lambda: next(calls) >= 8))
    train_pictures(replace(stopping, resume=True), CPU, watch())
    one, other = (load_system(tmp_path / name, HAN_IMAGE).model for name in ("whole", "parts"))
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name


def lesson(**sizes) -> _PictureLesson:
    asked = request(None, **sizes)
    data = asked.training
    config = HanImageConfig(
        words=(*RESERVED, "bad", "good", "the", "thing"),
        labels=class_names(data),
        **{**SMALL, **sizes},
    )
    return _PictureLesson(asked, config, CPU)


def test_documents_lose_a_part_as_often_as_asked():
    torch.manual_seed(0)
    present = torch.cat([lesson(dropout_modality=0.3).collate(range(80)).present for _ in range(8)])
    assert present.any(1).all()
    text, image = (~present).float().mean(0).tolist()
    assert text == pytest.approx(0.3, abs=0.06)
    assert image == pytest.approx(0.3, abs=0.06)
    assert lesson(dropout_modality=0).collate(range(80)).present.all()


def test_words_become_unknown_as_often_as_asked():
    torch.manual_seed(0)
    words = lesson(unknown_words=0.5, dropout_modality=0).collate(range(80)).text.words
    assert (words == UNKNOWN).float().mean().item() == pytest.approx(0.5, abs=0.1)


def test_the_loss_is_that_of_both_and_a_share_of_each_alone():
    taught = lesson(alone=0.5, dropout_modality=0)
    torch.manual_seed(0)
    model = HanImageNetwork(taught.config).eval()
    batch = taught.collate(range(10))
    pixels = standardised(batch.pixels)
    losses = []
    for present in ([True, True], [True, False], [False, True]):
        shown = replace(batch, present=torch.tensor([present] * 10))
        losses.append(cross_entropy(model(shown, pixels).scores, batch.targets).item())
    expected = losses[0] + 0.5 * (losses[1] + losses[2])
    assert taught.loss(model, batch).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        ({"labels": ("a",) * 120}, "at least two classes"),
        ({"labels": tuple(map(str, range(120)))}, "at least two classes"),
        ({"labels": ()}, "at least two classes"),
    ],
)
def test_labels_that_are_no_classes_are_one_sentence(tmp_path, change, fragment):
    asked = request(tmp_path / "m")
    data, _ = planted(120)
    with pytest.raises(UserError, match=fragment):
        train_pictures(replace(asked, training=replace(data, **change)), CPU, watch())
    assert not (tmp_path / "m").exists()


def test_a_class_that_the_model_does_not_know_is_named():
    config = lesson().config
    data = PictureSet("d", ("a",), (None,), ("green",))
    with pytest.raises(UserError, match='the class "green"'):
        targets_of(data, config)
    with pytest.raises(UserError, match="no labels"):
        targets_of(replace(data, labels=()), config)


def test_settings_go_to_their_owners():
    values = parse_assignments(["epochs=3", "size=56", "language=fr", "fusion=concatenation"])
    assert values == {
        "loop": {"epochs": "3"},
        "sizes": {"size": "56", "fusion": "concatenation"},
        "text": {"language": "fr"},
    }
    assert picture_size(values["sizes"]) == 56
    assert picture_size({}) == 48
    for wrong in ("50", "7", "x"):
        with pytest.raises(UserError, match="size"):
            picture_size({"size": wrong})
    with pytest.raises(UserError, match="--set takes"):
        parse_assignments(["words=a"])
