"""``python -m tests.recorded.record [NAME …]`` rewrites recordings from the tree it stands in."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported, as in the tests

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.recorded import before, commands, pages

RECORDINGS: dict[str, Callable[[Path], Any]] = {
    "options": lambda folder: commands.options(),
    "checkpoints": commands.checkpoints,
    "answers": commands.answers,
    "training": commands.training,
    "explore": pages.explore,
    "compare": pages.compare,
    "errors": pages.errors,
    "train": pages.train,
    "links made before": before.links,
    "runs made before": before.runs,
    "scores made before": before.scores,
}
"""Name of the file → what makes its content; given a folder of its own."""

HERE = Path(__file__).parent


def path_of(name: str) -> Path:
    return HERE / "recordings" / f"{name.replace(' ', '_')}.json"


def recorded(name: str) -> Any:
    """Return what was recorded."""
    return json.loads(path_of(name).read_text(encoding="utf-8"))


def present(name: str, folder: Path) -> Any:
    """Return what the present tree gives, as JSON reads it back."""
    return json.loads(json.dumps(RECORDINGS[name](folder)))


def main() -> None:
    for name in sys.argv[1:] or RECORDINGS:
        with tempfile.TemporaryDirectory() as folder:
            value = present(name, Path(folder).resolve())
        path_of(name).parent.mkdir(exist_ok=True)
        path_of(name).write_text(
            json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        print(name, path_of(name).stat().st_size)


if __name__ == "__main__":
    main()
