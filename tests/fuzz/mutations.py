"""Seeded changes of texts, bytes and JSON into what people send by mistake or on purpose."""

import copy
import gzip
import json
from random import Random

Files = dict[str, bytes]
"""Contents by the name of the file."""

RANGES = (
    (0x00, 0x20), (0x7F, 0xA0), (0x300, 0x370), (0x590, 0x700), (0x900, 0xA00), (0xE00, 0xE80),
    (0x1100, 0x1200), (0x200B, 0x2010), (0x2028, 0x202F), (0x2066, 0x206A), (0x3040, 0x3100),
    (0x4E00, 0x9FFF), (0xD800, 0xE000), (0xFDD0, 0xFDF0), (0xFE00, 0xFE10), (0xFFF0, 0x10000),
    (0x1F1E6, 0x1F200), (0x1F300, 0x1F700), (0x20000, 0x20100), (0xE0000, 0xE0080),
    (0x10FFF0, 0x110000), (0, 0x110000),
)  # fmt: skip
"""Controls, combining marks, scripts, bidirectional controls, surrogates, emoji, every plane."""

SNIPPETS = (
    "", " ", "\n", "\r", "\r\n\r\n", "\t", "\0", '"', '""', "'", ",", ";", "\ufeff", "sep=;\n",
    "=cmd|' /C calc'!A0", "@SUM(1)", "<script>alert(1)</script>", "<br />", "](javascript:0)",
    "$\\frac{1}{0}$", "{{7*7}}", "%s%n", "../../etc", "C:\\con", "nan", "NULL", "1e999", "-0",
    "007", "９", "٣", "dreadful. ", "The road was splendid! ", "ffi ﬁ ß İ", "e.g. Dr. No 3.14... ",
    "« “ „ ¿ ",
    "[" * 5_000, "{" * 300, '{"a":' * 2_000, "(a+)+$", "\\", "\\ud800", "a" * 50_000, ". " * 3_000,
)  # fmt: skip
VALUES = (
    None, True, False, 0, -1, 1, 2, 7, 255, 2**31, 2**63, 2**64, 10**30, -(10**30), 0.5, 1e308,
    -1e-320,
    float("nan"), float("inf"), "", "text", "\0", "\ud800", "0", [], {}, [[]], [None], ["a", "a"],
    {"": ""}, {"text": 1}, {"a": {"b": []}},
)  # fmt: skip
DEEP = "<deep>"  # stands for lists in lists, deeper than any parser goes down


def hostile_text(draw: Random, most: int = 12) -> str:
    """A text of snippets and of characters from all planes, some of them many times."""

    def piece() -> str:
        if draw.random() < 0.5:
            return draw.choice(SNIPPETS)
        low, high = draw.choice(RANGES)
        character = chr(draw.randrange(low, high))
        return character * draw.choice((1, 1, 1, 2, 70, 3_000 if draw.random() < 0.2 else 5))

    return "".join(piece() for _ in range(draw.randint(0, most)))


def in_utf8(text: str) -> bytes:
    """The text in UTF-8; half a character stays half a character, as a broken program writes it."""
    return text.encode("utf-8", "surrogatepass")


def mutate_bytes(draw: Random, data: bytes, other: bytes) -> bytes:
    """Change ``data`` in one to four places; ``other`` is what may be spliced in."""
    for _ in range(draw.randint(1, 4)):
        data = _changed(draw, data, other)
    return data


def _changed(draw: Random, data: bytes, other: bytes) -> bytes:
    start, end = sorted(draw.randrange(len(data) + 1) for _ in range(2))
    near = min(end, start + draw.randint(1, 16))
    before, within, after = data[:start], data[start:near], data[near:]
    flipped = bytes(byte ^ 1 << draw.randrange(8) for byte in within)
    filled = draw.choice((b"\xff", b"\0", b"\x7f")) * len(within)
    return draw.choice((
        before + flipped + after,
        before + flipped[:1] + within[1:] + after,
        before + filled + after,
        before + after,
        before + within + within + after,
        before + in_utf8(hostile_text(draw, 3)) + after,
        data[:end],
        before + other[len(other) * start // (len(data) + 1) :],
    ))  # fmt: skip


def mutate_text(draw: Random, text: str) -> str:
    """Put a hostile text somewhere into ``text``."""
    at = draw.randrange(len(text) + 1)
    return text[:at] + hostile_text(draw, 3) + text[at + draw.choice((0, 0, 1, 5)) :]


def mutate_value(draw: Random, value: object) -> object:
    """A JSON value with one node changed, wherever it stands."""
    if isinstance(value, dict | list) and value and draw.random() < 0.75:
        changed = copy.copy(value)
        key = draw.choice(list(changed) if isinstance(changed, dict) else range(len(changed)))
        changed[key] = mutate_value(draw, changed[key])
        return changed
    if isinstance(value, str) and draw.random() < 0.5:
        return mutate_text(draw, value)
    if isinstance(value, int | float) and draw.random() < 0.4:
        return draw.choice((-value, value + 1, value / 2, value * 10, draw.random()))
    choice = draw.randrange(6)
    if choice == 0:
        return hostile_text(draw, 4)
    if choice == 1 and isinstance(value, dict):
        return {**value, hostile_text(draw, 2): draw.choice(VALUES)}
    if choice == 2 and isinstance(value, dict | list) and value:
        gone = draw.randrange(len(value))
        if isinstance(value, list):
            return value[:gone] + value[gone + 1 :]
        return {key: value[key] for at, key in enumerate(value) if at != gone}
    if choice == 3:
        return [value] * (draw.choice((1, 2, 300)) if len(repr(value)) < 9_000 else 1)
    if choice == 4 and draw.random() < 0.2:
        return DEEP
    return draw.choice(VALUES)


def mutate_json(draw: Random, data: bytes) -> bytes:
    """JSON, or one line of JSON lines, with one to three nodes changed."""
    lines = data.splitlines() if data.count(b"}\n{") else [data]
    at = draw.randrange(len(lines))
    value = json.loads(lines[at])
    for _ in range(draw.choice((1, 1, 2, 3))):
        value = mutate_value(draw, value)
    text = json.dumps(value, ensure_ascii=draw.random() < 0.5)
    deep = draw.choice((200, 100_000))
    lines[at] = in_utf8(text.replace(f'"{DEEP}"', "[" * deep + "]" * deep))
    return b"\n".join(lines)


def mutate_files(draw: Random, whole: list[Files]) -> Files:
    """One of the inputs with one or two of its files changed; JSON mostly stays JSON."""
    files = dict(draw.choice(whole))
    for name in draw.sample(sorted(files), k=min(len(files), draw.choice((1, 1, 2)))):
        other = draw.choice(list(draw.choice(whole).values()))
        if len(files) > 1 and draw.random() < 0.05:
            del files[name]
        elif name.endswith((".json", ".jsonl")) and draw.random() < 0.7:
            files[name] = mutate_json(draw, files[name])
        elif name.endswith(".gz") and draw.random() < 0.7:
            inner = mutate_bytes(draw, gzip.decompress(files[name]), other)
            files[name] = gzip.compress(inner, 1, mtime=0)
        elif name.endswith((".txt", ".csv", ".tsv")) and draw.random() < 0.5:
            files[name] = in_utf8(mutate_text(draw, files[name].decode("utf-8", "replace")))
        else:
            files[name] = mutate_bytes(draw, files[name], other)
    return files
