"""Documents with a text, a picture and a label each, read from files that may be hostile.

``read_pictures`` has a child process read the file and decode the pictures (``picture_files``) and
checks what it hands over. A document may lack its text or its picture, but not both.
"""

import base64
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from han_core.data.placement import Placement
from han_core.data.readers import ending_of
from han_core.data.sandbox import OWN, USUAL, Limits, NoAnswer, run_in_child
from han_core.data.series_splits import rows_by_split
from han_core.data.table import Table
from han_core.runtime.errors import UserError, alternatives, counted, listed, shown, system_errors
from han_core.runtime.messages import tr

CHILD = "han_core.data.picture_files"
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
BUNDLED = "bundled:"
BUNDLED_FOLDER = Path(__file__).with_name("bundled") / "pictures"


@dataclass(frozen=True)
class Picture:
    """A picture as a model reads it.

    Attributes:
        pixels: (size, size, 3) uint8, white in the margin.
        shown: a larger PNG, upright, for pages; empty where it was not asked for.

    Raises:
        ValueError: if the pixels are no square of the placement's size.
    """

    pixels: np.ndarray
    placement: Placement
    shown: bytes = b""

    def __post_init__(self) -> None:
        size = self.placement.size
        if self.pixels.shape != (size, size, 3) or self.pixels.dtype != np.uint8:
            raise ValueError(f"({size}, {size}, 3) bytes expected; {self.pixels.shape}.")


@dataclass(frozen=True)
class Columns:
    """The columns of a file; None for ``text``, ``image`` and ``label``."""

    text: str | None = None
    image: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class PictureSet:
    """Documents in order.

    Attributes:
        name: of the file, for people.
        texts: "" where there is none.
        pictures: None where there is none.
        labels: of each document; empty where nobody says.
        ids: for people.
        splits: "train", "validation", "test" or whatever the column says; empty without one.
        notes: sentences on what was remarkable in reading.

    Raises:
        ValueError: if the numbers disagree, or a document has neither text nor picture.
    """

    name: str
    texts: tuple[str, ...]
    pictures: tuple[Picture | None, ...]
    labels: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        for cells in (self.pictures, self.labels or self.texts, self.ids or self.texts):
            if len(cells) != len(self.texts):
                raise ValueError(f"{len(self.texts)} texts and {len(cells)} cells beside them.")
        for text, picture in zip(self.texts, self.pictures, strict=True):
            if not text.strip() and picture is None:
                raise ValueError("A document has a text or a picture.")

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Iterable[int]) -> "PictureSet":
        """Return the documents at ``rows``."""
        rows = list(rows)

        def at(cells: tuple) -> tuple:
            return tuple(cells[row] for row in rows) if cells else ()

        return replace(
            self,
            texts=at(self.texts),
            pictures=at(self.pictures),
            labels=at(self.labels),
            ids=at(self.ids),
            splits=at(self.splits),
        )


def read_pictures(
    path: str | Path,
    size: int,
    columns: Columns = Columns(),
    labelled: bool = True,
    show: bool = False,
    limits: Limits = OWN,
    filename: str | None = None,
    folder: Path | None = None,
) -> PictureSet:
    """Return the documents of a table, or of ``bundled:NAME``.

    Args:
        size: pixels of the side of the square that a model reads.
        labelled: whether every document needs a label, and the file both other columns.
        show: whether pages need larger pictures as well.
        filename: the name that was given to a file whose path is a temporary one; its pictures
            have to be in it, unless ``folder`` says where their paths begin.

    Raises:
        UserError: says what was expected and what came.
    """
    bundled = str(path).startswith(BUNDLED)
    given = str(path)
    path = bundled_path(given.removeprefix(BUNDLED)) if bundled else Path(path)
    name = Path(filename or path).name
    ending_of(name)
    beside = folder or (path.parent if filename is None else None)
    request = {
        **asdict(columns),
        "labelled": labelled,
        "single": False,
        "size": size,
        "show": show,
        "folder": None if beside is None else str(beside.resolve()),
    }
    table = _answer(path, name, request, limits)
    return picture_set(table, given if bundled else shown(name), labelled)


def read_picture(content: bytes, filename: str, size: int, limits: Limits = USUAL) -> PictureSet:
    """Return the only document that a picture that was sent makes, with a larger picture to show.

    Raises:
        UserError: says why the picture cannot be read.
    """
    if not filename.lower().endswith(PICTURES):
        raise UserError(
            tr(
                '"{name}" is no picture; its name should end in {endings}.',
                name=shown(filename),
                endings=alternatives(PICTURES),
            )
        )
    with (
        system_errors(tr("{filename} cannot be read on this machine", filename=shown(filename))),
        tempfile.TemporaryDirectory(prefix="hanscope-upload-") as folder,
    ):
        path = Path(folder) / "upload"
        path.write_bytes(content)
        table = _answer(path, filename, {"single": True, "size": size}, limits)
    return picture_set(table, shown(filename), labelled=False)


def _answer(path: Path, name: str, request: dict, limits: Limits) -> Table:
    """What the child hands over."""
    if not path.is_file():
        raise UserError(tr("There is no file {path}.", path=shown(str(path), 200)))
    with system_errors(tr("{name} cannot be read", name=shown(name))):
        limits = replace(limits.for_size(path.stat().st_size), table=limits.table)
    request |= {"path": str(path.resolve()), "filename": name, "limits": asdict(limits)}
    environment = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"}
    try:
        return run_in_child(
            CHILD,
            request,
            seconds=limits.wall_seconds,
            environment=environment,
            most_bytes=limits.table,
        )
    except NoAnswer as error:
        raise UserError(
            tr(
                "{name} made its reader stop: it is damaged, or too large to read.",
                name=shown(name),
            )
        ) from error


def bundled_pictures() -> tuple[str, ...]:
    """Return the names of the documents with pictures that come along."""
    return tuple(sorted(path.stem for path in BUNDLED_FOLDER.glob("*.parquet")))


def bundled_path(name: str) -> Path:
    """Return the file of ``bundled:NAME``.

    Raises:
        UserError: names those that there are.
    """
    if name not in bundled_pictures():
        raise UserError(
            tr(
                'Bundled pictures are {bundled_pictures}; "{name}" came.',
                bundled_pictures=listed(bundled_pictures()),
                name=shown(name),
            )
        )
    return BUNDLED_FOLDER / f"{name}.parquet"


def picture_set(table: Table, name: str, labelled: bool) -> PictureSet:
    """Return the documents that the child hands over.

    Raises:
        UserError: if there is none, or one lacks its label, or both text and picture.
    """
    cells = {column: tuple(table.data[column]) for column in table.columns}
    if not cells["text"]:
        raise UserError(tr("{name} holds no document.", name=name))
    pictures = tuple(map(_picture, cells["pixels"], cells["placement"], cells["shown"]))
    for id, text, label, picture in zip(
        cells["id"], cells["text"], cells["label"], pictures, strict=True
    ):
        if picture is None and not text.strip():
            raise UserError(
                tr("Document {id} of {name} has neither text nor picture.", id=shown(id), name=name)
            )
        if labelled and not label.strip():
            raise UserError(
                tr(
                    "Document {id} of {name} has no label; name the column of classes with "
                    "--label-column.",
                    id=shown(id),
                    name=name,
                )
            )
    return PictureSet(
        name,
        cells["text"],
        pictures,
        tuple(label.strip() for label in cells["label"]) if any(cells["label"]) else (),
        cells["id"],
        cells["split"] if any(cells["split"]) else (),
        _notes(cells, pictures),
    )


def _picture(pixels: str, placement: str, larger: str) -> Picture | None:
    if not pixels:
        return None
    place = Placement(**json.loads(placement))
    content = np.frombuffer(base64.b64decode(pixels), np.uint8)
    shape = (place.size, place.size, 3)
    return Picture(content.reshape(shape), place, base64.b64decode(larger))


def _notes(
    cells: dict[str, tuple[str, ...]], pictures: Sequence[Picture | None]
) -> tuple[str, ...]:
    counts = Counter(note for notes in cells["note"] for note in json.loads(notes or "[]"))
    notes = [
        tr("{pictures}: {note}.", pictures=counted(count, "picture"), note=tr(note))
        for note, count in counts.items()
    ]
    if missing := sum(picture is None for picture in pictures):
        notes.append(tr("{documents} without a picture.", documents=counted(missing, "document")))
    textless = sum(not text.strip() for text in cells["text"])
    if textless and len(pictures) > 1:  # a picture that was sent alone has none
        notes.append(tr("{documents} without a text.", documents=counted(textless, "document")))
    return tuple(notes)


def split_pictures(
    data: PictureSet, validation: float, test: float, seed: int
) -> dict[str, PictureSet | None]:
    """Return training, validation and test by the column ``split``, and else by shares.

    Documents with the same text and picture stay together.

    Raises:
        UserError: if the column says something else, or nothing is left to train on.
    """
    rows = rows_by_split(data.splits or ("train",) * len(data), data.name, "document")
    for part, share in (("test", test), ("validation", validation)):
        if share and not rows[part]:
            held = set(_held_out(data, rows["training"], share, seed))
            rows[part] = sorted(held)
            rows["training"] = [row for row in rows["training"] if row not in held]
    if not rows["training"]:
        raise UserError(tr("No document of {name} is left for training.", name=data.name))
    return {part: data.take(taken) if taken else None for part, taken in rows.items()}


def test_part(data: PictureSet) -> PictureSet:
    """Return the test documents where a column ``split`` names some, else all."""
    rows = [row for row, said in enumerate(data.splits) if said.strip().casefold() == "test"]
    return data.take(rows) if rows else data


def _held_out(data: PictureSet, rows: list[int], share: float, seed: int) -> list[int]:
    """A share of ``rows`` at random, in groups of equal documents."""
    groups: dict[tuple, list[int]] = {}
    for row in rows:
        picture = data.pictures[row]
        content = b"" if picture is None else picture.pixels.tobytes()
        groups.setdefault((data.texts[row].casefold(), content), []).append(row)
    taken: list[int] = []
    order = np.random.default_rng(seed).permutation(len(groups))
    lists = list(groups.values())
    for at in order:
        if len(taken) >= round(share * len(rows)) or len(taken) >= len(rows) - 1:
            break
        taken += lists[at]
    return taken
