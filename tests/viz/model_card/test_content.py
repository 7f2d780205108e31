"""A card goes onto the disk and comes back; one from a stranger is checked first."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from han_core.models.checkpoint import CARD, CONFIG, load_checkpoint, read_config
from han_core.runtime.atomic_io import checksum
from han_core.runtime.errors import UserError
from han_core.viz.model_card.content import Card, read_card, weights_of, write_card


def changed(card: Card, *path: str | int, to: object) -> dict:
    """The card's JSON with another value at ``path``."""
    whole = json.loads(card.model_dump_json(exclude_none=True))
    place = whole
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return whole


def test_a_card_comes_back(folder, card):
    assert read_card(folder, read_config(folder)) is None
    write_card(folder, card)
    assert read_card(folder, read_config(folder)) == card
    load_checkpoint(folder)  # one more file in the folder changes nothing


def test_a_card_of_other_weights_is_none(folder, card):
    write_card(folder, card.model_copy(update={"weights": "0" * 64}))
    assert read_card(folder, read_config(folder)) is None


def test_weights_without_a_recorded_checksum_are_hashed(folder):
    config = json.loads((folder / CONFIG).read_text())
    config["sha256"] = {}
    (folder / CONFIG).write_text(json.dumps(config))
    assert weights_of(folder, read_config(folder)) == checksum(folder / "model.safetensors")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), 2),
        (("weights",), "../../etc/passwd"),
        (("more",), "unknown key"),
        (("rivals", 0, "accuracy"), 1.5),
        (("rivals", 0, "name"), "x" * 201),
        (("rivals", 0, "p"), -0.1),
        (("rivals",), [{"name": "a", "accuracy": 0.5, "n": 1}] * 51),
        (("faithfulness", "n"), 0),
        (("faithfulness", "captured", "mean"), float("nan")),
        (("faithfulness", "captured", "mean"), float("inf")),
        (("faithfulness", "captured", "low"), 0.9),
        (("faithfulness", "captured"), {"mean": 0.5}),
        (("faithfulness", "flip"), None),
        (("weaknesses", "all"), {"n": 3, "right": 4}),
        (("weaknesses", "tags"), {str(at): {"n": 1, "right": 1} for at in range(51)}),
        (("speed", "machine"), ["a", "list"]),
        (("speed", "documents_per_second"), 0),
        (("speed", "words"), 10**400),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(folder, card, path, value):
    (folder / CARD).write_text(json.dumps(changed(card, *path, to=value)), encoding="utf-8")
    with pytest.raises(UserError, match=r"card\.json does not fit") as caught:
        read_card(folder, read_config(folder))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null", b"[" * 50_000])
def test_what_is_no_card_is_refused(folder, content):
    (folder / CARD).write_bytes(content)
    with pytest.raises(UserError, match=r"card\.json"):
        read_card(folder, read_config(folder))


def test_a_card_of_megabytes_is_not_read(folder):
    (folder / CARD).write_bytes(b" " * 200_001)
    with pytest.raises(UserError, match="larger than"):
        read_card(folder, read_config(folder))


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["weights", "rivals", "speed", "n", "name"]), inner),
    max_leaves=8,
))  # fmt: skip
def test_no_json_does_more_than_not_fit(value):
    with pytest.raises(ValidationError):
        Card.model_validate(value)
