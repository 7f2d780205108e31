"""The report of a GPU: complete from a small run on the CPU, whatever fails on the way."""

import json
import sys

import pytest

from benchmarks import on_gpu
from benchmarks.model_speed import KINDS, PRECISIONS, QUICK_KINDS
from benchmarks.on_gpu import Step, markdown, read_tests, run_step, steps


def test_without_cuda_it_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr(sys, "argv", ["on_gpu", "--out", str(tmp_path / "out")])
    assert on_gpu.main() == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("There is no device cuda here")
    assert errors.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """The folder that a quick run on the CPU has written."""
    folder = tmp_path_factory.mktemp("on_gpu")
    with pytest.MonkeyPatch.context() as patch:
        arguments = ["on_gpu", "--out", str(folder), "--device", "cpu", "--quick"]
        patch.setattr(sys, "argv", arguments)
        assert on_gpu.main() == 0
    return folder


@pytest.mark.long
def test_a_quick_run_measures_every_step(out):
    report = json.loads((out / "on_gpu.json").read_text())
    assert [step["state"] for step in report["steps"]] == ["done"] * 3
    assert report["device"] == "cpu"
    assert sum(step["seconds"] for step in report["steps"]) <= report["seconds"] + 0.2
    assert report["tests"]["failed"] == report["tests"]["skipped"] == 0
    assert report["tests"]["passed"] > 20
    assert report["bench"]["device"] == "cpu"
    assert report["bench"]["han_train_vs_textbook"] > 0


@pytest.mark.long
def test_a_quick_run_measures_models_in_every_precision_of_the_device(out):
    report = json.loads((out / "on_gpu.json").read_text())
    lines = {
        (f"{line['model']}-{line['attention']}", line["mixed_precision"]): line
        for line in report["models"]
    }
    assert set(lines) == {(kind, precision) for kind in QUICK_KINDS for precision in PRECISIONS}
    for (_, precision), line in lines.items():
        if precision == "fp16":
            assert line["state"] == "left out"
            assert "fp16 needs a CUDA GPU" in line["reason"]
            continue
        assert line["train_peak_mb"] is line["predict_peak_mb"] is None
        for work in ("train", "predict"):
            rate, baseline = (
                line[f"{name}{work}_documents_per_second"] for name in ("", "textbook_")
            )
            assert line[f"{work}_vs_textbook"] == pytest.approx(rate / baseline, abs=0.02, rel=0.01)


@pytest.mark.long
def test_the_table_holds_what_the_file_holds(out):
    report = json.loads((out / "on_gpu.json").read_text())
    table = (out / "on_gpu.md").read_text()
    assert table == markdown(report)
    for line in report["models"]:
        assert f"| {line['model']} | {line['attention']} | {line['mixed_precision']} |" in table
    assert f"| han_train_vs_textbook | {report['bench']['han_train_vs_textbook']} |" in table


def test_on_a_gpu_every_model_is_a_step_and_bench_is_whole(tmp_path):
    found = {step.name: step for step in steps("cuda:0", False, tmp_path)}
    models = [f"models: {kind}" for kind in KINDS]
    assert [kind.split("-")[0] for kind in KINDS[:3]] == ["han", "bilstm", "transformer"]
    assert list(found) == [
        "tests", *models[:3], "bench", "training, step by step", *models[3:]
    ]  # fmt: skip
    assert sum(found[name].limit for name in list(found)[:5]) <= on_gpu.BUDGET  # never left out
    assert found["tests"].command[-1] == "tests"
    whole = found["training, step by step"]
    assert "--whole" in whole.command
    printed = '{"device": "cuda:0", "han_train_vs_textbook": 20.5, "whole_han_gain": 2.4}\n'
    assert whole.read(printed) == {"whole": {"whole_han_gain": 2.4}}
    texts = [json.loads(line) for line in (tmp_path / "documents.jsonl").open()]
    for line in texts[:50]:  # the word that tells the class stands in it, the other one does not
        words = line["text"].replace(".", "").split()
        assert ("word0" in words, "word1" in words) == (
            line["label"] == "negative", line["label"] == "positive"
        )  # fmt: skip


@pytest.fixture
def ran(tmp_path):
    """``ran(code, limit, left)``: the entry of a step that runs this Python, and the report."""

    def run(code: str, limit: float = 60, left: float = 60) -> tuple[dict, dict]:
        report = {"steps": [], "models": []}
        step = Step("one", [sys.executable, "-c", code], limit,
                    lambda output: {"models": on_gpu._json_lines(output)})  # fmt: skip
        run_step(step, left, report, tmp_path)
        return report["steps"][0], report

    return run


def test_a_step_that_fails_says_its_last_line(ran):
    entry, report = ran('print("{}"); raise SystemExit("No memory.")')
    assert entry["state"] == "failed"
    assert entry["reason"] == "Exit status 1. No memory."
    assert report["models"] == [{}]


@pytest.mark.long
def test_a_step_that_takes_too_long_keeps_what_it_printed(ran):
    code = 'import time; print("{}", flush=True); print("{", end="", flush=True); time.sleep(600)'
    entry, report = ran(code, limit=5)
    assert entry["state"] == "failed"
    assert "more than 5 seconds" in entry["reason"]
    assert 5 <= entry["seconds"] < 300
    assert report["models"] == [{}]


def test_a_step_without_time_is_left_out(ran):
    entry, _ = ran("raise SystemExit(1)", left=2.4)
    assert (entry["state"], entry["reason"]) == ("left out", "2 seconds were left.")
    assert entry["seconds"] == 0


def test_counts_are_those_of_the_junit_file(tmp_path):
    (file := tmp_path / "tests.xml").write_text(
        '<testsuites><testsuite tests="6" failures="1" errors="1" skipped="2">'
        '<testcase classname="a" name="b"><failure/></testcase>'
        '<testcase classname="a" name="c"><error/></testcase>'
        '<testcase classname="a" name="d"/></testsuite></testsuites>'
    )
    assert read_tests(file) == {"passed": 2, "failed": 2, "skipped": 2,
                                "failures": ["a::b", "a::c"]}  # fmt: skip
