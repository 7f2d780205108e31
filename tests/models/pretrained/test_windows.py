from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.models.pretrained.windows import Window, pack_windows, passes, plan_windows


def test_windows_of_a_long_document_start_evenly_and_share_the_overlap_in_halves():
    windows = plan_windows([5, 10, 25], size=10, overlap=4)
    assert windows == [
        Window(0, 5, 0, 5),
        Window(5, 15, 5, 15),
        Window(15, 25, 15, 22),
        Window(20, 30, 22, 27),
        Window(25, 35, 27, 32),
        Window(30, 40, 32, 40),
    ]


@given(st.lists(st.integers(1, 200), min_size=1, max_size=6), st.integers(1, 40), st.data())
def test_every_piece_has_one_state_and_neighbours_overlap(lengths, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    windows = plan_windows(lengths, size, overlap)
    taken = [at for window in windows for at in range(window.first, window.last)]
    assert taken == list(range(sum(lengths)))
    assert all(window.end - window.start <= size for window in windows)
    edges = {sum(lengths[:at]) for at in range(len(lengths))}
    for before, after in pairwise(windows):
        if after.start not in edges:
            assert before.end - after.start >= overlap


def test_a_window_gives_only_states_of_what_it_reads():
    with pytest.raises(ValueError, match="reads what it gives"):
        Window(3, 5, 2, 4)


def test_windows_are_packed_between_special_positions_and_padded_with_zeros():
    packed = pack_windows([Window(0, 3, 0, 2), Window(2, 4, 2, 4)], pieces=4, before=1, after=1)
    # Rows 4 and 5 are [CLS] and [SEP], row 6 the zeros.
    assert packed.index.tolist() == [[4, 0, 1, 2, 5], [4, 2, 3, 5, 6]]
    assert packed.visible.tolist() == [[True] * 5, [True] * 4 + [False]]
    assert packed.keep.nonzero().tolist() == [[0, 1], [0, 2], [1, 1], [1, 2]]


def test_passes_hold_windows_of_similar_length(monkeypatch):
    monkeypatch.setattr("han_core.models.pretrained.windows.PASS_POSITIONS_CPU", 10)
    windows = plan_windows([5, 2, 5, 1], size=8, overlap=0)
    assert list(passes(windows)) == [[3, 1, 0], [2]] or list(passes(windows)) == [[3, 1], [0, 2]]


def test_a_pass_on_a_processor_is_small_enough_for_its_caches():
    windows = plan_windows([200] * 100, size=254, overlap=32)
    assert [len(group) for group in passes(windows, "cpu")] == [10] * 10
    assert [len(group) for group in passes(windows, "cuda")] == [81, 19]
