"""The house: rooms import only rooms before them, and some things are nowhere."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = [
    "wrong_input", "places", "lock", "device", "text", "corpora", "models", "detached",
    "planning", "preparation", "training", "explanation",
    "evidence", "scoring", "coding", "errors", "runs", "figures", "sharing", "commands", "__main__",
]  # fmt: skip
LIBRARY = sorted((ROOT / "han_core").rglob("*.py"))
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
FORBIDDEN = re.compile(
    r"\b(pickle|dill|joblib|shelve|marshal)\b|torch\.load|allow_pickle|unsafe_allow_html"
    r"|(inner|outer)HTML|insertAdjacentHTML|document\.write"
)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path) for path in [*LIBRARY, *PAGES]}


def imports(path: Path) -> set[str]:
    """Modules that a file imports anywhere, functions included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            below = {f"{node.module}.{name.name}" for name in node.names} & MODULES
            found |= below or {str(node.module)}
    return found


def packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def room(module: str) -> int:
    """The place of a module's room; the package itself, which holds the version, is first."""
    name = module.split(".")[1:2]
    return ROOMS.index(name[0]) if name else -1


@pytest.mark.parametrize("path", LIBRARY, ids=module_of)
def test_a_room_imports_only_rooms_before_it(path):
    for module in imports(path):
        if module.split(".")[0] == "han_core":
            assert room(module) <= room(module_of(path)), f"{path.name} imports {module}"


def test_the_map_names_every_room():
    for name in {path.relative_to(ROOT / "han_core").parts[0] for path in LIBRARY}:
        assert name.removesuffix(".py") in {*ROOMS, "__init__"}
    drawn = (ROOT / "han_core" / "__init__.py").read_text(encoding="utf-8")
    places = [drawn.find(f"``{name}``") for name in ROOMS if name != "commands"]
    assert -1 not in places
    assert places == sorted(places)


def test_the_folders_of_errors_stand_in_order():
    text = (ROOT / "han_core" / "errors" / "__init__.py").read_text(encoding="utf-8")
    folders = re.findall(r"^\* ``(\w+)``", text, re.MULTILINE)
    assert set(folders) == {path.name for path in (ROOT / "han_core" / "errors").glob("[a-z]*")}
    for path in LIBRARY:
        own = module_of(path).split(".")
        for module in imports(path) if own[1:2] == ["errors"] else ():
            if module.startswith("han_core.errors."):
                assert folders.index(module.split(".")[2]) <= folders.index(own[2]), path


def test_no_files_import_each_other_in_a_circle():
    TopologicalSorter({module_of(path): imports(path) & MODULES for path in LIBRARY}).prepare()


@pytest.mark.parametrize("path", LIBRARY, ids=module_of)
def test_the_library_knows_no_pages(path):
    assert not packages(path) & {"streamlit", "pages", "app"}


def test_the_pages_are_what_draws():
    assert all("streamlit" in packages(path) for path in PAGES if path.parent == ROOT / "pages")
    for path in ROOT.glob("*.py"):
        assert path.name == "app.py" or "streamlit" not in packages(path)


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


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: path.name)
def test_nothing_is_unpickled_and_no_text_becomes_markup(path):
    assert (found := FORBIDDEN.search(code(path))) is None, found


def test_what_is_forbidden_would_be_found(tmp_path):
    (tmp_path / "bad.py").write_text('"""pickle"""\n# innerHTML\nx = "a.innerHTML = b"\n')
    assert FORBIDDEN.findall(code(tmp_path / "bad.py"))
    (tmp_path / "good.py").write_text('"""Nothing is unpickled: never pickle."""\n# innerHTML\n')
    assert not FORBIDDEN.findall(code(tmp_path / "good.py"))
