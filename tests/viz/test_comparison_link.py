"""Links to views of Compare: back as they were, stored where long, refused where impossible."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.runtime.errors import UserError
from han_core.viz import permalink
from han_core.viz.comparison_link import (
    ComparisonView,
    comparison_of,
    restore_comparison,
    share_comparison,
)
from han_core.viz.permalink import DocumentStore, View, parsed, to_link

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


def view(**changed) -> ComparisonView:
    parts = {"kind": "models", "checkpoints": ("han", "bilstm"), "text": "A good film."}
    return comparison_of(**{**parts, **changed})


def noise(characters: int) -> str:
    digits = (hashlib.sha256(str(n).encode()).hexdigest() for n in range(characters // 64 + 1))
    return "".join(digits)[:characters]


@given(
    st.builds(
        ComparisonView,
        kind=st.sampled_from(["models", "methods", "versions"]),
        checkpoints=st.lists(st.sampled_from(["han", "bilstm é", "run-1"]), min_size=1, max_size=4)
        .map(tuple),
        text=TEXTS,
        second=st.none() | TEXTS,
        reading=st.sampled_from(["sentence", "document", "lift"]),
        methods=st.just(()) | st.just(("attention", "gradient")),
        target=st.none() | TEXTS,
        shown=st.sampled_from(["values", "difference"]),
    )
)  # fmt: skip
def test_a_view_comes_back_as_it_was(view):
    token = to_link(view)
    assert re.fullmatch("[A-Za-z0-9_-]+", token)
    assert parsed(ComparisonView, token) == view


def test_short_texts_stand_in_the_link(tmp_path):
    store = DocumentStore(tmp_path / "documents")
    token = share_comparison(view(kind="versions", second="A bad film."), store)
    assert restore_comparison(token, store).second == "A bad film."
    assert not store.folder.exists()


def test_long_texts_are_stored_both(tmp_path):
    store = DocumentStore(tmp_path)
    asked = view(kind="versions", checkpoints=("han",), text=noise(4_000), second=noise(5_000))
    token = share_comparison(asked, store)
    assert len(token) < 400 < permalink.SHORT
    in_link = parsed(ComparisonView, token)
    assert in_link.text is in_link.second is None
    assert restore_comparison(token, store) == asked


def test_a_text_that_was_deleted_is_a_user_error(tmp_path):
    store = DocumentStore(tmp_path)
    token = share_comparison(view(text=noise(5_000)), store)
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(UserError, match="not stored here"):
        restore_comparison(token, store)


@pytest.mark.parametrize(
    "changed",
    [
        {"checkpoints": ()},
        {"checkpoints": ("a",) * 5},
        {"checkpoints": ("../secret",)},
        {"text": None},
        {"document": "a" * 26},
        {"second": "b", "second_document": "a" * 26},
        {"kind": "seeds"},
        {"methods": ("magic",)},
        {"shown": "all"},
        {"edits": ()},
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(changed):
    with pytest.raises(UserError, match="No link can hold such a view"):
        view(**changed)


def test_a_link_of_explore_is_none_of_compare(tmp_path):
    token = to_link(View(checkpoint="han", text="A good film."))
    with pytest.raises(UserError, match="No link can hold such a view"):
        restore_comparison(token, DocumentStore(tmp_path))


def test_the_weights_of_words_are_restored(tmp_path):
    store = DocumentStore(tmp_path)
    view = comparison_of(kind="models", checkpoints=("a", "b"), text="river", words="rollout")
    assert restore_comparison(share_comparison(view, store), store) == view
