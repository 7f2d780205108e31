"""``train``, ``evaluate`` and ``explain`` of texts with pictures."""

import io
import json

import pytest
from PIL import Image

from han_core.__main__ import main
from tests.pictured import SMALL, planted


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with JSON lines, pictures beside them, and a checkpoint trained by the command."""
    folder = tmp_path_factory.mktemp("pictures")
    data, _ = planted(48)
    lines = []
    for id, text, picture, label in zip(
        data.ids, data.texts, data.pictures, data.labels, strict=True
    ):
        Image.fromarray(picture.pixels).save(folder / f"{id}.png")
        lines.append(json.dumps({"id": id, "text": text, "image": f"{id}.png", "label": label}))
    (folder / "d.jsonl").write_text("\n".join(lines))
    settings = [f"--set={key}={value}" for key, value in SMALL.items()]
    status = main(
        ["train", "--model", "han-image", "--data", str(folder / "d.jsonl"), "--test", ".2",
         "--out", str(folder / "m"), "--epochs", "2", "--device", "cpu", *settings]
    )  # fmt: skip
    assert status == 0
    return folder


def test_evaluate(folder, capsys):
    status = main(
        ["evaluate", "--checkpoint", str(folder / "m"), "--data", str(folder / "d.jsonl")]
    )
    figures = json.loads(capsys.readouterr().out)
    assert (status, figures["n"]) == (0, 48)
    assert set(figures) >= {"accuracy", "macro_f1", "loss", "accuracy_text_alone"}


def test_explain_a_file_and_standard_input(folder, capsys, monkeypatch):
    checkpoint = ["--checkpoint", str(folder / "m")]
    assert main(["explain", *checkpoint, "--input", str(folder / "d.jsonl"), "--evidence"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == [str(number) for number in range(1, 49)]
    for line in lines:
        assert len(line["image"]["weights"]) == 16
        assert set(line["modalities"]) == {"text", "image", "both", "labels", "weights"}
        assert set(line["deletion"]) == {"text", "image"}
    monkeypatch.chdir(folder)
    given = [{"id": "a", "image": "1.png"}, {"id": "b", "text": "good thing", "image": None}]
    piped = "\n".join(map(json.dumps, given)).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped)))
    assert main(["explain", *checkpoint]) == 0
    picture, text = map(json.loads, capsys.readouterr().out.splitlines())
    assert picture["image"]["weights"] == pytest.approx(lines[0]["image"]["weights"], abs=1e-5)
    assert text["image"] is None


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["score", "--checkpoint", "M", "--data", "x.csv", "--out", "o"], "works with texts"),
        (["train", "--model", "han-image", "--data", "D", "--out", "M"], "holds something"),
        (["train", "--model", "han-image", "--data", "D", "--out", "N", "--set", "size=9"], "size"),
        (
            ["train", "--model", "han-image", "--data", "D", "--out", "N", "--label-column", "z"],
            'column "z"',
        ),
        (["evaluate", "--checkpoint", "M", "--data", "absent.parquet"], "no file"),
    ],
)
def test_wrong_commands_end_with_one_line(folder, capsys, arguments, fragment):
    names = {"M": "m", "D": "d.jsonl", "N": "new"}
    given = [str(folder / names[word]) if word in names else word for word in arguments]
    assert main(given) == 2
    assert fragment in capsys.readouterr().err.splitlines()[-1]
    assert not (folder / "new").exists()
