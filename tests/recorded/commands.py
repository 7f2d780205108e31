"""What the command line offers and answers: options, keys of its JSON, and key numbers."""

import argparse
import csv
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet

from tests.recorded.numbers import compact, kinds, rounded
from tests.recorded.shell import CHECKPOINTS, command, environment, parsers

CPU = ("--device", "cpu")
MODEL = ("--checkpoint", "han-imdb", *CPU)
CLASSROOM = ("--data", "bundled:classroom")
TEXTS = (
    "Dull at first, but the ending is superb. I would see it again!",
    "A dreadful, boring waste of two hours.\n\nThe shuttle reached its orbit, they say.",
    "房间WiFi很好！ 早餐一般。下次还来，服务员非常热情。",
    "The plot is thin, the actors are not. " * 120,
    "x\u0301 👩‍👩‍👧 \u202eright to left\u202c שלום <b>&amp;</b>\u200bzero\u00a0width … 10%?!",
    "Word",
)
NAMES = (
    "han-imdb", "bilstm-additive-imdb", "bilstm-dot-imdb",
    "han-newsgroups", "bilstm-newsgroups", "han-zh",
)  # fmt: skip


def options() -> dict[str, Any]:
    """Return what stands behind ``--help``, command by command, without its prose."""
    return {name: _options(one) for name, one in sorted(parsers().items())}


def _options(one: argparse.ArgumentParser) -> dict[str, Any]:
    return {
        " ".join(action.option_strings) or action.dest: {
            "metavar": action.metavar,
            "choices": None if action.choices is None else list(action.choices),
            "default": None if action.default == argparse.SUPPRESS else action.default,
            "required": action.required,
            "nargs": action.nargs,
        }
        for action in one._actions
    }


def checkpoints(folder: Path) -> dict[str, Any]:
    """Return what each shipped checkpoint predicts for six texts, and where it looks."""
    asked = folder / "texts.jsonl"
    asked.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    with environment(folder / "data"):
        return {name: [_brief(one) for one in _explain(name, asked)] for name in NAMES}


def _explain(name: str, asked: Path) -> list[dict]:
    return command("explain", "--checkpoint", name, *CPU, "--input", asked)


def _brief(found: dict) -> dict[str, Any]:
    """Return an explanation with its many numbers in brief."""
    sentences = found["sentences"]
    tokens = [token for sentence in sentences for token in sentence["tokens"]]
    probabilities = found["probabilities"]
    likely = sorted(probabilities, key=probabilities.get, reverse=True)[:3]
    return {
        "label": found["label"],
        "probabilities": {name: round(probabilities[name], 5) for name in sorted(likely)},
        "classes": sorted(probabilities),
        "sentences": {k: compact([s[k] for s in sentences]) for k in ("start", "end", "weight")},
        "tokens": {k: compact([t[k] for t in tokens]) for k in ("start", "end", "weight", "known")},
        "sum": round(sum(s["weight"] * t["weight"] for s in sentences for t in s["tokens"]), 4),
        "seen": found["seen"],
    }


def answers(folder: Path) -> dict[str, Any]:
    """Return what the commands that need no training print."""
    with environment(folder / "data", HANSCOPE_CHECKPOINTS=CHECKPOINTS):
        (faithful,) = command("faithfulness", *MODEL, *CLASSROOM, "--limit", 6)
        (plausible,) = command("plausibility", *MODEL, "--data", _marked(folder))
        return {
            "checkpoints": [_without_folder(one) for one in command("checkpoints")],
            "explain": _explanation(folder),
            "evaluate": _evaluated(),
            "faithfulness": rounded(faithful, 4),
            "plausibility": rounded(plausible, 4),
            "score": _scored(folder),
            "kept and exported": _exported(folder),
            "card": _card(folder),
        }


def _without_folder(line: dict) -> dict[str, Any]:
    """Return a line of ``checkpoints`` with paths as seen from the project."""
    text = json.dumps(line).replace(f"{CHECKPOINTS.parent}/", "")
    return rounded(json.loads(text))


def _explanation(folder: Path) -> dict[str, Any]:
    (asked := folder / "one.jsonl").write_text(json.dumps({"id": "a", "text": TEXTS[0]}))
    (found,) = _explain("han-imdb", asked)
    return rounded(found)


def _evaluated() -> dict[str, Any]:
    (found,) = command("evaluate", *MODEL, *CLASSROOM)
    assert found.pop("documents_per_second") > 0
    return rounded(found)


def _marked(folder: Path) -> Path:
    lines = [
        {"text": "Slow service, but superb food.", "spans": [[0, 12], [18, 29]]},
        {"text": "Never again, the worst meal of my life.", "spans": [[[0, 11]], [[17, 27]], []]},
        {"text": "A quiet, moving film. Nothing is wasted.", "spans": [[2, 15]]},
    ]
    (path := folder / "marked.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return path


def _scored(folder: Path) -> dict[str, Any]:
    """Return what ``score`` prints and writes where the page Errors finds it."""
    (said,) = command("score", *MODEL, *CLASSROOM, "--workers", 1)
    (part,) = (folder / "data" / "scores").glob("*/*.parquet")
    assert Path(said.pop("out")) == part.parent
    table = parquet.read_table(part)
    manifest = json.loads((part.parent / "manifest.json").read_text())
    shares = [value for row in table["probabilities"].to_pylist() for value in row]
    return {
        "prints": _without_times(said),
        "folder": part.parent.name,
        "files": sorted(path.name for path in part.parent.iterdir()),
        "manifest": {key: manifest[key] for key in sorted(manifest.keys() - {"library"})},
        "columns": {field.name: str(field.type) for field in table.schema},
        "probabilities": compact(shares),
    }


def _without_times(said: dict) -> dict[str, Any]:
    timed = {key for key in said if "second" in key}
    return rounded({key: said[key] for key in said.keys() - timed - {"folder"}}) | {
        "timed": sorted(timed)
    }


def _exported(folder: Path) -> dict[str, Any]:
    """Return what ``export`` lists and writes of the scores that ``score`` kept."""
    (kept,) = command("export")
    out = folder / "table.csv"
    (said,) = command("export", "--scores", kept["scores"], "--out", out)
    return {"lists": kept, "prints": kinds(said), "documents": said["documents"], **rows(out)}


def rows(path: Path) -> dict[str, Any]:
    """Return the head of a CSV file, its first rows, and its numbers in brief."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    columns: dict[str, Any] = {}
    for name in lines[0]:
        cells = [line[name] for line in lines]
        columns[name] = numbers if (numbers := _numbers(cells)) else cells[:8]
    return {"rows": len(lines), "columns": columns}


def _numbers(cells: list[str]) -> Any:
    try:
        return compact([float(cell) for cell in cells])
    except ValueError:
        return None


def _card(folder: Path) -> dict[str, Any]:
    """Return what ``card`` says of a checkpoint that has one, and which files stand there."""
    mine = shutil.copytree(CHECKPOINTS / "han-zh", folder / "mine")
    (said,) = command("card", "--checkpoint", mine, *CPU)
    assert said.pop("folder") == str(mine)
    card = json.loads((mine / "card.json").read_text())
    return {**said, "files": sorted(path.name for path in mine.iterdir()), "card": kinds(card)}


def planted(path: Path, documents: int = 60) -> Path:
    """Write labelled documents of random words, in which one word tells the class."""
    draw, lines = random.Random(5), []
    for number in range(documents):
        label = ("bad", "good")[number % 2]
        words = draw.choices(["green", "river", "stone", "night", "paper", "cloud", "road"], k=9)
        words[draw.randrange(9)] = {"bad": "dreadful", "good": "splendid"}[label]
        lines.append({"text": " ".join(words).capitalize() + ".", "label": label})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


SMALL = (
    *CPU, "--set", "hidden=4", "--set", "embedding=8", "--set", "attention_size=4",
    "--set", "minimum_count=1", "--seed", 3,
)  # fmt: skip


def training(folder: Path) -> dict[str, Any]:
    """Return what ``train`` prints and writes after one epoch; no times, no floats learnt."""
    with environment(folder / "data"):
        data, out = planted(folder / "planted.jsonl"), folder / "out"
        (said,) = command(
            "train", "--model", "han", "--data", data, "--test", 0.2, "--out", out,
            "--epochs", 1, *SMALL,
        )  # fmt: skip
    metrics = json.loads((out / "metrics.json").read_text())
    config = json.loads((out / "config.json").read_text())
    history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    return {
        "prints": kinds(said),
        "parameters": said["parameters"],
        "epochs": said["epochs"],
        "files": sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()),
        "config": {**config, "sha256": kinds(config["sha256"])},
        "vocabulary": json.loads((out / "vocabulary.json").read_text()),
        "metrics": kinds(metrics),
        "documents": metrics["documents"],
        "settings": metrics.get("settings"),
        "sha256": metrics["sha256"],
        "history": kinds(history),
    }
