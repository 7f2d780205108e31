"""The network of text and picture: fusion by hand, masks, company, patches, and the batch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d, max_pool2d

from han_core.data.pictures import read_pictures
from han_core.models.han_image import HAN_IMAGE, HanImageConfig, HanImageNetwork, PictureBatch
from han_core.models.picture_patches import PatchNetwork, standardised, varied
from han_core.models.picture_predict import (
    PictureDocument,
    collate_documents,
    config_of,
    network_answers,
    prepared,
)
from han_core.models.system_folder import SystemCheckpoint, load_system, save_system
from han_core.text.document import Document
from han_core.text.vocabulary import RESERVED
from han_core.training.pictures import picture_figures
from tests.pictured import SMALL, picture_of, planted

WORDS = (*RESERVED, "bad", "good", "the", "thing")
FUSIONS = ("attention", "concatenation")


def config(**sizes) -> HanImageConfig:
    return HanImageConfig(words=WORDS, labels=("a", "b", "c"), **{**SMALL, **sizes})


def network(**sizes) -> HanImageNetwork:
    torch.manual_seed(0)
    return HanImageNetwork(config(**sizes)).eval()


def documents(count: int = 6, **sizes) -> list[PictureDocument]:
    return prepared(planted(count)[0], config(**sizes))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_document_gets_the_same_numbers_alone_and_in_any_company(fusion):
    model, all_of_them = network(fusion=fusion), documents()
    all_of_them[2] = all_of_them[2].without_text()
    all_of_them[3] = all_of_them[3].without_picture()
    together = network_answers(model, config(fusion=fusion), all_of_them, "m")
    for one, answer in zip(all_of_them, together, strict=True):
        (alone,) = network_answers(model, config(fusion=fusion), [one], "m")
        assert alone.probabilities == pytest.approx(answer.probabilities, abs=1e-5)
        assert alone.words == pytest.approx(answer.words, abs=1e-5)
        assert (alone.patches is None) == (one.picture is None)
        assert len(alone.words) == (0 if one.words is None else 3)
    assert together[0].patches.shape == (4, 4)
    assert together[0].patches.sum() == pytest.approx(1, abs=1e-5)


def test_fusion_by_attention_by_hand():
    fusion = network(fused=2, attention_size=1).fusion
    layer = fusion.attention
    with torch.no_grad():
        layer.project.weight.copy_(torch.tensor([[1.0, 0.0]]))
        layer.project.bias.zero_()
        layer.context.fill_(2.0)
    parts = torch.tensor([[[0.0, 4.0], [1.0, 8.0]], [[3.0, 3.0], [5.0, 7.0]]])
    present = torch.tensor([[True, True], [False, True]])
    vectors, weights = fusion(parts, present)
    score = 2 * np.tanh(1.0)  # of the picture; the text's is 0
    share = np.exp(score) / (1 + np.exp(score))
    assert weights.tolist() == [pytest.approx([1 - share, share]), [0, 1]]
    assert vectors[0].tolist() == pytest.approx([share, 4 * (1 - share) + 8 * share])
    assert vectors[1].tolist() == [5, 7]


def test_fusion_by_concatenation_by_hand():
    fusion = network(fused=1, fusion="concatenation").fusion
    with torch.no_grad():
        fusion.hidden.weight.copy_(torch.tensor([[2.0, -1.0]]))
        fusion.hidden.bias.fill_(0.5)
        fusion.missing.copy_(torch.tensor([[10.0], [20.0]]))
    parts = torch.tensor([[[3.0], [1.0]], [[3.0], [1.0]], [[3.0], [1.0]]])
    present = torch.tensor([[True, True], [False, True], [True, False]])
    vectors, weights = fusion(parts, present)
    assert weights is None
    assert vectors.flatten().tolist() == [5.5, 19.5, 0.0]  # 6 − 20 + .5 is below 0


@pytest.mark.parametrize("fusion", FUSIONS)
def test_what_is_missing_changes_nothing(fusion):
    model, size = network(fusion=fusion), SMALL["size"]
    batch = collate_documents([one.without_picture() for one in documents(2)], size)
    noise = replace(batch, pixels=torch.randint(0, 255, batch.pixels.shape).to(torch.uint8))
    assert torch.allclose(model(batch).scores, model(noise).scores)
    silent = collate_documents([one.without_text() for one in documents(2)], size)
    spoken = replace(silent, text=batch.text)
    assert torch.allclose(model(silent).scores, model(spoken).scores)


def test_gradients_reach_both_sides():
    model = network()
    model(collate_documents(documents(4), 32)).scores[:, 0].sum().backward()
    for name in ("text.embedding", "image.blocks.0.0", "fusion.attention.project"):
        weight = model.get_submodule(name).weight
        assert weight.grad is not None, name
        assert float(weight.grad.abs().sum()) > 0, name


def test_a_block_is_convolution_normalisation_and_maximum():
    torch.manual_seed(0)
    patches = PatchNetwork(2, 4)
    pixels = torch.randn(1, 3, 8, 8)
    states = conv2d(pixels, patches.blocks[0][0].weight, padding=1)
    mean = states.mean(1, keepdim=True)
    spread = (states.var(1, keepdim=True, correction=0) + 1e-5).sqrt()
    expected = max_pool2d(((states - mean) / spread).clamp(min=0), 2)
    assert torch.allclose(patches.blocks[0](pixels), expected, atol=1e-5)
    assert patches(pixels).attention.tolist() == [[pytest.approx(1.0)]]


def test_a_patch_does_not_know_of_far_ones():
    torch.manual_seed(0)
    patches = PatchNetwork(4, 4)
    pixels = torch.randn(1, 3, 48, 48)
    other = pixels.clone()
    other[:, :, 40:, 40:] = 3
    before, after = (patches(one).states.view(6, 6, -1) for one in (pixels, other))
    assert torch.allclose(before[:4, :4], after[:4, :4])
    assert not torch.allclose(before[5, 5], after[5, 5])


def test_given_attention_replaces_that_over_patches():
    model, batch = network(), collate_documents(documents(2), 32)
    uniform = torch.full((2, 16), 1 / 16)
    output = model(batch, patches=uniform)
    assert torch.equal(output.patches, uniform)
    own = model(batch)
    again = model(batch, patches=own.patches)
    assert torch.allclose(own.scores, again.scores, atol=1e-6)


def test_variation_moves_the_picture_and_fills_with_white():
    torch.manual_seed(1)
    black = standardised(torch.zeros(20, 16, 16, 3, dtype=torch.uint8))
    moved = varied(black, 0.25)
    assert moved.shape == black.shape
    assert float(moved.max()) == pytest.approx(2.0, abs=1e-4)  # white: (1 − .5) / .25
    assert float(moved.min()) == pytest.approx(-2.0, abs=1e-4)
    half = standardised(torch.from_numpy(np.repeat(np.uint8([[[[255], [0]]]]), 3, 3)))
    still = varied(half.repeat(50, 1, 1, 1), 0.0)
    mirrored = (still[:, 0, 0, 0] < 0).float().mean().item()
    assert 0.2 < mirrored < 0.8


def test_batches_and_documents_check_themselves():
    batch = collate_documents(documents(2), 32)
    with pytest.raises(ValueError, match="2 texts, 1 pictures"):
        replace(batch, pixels=batch.pixels[:1])
    with pytest.raises(ValueError, match="a text or a picture"):
        PictureBatch(batch.text, batch.pixels, torch.zeros(2, 2, dtype=torch.bool))
    with pytest.raises(ValueError, match="words or a picture"):
        PictureDocument(Document("", (), 0), None, None)


def test_pictures_of_another_size_are_refused():
    data, _ = planted(1)
    other = replace(data, pictures=(picture_of(np.zeros((16, 16, 3), np.uint8)),))
    with pytest.raises(ValueError, match="16 pixels came, 32 expected"):
        prepared(other, config())


@pytest.mark.parametrize("wrong", [{"size": 30}, {"words": ("a", "b")}, {"labels": ("a",)}])
def test_a_configuration_checks_itself(wrong):
    with pytest.raises(ValueError):
        HanImageConfig(**{"words": WORDS, "labels": ("a", "b"), **wrong})


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_folder_gives_the_network_back(tmp_path, fusion):
    model = network(fusion=fusion)
    save_system(tmp_path / "m", config(fusion=fusion), model.state_dict(), {}, [])
    loaded: SystemCheckpoint = load_system(tmp_path / "m", HAN_IMAGE)
    batch = collate_documents(documents(3), 32)
    assert torch.equal(loaded.model(batch).scores, model(batch).scores)


SHIPPED = Path(__file__).parents[2]


def test_the_one_that_comes_along_tells_what_its_documentation_states():
    folder = SHIPPED / "checkpoints" / "openmoji"
    checkpoint = load_system(folder, HAN_IMAGE)
    metrics = checkpoint.metrics
    lines = (SHIPPED / "docs" / "pictures.md").read_text(encoding="utf-8").splitlines()
    (row,) = (line for line in lines if line.startswith("| `openmoji` |"))
    cells = [cell.strip() for cell in row.strip("| ").split("|")]
    test, over = metrics["test"], metrics["over_seeds"]["accuracy"]
    assert cells[2:] == [
        f"{test['accuracy']:.2%}", f"{test['macro_f1']:.4f}",
        f"{100 * over['mean']:.2f} ± {100 * over['standard_deviation']:.2f}%",
        f"{test['accuracy_text_alone']:.2%}", f"{test['accuracy_image_alone']:.2%}",
    ]  # fmt: skip
    reached = [run["test"]["accuracy"] for run in metrics["seeds"]]
    assert len(reached) == 3
    assert over["mean"] == pytest.approx(np.mean(reached))
    assert over["standard_deviation"] == pytest.approx(np.std(reached, ddof=1))
    assert sum(file.stat().st_size for file in folder.iterdir()) < 3_000_000


def test_the_one_that_comes_along_reads_the_pictures_that_come_along():
    checkpoint = load_system(SHIPPED / "checkpoints" / "openmoji", HAN_IMAGE)
    data = read_pictures("bundled:openmoji", config_of(checkpoint).size)
    figures = picture_figures(checkpoint, data)
    assert figures["accuracy"] > 0.5
    assert figures["accuracy"] > figures["accuracy_image_alone"]
