import io

import numpy as np
import pandas as pd
import pytest

from pages.parts import labelled
from pages.parts.errors import filtering
from pages.parts.errors.scored import counted, heading
from tests.pages.seen import captions, hooks, predicted, tokens

GOOD = "text,label\nA fine film.,positive\nA dull film.,negative\nSo so.,negative\n"


def upload(app, content, name="mine.csv"):
    app.selectbox(key="source").set_value(labelled.UPLOAD).run()
    data = content.encode() if isinstance(content, str) else content
    return app.file_uploader(key="upload").upload(name, data).run()


def test_the_surest_wrong_answer_stands_first_and_is_shown(open_page):
    app = open_page("3_Errors")
    rows = app.dataframe(key="errors_table").value
    assert len(rows) == 88
    wrong = rows[rows["wrong"]]
    assert 0 < len(wrong) < 88
    assert rows.index[: len(wrong)].tolist() == wrong.index.tolist()
    assert wrong["confidence"].is_monotonic_decreasing
    assert app.subheader[0].value.replace("\\", "") == f"Document {rows.iloc[0]['id']}"
    assert predicted(app) == [rows.iloc[0]["predicted"]]
    assert hooks(app).count("word-heatmap") == 1


def test_the_numbers_are_those_of_the_table(open_page):
    app = open_page("3_Errors")
    rows = app.dataframe(key="errors_table").value
    tiles = {tile.label: tile.value for tile in app.metric}
    assert tiles["Documents"] == "88"
    assert tiles["Accuracy"] == f"{1 - rows['wrong'].mean():.1%}"


def test_a_cell_filters_and_the_chip_clears(open_page):
    app = open_page("3_Errors")
    app.session_state["cell"] = ("negative", "positive")
    app.run()
    rows = app.dataframe(key="errors_table").value
    assert set(zip(rows["true"], rows["predicted"], strict=True)) == {("negative", "positive")}
    assert "True negative, predicted positive" in app.button(key="clear_filter").label
    assert predicted(app) == ["positive"]
    app.button(key="clear_filter").click().run()
    assert len(app.dataframe(key="errors_table").value) == 88


def test_errors_only(open_page):
    app = open_page("3_Errors")
    app.toggle(key="only_wrong").set_value(True).run()
    assert app.dataframe(key="errors_table").value["wrong"].all()


def test_chinese_documents_can_be_scored(open_page):
    app = open_page("3_Errors")
    app.selectbox(key="source").set_value("bundled:classroom/zh@all").run()
    assert len(app.dataframe(key="errors_table").value) == 24


def test_an_upload_is_scored(open_page):
    app = upload(open_page("3_Errors"), GOOD)
    assert not app.error
    assert len(app.dataframe(key="errors_table").value) == 3
    assert tokens(app)


def test_an_upload_stays_while_other_pages_are_visited(open_page):
    app = upload(open_page("3_Errors"), GOOD)
    app.switch_page("pages/1_Explore.py").run()
    app.switch_page("pages/3_Errors.py").run()
    assert len(app.dataframe(key="errors_table").value) == 3


def test_columns_can_be_chosen(open_page):
    app = upload(open_page("3_Errors"), "Review,stars\nA fine film.,1\nA dull film.,0\n")
    assert app.selectbox(key="text_column").value == "Review"
    assert app.selectbox(key="label_column").value == "stars"
    assert app.dataframe(key="errors_table").value["true"].tolist().count("positive") == 1
    app.selectbox(key="text_column").set_value("stars").run()
    assert "two columns" in app.error[0].value


def test_parquet_is_read(open_page):
    data = io.BytesIO()
    pd.DataFrame({"text": ["A fine film.", "A dull film."], "label": [1, 0]}).to_parquet(data)
    app = upload(open_page("3_Errors"), data.getvalue(), "mine.parquet")
    assert len(app.dataframe(key="errors_table").value) == 2


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ("review\nfine\n", "one.csv", "two columns"),
        ("text,label\nfine,happy\n", "other.csv", "happy"),
        ("text,label\n,\n ,\n", "empty.csv", "no row"),
        (b"text,label\n\xff\xfe\xfa,positive\n", "latin.csv", "UTF"),
        ("", "nothing.csv", ""),
        ("{", "broken.jsonl", ""),
        (b"PAR1", "broken.parquet", ""),
    ],
    ids=lambda value: value if str(value).endswith(("csv", "jsonl", "parquet")) else "",
)
def test_an_upload_that_cannot_be_used_gets_one_sentence(open_page, content, name, says):
    app = upload(open_page("3_Errors"), content, name)
    assert not app.exception
    assert len(app.error) == 1
    assert says in app.error[0].value.replace("\\", "")
    app.selectbox(key="source").set_value("bundled:classroom@test").run()
    assert not app.error


def test_one_class_alone_is_enough(open_page):
    app = upload(open_page("3_Errors"), "text,label\nA fine film.,positive\nFine too.,positive\n")
    assert not app.error
    assert len(app.dataframe(key="errors_table").value) == 2


def test_rows_left_out_are_named(open_page):
    app = upload(open_page("3_Errors"), GOOD + ",positive\nNo label here.,\n")
    assert "without a text" in captions(app)
    assert "without a label" in captions(app)


def test_selected_cell():
    assert filtering.selected_cell([]) is None
    assert filtering.selected_cell([{"x": 1}]) is None
    assert filtering.selected_cell([{"customdata": ["a", "b"]}, {}]) == ("a", "b")


def test_chosen_row():
    assert filtering.chosen_row([], 3) == 0
    assert filtering.chosen_row([2], 3) == 2
    assert filtering.chosen_row([3], 3) == 0  # the filtered table is shorter
    assert filtering.chosen_row([], 0) is None


def test_for_display_cuts_rows_and_texts_and_brings_tags_forward():
    n = filtering.MOST_ROWS + 5
    rows = pd.DataFrame(
        {"id": map(str, range(n)), "topic": "film", "tags": "plain", "text": "x" * 1_000}
    )
    shown = filtering.for_display(rows)
    assert list(shown) == ["id", "tags", "text", "topic"]
    assert len(shown) == filtering.MOST_ROWS
    assert shown["text"].str.len().max() == filtering.LONGEST_CELL
    assert rows["text"].str.len().min() == 1_000


def test_counted():
    assert counted(88, 88) == "88 documents"
    assert counted(5, 88) == "5 of 88 documents"
    assert counted(1_001, 2_000) == "1,001 of 2,000 documents; the first 1,000 are shown"


def test_heading_names_classes_and_tags_and_runs_no_markup():
    row = pd.Series({"true": "a*b", "predicted": "c", "wrong": np.True_, "tags": "mixed, :red[x]"})
    assert heading(row) == (
        r"True **a\*b**, predicted :red[**c**] :gray-badge[mixed] :gray-badge[\:red\[x\]]"
    )


def test_guessed_column():
    columns = ("Review", " Text ", "Label")
    assert labelled.guessed_column(columns, "text", 0) == " Text "
    assert labelled.guessed_column(columns, "label", 1) == "Label"
    assert labelled.guessed_column(("a", "b"), "text", 0) == "a"
    assert labelled.guessed_column(("a",), "label", 1) == "a"


def test_the_key_of_an_upload_tells_contents_and_columns_apart():
    given = [(b"a", "x", "y"), (b"a", "y", "x"), (b"b", "x", "y")]
    assert len({labelled.corpus_key(*one) for one in given}) == 3


def test_evidence_over_the_data_set_is_measured_on_request(open_page):
    app = open_page("3_Errors")
    before = len(app.get("plotly_chart"))
    app.selectbox(key="evidence_documents").set_value(20).run()
    assert len(app.get("plotly_chart")) == before
    app.button(key="measure_dataset").click().run()
    assert not app.error
    assert len(app.get("plotly_chart")) == before + 5
    assert "20 documents; points are means" in captions(app)
