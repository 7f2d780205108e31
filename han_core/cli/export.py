"""The command ``export``."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pydantic import ValidationError

from han_core.analysis.annotations.agreement import marks
from han_core.analysis.annotations.database import open_database
from han_core.analysis.dataset import open_store
from han_core.analysis.export import KINDS, Kind, export_table
from han_core.analysis.filters import Filter, from_text
from han_core.analysis.query import select, sort_rows
from han_core.analysis.score_cache import CachedScores, list_scores, open_scores
from han_core.cli.common import bar, check_writable, print_json
from han_core.runtime.errors import UserError

HELP = "kept scores with tags and notes as one table, as Errors takes it away, of any size"


def flags(command: ArgumentParser) -> None:
    command.add_argument(
        "--scores", default="", metavar="KEY", help="how their key begins; left out, lists them"
    )
    command.add_argument("--beside", metavar="KEY", help="scores of a second model")
    command.add_argument(
        "--filter", default="", metavar="TEXT", help="as a link of Errors has it, or as JSON"
    )
    command.add_argument("--order", default="surest wrong first", help="as Errors names it")
    command.add_argument("--out", metavar="FILE", help="its name ends in .csv, .parquet or .jsonl")


def run(given: Namespace) -> None:
    """Writes the file and prints how much it holds; without ``--scores``, what can be exported."""
    if not given.scores:
        _list()
        return

    kind = _kind(given.out)
    filter = _filter(given.filter)
    other = _kept(given.beside).scores if given.beside else None
    store = open_store(_kept(given.scores).scores, other)
    check_writable(given.out)
    notes = open_database()
    rows = sort_rows(store, select(store, filter, marks(notes)), given.order)
    progress = bar("Exporting", len(rows))
    size = export_table(store, rows, notes, Path(given.out), kind, progress=progress)
    print_json({"file": given.out, "documents": len(rows), "bytes": size})


def _list() -> None:
    for each in list_scores():
        manifest = each.scores.manifest
        print_json(
            {
                "scores": each.key[:12],
                "checkpoint": manifest.checkpoint,
                "data": manifest.data,
                "documents": manifest.rows,
            }
        )


def _kept(key: str) -> CachedScores:
    found = [each.key for each in list_scores() if each.key.startswith(key)]
    whole = open_scores(found[0]) if len(found) == 1 else None
    if whole is None:
        said = "several are" if len(found) > 1 else "none is"
        raise UserError(
            f'One set of kept scores was expected, and {said} called "{key}"; '
            "export without --scores lists them."
        )
    return whole


def _filter(text: str) -> Filter:
    if not text.lstrip().startswith("{"):
        return from_text(text)
    try:
        return Filter.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise UserError(f"--filter asks for what cannot be ({where}: {first['msg']}).") from error


def _kind(out: str | None) -> Kind:
    for kind in KINDS:
        if out is not None and out.endswith(f".{kind}"):
            return kind
    names = ", ".join(f".{kind}" for kind in KINDS)
    raise UserError(f"--out FILE is expected, whose name ends in one of {names}.")
