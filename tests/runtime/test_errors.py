"""Names as a sentence has them."""

import pytest

from han_core.runtime.errors import joined, listed


@pytest.mark.parametrize(
    ("words", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (("a", "b", "c"), "a, b and c")],
)
def test_words_are_joined_as_one_says_them(words, said):
    assert joined(words) == said


def test_names_beyond_the_limit_are_counted():
    assert listed(["a", "b", "c"], 2) == '"a", "b" and 1 more'
    assert listed(["a", "b"], 2) == '"a", "b"'
