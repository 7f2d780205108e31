"""The house: eight rooms on eight floors, each importing only rooms above it, and no circle."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ["runtime", "text", "data", "models", "explanation", "training", "analysis", "viz"]
FLOORS = [*ROOMS, "cli", "__main__"]
APART = {"explanation", "training"}
"""Rooms that stand side by side: neither imports the other."""

LIBRARY = sorted((ROOT / "han_core").rglob("*.py"))
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))
FORBIDDEN = re.compile(
    r"\b(pickle|dill|joblib|shelve|marshal)\b|torch\.load|allow_pickle|unsafe_allow_html"
    r"|(inner|outer)HTML|insertAdjacentHTML|document\.write"
)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path) for path in [*LIBRARY, *PAGES]}


def statements(path: Path) -> Iterator[ast.Import | ast.ImportFrom]:
    """Import statements of a file, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def imports(path: Path) -> set[str]:
    """Modules that a file imports anywhere."""
    found = set()
    for node in statements(path):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        else:
            assert node.level == 0, f"{path} imports relatively"
            below = {f"{node.module}.{name.name}" for name in node.names} & MODULES
            found |= below or {str(node.module)}
    return found


def packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def room(module: str) -> str:
    """The room of a module of ``han_core``; empty for the package itself."""
    return module.split(".")[1] if "." in module else ""


def floor(module: str) -> int:
    return FLOORS.index(room(module)) if room(module) else -1


@pytest.mark.parametrize("path", LIBRARY, ids=module_of)
def test_a_room_imports_only_rooms_above_it(path):
    here = module_of(path)
    for module in imports(path):
        if module.split(".")[0] == "han_core":
            assert floor(module) <= floor(here), f"{path.name} imports {module}"
            between = {room(module), room(here)}
            assert between != APART, f"{path.name} imports {module}"


def test_the_map_names_the_rooms_in_their_order():
    assert {path.relative_to(ROOT / "han_core").parts[0] for path in LIBRARY} == {
        *ROOMS, "cli", "__init__.py", "__main__.py",
    }  # fmt: skip
    drawn = (ROOT / "han_core" / "__init__.py").read_text(encoding="utf-8")
    places = [drawn.find(f"``{name}``") for name in ROOMS]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("paths", [LIBRARY, PAGES, BENCHMARKS], ids=["library", "pages", "timing"])
def test_no_files_import_each_other_in_a_circle(paths):
    known = {module_of(path) for path in paths}
    TopologicalSorter({module_of(path): imports(path) & known for path in paths}).prepare()


def test_pages_import_their_own_folder_and_what_pages_share():
    for path in PAGES:
        folder = path.relative_to(ROOT).parts[1:-1]
        for module in imports(path) if folder else ():
            if module.startswith("pages."):
                assert module.split(".")[1] in {folder[0], "shared"}, f"{path} imports {module}"


def test_nothing_imports_benchmarks():
    for path in [*LIBRARY, *PAGES]:
        assert "benchmarks" not in packages(path), path


@pytest.mark.parametrize("path", LIBRARY, ids=module_of)
def test_the_library_imports_no_pages(path):
    assert not packages(path) & {"streamlit", "pages", "app"}


def test_the_pages_are_what_draws():
    assert all("streamlit" in packages(path) for path in PAGES if path.parent == ROOT / "pages")
    for path in ROOT.glob("*.py"):
        assert path.name == "app.py" or "streamlit" not in packages(path)


def inner_imports(path: Path) -> int:
    """Import statements inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inner = {
        id(node)
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    return len(inner)


def test_imports_stand_at_the_top():
    """Packages that are heavy or optional apart: at most 48 imports inside functions."""
    assert sum(inner_imports(path) for path in [*LIBRARY, *PAGES, *BENCHMARKS]) <= 48


def test_the_house_stays_small():
    """A new module takes the place of another one; the goal is 200."""
    assert len([*LIBRARY, *PAGES, *BENCHMARKS]) <= 410


def code(path: Path) -> str:
    """The file without what is said about it: comments and docstrings."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


PRODUCT = [
    path
    for folder in ("han_core", "pages")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".js", ".css", ".html"}
] + [ROOT / "app.py"]


def test_no_page_and_no_room_but_models_asks_for_a_model_by_name():
    """What a model can do is declared in ``han_core/models/registry.py``; others ask that."""
    for path in PRODUCT:
        if path.suffix == ".py" and "models" not in path.relative_to(ROOT).parts:
            named = re.search(r"""["'](han|bilstm|transformer|bert)["']""", code(path))
            assert named is None, f"{path} names a model: {named}"


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: path.name)
def test_nothing_is_unpickled_and_no_text_becomes_markup(path):
    assert (found := FORBIDDEN.search(code(path))) is None, found


def test_what_is_forbidden_would_be_found(tmp_path):
    (tmp_path / "bad.py").write_text('"""pickle"""\n# innerHTML\nx = "a.innerHTML = b"\n')
    assert FORBIDDEN.findall(code(tmp_path / "bad.py"))
    (tmp_path / "good.py").write_text('"""Nothing is unpickled: never pickle."""\n# innerHTML\n')
    assert not FORBIDDEN.findall(code(tmp_path / "good.py"))


FOREIGN = {
    "analyst", "annotator", "author", "checkpoint", "dataset", "error", "id", "label", "message",
    "name", "note", "text",
}  # fmt: skip
"""Attributes that come from files and people; ``error`` may quote them."""

ESCAPES = {"plain", "markdown_text"}
NOT_MARKDOWN = {"code", "html", "json", "text"}


def unescaped(node: ast.AST, inside: bool = False) -> Iterator[str]:
    """Foreign attributes inside f-strings of an expression that no escape surrounds."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ESCAPES:
        return
    if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
        return  # a number
    inside = inside or isinstance(node, ast.JoinedStr)
    named = getattr(node, "attr", "") in FOREIGN or getattr(node, "id", "") == "error"
    if inside and named:
        yield ast.unparse(node)
    for child in ast.iter_child_nodes(node):
        yield from unescaped(child, inside)


def foreign_markdown(text: str) -> list[str]:
    """Foreign attributes in f-strings that a page hands to Streamlit as a label or a text."""
    drawn = [
        argument
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if ast.unparse(call.func.value) in {"st", "bar", "grid", "tiles"}
        if call.func.attr not in NOT_MARKDOWN
        for argument in [*call.args[:1], *(k.value for k in call.keywords if k.arg == "help")]
    ]
    return [name for argument in drawn for name in unescaped(argument)]


@pytest.mark.parametrize("path", PAGES, ids=module_of)
def test_names_from_outside_are_escaped_for_markdown(path):
    assert foreign_markdown(path.read_text(encoding="utf-8")) == []


def test_a_name_that_is_not_escaped_would_be_found():
    assert foreign_markdown('st.caption(f"**{one.name}**")') == ["one.name"]
    assert foreign_markdown('st.button("x", help=f"by {tag.author}")') == ["tag.author"]
    assert foreign_markdown('st.error(f"No: {error}")') == ["error"]
    for escaped in ('f"{plain(one.name)} {n:,}"', 'plain(f"No: {error}")'):
        assert foreign_markdown(f"st.caption({escaped})") == []
