"""Asking one of our modules for a table, in a process of its own.

Both ends of one small protocol. The parent makes a folder, writes the request
there as JSON, and runs `python -m MODULE FOLDER`; the child answers with
`table.arrow` and `name.txt`, or with one sentence in `refusal.txt` and exit
status 2. The table is written as it comes and mapped afterwards, so neither end holds it
whole. Never pickle: the child may have read hostile data. Knows nothing about what is
asked.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from han_core.corpora.stream import Stream, mapped, stream_of
from han_core.corpora.table import Table
from han_core.wrong_input import WrongInput

ROOT = Path(__file__).resolve().parents[2]
REFUSED = 2
MOST_BYTES = 64 * 2**30


class NoAnswer(Exception):
    """The child ended, or was stopped, without a table and without a sentence."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"exit status {status}")
        self.status = status  # negative: the signal; None: stopped after the time allowed


def ask(
    module: str,
    request: Mapping[str, object],
    *,
    seconds: float,
    environment: Mapping[str, str],
    progress: bool = False,
    most_bytes: int = MOST_BYTES,
) -> Table:
    """The table that `module` answers with, of at most `most_bytes` on the disk.

    `progress` lets the child write to standard error.
    """
    # What is mapped cannot be deleted everywhere; there the system does so later.
    with tempfile.TemporaryDirectory(prefix="hanscope-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # The child works in an empty folder: what lies in ours must not shadow a name.
        (folder / "empty").mkdir()
        said = json.dumps({"most_bytes": most_bytes, "request": request})
        (folder / "request.json").write_text(said, encoding="utf-8")
        try:
            finished = subprocess.run(
                [sys.executable, "-m", module, name],
                cwd=folder / "empty",
                env={**os.environ, "PYTHONPATH": _search_path(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if progress else subprocess.DEVNULL,
                timeout=seconds,
                # Ctrl-C reaches the parent alone, which then ends the child quietly.
                start_new_session=True,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NoAnswer(None) from error
        return _answer_in(folder, finished.returncode)


def _answer_in(folder: Path, status: int) -> Table:
    refusal = folder / "refusal.txt"
    if status == REFUSED and refusal.exists():
        raise WrongInput(refusal.read_text(encoding="utf-8"))
    if status != 0:
        raise NoAnswer(status)
    name = (folder / "name.txt").read_text(encoding="utf-8")
    return mapped(folder / "table.arrow", name)


def _search_path() -> str:
    inherited = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(ROOT), inherited] if inherited else [str(ROOT)])


def answer(work: Callable[[dict[str, Any]], Stream | Table]) -> None:
    """The child's whole life: read the request, work, leave the answer, exit."""
    folder = Path(sys.argv[1])
    asked = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    try:
        found = work(asked["request"])
        stream = stream_of(found) if isinstance(found, Table) else found
        stream.write(folder / "table.arrow", asked["most_bytes"])
        (folder / "name.txt").write_text(stream.name, encoding="utf-8")
    except WrongInput as error:
        (folder / "refusal.txt").write_text(str(error), encoding="utf-8", errors="replace")
        sys.exit(REFUSED)
