"""Hostile files end their reader, never the process that asked for them."""

import io
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from han_core.data import sandbox
from han_core.data.sandbox import GIB, Limits, read_file, read_upload
from han_core.data.stream import Stream
from han_core.runtime.errors import UserError


def refusal(read, *arguments):
    with pytest.raises(UserError) as caught:
        read(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def bomb(characters):
    """A small Parquet file in which a thousand rows share one text of this length."""
    rows = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), ["a" * characters])
    out = io.BytesIO()
    pq.write_table(pa.table({"text": rows}), out, store_schema=False, compression="zstd")
    return out.getvalue()


def test_an_upload_comes_back_as_it_was():
    table = read_upload('text,label\n"NA\n007",är\0\n'.encode(), "../rév\n.csv")
    assert table.name == "rév\ufffd.csv"
    assert table.data == {"text": ("NA\n007",), "label": ("är\0",)}


def test_a_small_file_that_unpacks_to_gigabytes_is_refused():
    data = bomb(2_000_000)
    assert len(data) < 10_000
    assert refusal(read_upload, data, "x.parquet", Limits(memory=GIB // 4)) == (
        "x.parquet needs more than 0.25 GiB of memory to read."
    )


def test_an_answer_too_large_to_hand_over_is_refused():
    said = refusal(read_upload, bomb(100_000), "x.parquet", Limits(table=GIB // 16))
    assert said == "x.parquet unpacks to more than 0.0625 GiB, which is not read."


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_file_larger_than_the_memory_allowed_is_read_row_by_row(kind, tmp_path):
    rows, text = 40_000, "a b c d " * 400
    path = tmp_path / f"x.{kind}"
    if kind == "parquet":
        columns = {"text": [f"{n} {text}" for n in range(rows)], "label": ["x"] * rows}
        pq.write_table(pa.table(columns), path, compression="none", use_dictionary=False)
    else:
        line = "%s,x\n" if kind == "csv" else '{"text": "%s", "label": "x"}\n'
        with path.open("w") as file:
            file.write("text,label\n" if kind == "csv" else "")
            file.writelines(line % f"{n} {text}" for n in range(rows))
    assert path.stat().st_size > GIB // 9
    table = read_file(str(path), Limits(memory=GIB // 10))
    assert (table.rows, set(table.column("label"))) == (rows, {"x"})
    assert table.column("text")[rows - 1] == f"{rows - 1} {text}"


def test_a_full_disk_is_a_sentence(monkeypatch):
    stream = Stream("x.csv", ("text",), iter([]))
    assert refusal(stream.write, Path("/dev/full"), GIB).startswith("x.csv cannot be unpacked: ")


def test_a_file_that_keeps_the_processor_busy_is_given_up():
    data = b'{"text": [1, 2, 3, 4, 5, 6, 7, 8]}\n' * 500_000
    said = refusal(read_upload, data, "x.jsonl", Limits(processor_seconds=1))
    assert said == "x.jsonl took more than 1 seconds of processor time."


def test_a_file_that_takes_too_long_is_given_up():
    said = refusal(read_upload, b"text\na\n", "x.csv", Limits(wall_seconds=0.01))
    assert said == "x.csv took longer than 0.01 seconds to read and was given up."


def test_a_crash_of_the_reader_becomes_a_sentence(monkeypatch):
    def crash(*_, **__):
        raise sandbox.NoAnswer(-11)

    monkeypatch.setattr(sandbox, "run_in_child", crash)
    assert "made its reader stop" in refusal(read_upload, b"text\na\n", "x.csv")


def test_refusals_of_the_reader_come_through():
    data = b'{"text":' + b"[" * 20_000
    assert (
        refusal(read_upload, data, "x.jsonl")
        == "Line 1 of x.jsonl is nested too deeply to be read."
    )


def test_the_ending_is_checked_before_a_process_is_started(monkeypatch):
    monkeypatch.setattr(sandbox, "run_in_child", None)
    assert "should end in" in refusal(read_upload, b"", "x.exe")


def test_files_that_are_not_there(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    assert "is a folder" in refusal(read_file, str(tmp_path / "folder.csv"))
    assert "There is no file" in refusal(read_file, str(tmp_path / "no.csv"))
    assert "There is no file" in refusal(read_file, "a\0.csv")


def test_a_file_is_read_from_any_folder_without_importing_what_lies_there(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    (tmp_path / "x@1.csv").write_text("text\nfine\n")
    monkeypatch.chdir(tmp_path)
    assert read_file("x@1.csv").data == {"text": ("fine",)}


def test_the_reader_imports_nothing_heavy():
    heavy = {"pandas", "torch", "spacy", "plotly", "sklearn"}
    script = f"import sys, {sandbox.__name__}; print({heavy} & set(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=sandbox.ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"
