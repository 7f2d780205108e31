"""Readers of time series: every format gives the same numbers, and what is wrong a sentence."""

import io
import json
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.data.sandbox import Limits
from han_core.data.series import SeriesSet, class_names, read_series, series_of
from han_core.data.series_files import read_file
from han_core.runtime.errors import UserError

TS = "# univariate\n@classLabel true up down\n@data\n1,2,3:4,5,6:up\n3,2:1,0:down\n"
ARFF_ROWS = (
    "@relation r\n@attribute a1 real\n@attribute a2 real\n@attribute c {u,d}\n@data\n1,2,u\n?,4,d\n"
)
ARFF_RELATIONAL = (
    "@relation r\n@attribute r relational\n @attribute t1 numeric\n @attribute t2 numeric\n@end r\n"
    "@attribute c {u,d}\n@data\n'1,2\\n3,4',u\n\"5,6\\n7,8\",d\n"
)
LONG = "series,time,a,b,label\nx,2,3,30,up\nx,1,2,20,up\ny,1,5,50,down\nx,3,4,40,up\n"
WIDE = "t1,t2,t3,y\n1,2,3,u\n4,5,,d\n"
WIDE_CHANNELS = "id,a_1,a_2,b_1,b_2,target\nfirst,1,2,10,20,.5\nsecond,3,4,30,40,1.5\n"


def read(tmp_path, name, content, target=None, labelled=True):
    """The series of a file, read in this process as the child does."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    request = {"path": str(path), "filename": name, "target": target, "labelled": labelled}
    return series_of(read_file(request), name)


def lists(series: SeriesSet):
    """Channels × steps of each series."""
    return [one.T.tolist() for one in series.values]


def test_ts(tmp_path):
    series = read(tmp_path, "a.ts", TS)
    assert lists(series) == [[[1, 2, 3], [4, 5, 6]], [[3, 2], [1, 0]]]
    assert series.targets == ("up", "down")


def test_arff(tmp_path):
    series = read(tmp_path, "a.arff", ARFF_ROWS)
    assert lists(series) == [[[1, 2]], [[4, 4]]]
    assert series.targets == ("u", "d")
    assert series.notes == ("1 missing value filled by a line between the values around.",)
    assert lists(read(tmp_path, "b.arff", ARFF_RELATIONAL)) == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def test_npz(tmp_path):
    x = np.array([[[1.0, 2, np.nan]], [[3, np.nan, 5]]])
    series = read(tmp_path, "a.npz", npz(X=x, y=np.array(["a", "b"])))
    assert lists(series) == [[[1, 2]], [[3, 4, 5]]]  # the end is no gap, the middle is
    parts = read(tmp_path, "b.npz", npz(X_train=x, y_train=[0, 1], X_test=x[:1], y_test=[1]))
    assert parts.splits == ("train", "train", "test")
    assert parts.targets == ("0", "1", "1")


def test_parquet_with_lists(tmp_path):
    nested = pa.table(
        {"label": ["a", "b"], "x": [[[1.0, 2.0]], [[3.0]]], "split": ["train", "test"]}
    )
    pq.write_table(nested, tmp_path / "n.parquet")
    series = read(tmp_path, "n.parquet", (tmp_path / "n.parquet").read_bytes())
    assert (lists(series), series.splits) == ([[[1, 2]], [[3]]], ("train", "test"))
    columns = pa.table({"speed": [[1, 2]], "height": [[3, 4]], "y": [0.5]})
    pq.write_table(columns, tmp_path / "c.parquet")
    series = read(tmp_path, "c.parquet", (tmp_path / "c.parquet").read_bytes())
    assert (series.channels, lists(series)) == (("speed", "height"), [[[1, 2], [3, 4]]])
    assert series.numbers().tolist() == [0.5]


def test_long_csv_is_sorted_by_time(tmp_path):
    series = read(tmp_path, "a.csv", LONG)
    assert (series.channels, series.ids) == (("a", "b"), ("x", "y"))
    assert lists(series) == [[[2, 3, 4], [20, 30, 40]], [[5], [50]]]  # one step is a series, too
    assert series.notes == ("Steps that were out of order were sorted by time.",)


def test_wide_csv(tmp_path):
    assert lists(read(tmp_path, "a.csv", WIDE)) == [[[1, 2, 3]], [[4, 5]]]
    series = read(tmp_path, "b.csv", WIDE_CHANNELS)
    assert (series.channels, series.ids) == (("a", "b"), ("first", "second"))
    assert lists(series)[1] == [[3, 4], [30, 40]]


def test_json_lines_need_no_target_where_none_is_asked_for(tmp_path):
    line = json.dumps({"id": "s", "x": [[1, None, 3]]})
    series = read(tmp_path, "a.jsonl", line, labelled=False)
    assert (lists(series), series.ids, series.targets) == ([[[1, 2, 3]]], ("s",), ())


def damaged_npz():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive, archive.open("X.npy", "w") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10, 10)}
        np.lib.format.write_array_header_1_0(file, header)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "fragment"),
    [
        ("a.ts", "1,2,3\n", "before @data"),
        ("a.ts", "@classLabel true a\n@data\n1,x,3:a\n", '"x" where a number'),
        ("a.ts", "@classLabel true a\n@data\n1,2:3:a\n", "equally long"),
        ("a.ts", "@classLabel true a\n@data\n1,2:1,2:a\n1,2:a\n", "1 channel; 2 were expected"),
        ("a.ts", "@timestamps true\n", "time stamps"),
        ("a.ts", "@classLabel true a\n@data\n", "no series"),
        ("a.ts", "@classLabel true a\n@data\n?,?:a\n", "no value in channel"),
        ("a.ts", "@classLabel true a\n@data\n1,1e39:a\n", "far too large"),
        ("a.arff", "@attribute a real\n@attribute c {u}\n@data\n{0 1}\n", "sparse"),
        (
            "a.arff",
            "@attribute a real\n@attribute c {u}\n@data\n1,2,u\n",
            "attributes are declared",
        ),
        ("a.csv", "series,time,a,label\nx,1,1,u\nx,1,2,u\n", "same time"),
        ("a.csv", "series,time,a,label\nx,1,1,u\nx,2,2,d\n", "several values"),
        ("a.csv", "t1,t2\n1,2\n", "no target"),
        ("a.csv", "t1,label\nword,u\n", '"word" where a number'),
        ("a.jsonl", '{"x": [[true]], "label": "u"}', "where a number"),
        ("a.jsonl", '{"x": 3}', "no list of values"),
        ("a.parquet", b"PAR1nonsensePAR1", "damaged"),
        ("a.npz", b"PK\x03\x04nonsense", "damaged"),
        ("a.npz", damaged_npz(), "damaged"),
        ("a.npz", npz(Z=np.zeros(3)), "X (series, channels, steps)"),
        ("a.npz", npz(X=np.zeros((2, 1, 3)), y=np.zeros(3)), "one for each of 2 series"),
        ("a.npz", npz(X=np.array([{}, None], object)), "Python objects"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path, name, content, fragment):
    with pytest.raises(UserError) as caught:
        read(tmp_path, name, content)
    assert fragment in str(caught.value)


def test_a_file_is_read_by_the_confined_child(tmp_path):
    (tmp_path / "a.ts").write_text(TS)
    assert lists(read_series(tmp_path / "a.ts")) == [[[1, 2, 3], [4, 5, 6]], [[3, 2], [1, 0]]]
    with pytest.raises(UserError, match="There is no file"):
        read_series(tmp_path / "b.ts")
    with pytest.raises(UserError, match="should end in"):
        read_series(tmp_path / "a.exe")
    (tmp_path / "a.csv").write_text(WIDE)
    with pytest.raises(UserError, match='no column "z"'):
        read_series(tmp_path / "a.csv", "z")


def test_a_large_file_ends_at_its_limits(tmp_path):
    with (tmp_path / "a.npz").open("wb") as file:
        np.savez_compressed(file, X=np.zeros((200, 100, 2000)), y=np.zeros(200))
    with pytest.raises(UserError):
        read_series(tmp_path / "a.npz", limits=Limits(memory=2**28))


def test_class_names():
    assert class_names(["10", "9", "10"], "f") == ("9", "10")
    assert class_names(["b", "a"], "f") == ("a", "b")
    with pytest.raises(UserError, match="at least two classes"):
        class_names(["a", "a"], "f")
    with pytest.raises(UserError, match="regression"):
        class_names([str(n / 7) for n in range(30)], "f")


@given(st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=5), min_size=1))
def test_wide_tables_come_back_as_they_were(rows):
    longest = max(map(len, rows))
    from han_core.data.series_tables import rows_of_cells

    padded = [[*map(repr, row), *[""] * (longest - len(row))] for row in rows]
    cells = {f"t{n}": [row[n] for row in padded] for n in range(longest)}
    found, _ = rows_of_cells({**cells, "label": ["a"] * len(rows)}, "f", None)
    assert [row.values[0] for row in found] == rows


def test_a_wide_table_with_several_targets(tmp_path):
    """Spectra with three contents of the meat: one is the target, no other becomes a step."""
    content = "V1,V2,V3,fat,water\n1,2,3,9,70\n4,5,6,8,60\n"
    series = read(tmp_path, "meat.csv", content, "fat")
    assert lists(series) == [[[1, 2, 3]], [[4, 5, 6]]]
    assert (series.targets, series.single) == (("9", "8"), ("fat", "water"))
    assert 'left out: "water"' in series.notes[0]
    assert read(tmp_path, "meat.csv", content, labelled=False).targets == ()
    months = read(tmp_path, "months.csv", "jan,feb,mar,q1,y\n1,2,3,4,up\n")
    assert lists(months) == [[[1, 2, 3, 4]]]  # few columns are numbered, so all are steps


def test_a_long_table_with_several_targets(tmp_path):
    content = (
        "series,time,a,place,weight,label\nx,1,2,lab,5,up\nx,2,3,lab,5,up\n"
        "y,1,4,home,6,down\ny,2,2,home,6,down\n"
    )
    series = read(tmp_path, "long.csv", content, "weight")
    assert series.targets == ("5", "6")
    assert series.single == ("place", "weight", "label")
    assert series.channels == ("a",)  # words are no channel
    numbers = read(tmp_path, "long.csv", content)
    assert (numbers.targets, numbers.channels) == (("up", "down"), ("a", "weight"))


def test_lists_with_several_targets(tmp_path):
    line = json.dumps({"id": "i", "x": [1, 2], "kind": "k", "height": 1.5, "split": "test"})
    series = read(tmp_path, "a.jsonl", line, "height")
    assert (series.targets, series.single) == (("1.5",), ("kind", "height"))
