"""What a run learns from and what it validates on."""

from dataclasses import replace

import pytest

from han_core.corpora.corpus import read_corpus
from han_core.training.data import Source, read_parts
from han_core.wrong_input import WrongInput


@pytest.fixture
def source(tmp_path) -> Source:
    rows = "".join(f"text {row},{'ab'[row % 2]}\n" for row in range(20))
    (tmp_path / "toy.csv").write_text("body,kind\n" + rows)
    return Source(str(tmp_path / "toy.csv"), "0.25", text_column="body", label_column="kind")


def test_a_share_is_held_out_and_the_limit_counts_training_documents(source):
    parts = read_parts(source, 1)
    assert (len(parts.training), len(parts.validation), parts.test) == (15, 5, None)
    ids = sorted(parts.training.ids + parts.validation.ids, key=int)
    assert ids == [str(row) for row in range(1, 21)]
    few = read_parts(replace(source, limit=4), 1)
    assert (few.training, few.validation) == (parts.training.first(4), parts.validation)


def test_other_data_are_read_by_the_same_columns(source, tmp_path):
    (tmp_path / "v.csv").write_text("body,kind\nfine,a\n")
    other = str(tmp_path / "v.csv")
    parts = read_parts(replace(source, validation=other, test=other, limit=3), 1)
    whole = read_corpus(source.data, text_column="body", label_column="kind")
    assert (parts.training, parts.validation.texts) == (whole.first(3), ("fine",))
    assert parts.test.texts == ("fine",)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"validation": "0"}, "between 0 and 1"),
        ({"validation": "nan"}, "between 0 and 1"),
        ({"limit": 0}, "at least 1"),
    ],
)
def test_what_is_out_of_range_is_one_sentence(source, changed, said):
    with pytest.raises(WrongInput, match=said):
        read_parts(replace(source, **changed), 1)
