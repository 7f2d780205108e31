"""The page Pictures under AppTest: both sides, what if, bad pictures, and training."""

import io
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from han_core.data.pictures import PictureSet, read_pictures
from han_core.explanation.pictures import explain_pictures
from han_core.models.han_image import HAN_IMAGE, HanImageConfig, HanImageNetwork
from han_core.models.listing import list_systems
from han_core.models.picture_predict import picture_tokenizer
from han_core.models.system_folder import load_system, save_system
from han_core.text.vocabulary import Vocabulary
from han_core.viz.pictures import modality_sentence, prediction_line
from pages.pictures.choose import OWN
from pages.shared.components import valid_patch
from pages.shared.page import plain
from tests.pages.seen import english
from tests.pictured import SMALL
from tests.processes import PATIENCE

BUNDLED = "bundled:openmoji"


@pytest.fixture
def small(root):
    """A checkpoint of random weights among the others; the folder that they lie in."""
    data = read_pictures(BUNDLED, 32)
    unnumbered = HanImageConfig(words=("<pad>", "<unk>"), labels=tuple(sorted(set(data.labels))))
    tokenizer = picture_tokenizer(unnumbered.text)
    words = Vocabulary.build([tokenizer(text).token_texts() for text in data.texts], 1).words
    torch.manual_seed(0)
    config = HanImageConfig(words=words, labels=unnumbered.labels, **SMALL)
    network = HanImageNetwork(config)
    with torch.no_grad():  # so that what is taken out can be seen
        network.output.weight.mul_(20)
    save_system(root / "small-pictures", config, network.state_dict(), {}, [])
    return root


@pytest.fixture
def page(small, open_page):
    return open_page("7_Pictures")


def said(app) -> str:
    return "\n".join(one.value for one in app.markdown)


def expected(root, text: str | None = None, picture_of: int = 0):
    checkpoint = load_system(root / "small-pictures", HAN_IMAGE)
    data = read_pictures(BUNDLED, 32)
    text = data.texts[0] if text is None else text
    (one,) = explain_pictures(checkpoint, PictureSet("d", (text,), (data.pictures[picture_of],)))
    return one


def test_it_shows_prediction_sides_and_evidence_of_the_first_document(page, small):
    one = expected(small)
    assert f"**{plain(prediction_line(one))}**" in said(page)
    assert plain(modality_sentence(one)) in said(page)
    rows = "\n".join(block.proto.body for block in page.get("html"))
    assert "Text alone" in rows
    assert "Picture alone" in rows
    assert "taken out." in said(page)
    assert not page.error


def test_another_text_and_another_picture_are_predicted_anew(page, small):
    page.text_input(key="pictures_text").set_value("A hedgehog, spiny.").run()
    assert plain(prediction_line(expected(small, "A hedgehog, spiny."))) in said(page)
    page.selectbox(key="pictures_other").set_value(7).run()
    before, now = (expected(small, "A hedgehog, spiny.", at) for at in (0, 7))
    assert plain(f"{prediction_line(before)} → {prediction_line(now)}") in said(page)
    page.selectbox(key="pictures_document").set_value(3).run()  # changes do not stay
    assert page.selectbox(key="pictures_other").value is None
    assert page.text_input(key="pictures_text").value == read_pictures(BUNDLED, 32).texts[3]
    assert "→" not in said(page)


def test_a_part_is_left_out_and_comes_back(page, small):
    page.segmented_control(key="pictures_part").set_value("text").run()
    one = expected(small)
    assert f"{one.text.label}" in said(page)
    assert "There is only a text" in said(page)
    page.segmented_control(key="pictures_part").set_value("image").run()
    assert "There is only a picture" in said(page)
    assert not page.exception
    page.segmented_control(key="pictures_part").set_value("both").run()
    assert f"**{plain(prediction_line(one))}**" in said(page)


def test_grad_cam_colours_the_patches(page):
    page.segmented_control(key="pictures_shown").set_value("grad_cam").run()
    assert not page.exception
    assert not page.error


def png(size: int = 40, end: int | None = None) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (size, size, 3), np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()[:end]


def test_a_picture_of_ones_own_alone_and_with_a_text(page):
    page.selectbox(key="pictures_source").set_value("Your own").run()
    assert not page.exception
    page.file_uploader(key="pictures_file").upload("mine.png", png(), "image/png").run()
    assert "There is only a picture" in said(page)
    page.text_input(key="pictures_text").set_value("Bird").run()
    assert plain("Attention:") in said(page)
    assert not page.error


@pytest.mark.parametrize(
    ("content", "fragment"),
    [(png(end=200), "damaged"), (b"", "empty file"), (b"RIFF", "no picture")],
)
def test_a_picture_that_cannot_be_read_is_one_sentence(page, content, fragment):
    page.selectbox(key="pictures_source").set_value("Your own").run()
    page.file_uploader(key="pictures_file").upload("mine.png", content, "image/png").run()
    assert fragment in page.error[0].value
    assert not page.exception


def test_without_a_model_it_says_so_and_offers_to_train(open_page):
    app = open_page("7_Pictures")
    assert "no model for texts with pictures" in app.info[0].value
    assert app.button(key="pictures_start")


def wait_until(ready: Callable[[], bool]) -> None:
    """Return once ``ready`` is true; fail after a generous time."""
    end = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.long
def test_training_from_the_page_ends_with_a_model(open_page, root, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    app = open_page("7_Pictures")
    app.number_input(key="pictures_epochs_quick").set_value(2).run()
    app.button(key="pictures_start").click().run()
    assert not app.error
    wait_until(lambda: any(one.name == "my-pictures" for one in list_systems(root)))
    wait_until(lambda: bool(app.run().success))
    assert plain("my-pictures") in app.success[0].value
    assert app.selectbox(key="pictures_checkpoint").value == "my-pictures"


@pytest.mark.parametrize(
    ("value", "patch"),
    [
        ({"do": "patch", "patch": 3}, 3),
        ({"do": "patch", "patch": 4}, None),
        ({"do": "patch", "patch": True}, None),
        ({"do": "patch"}, None),
        ({"do": "word", "patch": 1}, None),
        ("patch", None),
    ],
)
def test_a_browser_can_only_name_patches_that_are_there(value, patch):
    assert valid_patch(value, {"weights": [0.25] * 4}) == patch


def test_in_chinese(page, in_chinese):
    app = in_chinese(page)
    assert app.title[0].value == "图文"
    app.segmented_control(key="pictures_shown").set_value("grad_cam").run()
    data = read_pictures(BUNDLED, 32)
    own = {*data.ids, *data.texts}
    left = english(app)
    app.session_state["pictures_source"] = OWN
    left += english(app.run())
    assert not app.exception
    assert [text for text in left if text not in own] == []
