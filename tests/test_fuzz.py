"""Two thousand hostile inputs, and that the fuzzer notices what must not happen."""

import re
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from han_core.runtime.errors import UserError
from tests.fuzz.mutations import mutate_files
from tests.fuzz.runner import Kind, fuzz

ROOT = Path(__file__).parents[1]


@pytest.mark.long
def test_two_thousand_hostile_inputs_end_in_a_result_or_a_sentence(tmp_path):
    command = [sys.executable, "-m", "tests.fuzz", "--inputs", "2000", "--out", str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stdout + run.stderr[-3_000:]
    last = re.search(r"^all +([\d,]+) +([\d,]+) +0 +0$", run.stdout, re.MULTILINE)
    results, refusals = (int(number.replace(",", "")) for number in last.groups())
    assert results + refusals == 2_000
    assert results > 200
    assert list(tmp_path.iterdir()) == []


def _trouble(error):
    def read(folder, draw):
        raise error

    return read


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (KeyError("x"), "tracebacks"),
        (UserError("A file was expected."), "refusals"),
        (UserError(""), "tracebacks"),
        (UserError("There is no /tmp/x/y."), "tracebacks"),
    ],
)
def test_outcomes(tmp_path, monkeypatch, error, outcome):
    monkeypatch.setattr("tempfile.tempdir", "/tmp")
    report = fuzz([Kind("odd", [{"a.txt": b"whole"}], _trouble(error))], range(3), 1, tmp_path)
    assert getattr(report, outcome)["odd"] == 3
    assert len(report.failed) == (3 if outcome == "tracebacks" else 0)


def test_a_failed_input_is_kept_and_can_be_run_again_alone(tmp_path):
    kinds = [Kind("odd", [{"a.txt": b"whole"}], _trouble(KeyError("x")))]
    (first, *_) = fuzz(kinds, [7, 8], 1, tmp_path / "first").failed
    (again,) = fuzz(kinds, [7], 1, tmp_path / "again").failed
    assert first.name == again.name == "1-7-odd"
    assert (first / "a.txt").read_bytes() == (again / "a.txt").read_bytes()
    assert "KeyError" in (again / "traceback.txt").read_text()


def test_a_hang_ends_and_is_counted(tmp_path):
    kind = Kind("slow", [{"a.txt": b"whole"}], lambda folder, draw: time.sleep(60))
    report = fuzz([kind], [0], 1, tmp_path, seconds=0.1)
    assert report.hangs["slow"] == 1
    assert report.slowest[0] < 30


def test_the_seed_decides_what_an_input_is():
    whole = [{"a.json": b'{"text": ["one", 2]}', "b.csv": b"text,label\na,b\n"}]
    inputs = [mutate_files(Random(seed), whole) for seed in range(50)]
    assert inputs == [mutate_files(Random(seed), whole) for seed in range(50)]
    assert len({repr(files) for files in inputs}) > 40
