"""Lists as cells, missing labels and first rows that are data, by hand."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from han_core.data.corpus import corpus_from_table, read_corpus
from han_core.data.readers import read_table
from han_core.data.table import Table
from han_core.data.text_files import headerless, read_pasted_file
from han_core.runtime.errors import UserError
from han_core.text.tokenizer import Tokenizer

SENTENCES = [["It was dull. Very", "so we left"], ["Superb!"], ["We laughed", "and cried"]]
WORDS = [[["It", "was", "dull"], ["we", "left"]], [["Superb", "!"]]]


def json_lines(cells, column="text", **others):
    rows = ({column: cell, **{name: str(n) for name in others}} for n, cell in enumerate(cells))
    return "\n".join(map(json.dumps, rows)).encode()


def parquet(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def sentences_of(text, language="en"):
    document = Tokenizer(language)(text)
    return [document.text[sentence.start : sentence.end] for sentence in document.sentences]


def words_of(text):
    return list(Tokenizer("en")(text).token_texts())


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (json_lines(SENTENCES), "x.jsonl"),
        (json.dumps([{"text": cell} for cell in SENTENCES]).encode(), "x.json"),
        (parquet(text=SENTENCES), "x.parquet"),
        (b"text\n" + b"".join(b'"%s"\n' % json.dumps(cell).replace('"', '""').encode()
                              for cell in SENTENCES), "json.csv"),
        (("text\n" + "".join(f'"{cell}"\n' for cell in SENTENCES)).encode(), "python.csv"),
    ],
)  # fmt: skip
def test_lists_of_sentences_stay_sentences(data, name):
    corpus = corpus_from_table(read_table(data, name), label_column=None)
    assert list(map(sentences_of, corpus.texts)) == SENTENCES
    assert corpus.notes == (
        'The column "text" holds lists of sentences; they are read as these sentences.',
    )
    pasted = read_pasted_file(data, name)
    assert [document.text for document in pasted.documents] == list(corpus.texts)
    assert corpus.notes[0] in pasted.notes


@pytest.mark.parametrize("data", [json_lines(WORDS), parquet(text=WORDS)])
def test_lists_of_words_in_sentences_are_those_words(data):
    name = "x.parquet" if data.startswith(b"PAR1") else "x.jsonl"
    corpus = corpus_from_table(read_table(data, name), label_column=None)
    assert [words_of(text) for text in corpus.texts] == [
        ["It", "was", "dull", "we", "left"],
        ["Superb", "!"],
    ]
    assert sentences_of(corpus.texts[0]) == ["It was dull", "we left"]
    assert "lists of words; they are read as these words and sentences" in corpus.notes[0]


def test_words_in_one_list_end_their_sentences_at_full_stops():
    cells = [["Don't", "go", ".", "Stay", "awhile"], ["Fine"]]
    corpus = corpus_from_table(read_table(json_lines(cells), "x.jsonl"), label_column=None)
    assert sentences_of(corpus.texts[0]) == ["Don't go .", "Stay awhile"]
    assert words_of(corpus.texts[0])[0] == "Don't"
    assert "full stops among them end sentences" in corpus.notes[0]


def test_chinese_lists_are_told_apart_by_the_length_of_their_pieces():
    table = read_table(json_lines([["房间又小又暗。", "服务员很好！"]]), "x.jsonl")
    text = corpus_from_table(table, label_column=None).texts[0]
    assert sentences_of(text, "zh") == ["房间又小又暗。", "服务员很好！"]


def test_lists_elsewhere_are_words_as_before_and_brackets_in_texts_stay():
    table = read_table(json_lines(["[sic] fine", "[1] dull"], tags=1), "x.jsonl")
    assert corpus_from_table(table, label_column=None).texts == ("[sic] fine", "[1] dull")
    data = b'{"text": "fine", "tags": ["a", "b"]}\n'
    corpus = corpus_from_table(read_table(data, "x.jsonl"), label_column=None)
    assert corpus.extra == {"tags": ("a, b",)}


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([["bad"], ["bad", "funny"]], 'Row 2 of x.jsonl has a list in its column "label" with 2'),
        ([[1, 0], [0, 1]], "1, 0, which is one-hot; one label a document was expected"),
        (["['a', 'b']", "['a']"], "with 2 labels, a, b"),
    ],
)
def test_several_labels_are_refused(labels, says):
    rows = [{"text": f"t {n}", "label": label} for n, label in enumerate(labels)]
    table = read_table("\n".join(map(json.dumps, rows)).encode(), "x.jsonl")
    with pytest.raises(UserError, match=r"Write the name|Keep one") as caught:
        corpus_from_table(table)
    assert says in str(caught.value)


def test_a_list_of_one_label_is_that_label_and_an_empty_one_is_none():
    rows = [
        {"text": "a", "label": ["bad "]},
        {"text": "b", "label": []},
        {"text": "c", "label": [1]},
    ]
    corpus = corpus_from_table(read_table("\n".join(map(json.dumps, rows)).encode(), "x.jsonl"))
    assert (corpus.labels, corpus.without_label) == (("bad", "1"), 1)


@pytest.mark.parametrize("word", ["nan", "NA", "null", "None", "<NA>", "n/a"])
def test_a_word_for_a_missing_label_is_a_class_with_a_warning(word):
    table = Table("x.csv", {"text": ("a", "b", "c"), "label": ("1", word, word)})
    corpus = corpus_from_table(table)
    assert corpus.classes == tuple(sorted(["1", word]))
    assert corpus.notes[0].startswith(f'2 rows with the label "{word}"')
    assert corpus_from_table(Table("x", {"text": ("a",), "label": ("banana",)})).notes == ()


def test_a_file_without_a_header_is_hinted_at_and_can_be_read(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('1,A title,"The meal was dull, and I said so loudly."\n2,B,Fine.\n')
    with pytest.raises(UserError, match=r"first row of x\.csv looks like data.*--no-header"):
        read_corpus(str(path))
    spec = headerless(str(path))
    corpus = read_corpus(spec, text_column="column 3", label_column="column 1")
    assert corpus.texts == ("The meal was dull, and I said so loudly.", "Fine.")
    assert (corpus.labels, corpus.extra) == (("1", "2"), {"column 2": ("A title", "B")})
    assert (corpus.name, corpus.notes) == ("x.csv", ())
    assert headerless(f"messages:{path}") == f"messages:headerless:{path}"
    assert headerless("hf:x") == "hf:x"
    assert headerless("0.2") == "0.2"


@pytest.mark.parametrize("header", ["text,label", ",text,label", "id,stars,2020", "a,b"])
def test_ordinary_headers_are_no_data(header):
    table = read_table(f"{header}\n{'x,' * header.count(',')}y\n".encode(), "x.csv")
    corpus = corpus_from_table(table, table.columns[-1], None)
    assert not any("first row" in note for note in corpus.notes)
