"""Wrong input on the command line: exit status 2 and one clear line, never a traceback."""

import json
import shutil
from functools import reduce
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from han_core.training import optimization

SMALL = ["--device", "cpu", "--set", "hidden=4", "--set", "embedding=8", "--epochs", "1"]


def write_lines(path: Path, lines) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def refusal(run_command):
    """``refusal(*arguments)``: the one line that wrong input leads to."""

    def call(*arguments: str) -> str:
        status, output, errors = run_command(*arguments)
        assert (status, output, len(errors)) == (2, [], 1)
        assert errors[0].startswith("error: ")
        return errors[0]

    return call


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ([], "python -m han_core --help"),
        (["fly"], "python -m han_core --help"),
        (["explain", "--checkpoint", "x", "--fly"], "--fly"),
        (["explain"], "python -m han_core explain --help"),
        (["train", "--model", "cnn", "--data", "x", "--out", "y"], "'han', 'bilstm'"),
        (["train", "--model", "han", "--data", "x", "--out", "y", "--epochs", "two"], "--epochs"),
        (["checkpoints", "surplus"], "surplus"),
    ],
)
def test_wrong_arguments_are_one_line(refusal, arguments, hint):
    line = refusal(*arguments)
    assert hint in line
    assert line.endswith("--help)")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--data", "{tmp}/none.csv"], "none.csv"),
        (["--res"], "--res"),
        (["--data", "{tmp}"], ""),
        (["--data", "{tmp}/none.xyz"], ""),
        (["--data", "bundled:none"], "none"),
        (["--text-column", "body"], 'no column "body"'),
        (["--label-column", "kind"], 'no column "kind"'),
        (["--data", "{tmp}/one.jsonl"], "at least two classes; only 'good' came"),
        (["--data", "{tmp}/unlabelled.jsonl"], "label"),
        (["--data", "{tmp}/empty.jsonl"], "empty.jsonl"),
        (["--data", "{tmp}/latin.csv"], "latin.csv"),
        (["--device", "cuda:99"], "There is no device cuda:99 here"),
        (["--device", "gpu"], "'gpu' came"),
        (["--set", "nothing=1"], "'nothing=1' came"),
        (["--set", "hidden=0"], "hidden: "),
        (["--set", "hidden"], "key=value"),
        (["--set", "language=qq"], "'qq' came"),
        (["--set", "vectors={tmp}/none.txt"], "none.txt"),
        (["--set", "vectors={tmp}/three.txt"], "--set embedding=3 fits them"),
        (["--set", "vectors="], "vectors: "),
        (["--set", "freeze_vectors=true"], "vectors=FILE"),
        (["--set", "epochs=2"], "--epochs 1 and --set epochs=2 contradict each other"),
        (["--set", "label_names=,x,y"], "Names of classes"),
        (["--set", "label_names=x,x,y"], "twice"),
        (["--set", "mixed_precision=fp16", "--device", "cpu"], "fp16"),
        (["--set", "label_names=only"], "label_names"),
        (["--epochs", "0"], "epochs: "),
        (["--seed", "-1"], "seed: "),
        (["--limit", "0"], "--limit is at least 1"),
        (["--limit", "1"], "at least two classes"),
        (["--validation", "0"], "between 0 and 1"),
        (["--validation", "1.5"], "between 0 and 1"),
        (["--validation", "nan"], "between 0 and 1"),
        (["--validation", "{tmp}/none.csv"], "none.csv"),
        (["--validation", "{tmp}/other.jsonl"], "other"),
        (["--test", "{tmp}/none.csv"], "none.csv"),
        (["--test", "{tmp}/other.jsonl"], "other"),
        (["--group-column", "film"], 'no column "film"'),
        (["--group-column", "id/0"], "N at least 1"),
        (["--group-column", "id/x"], "N at least 1"),
        (["--group-column", "kind/2"], 'no column "kind"'),
        (["--group-column", "id/100"], "can be held out"),
        (["--split-seed", "-1"], "--split-seed is 0 or more"),
        (["--unlabelled", "{tmp}/none.csv"], "none.csv"),
        (["--unlabelled", "{tmp}/empty.jsonl"], "empty.jsonl"),
        (["--unlabelled", "{data}"], "among the labelled ones"),
        (["--unlabelled", "{tmp}/body.jsonl"], 'no column "text"'),
        (["--set", "teachers=nb-svm,nb-svm"], "--unlabelled D"),
        (["--set", "teachers=nowhere", "--unlabelled", "{tmp}/unlabelled.jsonl"], "nowhere"),
        (["--set", "teachers=", "--unlabelled", "{tmp}/unlabelled.jsonl"], "checkpoint"),
        (["--out", "{tmp}"], "new or empty folder"),
        (["--out", "{tmp}/reviews.jsonl/below"], "below"),
        (["--out", "{tmp}/begun", "--resume"], "damaged"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_of_train_is_one_line(refusal, tmp_path, reviews, arguments, said):
    """Nothing stands before it: it is found before texts are read, which takes minutes."""
    (tmp_path / "three.txt").write_text("river 1 2 3\n")
    (tmp_path / "begun" / "resume").mkdir(parents=True)
    for name, content in {"state.safetensors": "no", "state.json": "{}"}.items():
        (tmp_path / "begun" / "resume" / name).write_text(content)
    write_lines(tmp_path / "one.jsonl", [{"text": "So good", "label": "good"}] * 20)
    write_lines(tmp_path / "unlabelled.jsonl", [{"text": "So good"}])
    write_lines(tmp_path / "body.jsonl", [{"body": "So good"}])
    write_lines(tmp_path / "other.jsonl", [{"text": "So good", "label": "other"}] * 3)
    write_lines(tmp_path / "empty.jsonl", [])
    (tmp_path / "latin.csv").write_bytes("text,label\n\xe9t\xe9,good\nbad,bad\n".encode("latin-1"))
    given = ["train", "--model", "han", "--data", reviews, "--out", tmp_path / "out", *SMALL]
    places = {"{tmp}": str(tmp_path), "{data}": str(reviews)}
    changed = [reduce(lambda a, p: a.replace(*p), places.items(), word) for word in arguments]
    if arguments == ["--data", "{tmp}/latin.csv"]:
        changed += ["--validation", "0.5"]
    assert said in refusal(*given, *changed)
    assert not (tmp_path / "out").exists()


def test_a_precision_that_the_processor_lacks_is_refused_before_the_data_are_read(
    refusal, tmp_path, monkeypatch
):
    monkeypatch.setattr(optimization, "trains_in_bf16", lambda model, device: False)
    bf16 = ["--device", "cpu", "--set", "mixed_precision=bf16", "--out", tmp_path / "out"]
    line = refusal("train", "--model", "bilstm", "--data", tmp_path / "none.csv", *bf16)
    assert "cannot train bilstm with mixed_precision=bf16: set mixed_precision=no" in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not json\n", "Line 1 of the input is not JSON"),
        (b'{"text": "good"}\n{"id": 1}\n', 'Line 2 of the input has no "text"'),
        (b'{"text": 5}\n', 'Line 1 of the input has no "text"'),
        (b'["text"]\n', 'Line 1 of the input has no "text"'),
        (b'{"text": "\xff"}\n', "The input is not UTF-8 (byte 10)"),
        (b'{"id": NaN, "text": "a"}\n', 'Line 1 of the input has an "id" that is not finite'),
        (b'{"id": 1e999, "text": "a"}\n', 'Line 1 of the input has an "id" that is not finite'),
        (b"[" * 50_000, "Line 1 of the input is not JSON"),
    ],
    ids=[
        "words", "no text", "number", "list", "encoding", "NaN", "1e999",
        "deep",
    ],
)  # fmt: skip
def test_wrong_input_of_explain_is_one_line(refusal, random_checkpoint, tmp_path, content, said):
    (tmp_path / "in.jsonl").write_bytes(content)
    line = refusal(
        "explain", "--checkpoint", random_checkpoint(), "--input", tmp_path / "in.jsonl",
        "--output", tmp_path / "out.jsonl",
    )  # fmt: skip
    assert said in line
    assert not (tmp_path / "out.jsonl").exists()


def test_files_that_cannot_be_used_are_one_line(refusal, random_checkpoint, tmp_path):
    good = write_lines(tmp_path / "in.jsonl", [{"text": "Quiet river"}])
    explain = ["explain", "--checkpoint", random_checkpoint()]
    assert "none.jsonl" in refusal(*explain, "--input", tmp_path / "none.jsonl")
    assert str(tmp_path) in refusal(*explain, "--input", tmp_path)
    assert str(tmp_path) in refusal(*explain, "--input", good, "--output", tmp_path)
    assert "nowhere" in refusal(*explain, "--input", good, "--output", tmp_path / "nowhere" / "f")


@pytest.mark.parametrize("command", ["explain", "evaluate"])
def test_an_unknown_checkpoint_and_device_are_one_line(
    refusal, random_checkpoint, tmp_path, command
):
    data = ["--data", "bundled:classroom"] if command == "evaluate" else []
    assert "no-such" in refusal(command, "--checkpoint", "no-such", *data)
    refusal(command, "--checkpoint", "a" * 300, *data)
    refusal(command, "--checkpoint", tmp_path, *data)
    line = refusal(command, "--checkpoint", random_checkpoint(), "--device", "cuda:99", *data)
    assert "There is no device cuda:99 here" in line


def test_labels_that_the_checkpoint_does_not_know_are_one_line(
    refusal, random_checkpoint, tmp_path
):
    data = write_lines(tmp_path / "d.jsonl", [{"text": "Good", "label": "sports"}])
    line = refusal("evaluate", "--checkpoint", random_checkpoint(), "--data", data)
    assert "sports" in line
    assert "negative" in line


@pytest.mark.parametrize("name", ["", "/"])
def test_a_folder_that_is_no_checkpoint_is_named_as_it_was_given(refusal, name):
    assert f"{name} " in refusal("explain", "--checkpoint", name)


@pytest.mark.parametrize("root", ["{tmp}/nowhere", "", "{tmp}/file"])
def test_a_root_that_is_no_folder_is_one_line(refusal, tmp_path, root):
    (tmp_path / "file").touch()
    root = root.format(tmp=tmp_path)
    assert root in refusal("checkpoints", "--root", root)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "0"], "size is 1 to 4096; 0 came"),
        (["--epochs", "0"], "epochs is 1"),
        (["--workers", "0"], "workers is 1"),
        (["--seed", "-1"], "seed is 0"),
        (["--out", "{tmp}"], "can't be written"),
        (["--out", "{tmp}/nowhere/v.txt"], "can't be written"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_of_vectors_is_one_line_before_anything_is_read(
    refusal, tmp_path, reviews, arguments, said
):
    pytest.importorskip("gensim")
    changed = [argument.format(tmp=tmp_path) for argument in arguments]
    assert said in refusal("vectors", "--data", reviews, "--out", tmp_path / "v.txt", *changed)
    assert not (tmp_path / "v.txt").exists()


def test_weights_that_are_finite_and_huge_are_one_line(refusal, random_checkpoint, tmp_path):
    folder = shutil.copytree(random_checkpoint(), tmp_path / "huge")
    huge = {name: w.fill_(3e38) for name, w in load_file(folder / "model.safetensors").items()}
    save_file(huge, folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "sha256": {}}))
    text = write_lines(tmp_path / "in.jsonl", [{"text": "Quiet river", "label": "positive"}])
    line = refusal("explain", "--checkpoint", folder, "--input", text)
    assert "huge gives values that are not finite" in line
