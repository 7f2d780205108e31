"""The command line as DESIGN describes it: results, one line for wrong input, exit status."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from han_core.__main__ import main
from han_core.cli import explain as explain_command
from han_core.cli import models
from han_core.cli.common import epoch_bar
from han_core.data.labels import align_labels
from han_core.explanation.explain import explain
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import metrics, predict
from tests.reference import check_contract

METRICS = {"accuracy", "macro_f1", "loss"}
CPU = ["--device", "cpu"]  # where figures come out the same every time
SMALL = [*CPU, "--set", "hidden=4", "--set", "embedding=8", "--epochs", "1"]


def write_lines(path: Path, lines) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


@pytest.mark.long
def test_train_then_evaluate(run_command, tmp_path, reviews):
    out = tmp_path / "out"
    status, (summary,), errors = run_command(
        "train", "--model", "bilstm", "--data", reviews, "--test", reviews, "--out", out,
        "--limit", "30", "--seed", "3", *SMALL,
    )  # fmt: skip
    assert status == 0
    assert list(summary) == [
        "checkpoint", "epochs", "seconds", "train_documents_per_second", "validation", "test",
        "parameters", "processes",
    ]  # fmt: skip
    assert (summary["checkpoint"], summary["epochs"], summary["processes"]) == (str(out), 1, 1)
    assert summary["test"].keys() == summary["validation"].keys() == METRICS
    assert any("Epoch 1" in line and "doc/s" in line for line in errors)
    stored = json.loads((out / "metrics.json").read_text())
    assert stored["documents"] == {"train": 30, "validation": 6, "test": 60}
    assert stored["seed"] == 3
    assert stored["reproduce"].startswith("python -m han_core train --model bilstm --data ")

    status, (found,), _ = run_command("evaluate", *CPU, "--checkpoint", out, "--data", reviews)
    assert status == 0
    assert list(found) == ["n", "accuracy", "macro_f1", "loss", "documents_per_second"]
    assert found["n"] == 60
    assert {name: found[name] for name in METRICS} == pytest.approx(summary["test"])
    assert found["documents_per_second"] > 0


@pytest.mark.long
def test_teachers_label_and_groups_stay_whole(run_command, tmp_path, reviews):
    """The student and its teacher, by the same seed of the division, hold the same out."""
    common = ["train", "--model", "bilstm", "--data", reviews, "--group-column", "id/10",
              "--split-seed", "5", "--validation", "0.34", *SMALL]  # fmt: skip
    assert run_command(*common, "--out", tmp_path / "teacher")[0] == 0
    unlabelled = write_lines(
        tmp_path / "more.jsonl", [{"text": f"The road {n} is splendid."} for n in range(7)]
    )
    asked = ["--unlabelled", unlabelled, "--set", f"teachers=nb-svm,{tmp_path / 'teacher'}"]
    status, _, errors = run_command(*common, *asked, "--out", tmp_path / "out", "--seed", "9")
    assert status == 0
    assert any(
        line.startswith("nb-svm and teacher labelled 7 unlabelled documents") for line in errors
    )
    assert not any("validated on other documents" in line for line in errors)
    teacher, student = (
        json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("teacher", "out")
    )
    assert student["documents"] == {"train": 40, "validation": 20, "test": 0, "unlabelled": 7}
    assert student["sha256"]["validation"] == teacher["sha256"]["validation"]
    assert student["sha256"].keys() == {"train", "validation", "unlabelled"}
    assert [told["name"] for told in student["teaching"]["teachers"]] == ["nb-svm", "teacher"]
    shutil.rmtree(tmp_path / "teacher")
    again = [*common, *asked, "--out", tmp_path / "out", "--seed", "9", "--resume", "--epochs", "2"]
    assert run_command(*again)[1][0]["epochs"] == 2


def test_chinese_is_read_by_characters_from_training_to_explanation(run_command, tmp_path):
    out, asked = tmp_path / "zh", tmp_path / "asked.jsonl"
    status, _, _ = run_command(
        "train", "--model", "han", "--data", "bundled:classroom/zh@all", "--validation", "0.3",
        "--out", out, "--set", "language=zh", "--set", "segmentation=characters", *SMALL,
    )  # fmt: skip
    assert status == 0
    assert json.loads((out / "config.json").read_text())["text"]["segmentation"] == "characters"
    text = "房间WiFi很好！ 早餐一般。"
    asked.write_text(json.dumps({"text": text}))
    _, (found,), _ = run_command("explain", "--checkpoint", out, "--input", asked)
    spans = [
        [text[token["start"] : token["end"]] for token in sentence["tokens"]]
        for sentence in found["sentences"]
    ]
    assert spans == [["房", "间", "WiFi", "很", "好", "！"], ["早", "餐", "一", "般", "。"]]
    weights = [t["weight"] * s["weight"] for s in found["sentences"] for t in s["tokens"]]
    assert sum(weights) == pytest.approx(1, abs=1e-5)


@pytest.mark.long
def test_resume_goes_on(run_command, tmp_path, reviews):
    arguments = ["train", "--model", "han", "--data", reviews, "--out", tmp_path / "out", *SMALL]
    assert run_command(*arguments)[1][0]["epochs"] == 1
    assert run_command(*arguments)[0] == 2
    status, (summary,), errors = run_command(*arguments, "--resume", "--epochs", "2")
    assert (status, summary["epochs"], summary["test"]) == (0, 2, None)
    assert "Going on after epoch 1." in errors
    stored = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert stored["reproduce"].endswith("--epochs 1 --epochs 2")  # on a folder that is new
    assert "--epochs 1, then 2" in stored["note"]


@pytest.mark.long
def test_ctrl_c_is_one_line_and_status_130(run_command, tmp_path, reviews, monkeypatch):
    bars = epoch_bar

    def stopping(epoch: int, documents: int):
        step = bars(epoch, documents)

        def stopped(count: int, loss: float) -> None:
            step(count, loss)
            if epoch == 2:
                raise KeyboardInterrupt

        return stopped

    monkeypatch.setattr(models, "epoch_bar", stopping)
    status, output, errors = run_command(
        "train", "--model", "bilstm", "--data", reviews, "--out", tmp_path / "out", *SMALL,
        "--epochs", "3",
    )  # fmt: skip
    assert (status, output) == (130, [])
    assert errors[-1] == "Stopped; --resume goes on after epoch 1."
    assert "Epoch 2" in errors[-2]  # the bar has ended its line
    monkeypatch.setattr(explain_command, "input_bytes", lambda source: stopping(2, 1)(0, 0.0))
    assert run_command("explain", "--checkpoint", tmp_path / "out")[0] == 130


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.long
def test_a_signal_lets_the_step_end_and_the_run_goes_on(
    run_command, tmp_path, reviews, monkeypatch, name
):
    """The second epoch has two steps at least; the signal comes within the first one."""

    def epoch(number: int, documents: int):
        def step(count: int, loss: float) -> None:
            if number == 2 and count:
                signal.raise_signal(signal.Signals[name])

        return step

    before = signal.getsignal(signal.SIGINT)
    arguments = ["train", "--model", "bilstm", "--data", reviews, "--out", tmp_path / "out", *SMALL,
                 "--epochs", "2", "--resume"]  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(models, "epoch_bar", epoch)
        status, output, errors = run_command(*arguments)
    assert (status, output) == (130, [])
    assert errors[-1] == "Stopped after step 1 of epoch 2. --resume goes on from there."
    assert signal.getsignal(signal.SIGINT) is before
    status, (summary,), errors = run_command(*arguments)
    assert (status, summary["epochs"]) == (0, 2)
    assert "Going on after step 1 of epoch 2." in errors


@pytest.mark.long
def test_a_second_signal_stops_at_once(run_command, tmp_path, reviews, monkeypatch):
    def epoch(number: int, documents: int):
        def step(count: int, loss: float) -> None:
            if number == 2:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)

        return step

    monkeypatch.setattr(models, "epoch_bar", epoch)
    status, _, errors = run_command(
        "train", "--model", "bilstm", "--data", reviews, "--out", tmp_path / "out", *SMALL,
        "--epochs", "2",
    )  # fmt: skip
    assert (status, errors[-1]) == (130, "Stopped; --resume goes on after epoch 1.")


def test_before_the_first_step_a_signal_stops_at_once(run_command, tmp_path, reviews, monkeypatch):
    def say(sentence: str) -> None:
        if sentence.startswith("The vocabulary"):
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(models, "say", say)
    status, _, errors = run_command(
        "train", "--model", "bilstm", "--data", reviews, "--out", tmp_path / "out", *SMALL
    )
    assert (status, errors[-1]) == (130, "Stopped.")
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_one_column_may_say_what_each_row_is_for(run_command, tmp_path, planted_corpora):
    corpus = planted_corpora.training.first(60)
    parts = ["train", "train", "validation", "test"] * 15
    rows = zip(corpus.texts, corpus.labels, parts, strict=True)
    data = write_lines(
        tmp_path / "d.jsonl", [{"text": t, "label": label, "part": p} for t, label, p in rows]
    )
    run_command(
        "train", "--model", "bilstm", "--data", data, "--split-column", "part",
        "--out", tmp_path / "column", *SMALL,
    )  # fmt: skip
    run_command(
        "train", "--model", "bilstm", "--data", data, "--test", "0.25", "--out",
        tmp_path / "share", *SMALL,
    )  # fmt: skip
    sizes = [load_checkpoint(tmp_path / name).metrics["documents"] for name in ("column", "share")]
    assert sizes[0] == {"train": 30, "validation": 15, "test": 15}
    assert sizes[1]["test"] == 15


@pytest.mark.long
def test_columns_validation_data_and_names_may_be_given(run_command, tmp_path, planted_corpora):
    paths = []
    for name, corpus in (("a", planted_corpora.training), ("b", planted_corpora.validation)):
        rows = zip(corpus.texts[:40], corpus.labels[:40], strict=True)
        lines = ["body,kind", *(f'"{text}",{label}' for text, label in rows)]
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_text("\n".join(lines))
    _, (summary,), _ = run_command(
        "train", "--model", "bilstm", "--attention", "dot", "--data", paths[0],
        "--validation", paths[1], "--text-column", "body", "--label-column", "kind",
        "--set", "label_names=B,G,N", "--out", tmp_path / "out", *SMALL,
    )  # fmt: skip
    checkpoint = load_checkpoint(summary["checkpoint"])
    assert checkpoint.labels == ("B", "G", "N")
    assert checkpoint.config.architecture.attention == "dot"
    assert checkpoint.metrics["documents"] == {"train": 40, "validation": 40, "test": 0}


def test_evaluate_agrees_with_the_library(
    run_command, planted_checkpoint, planted_corpora, tmp_path
):
    corpus = planted_corpora.test
    data = write_lines(
        tmp_path / "test.jsonl",
        [{"text": t, "label": label} for t, label in zip(corpus.texts, corpus.labels, strict=True)],
    )
    _, (found,), _ = run_command(
        "evaluate", *CPU, "--checkpoint", planted_checkpoint, "--data", data
    )
    checkpoint = load_checkpoint(planted_checkpoint)
    classes = align_labels(corpus.labels, checkpoint.labels)
    expected = metrics(predict(checkpoint, corpus.texts), classes)
    assert {name: found[name] for name in METRICS} == pytest.approx(expected)


FAITHFULNESS = [
    "n", "comprehensiveness", "sufficiency", "captured", "tau_gradient", "tau_leave_one_out",
    "tau_ceiling", "flip", "uniform_flips", "permutation_shift",
]  # fmt: skip


def test_faithfulness_needs_no_labels(run_command, random_checkpoint, tmp_path):
    texts = [f"The green river. Quiet night {'!' * n} Stone and {'road ' * n}" for n in range(1, 8)]
    data = write_lines(tmp_path / "texts.jsonl", [{"body": text} for text in texts])
    arguments = (
        "faithfulness", *CPU, "--checkpoint", random_checkpoint(), "--data", data,
        "--text-column", "body", "--limit", "3", "--seed", "2",
    )  # fmt: skip
    status, (found,), errors = run_command(*arguments)
    assert status == 0
    assert [name for name in found if name in FAITHFULNESS] == sorted(
        FAITHFULNESS, key=list(found).index
    )
    assert found["n"] == 3
    assert set(found["flip"]) == {"attention", "gradient", "random", "never"}
    for name in ("comprehensiveness", "sufficiency"):
        assert list(found[name]) == ["attention", "gradient", "leave_one_out", "random"]
        assert all(list(leaf) == ["mean", "low", "high"] for leaf in found[name].values())
    assert any(line.startswith("Measuring") for line in errors)
    assert run_command(*arguments)[1] == [found]
    assert run_command(*arguments[:-1], "3")[1] != [found]


def test_faithfulness_takes_what_evaluate_takes(run_command, random_checkpoint, reviews):
    status, (found,), _ = run_command(
        "faithfulness", *CPU, "--checkpoint", random_checkpoint("bilstm"), "--data", reviews,
        "--label-column", "label", "--limit", "2",
    )  # fmt: skip
    assert (status, found["n"]) == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limit", "0"], "--limit: at least 1 is expected; 0 came"),
        (["--limit", "two"], "--limit"),
        (["--seed", "-1"], "--seed: at least 0 is expected; -1 came"),
        (["--text-column", "body"], 'no column "body"'),
        (["--data", "none.csv"], "none.csv"),
    ],
)
def test_wrong_input_of_faithfulness_is_one_line(
    run_command, random_checkpoint, reviews, arguments, said
):
    status, output, errors = run_command(
        "faithfulness", "--checkpoint", random_checkpoint(), "--data", reviews, *arguments
    )
    assert (status, output) == (2, [])
    assert errors[-1].startswith("error: ")
    assert said in errors[-1]


LINES = [
    {"id": "z", "text": "The green river. Quiet night!\n\nStone"},
    {"text": "a\ud800 👍🏽 zebra"},
    {"id": 7, "text": "music " * 900},
    {"id": "z", "text": "road", "label": "left alone"},
    {"id": None, "text": "\u202etable"},
]


def test_explain_keeps_ids_and_order(run_command, random_checkpoint, tmp_path):
    source = write_lines(tmp_path / "in.jsonl", LINES)
    target = tmp_path / "out.jsonl"
    status, output, errors = run_command(
        "explain", *CPU, "--checkpoint", random_checkpoint(), "--input", source, "--output", target
    )
    assert (status, output, errors) == (0, [], [])
    values = [json.loads(line) for line in target.read_text().splitlines()]
    assert [value["id"] for value in values] == ["z", 2, 7, "z", None]
    checkpoint = load_checkpoint(random_checkpoint())
    for value, line in zip(values, LINES, strict=True):
        check_contract(value, line["text"])
        alone = explain(checkpoint, line["text"], value["id"]).to_json()
        assert value["probabilities"] == pytest.approx(alone["probabilities"], abs=1e-5)
        for mine, other in zip(value["sentences"], alone["sentences"], strict=True):
            weights = [[token["weight"] for token in s["tokens"]] for s in (mine, other)]
            assert mine["weight"] == pytest.approx(other["weight"], abs=1e-5)
            assert weights[0] == pytest.approx(weights[1], abs=1e-5)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order mark"])
def test_explain_reads_and_writes_the_standard_streams(
    run_command, random_checkpoint, monkeypatch, mark
):
    lines = '{"text": "电影 river"}\r\n\n  \n{"id": "b", "text": "road"}'
    stream = io.TextIOWrapper(io.BytesIO(mark + lines.encode()), encoding="ascii")
    monkeypatch.setattr(sys, "stdin", stream)
    status, values, errors = run_command("explain", "--checkpoint", random_checkpoint("bilstm"))
    assert (status, errors) == (0, [])
    assert [(value["id"], value["seen"]["of"]) for value in values] == [(1, 8), ("b", 4)]


def test_explain_shows_how_far_it_is_where_it_takes_long(
    run_command, random_checkpoint, tmp_path, monkeypatch
):
    source = write_lines(tmp_path / "in.jsonl", LINES)
    arguments = ["explain", "--checkpoint", random_checkpoint(), "--input", source]
    assert run_command(*arguments)[2] == []
    monkeypatch.setattr(explain_command, "SOON", 0.0)
    _, values, errors = run_command(*arguments)
    assert len(values) == 5
    assert any("Explaining" in line and "5/5" in line for line in errors)


def test_a_text_without_words_gets_an_answer_and_stops_nothing(
    run_command, random_checkpoint, tmp_path
):
    source, texts = tmp_path / "in.jsonl", ["a dull film", "", " \n\t", "a great film"]
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    checkpoint = random_checkpoint()
    arguments = ["explain", *CPU, "--checkpoint", checkpoint, "--input", source]
    status, answers, errors = run_command(*arguments)
    assert status == 0
    assert [answer["id"] for answer in answers] == [1, 2, 3, 4]
    assert [bool(answer["sentences"]) for answer in answers] == [True, False, False, True]
    for answer, text in zip(answers[1:3], texts[1:3], strict=True):
        assert answer["label"] is None
        assert answer["probabilities"] == {}
        assert answer["seen"] == {"characters": 0, "of": len(text), "tokens": 0, "unknown": 0}
        assert "no words" in answer["error"]
    assert errors[-1].startswith("2 texts without words")
    source.write_text('{"text": "a great film"}')
    alone = run_command(*arguments)[1][0]
    assert alone["probabilities"] == pytest.approx(answers[3]["probabilities"])
    assert alone["seen"] == answers[3]["seen"]


def test_nothing_to_explain_is_nothing(run_command, random_checkpoint, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert run_command("explain", "--checkpoint", random_checkpoint()) == (0, [], [])


def test_checkpoints_are_listed_a_line_each(
    run_command, random_checkpoint, checkpoint_root, tmp_path
):
    random_checkpoint("han", "additive")
    status, lines, errors = run_command("checkpoints", "--root", checkpoint_root)
    assert (status, errors) == (0, [])
    assert "han-additive" in [line["name"] for line in lines]
    for line in lines:
        assert line.keys() >= {"name", "model", "dataset", "classes", "accuracy"}
        assert (line["classes"], line["accuracy"]) == (["negative", "positive"], 0.25)


def test_checkpoints_stand_where_the_environment_says(
    run_command, random_checkpoint, tmp_path, monkeypatch
):
    shutil.copytree(random_checkpoint(), tmp_path / "mine")
    shutil.copytree(random_checkpoint(), tmp_path / "broken")
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"")
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(tmp_path))
    status, (line,), (error,) = run_command("checkpoints")
    assert (status, line["name"]) == (0, "mine")
    assert "broken" in error
    data = write_lines(tmp_path / "d.jsonl", [{"text": "Road", "label": "positive"}])
    assert run_command("evaluate", *CPU, "--checkpoint", "mine", "--data", data)[0] == 0


def test_an_odd_folder_takes_no_list_down(random_checkpoint, tmp_path):
    shutil.copytree(random_checkpoint(), tmp_path / "odd\udcff" / "inner")
    odd = tmp_path / "odd\udcff"
    (odd / "inner" / "metrics.json").write_text(
        '{"dataset": "\\ud800", "test": {"accuracy": 1' + "0" * 400 + "}}"
    )
    done = process("checkpoints", "--root", os.fsencode(odd))
    assert (done.returncode, done.stderr) == (0, b"")
    line = json.loads(done.stdout)
    assert (line["accuracy"], line["dataset"]) == (None, "\ufffd")


def test_vectors_are_learnt_and_written(run_command, tmp_path, reviews):
    pytest.importorskip("gensim")
    target = tmp_path / "vectors.txt"
    status, (found,), _ = run_command(
        "vectors", "--data", reviews, "--out", target, "--size", "5", "--epochs", "1"
    )
    lines = target.read_text().splitlines()
    assert (status, found) == (0, {"vectors": str(target), "words": len(lines), "size": 5})
    assert {len(line.split()) for line in lines} == {6}


def process(*arguments: str | bytes | Path, given: bytes = b"") -> subprocess.CompletedProcess:
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", "han_core", *arguments], input=given, cwd=root,
        capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip


@pytest.mark.long
def test_a_process_explains_from_stream_to_stream(random_checkpoint):
    text = "Der grüne river. 电影!"
    line = json.dumps({"id": "é", "text": text}, ensure_ascii=False).encode()
    done = process("explain", "--checkpoint", random_checkpoint(), "--device", "cpu", given=line)
    assert done.returncode == 0, done.stderr
    check_contract(json.loads(done.stdout), text)


@pytest.mark.long
def test_a_process_ends_with_status_2_and_one_line(tmp_path):
    done = process("explain", "--checkpoint", tmp_path / "none")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.count(b"\n") == 1
    assert done.stderr.startswith(b"error: A checkpoint folder is expected")


def test_help_names_every_command_and_ends_with_status_0(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("train", "evaluate", "explain", "checkpoints"))
