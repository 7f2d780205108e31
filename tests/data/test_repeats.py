"""Documents in two parts of a division."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from han_core.data import sandbox
from han_core.data.corpus import Corpus
from han_core.data.document_groups import Overlap, digests, overlaps


def corpus_of(texts, prefix="row "):
    return Corpus("toy", tuple(texts), (), tuple(f"{prefix}{n}" for n, _ in enumerate(texts)), {})


def test_what_stands_in_two_parts_is_named_by_its_rows():
    parts = {
        "training": corpus_of(["a b", "c", "d"], "t"),
        "validation": corpus_of(["x", "a\nb ", "c", "c"], "v"),
        "test": corpus_of(["x"], "s"),
    }
    found = overlaps(parts)
    assert found == (
        Overlap(("training", "validation"), 3, 4, (("t0", "v1"), ("t1", "v2"), ("t1", "v3"))),
        Overlap(("validation", "test"), 1, 1, (("v0", "s0"),)),
    )
    assert found[0].sentence == (
        "3 of the 4 validation documents stand among the training documents too, "
        'e.g. "v1" is "t0" there.'
    )
    assert "1 of the 1 test document stands among" in found[1].sentence
    assert overlaps({"training": parts["training"], "test": parts["test"]}) == ()


WORDS = st.lists(st.sampled_from(["a", "b", "ab", "\ud83d", "é"]), max_size=3)


@given(WORDS, WORDS)
def test_a_digest_tells_texts_apart_and_nothing_else(one, other):
    first, second = digests([" ".join(one), "\n\t".join(other) + "\u3000"])
    assert (first == second) == (one == other)


def test_a_digest_is_the_same_in_every_process():
    script = "from han_core.data.document_groups import digests; print(digests(['a b'])[0])"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=sandbox.ROOT, capture_output=True, text=True, check=True
    )
    assert int(run.stdout) == digests([" a  b"])[0]
