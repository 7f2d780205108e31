"""``python -m tests.recorded.make_before`` makes the folder and the links that stand in ``before``.

They are what somebody has who used Hanscope before its modules moved, so they are made once,
by the tree of that time: a folder made anew would prove nothing. All is done on the pages.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl

from streamlit.testing.v1 import AppTest

from tests.recorded import pages
from tests.recorded.before import BEFORE, CHECKPOINTS, DATA, PLACEHOLDER, linked_checkpoints
from tests.recorded.shell import environment

TEXT = "The plot is thin. But what actors! I laughed a lot."
CHINESE = "房间WiFi很好！ 早餐一般。下次还来，服务员非常热情。"
WORDS = ("green", "river", "stone", "night", "paper", "cloud", "road", "window")
SIZES = {"hidden": 4, "embedding": 8, "attention_size": 4, "minimum_count": 1}
PATIENCE = 900.0  # seconds
UNNEEDED = ("lock", "*.lock", "reserve", ".places", "stderr.log", "*-wal", "*-shm", ".publishing")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data, root = Path(folder).resolve() / "data", Path(folder).resolve() / "checkpoints"
        linked_checkpoints(root)
        with environment(data, HANSCOPE_CHECKPOINTS=root):
            _runs()
            links = {"errors": _errors(), "explore": _explore()}
        _write(data, root, links)


def _runs() -> None:
    """One run that is done and a checkpoint, and one that was stopped and can go on."""
    app = _start("tiny", epochs=2)
    _until(app, "run_explore")
    app = _start("halted", epochs=12, batch_tokens=20)
    runs = Path(os.environ["HANSCOPE_DATA"]) / "runs"
    (history,) = (path / "events.jsonl" for path in runs.iterdir() if _name(path) == "halted")
    _wait(lambda: '"epoch"' in history.read_text() and '"line"' in history.read_text())
    pages.press(app, "run_stop")
    _until(app, "run_resume")


def _name(run: Path) -> str:
    config = run / "config.json"
    return json.loads(config.read_text())["name"] if config.is_file() else ""


def _start(name: str, **settings: int) -> AppTest:
    """Begin a run on the uploaded reviews, as small as can be."""
    app = pages.open_page("4_Train")
    pages.choose(app, "train_data", "file")
    app.file_uploader(key="train_upload").upload("mine.csv", _reviews())
    pages.again(app)
    for key, value in (SIZES | settings).items():
        pages.choose(app, f"set_{key}", value)
    pages.choose(app, "train_name", name)
    return pages.press(app, "train_start")


def _until(app: AppTest, key: str) -> None:
    _wait(lambda: key in {button.key for button in pages.again(app).button})


def _wait(over: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not over():
        assert time.monotonic() < end, "It took too long."
        time.sleep(0.05)


def _reviews() -> bytes:
    draw, rows = random.Random(8), ["text,label,film"]
    for number in range(60):
        label = ("negative", "positive")[number % 2]
        words = draw.choices(WORDS, k=9)
        words[draw.randrange(9)] = {"negative": "dreadful", "positive": "splendid"}[label]
        rows.append(f"{' '.join(words).capitalize()}.,{label},film {number % 3}")
    return ("\n".join(rows) + "\n").encode()


def _errors() -> list[dict]:
    """Kept scores, tags, a note, a flag, a slice, and links to views of them."""
    app = pages.open_page("3_Errors")
    pages.choose(app, "checkpoint", "han-imdb")
    pages.choose(app, "analyst", "Ann")
    pages.choose(app, "coding_new_tag", "irony")
    pages.press(app, "coding_make_tag")
    pages.choose(app, "coding_note", "Praise, then *blame*.")
    pages.choose(app, "coding_marks", ["ambiguous"])
    pages.press(app, "next_error")
    pages.choose(app, "coding_tags", ["irony"])
    links = [_errors_link(app)]
    pages.choose(app, "filter_contains", "the")
    pages.choose(app, "filter_field", "confidence")
    pages.choose(app, "filter_confidence_low", 0.6)
    pages.choose(app, "slice_name", "sure of the")
    pages.press(app, "save_slice")
    pages.choose(app, "filter_field", "outcome")
    pages.choose(app, "filter_outcome", "wrong")
    pages.choose(app, "beside", "bilstm-additive-imdb")
    pages.press(app, "next_error")
    links.append(_errors_link(app))
    pages.press(app, "clear_filter")
    pages.choose(app, "filter_field", "tags")
    pages.choose(app, "filter_tags", ["irony"])
    links.append(_errors_link(app))
    pages.press(app, "clear_filter")
    pages.choose(app, "filter_field", "columns")
    pages.choose(app, "filter_column", "topic")
    pages.choose(app, "filter_values", ["film", "book"])
    pages.choose(app, "filter_field", "pattern")
    pages.choose(app, "filter_pattern", r"\bnot\b|n't")
    links.append(_errors_link(app))
    pages.press(app, "clear_filter")
    pages.choose(app, "source", "upload")
    app.file_uploader(key="upload").upload("mine.csv", _reviews())
    pages.again(app)
    pages.choose(app, "filter_field", "true")
    pages.choose(app, "filter_true", ["negative"])
    links.append(_errors_link(app))
    return links


def _errors_link(app: AppTest) -> dict:
    (address,) = [code.value for code in app.code if "?" in code.value and "=" in code.value]
    return {"page": "3_Errors", "query": dict(parse_qsl(address.split("?")[1]))}


def _explore() -> list[dict]:
    """Links to views of Explore: edits, attention changed by hand, a method, texts."""
    return [
        _explore_link(pages.open_page("1_Explore")),
        _explore_link(_edited()),
        _explore_link(_shuffled()),
        _explore_link(_by_method()),
        _explore_link(_analysed(CHINESE, "han-zh")),
        _explore_link(_analysed(" ".join(f"word{n * 7919 % 10_007}" for n in range(1_000)))),
    ]


def _analysed(text: str, checkpoint: str = "han-imdb") -> AppTest:
    app = pages.open_page("1_Explore")
    pages.choose(app, "checkpoint", checkpoint)
    app.text_area(key="document").set_value(text)
    return pages.press(app, "analyze")


def _edited() -> AppTest:
    """Two words out, one replaced, sharpened, by lift, beside uniform attention."""
    app = _analysed(TEXT)
    for start, end in ((12, 16), (27, 33)):
        pages.act(app, "heatmap", do="word", start=start, end=end, id=None)
    pages.choose(app, "replacement_12_16_0", "superb")
    pages.choose(app, "tamper_kind", "sharpen")
    pages.choose(app, "reading", "lift")
    return pages.choose(app, "placebo", "uniform")


def _shuffled() -> AppTest:
    """A sentence out, the attention of another shuffled twice."""
    app = _analysed(TEXT, "bilstm-additive-imdb")
    pages.act(app, "heatmap", do="sentence", start=0, end=17, id=None)
    pages.choose(app, "tamper_kind", "shuffle")
    pages.choose(app, "tamper_where", 1)
    return pages.press(app, "reshuffle")


def _by_method() -> AppTest:
    app = _analysed(TEXT, "bilstm-dot-imdb")
    pages.choose(app, "method", "leave_one_word_out")
    return pages.choose(app, "target", "positive")


def _explore_link(app: AppTest) -> dict:
    pages.press(app, "link")
    (address,) = [code.value for code in app.code]
    return {"page": "1_Explore", "query": dict(parse_qsl(address.split("?")[1]))}


def _write(data: Path, root: Path, links: dict) -> None:
    """Put into ``before`` what is needed, with a placeholder where paths are absolute."""
    shutil.rmtree(BEFORE, ignore_errors=True)
    shutil.copytree(data, DATA, ignore=shutil.ignore_patterns(*UNNEEDED, "notes.sqlite"))
    _copy_notes(data / "notes.sqlite", DATA / "notes.sqlite")
    shutil.copytree(root / "tiny", CHECKPOINTS / "tiny")
    for path in BEFORE.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        if bytes(data) in content:
            text = content.decode("utf-8").replace(str(data), PLACEHOLDER)
            path.write_text(text, encoding="utf-8")
    (BEFORE / "links.json").write_text(json.dumps(links, indent=1) + "\n")


def _copy_notes(database: Path, target: Path) -> None:
    """Copy the database, which the pages still hold open, into one file."""
    with closing(sqlite3.connect(database)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")


if __name__ == "__main__":
    main()
