"""What colours the documents of a map."""

import numpy as np
import pytest

from han_core.analysis.documents import content_hash
from han_core.analysis.filters import Marks
from han_core.analysis.map_colours import MOST_GROUPS, OWN, colour_names, map_colours
from han_core.runtime.errors import UserError

NONE, ALL = Marks(), np.arange(12)


@pytest.fixture
def store(make_store):
    return make_store(
        true=["neg"] * 7 + ["pos"] * 5, predicted=["neg", "pos"] * 6, tokens=range(1, 13),
        confidence=[0.5 + at / 24 for at in range(12)], unknown=[1] * 12,
        texts=[f"Text {at}." for at in range(12)],
        columns={
            "stars": [str(at) for at in range(11)] + [""], "few": ["1", "2"] * 6,
            "shop": [f"shop {at}" for at in range(12)], "true": ["a"] * 12,
        },
    )  # fmt: skip


def names_of(colours) -> list[str]:
    return [colours.names[code] for code in colours.codes]


def test_classes_and_whether_the_prediction_is_right(store):
    assert names_of(map_colours(store, ALL, "true", NONE)) == ["neg"] * 7 + ["pos"] * 5
    right = names_of(map_colours(store, ALL[:3], "outcome", NONE))
    assert right == ["right", "wrong", "right"]


def test_numbers_are_those_of_the_rows(store):
    rows = np.array([2, 9])
    assert map_colours(store, rows, "tokens", NONE).numbers.tolist() == [3, 10]
    assert map_colours(store, rows, "unknown", NONE).numbers == pytest.approx([1 / 3, 1 / 10])


def test_own_columns_of_many_numbers_are_numbers_and_others_are_groups(store):
    stars = map_colours(store, ALL, f"{OWN}stars", NONE)
    assert stars.numbers[:11].tolist() == list(range(11))
    assert np.isnan(stars.numbers[11])
    assert map_colours(store, ALL, f"{OWN}few", NONE).names == ("1", "2")
    shops = map_colours(store, ALL, f"{OWN}shop", NONE)
    assert len(shops.names) == MOST_GROUPS
    assert names_of(shops).count("all others") == 12 - (MOST_GROUPS - 1)
    assert set(names_of(map_colours(store, ALL, f"{OWN}true (data)", NONE))) == {"a"}


def test_tags_of_all_annotators(store):
    one, two = content_hash("Text 1."), content_hash("Text 2.")
    marks = Marks({"long": frozenset([one]), "irony": frozenset([one, two])})
    assert names_of(map_colours(store, np.arange(3), "tags", marks)) == [
        "(empty)", "irony, long", "irony",
    ]  # fmt: skip


def test_what_can_be_chosen(store):
    names = colour_names(store)
    assert "other" not in names
    assert names[f"{OWN}stars"] == "stars"
    with pytest.raises(UserError, match="no column “gone”"):
        map_colours(store, ALL, f"{OWN}gone", NONE)
    with pytest.raises(UserError, match="none is chosen"):
        map_colours(store, ALL, "other", NONE)
