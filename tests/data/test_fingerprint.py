"""Documents have the same digest where texts and labels are the same, in the same order."""

from dataclasses import replace

from han_core.data.corpus import Corpus, fingerprint

WHOLE = Corpus("toy", ("ab", "c"), ("x", "y"), ("1", "2"), {})


def test_texts_labels_and_order_count_and_nothing_else():
    same = replace(WHOLE, name="other", ids=("8", "9"), extra={"film": ("p", "q")})
    assert fingerprint(same) == fingerprint(WHOLE)
    others = (
        replace(WHOLE, texts=("a", "bc")),
        replace(WHOLE, labels=("y", "x")),
        replace(WHOLE, labels=()),
        WHOLE.take([1, 0]),
        WHOLE.first(1),
    )
    assert len({fingerprint(WHOLE), *map(fingerprint, others)}) == 6


def test_a_lone_surrogate_is_a_text_as_well():
    assert len(fingerprint(Corpus("toy", ("\ud800",), (), ("1",), {}))) == 64
