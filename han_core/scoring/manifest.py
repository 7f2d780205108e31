"""Which scores a folder holds: of what data, by what checkpoint, cut how.

``manifest.json`` is written before the first part and never changes. So a run that was
stopped goes on where the same data and the same checkpoint are asked for again, and refuses
anything else. It knows nothing about what a part holds.
"""

import hashlib
import json
from collections.abc import Iterable
from itertools import repeat
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import han_core
from han_core.corpora.corpus import Corpus
from han_core.corpora.wording import counted
from han_core.models.checkpoint import CONFIG, VOCABULARY, WEIGHTS, Checkpoint, find_folder
from han_core.models.folder import checksum, read_json, standing, write_json
from han_core.scoring.part import rows_a_part
from han_core.wrong_input import WrongInput

MANIFEST = "manifest.json"
LOCK = ".lock"
FORMAT: Final = 2
"""Of the parts: since 2 they hold the words."""


class Manifest(BaseModel):
    """What ``manifest.json`` says.

    Attributes:
        checkpoint: the folder's name, for people; its content is ``checkpoint_sha256``.
        data: the corpus's name, for people; its content is ``data_sha256``.
        classes: in the order of ``probabilities``.
        labelled: whether the data say which class each document belongs to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[2] = FORMAT
    library: str = f"hanscope {han_core.__version__}"
    checkpoint: str
    checkpoint_sha256: str
    data: str
    data_sha256: str
    classes: tuple[str, ...]
    labelled: bool
    rows: int = Field(ge=1)
    rows_a_part: int = Field(ge=1)

    @property
    def parts(self) -> int:
        return -(-self.rows // self.rows_a_part)

    @property
    def key(self) -> str:
        """The same for the same scores, whoever makes them: a hash of both contents."""
        words = (str(self.format), self.checkpoint_sha256, self.data_sha256, str(self.rows_a_part))
        return hashlib.sha256(" ".join(words).encode()).hexdigest()

    def rows_of(self, number: int) -> int:
        """How many rows a part has."""
        return min(self.rows_a_part, self.rows - number * self.rows_a_part)


def describe(folder: str | Path, checkpoint: Checkpoint, corpus: Corpus) -> Manifest:
    """The manifest of ``corpus`` scored by ``checkpoint``, which stands in ``folder``."""
    return Manifest(
        checkpoint=checkpoint.name,
        checkpoint_sha256=checkpoint_sha256(folder),
        data=corpus.name,
        data_sha256=data_sha256(corpus),
        classes=checkpoint.labels,
        labelled=bool(corpus.labels),
        rows=len(corpus),
        rows_a_part=rows_a_part(len(corpus)),
    )


def checkpoint_sha256(folder: str | Path) -> str:
    """Of all that decides a prediction: configuration, vocabulary and weights."""
    there = standing(find_folder(folder))
    sums = [checksum(there / name) for name in (CONFIG, VOCABULARY, WEIGHTS)]
    return hashlib.sha256(" ".join(sums).encode()).hexdigest()


def data_sha256(corpus: Corpus) -> str:
    """Of ids, texts and labels in their order, each with its length before it."""
    found = hashlib.sha256()
    labels: Iterable[str] = corpus.labels or repeat("")
    for cells in zip(corpus.ids, corpus.texts, labels, strict=False):
        for cell in cells:
            content = cell.encode("utf-8", "surrogatepass")
            found.update(len(content).to_bytes(8, "little"))
            found.update(content)
    return found.hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Which scores ``folder`` holds.

    Raises:
        WrongInput: if it has no manifest, one that does not fit, or one of another format.
    """
    said = read_json(folder / MANIFEST, largest=10_000_000)
    _refuse_other_format(folder, said)
    try:
        return Manifest.model_validate(said)
    except ValidationError as error:
        raise WrongInput(f"{MANIFEST} in {folder.name} is none of scores.") from error


def _refuse_other_format(folder: Path, said: object) -> None:
    format = said.get("format") if isinstance(said, dict) else None
    if isinstance(format, int) and format != FORMAT:
        raise WrongInput(
            f"{folder.name} holds scores of format {format}, and this Hanscope reads and writes "
            f"format {FORMAT}; score into a new or empty folder."
        )


def claim(folder: Path, wanted: Manifest) -> None:
    """Makes ``folder`` the one of ``wanted``, or finds that it is already.

    Raises:
        WrongInput: if it holds other scores or other files, or cannot be written to.
    """
    if (folder / MANIFEST).exists():
        _refuse_other(folder, read_manifest(folder), wanted)
        return
    others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if others:
        raise WrongInput(
            f"Scores go into a new or empty folder; {folder.name} holds "
            f"{counted(len(others), 'file')} such as {others[0]}."
        )
    write_json(folder / MANIFEST, json.loads(wanted.model_dump_json()))


def _refuse_other(folder: Path, there: Manifest, wanted: Manifest) -> None:
    if there.checkpoint_sha256 != wanted.checkpoint_sha256:
        other = f"not of {wanted.checkpoint} as it is now"
    elif there.data_sha256 != wanted.data_sha256:
        other = f"not of the documents and labels that came ({wanted.data})"
    elif there.key != wanted.key:
        other = "cut into other parts"
    else:
        return
    raise WrongInput(
        f"{folder.name} holds the scores of {there.checkpoint} on {there.data}, {other}; "
        "a new or empty folder was expected."
    )
