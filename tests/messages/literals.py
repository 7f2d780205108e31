"""English texts in the code that nobody could translate, because ``tr`` does not surround them."""

import ast
import re
from collections.abc import Iterator

TRANSLATED = {"tr": 1, "trn": 2, "mark": 1, "counted": 2}
"""Functions of messages, with the number of their first arguments that hold the message."""
TYPES = {"cast": 1, "TypeVar": 1}
KNOWN = TRANSLATED | TYPES
FAULTS = {"ValueError", "TypeError", "KeyError", "RuntimeError", "NotImplementedError"}
NAMES = {"Hanscope"}
NOT_SHOWN = "# not shown"
"""A comment on the line of a text that no reader of the interface sees."""
_SENTENCE = re.compile(r"[A-Za-z’']{2,}[,;:.!?]? [A-Za-z{(“\"]|^[A-Z][a-z]+[.:]?$")
_MARKUP = re.compile(r"[<>;=]|^[a-z_-]+(\.[a-z_-]+)+ |--[a-z]|\bvar\(|^\W*[A-Z_]+ ")


def unwrapped(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of what reads like English and is neither translated nor a docstring."""
    lines = source.splitlines()
    for node, text in _texts(ast.parse(source)):
        if text.strip() in NAMES:
            continue
        marked = any(NOT_SHOWN in lines[at] for at in range(node.lineno - 1, node.end_lineno))
        if _SENTENCE.search(text.strip()) and not _MARKUP.search(text) and not marked:
            yield node.lineno, text


def _texts(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Texts below a node; the parts of an f-string count as one."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue  # a docstring
        if isinstance(child, ast.Raise) and _name(getattr(child.exc, "func", child)) in FAULTS:
            continue  # of the program, not of what somebody gave it
        if child in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            continue
        if isinstance(child, ast.Call) and (known := KNOWN.get(_name(child.func))):
            for argument in [*child.args[known:], *(one.value for one in child.keywords)]:
                yield from _texts(ast.Expression(argument))
        elif isinstance(child, ast.Dict):
            for key, value in zip(child.keys, child.values, strict=True):
                if key is not None and not _is_named(value):
                    yield from _texts(ast.Expression(key))
                yield from _texts(ast.Expression(value))
        elif isinstance(child, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in child.values)
            yield child, "".join(map(str, parts))
            for part in child.values:
                yield from _texts(part)
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            if not isinstance(node, ast.JoinedStr):
                yield child, child.value
        else:
            yield from _texts(child)


def _is_named(value: ast.expr) -> bool:
    """Whether the value of a key in a dict has a message of its own, so that the key is none."""
    calls = (node for node in ast.walk(value) if isinstance(node, ast.Call))
    return any(_name(call.func) in TRANSLATED for call in calls)


def _name(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def untranslated_errors(source: str) -> list[int]:
    """Return the lines of each ``UserError`` whose sentence is no message."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and _name(node.func) == "UserError" and node.args
        if isinstance(node.args[0], ast.Constant | ast.JoinedStr | ast.BinOp)
    ]
