"""``train``, ``evaluate`` and ``explain`` of time series: by the model or checkpoint named."""

import json

import numpy as np
import pytest

from han_core.__main__ import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a long CSV of two shapes and a checkpoint trained on it by the command."""
    folder = tmp_path_factory.mktemp("series")
    chance, lines = np.random.default_rng(0), ["series,time,speed,label"]
    for number in range(24):
        label, sign = ("rise", 1) if number % 2 else ("fall", -1)
        for step in range(12):
            value = sign * step + chance.normal(0, 0.5)
            lines.append(f"s{number},{step},{value:.3f},{label}")
    (folder / "d.csv").write_text("\n".join(lines))
    data, out = str(folder / "d.csv"), str(folder / "m")
    flags = ["--epochs", "5", "--set", "hidden=6", "--set", "learning_rate=.02", "--device", "cpu"]
    assert main(["train", "--model", "series", "--data", data, "--out", out, "--test", ".2",
                 *flags]) == 0  # fmt: skip
    return folder


def test_evaluate(folder, capsys):
    status = main(["evaluate", "--checkpoint", str(folder / "m"), "--data", str(folder / "d.csv")])
    figures = json.loads(capsys.readouterr().out)
    assert (status, figures["n"]) == (0, 24)
    assert figures["accuracy"] > 0.9


def test_explain_a_file_and_standard_input(folder, capsys, monkeypatch, tmp_path):
    checkpoint = ["--checkpoint", str(folder / "m")]
    assert main(["explain", *checkpoint, "--input", str(folder / "d.csv"), "--evidence"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == [f"s{number}" for number in range(24)]
    assert all(len(line["steps"]) == 12 and "verdict" in line["deletion"] for line in lines)
    rising = tmp_path / "one"
    rising.write_text(json.dumps({"id": 7, "x": [list(range(12))]}))
    with rising.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert main(["explain", *checkpoint]) == 0
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["id"], line["label"]) == ("7", "rise")


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["score", "--checkpoint", "M", "--data", "x.csv", "--out", "o"], "works with texts"),
        (["train", "--model", "series", "--data", "D", "--out", "M"], "holds something"),
        (
            ["train", "--model", "series", "--data", "D", "--out", "N", "--set", "a=1"],
            "--set takes",
        ),
        (["train", "--model", "series", "--data", "D", "--out", "N", "--test", "2"], "--test is"),
        (["evaluate", "--checkpoint", "M", "--data", "absent.ts"], "no file"),
        (["explain", "--checkpoint", "M", "--input", "D", "--target-column", "z"], 'column "z"'),
    ],
)
def test_wrong_commands_end_with_one_line(folder, capsys, arguments, fragment):
    names = {"M": "m", "D": "d.csv", "N": "new"}
    given = [str(folder / names[word]) if word in names else word for word in arguments]
    assert main(given) == 2
    assert fragment in capsys.readouterr().err.splitlines()[-1]
    assert not (folder / "new").exists()


def test_a_card_from_the_metrics(folder, capsys):
    assert main(["card", "--checkpoint", str(folder / "m")]) == 0
    assert json.loads(capsys.readouterr().out) == {"checkpoint": "m", "folder": str(folder / "m")}
    card = (folder / "m" / "README.md").read_text("utf-8")
    accuracy = json.loads((folder / "m" / "metrics.json").read_text())["test"]["accuracy"]
    assert f"| test | {accuracy:.2%} |" in card
