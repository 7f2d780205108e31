"""Treebanks become texts with borders again, and splitters are compared by hand."""

import sys

import pytest

from benchmarks.sentence_borders import GoldDocument, main, read_documents, score


def sentence(words: str, *comments: str) -> list[str]:
    """CoNLL-U lines of words; "_" at the end of one stands for no space after it."""
    lines = [f"# {comment}" for comment in (*comments, "sent_id = 1")]
    for number, word in enumerate(words.split(), start=1):
        misc = "SpaceAfter=No" if word.endswith("_") else "_"
        lines.append("\t".join([str(number), word.removesuffix("_"), *"_" * 7, misc]))
    return [*lines, ""]


TREEBANK = [
    *sentence("It was fine_ .", "newdoc id = 1", "newpar"),
    *sentence("( Really_ .", "newdoc_title = none"),
    *sentence("A paragraph", "newpar id = 2"),
    *sentence("Another document", "newdoc id = 2"),
]


def test_documents_and_paragraphs_are_those_of_the_treebank():
    first, second = read_documents(TREEBANK)
    assert first.text == "It was fine. ( Really.\n\nA paragraph"
    assert [first.text[at:] for at in first.starts] == ["( Really.\n\nA paragraph", "A paragraph"]
    assert second == GoldDocument("Another document", ())


def test_words_that_are_written_together_stand_once():
    line = "\t".join(["1-2", "zum", *"_" * 7, "SpaceAfter=No"])
    empty = "\t".join(["2.1", "nichts", *"_" * 8])
    lines = sentence("zu dem Haus")
    (document,) = read_documents([lines[0], line, *lines[1:3], empty, *lines[3:]])
    assert document.text == "zumHaus"


def test_a_treebank_without_documents_is_read_in_tens():
    documents = list(read_documents(sentence("Word .") * 25))
    assert [len(document.starts) for document in documents] == [9, 9, 4]
    assert documents[0].text == " ".join(["Word ."] * 10)


def test_scores_by_hand():
    gold = [GoldDocument("", (3, 6, 9)), GoldDocument("", (2,))]
    answers = iter([[3, 6, 7], [2, 5]])
    f1, precision, recall = score(lambda text: next(answers), gold)
    assert (precision, recall) == (pytest.approx(60), pytest.approx(75))
    assert f1 == pytest.approx(2 * 60 * 75 / (60 + 75))


def test_the_table_has_a_row_for_each_treebank(tmp_path, monkeypatch, capsys):
    path = tmp_path / "en_mine-ud-test.conllu"
    path.write_text("\n".join(TREEBANK), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["sentence_borders", str(path)])
    main()
    row = capsys.readouterr().out.splitlines()[-1].strip("| ").split(" | ")
    assert row[:4] == ["en_mine", "2", "50.0", "100.0"]  # the first version misses the bracket


def test_a_file_that_is_no_treebank_is_one_sentence(tmp_path, monkeypatch, capsys):
    path = tmp_path / "en.conllu"
    path.write_text("1\tword", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["sentence_borders", str(path)])
    with pytest.raises(SystemExit):
        main()
    assert "A CoNLL-U file is expected" in capsys.readouterr().err
