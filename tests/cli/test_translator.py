"""The commands of translators: train, evaluate, translate, and what they refuse."""

import io
import json
import sys

import pytest

from han_core.__main__ import main

PAIRS = [("I see.", "Je vois."), ("Tom sleeps.", "Tom dort."), ("We see Tom.", "Nous voyons Tom.")]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    rows = [{"en": f"{en} {n}", "fr": f"{fr} {n}"} for n in range(12) for en, fr in PAIRS]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def checkpoint(data):
    out = data.with_name("checkpoint")
    sizes = {"embedding": 8, "encoder": 6, "decoder": 12, "attention_size": 6}
    sets = [word for key, value in sizes.items() for word in ("--set", f"{key}={value}")]
    assert main([*train_words(data, out), "--epochs", "1", "--attention", "dot", *sets]) == 0
    return out


def train_words(data, out):
    columns = ["--source-column", "en", "--target-column", "fr"]
    shares = ["--validation", "0.1", "--test", "0.1"]
    return ["train", "--model", "translator", "--data", str(data), "--out", str(out), *columns,
            *shares, "--device", "cpu"]  # fmt: skip


def run(capsys, *words):
    """Status, the JSON lines that were printed, and the last line on standard error."""
    status = main([str(word) for word in words])
    printed = capsys.readouterr()
    lines = [json.loads(line) for line in printed.out.splitlines()]
    return status, lines, (printed.err.strip().splitlines() or [""])[-1]


def give(monkeypatch, *lines):
    text = "".join(line + "\n" for line in lines).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_languages_are_those_of_the_columns(checkpoint):
    config = json.loads((checkpoint / "config.json").read_text())
    assert (config["source_language"], config["target_language"]) == ("en", "fr")
    assert config["attention"] == "dot"


def test_translate_writes_what_the_documentation_says(checkpoint, capsys, monkeypatch):
    give(monkeypatch, '{"id": "a", "text": "I see."}', '{"text": "Tom", "target": "Tom dort."}')
    status, (free, forced), _ = run(capsys, "translate", "--checkpoint", checkpoint, "--evidence")
    assert status == 0
    keys = {"id", "text", "translation", "source", "target", "alignment", "removal"}
    assert set(free) == keys
    assert (free["id"], forced["id"]) == ("a", 2)
    assert forced["translation"] == "Tom dort."
    assert forced["target"] == [[0, 3], [4, 8], [8, 9]]
    assert free["source"] == [[0, 1], [2, 5], [5, 6]]
    assert all(sum(row) == pytest.approx(1, abs=1e-4) for row in free["alignment"])
    assert forced["removal"] is None


@pytest.mark.parametrize(
    ("line", "fragment"),
    [
        ("{", "not JSON"),
        ('{"target": "x"}', 'no "text"'),
        ('{"text": "x", "target": 3}', '"target" of line 1'),
        ('{"text": ""}', "no word"),
        (json.dumps({"text": "word " * 5_000}), "more than 200 words"),
    ],
)
def test_translate_refuses_in_one_sentence(checkpoint, capsys, monkeypatch, line, fragment):
    give(monkeypatch, line)
    status, _, last = run(capsys, "translate", "--checkpoint", checkpoint)
    assert status == 2
    assert last.startswith("error: ")
    assert fragment in last


def test_evaluate_prints_figures(checkpoint, data, capsys):
    pytest.importorskip("sacrebleu")
    gold = data.with_name("links.gold")
    gold.write_text("1-1 2p2\n" * 36)
    status, (plain,), _ = run(capsys, "evaluate", "--checkpoint", checkpoint, "--data", data)
    assert status == 0
    assert set(plain) == {"n", "bleu", "chrf", "loss"}
    assert plain["n"] == 36
    words = ("evaluate", "--checkpoint", checkpoint, "--data", data, "--alignments", gold)
    _, (aligned,), _ = run(capsys, *words)
    assert set(aligned) == {*plain, "aer", "precision", "recall"}
    gold.write_text("1-1\n" * 35)
    status, _, last = run(capsys, *words)
    assert status == 2
    assert "links of 35 pairs; 36 pairs" in last


def test_the_pairs_beside_the_links_are_taken(checkpoint, data, capsys):
    pytest.importorskip("sacrebleu")
    gold = data.with_name("beside.gold")
    gold.write_text("1-1\n")
    data.with_name("beside.src-tgt").write_text("tom ||| tom\n")
    words = ("evaluate", "--checkpoint", checkpoint, "--data", data, "--alignments", gold)
    _, (figures,), _ = run(capsys, *words)
    assert figures["aer"] == 0


@pytest.mark.parametrize(
    ("more", "fragment"),
    [
        (["--source-column", "xx"], "xx"),
        (["--set", "nothing=1"], "--set takes"),
        (["--test", "0.7"], "below 0.5"),
        (["--set", "target_language=qq"], "qq"),
        (["--attention", "dot", "--set", "decoder=9"], "twice as wide"),
    ],
)
def test_train_refuses_in_one_sentence(data, tmp_path, capsys, more, fragment):
    status, _, last = run(capsys, *train_words(data, tmp_path / "c"), *more)
    assert status == 2
    assert last.startswith("error: ")
    assert fragment in last


def test_commands_of_texts_say_that_this_is_no_classifier(checkpoint, capsys):
    status, _, last = run(capsys, "explain", "--checkpoint", checkpoint)
    assert status == 2
    assert "translation" in last


def test_a_damaged_checkpoint_is_refused(checkpoint, tmp_path, capsys, monkeypatch):
    for file in checkpoint.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config["target_words"].append("extra")
    (tmp_path / "config.json").write_text(json.dumps(config))
    give(monkeypatch, '{"text": "Tom"}')
    status, _, last = run(capsys, "translate", "--checkpoint", tmp_path)
    assert status == 2
    assert "attached" in last
