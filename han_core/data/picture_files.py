"""Read documents with pictures, in a confined child process: PNG, JPEG, WebP and GIF.

The content says what format a picture has, not its name. Width × height are checked before
anything is decoded. A picture is turned as its EXIF orientation says, put on white where it is
transparent, scaled to fit, and centred in a white square. What is handed over is a table of
strings: for each document its text, label and split, and the picture's pixels in base64.
"""

import base64
import binascii
import io
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, UnidentifiedImageError

from han_core.data.parquet import check_size
from han_core.data.placement import Placement
from han_core.data.readers import ending_of, shown_name, stream_table
from han_core.data.sandbox import Limits, answer_parent, confine
from han_core.data.stream import Stream, batches_of, most_unpacked
from han_core.runtime.errors import UserError, listed, shown
from han_core.runtime.messages import mark, tr

FORMATS = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
}
NAMES = mark("PNG, JPEG, WebP or GIF")
ENDINGS = tuple(ending for endings in FORMATS.values() for ending in endings)
MOST_FILE, MOST_PIXELS, MOST_DOCUMENTS = 20_000_000, 25_000_000, 200_000
SHOWN_SIDE = 320
"""Pixels of the longer side of what a page shows."""

SIXTEEN_BITS = ("I", "I;16", "I;16B", "I;16L", "I;16N")
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture of each EXIF orientation upright."""

COLUMNS = ("id", "text", "label", "split", "pixels", "placement", "shown", "note")
WHITE = (255, 255, 255)


class Cell(NamedTuple):
    """A picture as a file holds it: bytes, or a path beside the file; neither where it is missing.

    Attributes:
        name: of the picture's own file, as far as there is one.
    """

    content: bytes | None
    name: str


class Decoded(NamedTuple):
    """A picture as a model reads it.

    Attributes:
        pixels: (size, size, 3) uint8.
        shown: a PNG of at most ``SHOWN_SIDE``, upright; empty where it was not asked for.
        notes: what was remarkable, for people.
    """

    pixels: np.ndarray
    placement: Placement
    shown: bytes
    notes: tuple[str, ...]


def decode_picture(content: bytes, where: str, name: str, size: int, show: bool) -> Decoded:
    """Return the picture in the bytes of a file.

    Args:
        where: the subject of sentences, such as "The picture of document 3 of pets.parquet".
        name: of the file; its ending is compared with the content.
        size: pixels of the side of the square that a model reads.
        show: whether a larger one is wanted too.

    Raises:
        UserError: if the file is empty, too large, no picture of these formats, or damaged.
    """
    if not content:
        raise UserError(
            tr("{where} is an empty file; {formats} was expected.", where=where, formats=tr(NAMES))
        )
    if len(content) > MOST_FILE:
        raise UserError(
            tr(
                "{where} is a file of {size:.0f} MB; at most {most:.0f} MB are read.",
                where=where,
                size=len(content) / 1e6,
                most=MOST_FILE / 1e6,
            )
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = _opened(content, where)
            notes = _notes(image, name)
            orientation = _orientation(image)
            upright = _on_white(image)
            if orientation in TURNS:
                upright = upright.transpose(TURNS[orientation])
    except UserError:
        raise
    except MemoryError as error:
        raise UserError(tr("{where} needs too much memory to read.", where=where)) from error
    except Exception as error:  # whatever a decoder says of a file that somebody damaged
        raise UserError(tr("{where} is damaged, or ends too early.", where=where)) from error
    placement = Placement.fitted(*image.size, orientation, size)
    pixels = _in_square(upright, placement)
    return Decoded(pixels, placement, _png(upright) if show else b"", notes)


def _opened(content: bytes, where: str) -> Image.Image:
    """The picture with its size known and bounded, and nothing decoded."""
    try:
        image = Image.open(io.BytesIO(content), formats=list(FORMATS))
    except Image.DecompressionBombError:
        raise UserError(
            tr("{where} has far too many pixels; {most}", where=where, most=_most())
        ) from None
    except UnidentifiedImageError:
        raise UserError(
            tr(
                "{where} is no picture that can be read; {formats} was expected.",
                where=where,
                formats=tr(NAMES),
            )
        ) from None
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise UserError(
            tr(
                "{where} has {width:,} × {height:,} pixels; {most}",
                where=where,
                width=width,
                height=height,
                most=_most(),
            )
        )
    return image


def _most() -> str:
    return tr("at most {number} million are read.", number=MOST_PIXELS // 1_000_000)


def _notes(image: Image.Image, name: str) -> tuple[str, ...]:
    notes = []
    if getattr(image, "is_animated", False) and image.format != "MPO":
        notes.append(mark("animated; its first frame is read"))
    ending = PurePosixPath(name.lower()).suffix
    kind = "JPEG" if image.format == "MPO" else image.format  # several JPEGs in one, from cameras
    if ending in ENDINGS and ending not in FORMATS.get(kind or "", ()):
        notes.append(mark("of another format than its name says; it is read as what it is"))
    return tuple(notes)


def _orientation(image: Image.Image) -> int:
    """EXIF's number for how the camera was held, 1 to 8."""
    value = image.getexif().get(0x0112, 1)
    return value if value in range(1, 9) else 1


def _on_white(image: Image.Image) -> Image.Image:
    """The first frame in RGB, white where it is transparent."""
    if image.mode in SIXTEEN_BITS:  # a plain conversion would cut at 255
        grey = np.asarray(image).astype(np.float64) / 257
        if isinstance(see_through := image.info.get("transparency"), int):
            grey[np.asarray(image) == see_through] = 255
        return Image.fromarray(grey.clip(0, 255).round().astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    opaque = Image.new("RGB", image.size, WHITE)
    opaque.paste(layer, mask=layer.getchannel("A"))
    return opaque


def _in_square(upright: Image.Image, placement: Placement) -> np.ndarray:
    size = (placement.right - placement.left, placement.bottom - placement.top)
    square = Image.new("RGB", (placement.size, placement.size), WHITE)
    scaled = upright if upright.size == size else upright.resize(size, Image.Resampling.BOX)
    square.paste(scaled, (placement.left, placement.top))
    return np.asarray(square)


def _png(upright: Image.Image) -> bytes:
    small = upright.copy()
    small.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.BOX)
    content = io.BytesIO()
    small.save(content, "PNG")
    return content.getvalue()


def picture_stream(request: dict[str, Any]) -> Stream:
    """Return documents with their pictures, or the only picture of a file.

    Raises:
        UserError: names the document that cannot be used.
    """
    path, name = Path(request["path"]), shown_name(request["filename"])
    if request["single"]:
        decoded = decode_picture(
            path.read_bytes(), name, request["filename"], request["size"], show=True
        )
        rows: Iterator[list[str]] = iter([["1", "", "", "", *_packed(decoded)]])
    else:
        rows = _rows(path, name, request)
    return Stream(name, COLUMNS, batches_of(rows, COLUMNS))


def _packed(decoded: Decoded | None) -> list[str]:
    if decoded is None:
        return ["", "", "", ""]
    pixels = base64.b64encode(decoded.pixels.tobytes()).decode()
    shown_bytes = base64.b64encode(decoded.shown).decode()
    place = json.dumps(asdict(decoded.placement))
    return [pixels, place, shown_bytes, json.dumps(decoded.notes)]


def _rows(path: Path, name: str, request: dict[str, Any]) -> Iterator[list[str]]:
    packed = ending_of(request["filename"]) == ".parquet"
    documents = _of_parquet(path, name, request) if packed else _of_text(path, name, request)
    folder = request["folder"] and Path(request["folder"])
    for number, (cells, picture) in enumerate(documents, start=1):
        if number > MOST_DOCUMENTS:
            raise UserError(
                tr(
                    "{name} has more than {most:,} documents.",
                    name=name,
                    most=MOST_DOCUMENTS,
                )
            )
        where = tr("The picture of document {number} of {name}", number=number, name=name)
        if picture.content is None and picture.name.strip():
            picture = _beside(folder, picture.name.strip(), where)
        decoded = None
        if picture.content is not None:
            decoded = decode_picture(
                picture.content, where, picture.name, request["size"], request["show"]
            )
        yield [cells["id"] or str(number), *(cells[key] for key in COLUMNS[1:4]), *_packed(decoded)]


def _beside(folder: Path | None, given: str, where: str) -> Cell:
    """A picture's own file, which has to lie in the folder of the data or below it."""
    if folder is None:
        raise UserError(
            tr(
                "{where} is a path; a file that was sent holds its pictures itself, as Parquet "
                "does.",
                where=where,
            )
        )
    path = (folder / given).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise UserError(
            tr(
                '{where} is "{given}", which is not beside the data.',
                where=where,
                given=shown(given),
            )
        )
    if not path.is_file():
        raise UserError(
            tr(
                '{where} is "{given}", and there is no such file beside the data.',
                where=where,
                given=shown(given),
            )
        )
    if path.stat().st_size > MOST_FILE:
        raise UserError(
            tr(
                "{where} is larger than {most:.0f} MB.",
                where=where,
                most=MOST_FILE / 1e6,
            )
        )
    return Cell(path.read_bytes(), given)


def _roles(columns: Sequence[str], name: str, request: dict[str, Any]) -> dict[str, str]:
    """The column of each role that the file has."""
    roles = {role: request[role] or role for role in ("text", "image", "label")}
    missing = [roles[role] for role in ("text", "image") if roles[role] not in columns]
    if request["labelled"] or len(missing) == 2:  # to explain, one of the two is enough
        missing += [roles["label"]] if request["labelled"] and roles["label"] not in columns else []
        for column in missing:
            raise UserError(
                tr(
                    '{name} has no column "{column}"; its columns are: {columns}.',
                    name=name,
                    column=shown(column),
                    columns=listed(columns) or tr("none"),
                )
            )
    roles |= {"split": "split", "id": "id"}
    return {role: column for role, column in roles.items() if column in columns}


def _of_parquet(
    path: Path, name: str, request: dict[str, Any]
) -> Iterator[tuple[dict[str, str], Cell]]:
    try:
        with path.open("rb") as source:
            file = pq.ParquetFile(source, pre_buffer=False)
            check_size(file.metadata, most_unpacked(path.stat().st_size), name)
            roles = _roles(file.schema_arrow.names, name, request)
            for batch in file.iter_batches(64, columns=list(roles.values()), use_threads=False):
                for row in batch.to_pylist():
                    cells = {r: row.get(c) for r, c in roles.items()}
                    yield _written(cells, name), _picture_cell(cells.get("image"), name)
    except UserError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(tr("{name} is not a Parquet file that can be read.", name=name)) from error


def _of_text(
    path: Path, name: str, request: dict[str, Any]
) -> Iterator[tuple[dict[str, str], Cell]]:
    stream = stream_table(lambda: path.open("rb"), request["filename"])
    roles = _roles(stream.columns, name, request)
    for batch in stream.batches:
        for row in batch.to_pylist():
            cells = {r: row.get(c) for r, c in roles.items()}
            yield _written(cells, name), _picture_cell(cells.get("image"), name)


def _written(cells: dict[str, Any], name: str) -> dict[str, str]:
    """The cells that are words."""
    written = {}
    for role in ("id", "text", "label", "split"):
        value = cells.get(role)
        if isinstance(value, bytes | list | dict):
            raise UserError(
                tr('The column of "{role}" of {name} holds no words.', role=role, name=name)
            )
        written[role] = "" if value is None else str(value)
    return written


def _picture_cell(value: object, name: str) -> Cell:
    """A picture from bytes, a path, base64 after "data:", or the datasets library's pair of both.

    ``datasets.Image`` stores {"bytes": …, "path": …}, of which either may be missing.
    """
    if isinstance(value, str) and value.startswith("{"):  # as JSON lines hold such a pair
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if isinstance(value, dict):
        content, path = value.get("bytes"), value.get("path")
        if isinstance(content, str):
            content = _from_base64(content, name)
        return Cell(content if isinstance(content, bytes) else None, str(path or ""))
    if isinstance(value, bytes):
        return Cell(value, "")
    if isinstance(value, str) and value.startswith("data:"):
        return Cell(_from_base64(value.partition(",")[2], name), "")
    if value is None or isinstance(value, str):
        return Cell(None, value or "")
    raise UserError(tr('The column of "image" of {name} holds neither bytes nor paths.', name=name))


def _from_base64(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UserError(tr("A picture of {name} is no base64.", name=name)) from None


def read_in_child(request: dict[str, Any]) -> Stream:
    """Read what the parent asked for, within its limits."""
    confine(Limits(**request["limits"]))
    return picture_stream(request)


if __name__ == "__main__":
    answer_parent(read_in_child)
