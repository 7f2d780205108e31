"""A ``.hanscope`` folder and links that were made before the modules moved, used by this tree."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.recorded import pages, shell
from tests.recorded.commands import rows
from tests.recorded.numbers import kinds
from tests.recorded.shell import command, environment

BEFORE = Path(__file__).parent / "before"
DATA, CHECKPOINTS, LINKS = BEFORE / "hanscope", BEFORE / "checkpoints", BEFORE / "links.json"
SCORED = "bilstm-additive-imdb"
"""A checkpoint whose weights are those of then; scores by the ``han-imdb`` of then are exported."""
PLACEHOLDER = "{HANSCOPE_DATA}"


def linked_checkpoints(root: Path) -> Path:
    """Link the files of the shipped checkpoints in a folder beside which runs publish theirs.

    Their configurations are those of then, which name no version of the tokenizer: scores belong
    to a checkpoint that reads its texts as it did when they were made.
    """
    for folder in shell.CHECKPOINTS.iterdir():
        if (folder / "card.json").is_file():
            (root / folder.name).mkdir(parents=True)
            for file in folder.iterdir():
                (root / folder.name / file.name).symlink_to(file)
            own = root / folder.name / "config.json"
            config = json.loads(own.read_text(encoding="utf-8"))
            del config["text"]["tokenizer_version"]
            own.unlink()
            own.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return root


def copied(folder: Path) -> tuple[Path, Path]:
    """Copy the folder and its published checkpoint to where nothing is lost; return both roots."""
    data, root = folder / "data", linked_checkpoints(folder / "checkpoints")
    shutil.copytree(DATA, data)
    for checkpoint in CHECKPOINTS.iterdir():
        shutil.copytree(checkpoint, root / checkpoint.name)
    for path in (*data.rglob("*.json"), *data.rglob("*.jsonl"), *root.rglob("tiny/*.json")):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(PLACEHOLDER, str(data)), encoding="utf-8")
    return data, root


def links(folder: Path) -> dict[str, Any]:
    """Return what each link shows."""
    data, root = copied(folder)
    there = json.loads(LINKS.read_text())
    with environment(data, HANSCOPE_CHECKPOINTS=root):
        return {
            f"{page} {at}": _opened(link)
            for page, of_page in there.items()
            for at, link in enumerate(of_page)
        }


def _opened(link: dict) -> dict[str, Any]:
    app = pages.open_page(link["page"], **link["query"])
    return {"values": pages.values(app), "chips": _chips(app), **pages.look(pages.unfolded(app))}


def _chips(app: AppTest) -> int:
    return sum((button.key or "").startswith("chip_") for button in app.button)


def runs(folder: Path) -> dict[str, Any]:
    """Return how Train shows the runs, and what comes of the stopped one when it is resumed."""
    data, root = copied(folder)
    ids = sorted(path.name for path in (data / "runs").iterdir() if path.is_dir())
    with environment(data, HANSCOPE_CHECKPOINTS=root):
        found: dict[str, Any] = {id: _run(id) for id in ids}
        stopped = [id for id in ids if "run_resume" in found[id]["widgets"]]
        found["stopped"] = stopped
        found["resumed"] = [_resumed(data, id) for id in stopped]
    return found


def _run(id: str) -> dict[str, Any]:
    app = pages.open_page("4_Train", run=id)
    (table,) = (frame.value for frame in app.dataframe if (frame.key or "").startswith("runs_"))
    status = dict(zip(table["name"], table["status"], strict=True))
    return {"statuses": status, **pages.look(pages.unfolded(app))}


def _resumed(data: Path, id: str) -> dict[str, Any]:
    """Let a run go on by the command that its page shows; what it had reached must stay."""
    out = data / "runs" / id / "checkpoint"
    before = (out / "history.jsonl").read_text().splitlines()
    (line,) = (c.value for c in pages.open_page("4_Train", run=id).code if " train " in c.value)
    words = shlex.split(line)[3:]
    words[words.index("--out") + 1] = str(out)
    (said,) = command(*words, "--device", "cpu", "--resume")
    after = (out / "history.jsonl").read_text().splitlines()
    assert after[: len(before)] == before
    return {"epochs before": len(before), "epochs": len(after), "prints": kinds(said)}


def scores(folder: Path) -> dict[str, Any]:
    """Return kept scores with tags and notes, as Errors and ``export`` give them; none is new."""
    data, root = copied(folder)
    parts = {path: path.stat() for path in (data / "scores").glob("*/*.parquet")}
    with environment(data, HANSCOPE_CHECKPOINTS=root, HANSCOPE_DEFAULT_MODEL=SCORED):
        found = {"documents": _coded(), "export": _exported(folder)}
    now = {path: path.stat() for path in (data / "scores").glob("*/*.parquet")}
    assert now.keys() == parts.keys(), "Something was scored anew."
    assert all(now[path].st_mtime_ns == was.st_mtime_ns for path, was in parts.items())
    return found


CODED = {"first": "40", "next": "20"}  # places of the documents that Ann read


def _coded() -> dict[str, Any]:
    """Return what the codebook and the two documents with tags say."""
    found: dict[str, Any] = {}
    for name, document in CODED.items():
        app = pages.open_page("3_Errors", document=document)
        pages.choose(app, "checkpoint", SCORED)
        pages.choose(app, "analyst", "Ann")
        found[name] = pages.values(app) | {"sources": len(app.selectbox(key="source").options)}
    found["page"] = pages.look(app)
    found["slices"] = pages.tables(pages.choose_at(app, "errors_view", 1))
    found["codebook"] = pages.tables(pages.choose_at(app, "errors_view", 5))
    return found


def _exported(folder: Path) -> list[dict]:
    listed = sorted(command("export"), key=lambda line: line["scores"])
    return [{**line, **_table(folder, line["scores"])} for line in listed]


def _table(folder: Path, key: str) -> dict[str, Any]:
    out = folder / f"{key}.csv"
    command("export", "--scores", key, "--out", out)
    return rows(out)
