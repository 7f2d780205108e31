"""Other models come from a file in either of two forms, or one sentence says why not."""

import json

import pytest

from han_core.runtime.errors import UserError
from han_core.viz.model_card.content import Baseline
from han_core.viz.model_card.readme import read_baselines


def lines(*objects: object) -> bytes:
    return "\n".join(json.dumps(one) for one in objects).encode()


def test_plain_lines_come_best_first():
    data = lines(
        {"name": "a", "accuracy": 0.8, "n": 10},
        {"name": "b", "accuracy": 0.9, "n": 10, "macro_f1": 0.7, "p": 0.04, "seconds": 3},
    )
    assert read_baselines(data + b"\n\n", "mine", 10) == (
        Baseline(name="b", accuracy=0.9, n=10, macro_f1=0.7, p=0.04),
        Baseline(name="a", accuracy=0.8, n=10),
    )


def test_what_the_benchmark_prints():
    share = {"mean": 0.8, "low": 0.7, "high": 0.9}
    data = lines(
        {"baseline": "nb-svm", "n_grams": [1, 2, 3], "unit": "words", "n": 10, "accuracy": share,
         "macro_f1": 0.79, "seconds": 1.5},
        {"checkpoint": "other", "n": 10, "accuracy": share, "against": {"nb-svm": {"p": 0.9}}},
        {"checkpoint": "mine", "n": 10, "accuracy": share,
         "against": {"nb-svm": {"fixed": 3, "broken": 1, "p": 0.625, "mid_p": 0.375}}},
    )  # fmt: skip
    (rival,) = read_baselines(data, "mine", 0)
    assert rival == Baseline(name="nb-svm", accuracy=0.8, n=10, macro_f1=0.79, p=0.625)


@pytest.mark.parametrize(
    ("data", "saying"),
    [
        (b"", "0 came"),
        (b"name,accuracy\nb,0.9", "line 1 is none"),
        (lines({"name": "a", "accuracy": 0.5, "n": 9}) + b"\n[1]", "line 2 is none"),
        (lines({"accuracy": 0.5, "n": 9}), "line 1 does not fit: name"),
        (lines({"name": "a", "n": 9}), "line 1 does not fit: accuracy"),
        (lines({"name": "a", "accuracy": 91.8, "n": 9}), "line 1 does not fit: accuracy"),
        (lines({"name": "a", "accuracy": "x", "n": 9}), "line 1 does not fit: accuracy"),
        (lines({"name": "a", "accuracy": {}, "n": 9}), "line 1 does not fit: accuracy"),
        (lines({"name": ["a"], "accuracy": 0.5, "n": 9}), "line 1 does not fit: name"),
        (lines({"name": "a", "accuracy": 0.5, "n": 9, "p": 3}), "line 1 does not fit: p"),
        (lines({"checkpoint": "mine", "against": {"a": 7}}), "0 came"),
        (lines({"checkpoint": "mine", "against": {"a": {"p": "x"}}},
               {"name": "a", "accuracy": 0.5, "n": 9}), "line 2 does not fit: p"),
        (lines(*[{"name": "a", "accuracy": 0.5, "n": 9}] * 51), "51 came"),
        (lines({"name": "a", "accuracy": 0.5, "n": 8}), "tested on 9 documents and a on 8"),
        (b"[" * 100_000, "line 1 is none"),
        (b"\xff\xfe", "line 1 is none"),
    ],
)  # fmt: skip
def test_what_is_no_such_file_gets_one_sentence(data, saying):
    with pytest.raises(UserError, match=saying):
        read_baselines(data, "mine", 9)
