"""What is shown of documents before they are scored."""

import pytest

from han_core.analysis.scoring.preview import label_match, preview_corpus, preview_table
from han_core.data.corpus import Corpus
from han_core.data.labels import LabelsError
from han_core.data.table import Table


def test_a_corpus_is_previewed_by_its_classes_and_first_texts():
    texts = ("One.\n\n  Two.", "b", "c", "x" * 500)
    result = preview_corpus(Corpus("four", texts, ("no", "yes", "no", "no"), tuple("abcd"), {}))
    assert (result.documents, result.classes) == (4, {"no": 3, "yes": 1})
    assert result.first == (("no", "One. Two."), ("yes", "b"), ("no", "c"))
    long = preview_corpus(Corpus("one", ("x" * 500,), ("no",), ("a",), {}))
    assert long.first == (("no", "x" * 200),)


def test_documents_without_labels_have_no_classes():
    result = preview_corpus(Corpus("two", ("a", "b"), (), ("1", "2"), {}))
    assert (result.documents, result.classes) == (2, {})
    assert result.first == (("", "a"), ("", "b"))


def test_a_table_is_previewed_without_its_incomplete_rows():
    columns = {"review": ["a", " ", "c", "d"], "stars": ["1.0", "0", "", "0.0"]}
    result = preview_table(Table("t", columns), "review", "stars")
    assert (result.documents, result.classes) == (2, {"0": 1, "1": 1})
    assert result.first == (("1", "a"), ("0", "d"))


def test_each_label_is_matched_with_a_class():
    match = label_match({"neg": 2, "pos": 3}, ("negative", "positive"))
    assert match.values.tolist() == [["neg", 2, "negative"], ["pos", 3, "positive"]]
    with pytest.raises(LabelsError, match="sport"):
        label_match({"sport": 2}, ("negative", "positive"))
