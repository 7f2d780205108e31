"""What a run learns from and what it validates on."""

import pytest

from han_core.corpora.corpus import Corpus
from han_core.training.data import training_and_validation
from han_core.wrong_input import WrongInput

ROWS = tuple(map(str, range(20)))
CORPUS = Corpus("toy", ROWS, ("a", "b") * 10, ROWS, {})
COLUMNS = {"text_column": "body", "label_column": "kind"}


def test_a_share_is_held_out_and_the_limit_counts_training_documents():
    training, validation = training_and_validation(CORPUS, "0.25", 1, None, COLUMNS)
    assert (len(training), len(validation)) == (15, 5)
    assert sorted(training.ids + validation.ids, key=int) == list(ROWS)
    few, same = training_and_validation(CORPUS, "0.25", 1, 4, COLUMNS)
    assert (few, same) == (training.first(4), validation)


def test_other_data_are_read_by_the_same_columns(tmp_path):
    (tmp_path / "v.csv").write_text("body,kind\nfine,a\n")
    training, validation = training_and_validation(CORPUS, str(tmp_path / "v.csv"), 1, 3, COLUMNS)
    assert (training, validation.texts) == (CORPUS.first(3), ("fine",))


@pytest.mark.parametrize(
    ("validation", "limit", "said"),
    [("0", None, "between 0 and 1"), ("nan", None, "between 0 and 1"), ("0.5", 0, "at least 1")],
)
def test_what_is_out_of_range_is_one_sentence(validation, limit, said):
    with pytest.raises(WrongInput, match=said):
        training_and_validation(CORPUS, validation, 1, limit, COLUMNS)
