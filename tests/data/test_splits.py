"""What a run learns from and what it validates on."""

from collections import Counter
from dataclasses import replace

import pytest

from han_core.data.corpus import read_corpus
from han_core.data.splits import Source, read_parts
from han_core.runtime.errors import UserError


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


def rows_of(corpus) -> set[int]:
    return set(map(int, corpus.ids))


def test_a_test_share_is_cut_before_the_validation_share(source):
    parts = read_parts(replace(source, test="0.2"), 1)
    assert [len(part) for part in (parts.training, parts.validation, parts.test)] == [11, 5, 4]
    rows = [rows_of(part) for part in (parts.training, parts.validation, parts.test)]
    assert set.union(*rows) == set(range(1, 21))
    other = read_parts(replace(source, test="0.2", validation="0.5"), 1)
    assert other.test == parts.test
    assert len(other.validation) == 10
    for part in (parts.validation, parts.test):
        counts = Counter(part.labels)
        assert abs(counts["a"] - counts["b"]) <= 1


def write_csv(path, rows, header="text,label,split"):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return Source(str(path), "0.5", split_column="split")


def test_a_column_divides_the_rows(tmp_path):
    words = ["train", "dev", " TEST ", "Training", "valid", "0", "1", "2", "testing", "val"]
    source = write_csv(tmp_path / "x.csv", [f"t{n},{'ab'[n % 2]},{w}" for n, w in enumerate(words)])
    parts = read_parts(source, 1)
    assert parts.training.texts == ("t0", "t3", "t5")
    assert parts.validation.texts == ("t1", "t4", "t6", "t9")
    assert parts.test.texts == ("t2", "t7", "t8")


def test_a_part_that_the_column_leaves_out_is_a_share_or_other_data(tmp_path):
    words = ["train"] * 8 + ["test"] * 2
    source = write_csv(tmp_path / "x.csv", [f"t{n},{'ab'[n % 2]},{w}" for n, w in enumerate(words)])
    parts = read_parts(replace(source, validation="0.25", test="0.9"), 1)
    assert [len(part) for part in (parts.training, parts.validation, parts.test)] == [6, 2, 2]
    (tmp_path / "v.csv").write_text("text,label\nfine,a\n")
    parts = read_parts(replace(source, validation=str(tmp_path / "v.csv")), 1)
    assert (len(parts.training), parts.validation.texts) == (8, ("fine",))
    bundled = read_parts(Source("bundled:classroom@all", split_column="split"), 1)
    assert bundled.test.texts == read_corpus("bundled:classroom@test").texts


@pytest.mark.parametrize(
    ("words", "column", "said"),
    [
        (["train", "maybe", "", "test"], "split", 'says "maybe", ""; "train", "validation"'),
        (["test", "dev"], "split", "No row of x.csv is for training"),
        (["train", "dev"], "label", 'has no column "label" that could divide its rows'),
        (["train", "dev"], "where", 'the columns beside text and label are: "split"'),
    ],
)
def test_a_column_that_divides_nothing_is_refused(tmp_path, words, column, said):
    rows = [f"t{n},{'ab'[n % 2]},{word}" for n, word in enumerate(words)]
    source = replace(write_csv(tmp_path / "x.csv", rows), split_column=column)
    with pytest.raises(UserError, match=said):
        read_parts(source, 1)


def test_documents_in_two_parts_are_told_without_their_texts(tmp_path):
    rows = ["same,a,train", "other,b,train", " same ,a,dev", "new,b,test"]
    parts = read_parts(write_csv(tmp_path / "x.csv", rows), 1)
    assert [overlap.parts for overlap in parts.overlaps] == [("training", "validation")]
    assert [note for note in parts.notes if "same" in note] == []
    assert [note for note in parts.notes if "among the training documents" in note]


def test_whole_numbers_with_a_point_name_classes(tmp_path):
    rows = [f"text {n},{n % 2}.0,train" for n in range(8)]
    parts = read_parts(write_csv(tmp_path / "x.csv", rows), 1)
    assert parts.training.classes == ("0", "1")


def test_a_class_of_one_document_stays_among_the_training_documents(tmp_path):
    rows = [f"text {n},{'ab'[n % 2]},x" for n in range(9)] + ["lonely,c,x"]
    source = replace(write_csv(tmp_path / "x.csv", rows), split_column=None, test="0.3")
    parts = read_parts(source, 1)
    assert "lonely" in parts.training.texts
    assert any('One document only has the label "c"' in note for note in parts.notes)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["one,a,train", "two,a,dev"], "at least two classes; only 'a' came"),
        ([f"{n}.5,a,train" for n in range(5)], 'column "text" of x.csv holds nothing but numbers'),
        ([f"t{n},{n / 7},train" for n in range(30)], 'column "label" of x.csv holds measurements'),
    ],
)
def test_columns_that_nobody_meant_are_refused(tmp_path, rows, said):
    with pytest.raises(UserError, match=said):
        read_parts(write_csv(tmp_path / "x.csv", rows), 1)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"validation": "0"}, "between 0 and 1"),
        ({"validation": "nan"}, "between 0 and 1"),
        ({"test": "1.5"}, "--test takes data or a share"),
        ({"test": "0.75"}, "leave nothing to learn from"),
        ({"limit": 0}, "at least 1"),
    ],
)
def test_what_is_out_of_range_is_one_sentence(source, changed, said):
    with pytest.raises(UserError, match=said):
        read_parts(replace(source, **changed), 1)


def test_a_share_divides_no_group(tmp_path):
    rows = [f"t{n},{'ab'[n % 2]},{n // 4}" for n in range(80)]
    source = write_csv(tmp_path / "x.csv", rows, "text,label,film")
    source = replace(source, split_column=None, validation="0.25", test="0.25", group_column="film")
    parts = read_parts(source, 1)
    films = [
        set(part.extra["film"]) for part in (parts.training, parts.validation, parts.test) if part
    ]
    assert list(map(len, films)) == [10, 5, 5]
    assert len(set.union(*films)) == 20
    with pytest.raises(UserError, match="flim"):
        read_parts(replace(source, group_column="flim"), 1)


def test_the_seed_of_the_division_may_be_another(source):
    held = [read_parts(replace(source, split_seed=split), seed).validation.ids
            for split, seed in ((None, 1), (1, 2), (1, 3), (None, 3))]  # fmt: skip
    assert held[0] == held[1] == held[2] != held[3]


def test_unlabelled_documents_that_stand_among_the_labelled_ones_are_left_out(source, tmp_path):
    (tmp_path / "u.csv").write_text('body\ntext 3\nnew\n  text   5 \nalso new\n" "\n')
    parts = read_parts(replace(source, unlabelled=str(tmp_path / "u.csv")), 1)
    assert parts.unlabelled.texts == ("new", "also new")
    assert parts.unlabelled.labels == ()
    assert any("2 of 4 unlabelled documents left out" in note for note in parts.notes)
    assert any("1 row without a text" in note for note in parts.notes)


@pytest.mark.parametrize(
    ("content", "says"),
    [("text\nnew\n", "body"), ("body\ntext 3\n", "among the labelled ones"), ("body\n", "no row")],
)
def test_unlabelled_documents_that_cannot_be_used_are_refused(source, tmp_path, content, says):
    (tmp_path / "u.csv").write_text(content)
    with pytest.raises(UserError, match=says):
        read_parts(replace(source, unlabelled=str(tmp_path / "u.csv")), 1)
