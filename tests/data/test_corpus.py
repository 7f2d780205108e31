"""A table to labelled documents, and documents to a rest and a part held out."""

import dataclasses
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from han_core.data import corpus as bundle
from han_core.data.corpus import (
    Corpus,
    bundled_names,
    corpus_from_table,
    corpus_from_upload,
    read_corpus,
    stratified_split,
)
from han_core.data.table import Table
from han_core.runtime.errors import UserError

TAGS = {
    "plain", "negation", "contrast", "sarcasm", "mixed", "telling-sentence", "quoted-opinion",
    "rare-words",
}  # fmt: skip


def corpus_of(labels):
    rows = tuple(map(str, range(len(labels))))
    return Corpus("toy", rows, tuple(labels), rows, {"row": rows})


def refusal(act, *arguments, **named):
    with pytest.raises(UserError) as caught:
        act(*arguments, **named)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_columns_find_their_places():
    table = Table(
        "x.csv", {"id": ("a", "b"), "text": ("NA", "no"), "label": ("1", "0"), "n": ("7", "8")}
    )
    assert corpus_from_table(table) == Corpus(
        "x.csv", ("NA", "no"), ("1", "0"), ("a", "b"), {"n": ("7", "8")}, ()
    )


def test_columns_may_have_other_names_and_labels_may_be_left_alone():
    table = Table("x.csv", {"review": ("a",), "label": ("",)})
    corpus = corpus_from_table(table, "review", None)
    assert (corpus.texts, corpus.labels, corpus.extra) == (("a",), (), {"label": ("",)})
    assert corpus.classes == ()


def test_html_breaks_become_line_breaks_and_nothing_else_changes():
    text = " a<br /><BR>b<br/>c <br>d<b>e</b>&amp;<brown>\r\n\u3000"
    table = Table("x", {"text": (text,), "html": ("<br>",)})
    corpus = corpus_from_table(table, "text", None)
    assert corpus.texts == (" a\n\nb\nc \nd<b>e</b>&amp;<brown>\r\n\u3000",)
    assert corpus.extra == {"html": ("<br>",)}


def test_empty_rows_are_left_out_and_counted():
    table = Table(
        "x", {"text": ("a", " \n", "<br/>", "b", "c"), "label": ("1", "1", "0", " ", "0")}
    )
    corpus = corpus_from_table(table)
    assert corpus.texts == ("a", "c")
    assert corpus.ids == ("1", "5")  # the numbers of the rows as they stand in the file
    assert corpus.notes == (
        "2 rows without a text were left out.",
        "1 row without a label was left out.",
    )


def test_white_space_around_a_label_is_no_part_of_it():
    table = Table("x", {"text": ("a", "b", "c"), "label": ("good", " good\t", "not good\r")})
    corpus = corpus_from_table(table)
    assert corpus.labels == ("good", "good", "not good")
    assert corpus.classes == ("good", "not good")


@pytest.mark.parametrize("ids", [("a", "a"), ("a", "")])
def test_an_id_that_does_not_tell_rows_apart_stays_an_ordinary_column(ids):
    corpus = corpus_from_table(Table("x", {"id": ids, "text": ("a", "b")}), "text", None)
    assert (corpus.ids, corpus.extra) == (("1", "2"), {"id": ids})
    assert 'the column "id" repeats or has gaps' in corpus.notes[0]


def test_what_makes_no_corpus_is_refused():
    table = Table("x.csv", {"review": ("a", ""), "stars": ("", "5")})
    said = refusal(corpus_from_table, table)
    assert said == 'x.csv has no column "text"; its columns are: "review", "stars".'
    assert 'no column "label"' in refusal(corpus_from_table, table, "review")
    assert refusal(corpus_from_table, table, "review", "stars") == (
        "x.csv has no row with a text and a label."
    )
    assert "two columns" in refusal(corpus_from_table, table, "review", "review")


def test_columns_of_different_lengths_are_no_corpus():
    with pytest.raises(ValueError, match="equally long"):
        Corpus("x", ("a", "b"), ("1",), ("1", "2"), {})


def test_taking_rows_takes_them_from_every_column():
    corpus = dataclasses.replace(corpus_of("xyz"), notes=("A note.",))
    part = corpus.take([2, 0])
    assert (part.texts, part.labels, part.ids) == (("2", "0"), ("z", "x"), ("2", "0"))
    assert (part.extra, part.notes) == ({"row": ("2", "0")}, ("A note.",))
    assert corpus.first(2) == corpus.take([0, 1])
    assert corpus.first(9) == corpus


def test_a_path_and_an_upload_are_read_alike(tmp_path):
    data = b"text\tlabel\nNA\t007\n"
    (tmp_path / "x.TSV").write_bytes(data)
    corpus = read_corpus(str(tmp_path / "x.TSV"))
    assert corpus == Corpus("x.TSV", ("NA",), ("007",), ("1",), {})
    assert corpus_from_upload(data, "x.TSV") == corpus


# Splitting


def test_a_split_keeps_the_proportions_and_the_order():
    rest, held = stratified_split(corpus_of("aaaabbbbbbbb"), 0.25, seed=1)
    assert (rest.labels, held.labels) == (tuple("aaabbbbbb"), tuple("abb"))
    assert list(map(int, held.texts)) == sorted(map(int, held.texts))


def test_a_split_of_many_small_classes_holds_out_the_share_of_the_whole():
    _, held = stratified_split(corpus_of("abcdefghij" * 4), 0.1, seed=1)
    assert len(held) == 4


def test_a_class_of_one_stays_in_the_rest():
    rest, held = stratified_split(corpus_of("abb"), 0.9, seed=1)
    assert ("a" in rest.labels, "b" in rest.labels, held.labels) == (True, True, ("b",))


def test_a_share_of_almost_one_leaves_a_document():
    rest, _ = stratified_split(corpus_of("aaa"), 1 - 2**-53, seed=1)
    assert len(rest) == 1


def test_documents_without_labels_can_be_split():
    corpus = dataclasses.replace(corpus_of("aaaa"), labels=())
    assert len(stratified_split(corpus, 0.5, seed=1)[1]) == 2


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0, float("nan")])
def test_an_impossible_share_is_refused(fraction):
    assert "between 0 and 1" in refusal(stratified_split, corpus_of("aabb"), fraction, 1)


def test_nothing_to_hold_out_is_refused():
    assert "no class has two documents" in refusal(stratified_split, corpus_of("abc"), 0.5, 1)


@settings(deadline=None)  # a busy machine is not a failure
@given(
    labels=st.lists(st.sampled_from("abc"), min_size=1, max_size=40).filter(
        lambda w: len(w) > len(set(w))
    ),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32),
)
def test_every_split_is_a_split(labels, fraction, seed):
    corpus = corpus_of(labels)
    rest, held = stratified_split(corpus, fraction, seed)
    assert (rest, held) == stratified_split(corpus, fraction, seed)
    assert sorted(rest.ids + held.ids) == sorted(corpus.ids)
    assert set(rest.labels) == set(labels)
    assert 1 <= len(held) <= max(1, round(fraction * len(labels)))


def test_another_seed_holds_out_others():
    corpus = corpus_of("a" * 100)
    assert stratified_split(corpus, 0.5, 1) != stratified_split(corpus, 0.5, 2)


# What comes along


@pytest.fixture
def small_bundle(tmp_path, monkeypatch):
    rows = [("a", "en", "train"), ("b", "en", "test"), ("c", "zh", "train"), ("d", "zh", "test")]
    lines = [
        json.dumps({"text": text, "label": "x", "language": language, "split": split})
        for text, language, split in rows
    ]
    (tmp_path / "small.jsonl").write_text("\n".join(lines))
    monkeypatch.setattr(bundle, "FOLDER", tmp_path)


@pytest.mark.parametrize(
    ("spec", "texts", "name"),
    [
        ("bundled:small", "b", "bundled:small@test"),
        ("bundled:small@train", "a", "bundled:small@train"),
        ("bundled:small@all", "ab", "bundled:small@all"),
        ("bundled:small/zh", "d", "bundled:small/zh@test"),
        ("bundled:small/all@train", "ac", "bundled:small/all@train"),
        ("bundled:small/all@all", "abcd", "bundled:small/all@all"),
    ],
)
def test_a_part_of_what_is_bundled(small_bundle, spec, texts, name):
    corpus = read_corpus(spec, default_split="test")
    assert ("".join(corpus.texts), corpus.name) == (texts, name)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("bundled:big", 'with a name among: "small"'),
        ("bundled:../small", 'with a name among: "small"'),
        ("bundled:", "was expected"),
        ("bundled:small/fr", 'no language "fr"; there is: "en", "zh", "all"'),
        ("bundled:small@dev", 'no split "dev"; there is: "test", "train", "all"'),
    ],
)
def test_what_is_not_bundled_is_refused(small_bundle, spec, says):
    assert says in refusal(read_corpus, spec)


def test_the_classroom_is_complete():
    assert "classroom" in bundled_names()
    english = read_corpus("bundled:classroom@all")
    assert len(english) >= 200
    assert english.classes == ("negative", "positive")
    assert set(english.extra["language"]) == {"en"}
    assert set(english.extra["split"]) == {"train", "test"}
    assert {tag for tags in english.extra["tags"] for tag in tags.split(", ")} >= TAGS
    chinese = read_corpus("bundled:classroom/zh@all")
    assert set(chinese.extra["language"]) == {"zh"}
    assert [chinese.labels.count(label) for label in chinese.classes] == [18, 18]
    assert set(chinese.extra["topic"]) >= {"hotel", "book", "phone", "takeaway", "fruit", "clothes"}


def test_the_classroom_teaches_nothing_twice():
    everything = read_corpus("bundled:classroom/all@all")
    assert len(set(everything.texts)) == len(set(everything.ids)) == len(everything)
    assert everything.ids[0] != "1"  # its own ids, not row numbers


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everyday_reviews_come_in_pairs_of_one_split(language):
    corpus = read_corpus(f"bundled:everyday/{language}@all")
    pairs: dict[str, set] = {}
    for id, label, split in zip(corpus.ids, corpus.labels, corpus.extra["split"], strict=True):
        pairs.setdefault(id.rpartition("-")[0], set()).add((label, split))
    assert len(pairs) >= 100
    for pair in pairs.values():
        assert {label for label, _ in pair} == {"negative", "positive"}
        assert len({split for _, split in pair}) == 1
    assert len(set(corpus.texts)) == len(corpus)
    assert {split for pair in pairs.values() for _, split in pair} == {
        "train",
        "validation",
        "test",
    }


def test_the_everyday_reviews_hold_no_run_of_words_of_the_classroom():
    """So that who learns from the former may be measured by the latter."""

    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"[a-z']+", text.lower())
        return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}

    held = set().union(*map(runs, read_corpus("bundled:classroom/en@all").texts))
    for text in read_corpus("bundled:everyday/en@all").texts:
        assert not runs(text) & held
