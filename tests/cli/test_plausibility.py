"""The command ``plausibility``: one JSON line, and one sentence for spans that do not fit."""

import json

import pytest

TEXTS = [
    "The quiet river. A green table and seven letters.",
    "Music under the window. Bread!",
    "Night cloud over the garden road. A chair.",
    "Stone and paper.",
]
CPU = ("--device", "cpu")


@pytest.fixture
def marked(tmp_path):
    """Four texts whose first word two people marked, one of one word, and one without marks."""
    rows = [{"body": text, "marks": [[[0, 5]], [[0, 5]]]} for text in TEXTS]
    rows += [{"body": "Bread", "marks": [[0, 5]]}, {"body": "Bread.", "marks": []}]
    path = tmp_path / "marked.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_plausibility(run_command, random_checkpoint, marked):
    arguments = (
        "plausibility", *CPU, "--checkpoint", random_checkpoint(), "--data", marked,
        "--text-column", "body", "--spans-column", "marks",
    )  # fmt: skip
    status, (found,), errors = run_command(*arguments)
    assert status == 0
    assert list(found) == ["n", "people", "marked", "auprc", "f1", "ahead"]
    assert found["n"] == 4
    for name in ("auprc", "f1"):
        assert list(found[name]) == ["attention", "gradient", "leave_one_out", "random", "people"]
        assert list(found["ahead"][name]) == ["gradient", "leave_one_out", "random"]
        assert all(list(leaf) == ["mean", "low", "high"] for leaf in found[name].values())
        assert found[name]["people"] == {"mean": 1, "low": 1, "high": 1}
    assert any(line.startswith("1 row in which nothing is marked") for line in errors)
    assert "Without two words, one of them marked: 1 text left out." in errors
    assert any(line.startswith("Measuring") for line in errors)
    assert run_command(*arguments, "--limit", "2")[1][0]["n"] in (1, 2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"text": "Bread.", "spans": [[0, 7]]}', "Row 5 of marked.jsonl: a span from 0 to 7"),
        ('{"text": "Bread.", "spans": [0, 5]}', "Row 5 of marked.jsonl: a list of [start, end]"),
        ("", 'has no column "spans"'),
    ],
)
def test_wrong_input_is_one_line(run_command, random_checkpoint, tmp_path, line, said):
    path = tmp_path / "marked.jsonl"
    rows = [{"text": text, **({"spans": [[0, 5]]} if line else {})} for text in TEXTS]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + line)
    status, output, errors = run_command(
        "plausibility", *CPU, "--checkpoint", random_checkpoint(), "--data", path
    )
    assert (status, output, len(errors)) == (2, [], 1)
    assert errors[0].startswith("error: ")
    assert said in errors[0]
