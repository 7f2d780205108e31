"""The data of the grid of heads: packed, pooled, on one scale; a page of its own; a notebook."""

import base64
import gc
import html
import re
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation.attention_map import AttentionMap
from han_core.viz import attention_heads as module
from han_core.viz.attention_heads import (
    attention_heads,
    offer,
    offered_head,
    palette,
    scale_top,
    thumbnails,
)
from han_core.viz.markup import background

TEXT = "Go <home> now"
PLACES = ((0, 0), (0, 2), (3, 9), (10, 13))


def made(layers=2, heads=3, seed=0, places=PLACES, special=("[CLS]",)) -> AttentionMap:
    scores = np.random.default_rng(seed).normal(size=(layers, heads, len(places), len(places)))
    weights = np.exp(2 * scores) / np.exp(2 * scores).sum(3, keepdims=True)
    return AttentionMap("self-attention", "token", "token", places, places, weights, special)


def unpacked(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), kind)


def test_heads_are_sent_in_half_precision():
    one = made()
    full = attention_heads(one, TEXT).data["full"]
    assert set(full) == {f"{layer},{head}" for layer in range(2) for head in range(3)}
    sent = unpacked(full["1,2"], "<f2").reshape(4, 4)
    assert sent == pytest.approx(one.weights[1, 2], rel=1e-3)


def test_only_the_open_head_is_sent_on_demand():
    data = attention_heads(made(), TEXT, opened=(1, 0), full=False).data
    assert data["open"] == [1, 0]
    assert list(data["full"]) == ["1,0"]


def test_an_offered_head_is_given_by_its_name_while_the_map_lives():
    one, other = made(), made(seed=1)
    name = offer(one)
    assert name == offer(one) != offer(other)
    found = np.frombuffer(zlib.decompress(offered_head(name, 1, 2) or b""), "<f2")
    assert found == pytest.approx(one.weights[1, 2].ravel(), rel=1e-3)
    assert [offered_head(name, *place) for place in ((2, 0), (0, 3))] == [None, None]
    assert offered_head("another", 0, 0) is None
    del one
    gc.collect()
    assert offered_head(name, 1, 2) is None


def test_a_page_holds_heads_as_long_as_they_fit(monkeypatch):
    monkeypatch.setattr(module, "LARGEST_PAGE", 150)
    full = attention_heads(made(), TEXT, opened=(1, 1)).data["full"]
    assert next(iter(full)) == "1,1"
    assert len(full) < 6


def test_a_head_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="2 × 3 heads"):
        attention_heads(made(), TEXT, opened=(2, 0))


def test_places_and_figures():
    data = attention_heads(made(), TEXT).data
    assert data["keys"] == data["queries"] == ["[CLS]", "Go", "<home>", "now"]
    assert data["gaps"] == ["", "", " ", " "]
    assert data["special"] == [0]
    assert np.shape(data["figures"]["entropy"]) == (2, 3)
    assert data["shares"]
    assert not data["prunes"]
    assert attention_heads(made(), TEXT, pruned={(1, 2), (0, 1)}).data["pruned"] == [[0, 1], [1, 2]]


def test_the_share_of_hidden_special_tokens_is_still_told():
    plain = made(places=PLACES[1:], special=())
    assert not attention_heads(plain, TEXT).data["shares"]
    data = attention_heads(plain, TEXT, special=np.full((2, 3), 0.25)).data
    assert data["shares"]
    assert data["figures"]["special"] == [[0.25] * 3] * 2


def test_the_scale_ends_where_nine_rows_in_ten_have_their_largest_weight():
    places = tuple((at, at + 1) for at in range(40))
    one = made(layers=4, heads=5, places=places, special=())
    largest = np.sort(one.weights.max(3).ravel())
    assert (largest <= scale_top(one)).mean() == pytest.approx(0.9, abs=0.02)


def test_even_attention_stays_pale():
    places = tuple((at, at + 1) for at in range(13))
    even = AttentionMap("", "token", "token", places, places, np.full((1, 1, 13, 13), 1 / 13))
    assert scale_top(even) == pytest.approx(4 / 13)
    assert thumbnails(even.weights, scale_top(even)).max() == 64  # a quarter of 255, rounded


@given(seed=st.integers(0, 10**6), size=st.integers(1, 150), heads=st.integers(1, 16))
def test_no_strong_weight_disappears_from_a_thumbnail(seed, size, heads):
    weights = np.random.default_rng(seed).random((1, heads, size, size))
    drawn = thumbnails(weights, 1.0)
    assert drawn.shape[2] == drawn.shape[3] == min(size, 64, 512 // heads)
    assert drawn.max((2, 3)) == pytest.approx(np.rint(255 * weights.max((2, 3))))


def test_a_short_map_is_drawn_cell_by_cell():
    one = made(heads=1)
    assert thumbnails(one.weights, 1.0) == pytest.approx(np.rint(255 * one.weights))


def test_the_palette_is_that_of_the_heatmap():
    for theme in ("light", "dark"):
        digits = palette()[theme]
        assert len(digits) == 6 * 256
        assert "#" + digits[:6] == background(0, theme)
        assert "#" + digits[-6:] == background(1, theme)


def test_a_page_needs_no_other_file_and_escapes_the_text():
    page = attention_heads(made(), TEXT).page("Heads of <b>", ["A note & more"])
    assert "<title>Heads of &lt;b&gt;</title>" in page
    assert "A note &amp; more" in page
    assert "<home>" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"""(src|href)=["']?https?:""", page)


def test_a_notebook_draws_it_in_a_frame_that_can_only_run_it():
    heads = attention_heads(made(), TEXT)
    drawn = heads._repr_html_()
    assert 'sandbox="allow-scripts"' in drawn
    inside = re.search(r'srcdoc="([^"]*)"', drawn)
    assert html.unescape(inside.group(1)) == heads.page("self-attention")
