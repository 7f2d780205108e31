"""The messages of the code, and the catalogues that translate them.

``python -m tests.messages.catalogue`` compiles ``locales/zh/*.po`` into what gettext reads, and
lists what lacks a translation. With a path of the code and a catalogue, such as ``pages/errors
locales/zh/errors.po``, it first appends the messages that no catalogue has, to be filled in.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from han_core.runtime.messages import COUNTED, FOLDER
from han_core.runtime.paths import PROJECT

SOURCES = ("app.py", "han_core", "pages")
DAY = datetime(2026, 11, 29, tzinfo=UTC)
COMPILED = FOLDER / "zh" / "LC_MESSAGES" / "hanscope.mo"


@dataclass(frozen=True)
class Message:
    """An English message as the code has it; ``several`` is its plural."""

    text: str
    several: str | None = None
    context: str | None = None

    @property
    def key(self) -> str | tuple[str, str]:
        """What Babel calls its id."""
        return self.text if self.several is None else (self.text, self.several)


def messages_of(tree: ast.AST) -> Iterator[tuple[int, Message]]:
    """Yield each message of a module with its line."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        texts = [one.value if isinstance(one, ast.Constant) else None for one in node.args]
        match node.func.id, texts:
            case (("tr" | "mark"), [str(text), *_]) if text:
                yield node.lineno, Message(text)
            case "trn", [str(one), str(several), *_]:
                yield node.lineno, Message(one, several)
            case "counted", [_, str(noun)]:
                yield node.lineno, Message(noun, context=COUNTED)


def modules(path: str) -> list[Path]:
    """List the Python files of a path below the project."""
    root = PROJECT / path
    return [root] if root.is_file() else sorted(root.rglob("*.py"))


def used(*paths: str) -> dict[Message, str]:
    """Return every message with the first place where it stands."""
    found: dict[Message, str] = {}
    for path in paths or SOURCES:
        for module in modules(path):
            for line, message in messages_of(ast.parse(module.read_text("utf-8"))):
                found.setdefault(message, f"{module.relative_to(PROJECT)}:{line}")
    return found


def catalogues() -> dict[Path, Catalog]:
    """Read the catalogues of the Chinese interface."""
    return {path: read_catalogue(path) for path in sorted((FOLDER / "zh").glob("*.po"))}


def new_catalogue() -> Catalog:
    """Return an empty catalogue of fixed dates: the same messages are the same bytes."""
    return Catalog(
        locale="zh", project="Hanscope", version="1", charset="utf-8", fuzzy=False,
        creation_date=DAY, revision_date=DAY,
        header_comment="# Chinese messages of Hanscope's interface.",
    )  # fmt: skip


def read_catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="zh", abort_invalid=True)


def missing(found: dict[Message, str], held: dict[Path, Catalog]) -> dict[Message, str]:
    """Return the messages that no catalogue translates, with their places."""
    return {message: place for message, place in found.items()
            if not any(translation(catalogue, message) for catalogue in held.values())}  # fmt: skip


def translation(catalogue: Catalog, message: Message) -> str:
    """Return how a catalogue translates a message; empty where it does not."""
    entry = catalogue.get(message.text, message.context)
    if entry is None or entry.fuzzy or entry.id != message.key:
        return ""
    strings = entry.string if isinstance(entry.string, tuple) else (entry.string,)
    return strings[0] or ""  # Chinese has one form for any number


def compiled(held: dict[Path, Catalog]) -> bytes:
    """Return all catalogues as one, in the form that gettext reads."""
    whole, file = new_catalogue(), BytesIO()
    for catalogue in held.values():
        for entry in catalogue:
            if entry.id:
                whole.add(entry.id, entry.string, context=entry.context)
    write_mo(file, whole)
    return file.getvalue()


def append(path: str, file: Path) -> None:
    """Add to a catalogue what a path of the code has and no catalogue translates."""
    held = catalogues()
    catalogue = held.get(file) or new_catalogue()
    for message in missing(used(path), held):
        catalogue.add(message.key, context=message.context)
    with file.open("wb") as output:
        write_po(output, catalogue, width=100)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        append(sys.argv[1], PROJECT / sys.argv[2])
    COMPILED.write_bytes(compiled(catalogues()))
    for lacking, place in missing(used(), catalogues()).items():
        print(f"{place}: no translation of {lacking.text!r}")
