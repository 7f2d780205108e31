"""The pages under AppTest: keys of their widgets, hooks, heatmaps and the data of their figures.

Elements are found by their keys and choices by their place, so that labels may be reworded.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.recorded.numbers import compact, decoded
from tests.recorded.shell import CHECKPOINTS, PROJECT, environment

CLASSES = {"negative", "positive"}
AXES = ("x", "y", "z")
SECONDS = 120
HOOK = re.compile(r"data-[a-z]+(?:-[a-z]+)*(?=[\"'\]])")


def open_page(name: str, **query: str) -> AppTest:
    """Open a page by its own address; ``name`` is that of its file."""
    app = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=SECONDS)
    for key, value in query.items():
        app.query_params[key] = value
    return again(app)


def again(app: AppTest) -> AppTest:
    """Run the page; it may show no exception."""
    with _own_main():
        app.run()
    assert not app.exception, app.exception
    return app


@contextmanager
def _own_main() -> Iterator[None]:
    """A page under test takes the place of ``__main__``, which a spawned process would run."""
    own = sys.modules["__main__"]
    try:
        yield
    finally:
        sys.modules["__main__"] = own


def choose(app: AppTest, key: str, value: object) -> AppTest:
    """Set a widget, and run the page."""
    app.get_by_key(key).set_value(value)
    return again(app)


def choose_at(app: AppTest, key: str, place: int) -> AppTest:
    """Choose by place, whatever the choice is called."""
    widget = app.get_by_key(key)
    return choose(app, key, widget.options[place])


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return again(app)


def act(app: AppTest, key: str, **values: object) -> AppTest:
    """Run the page as if the heatmap ``key`` had sent these values from a browser."""
    (proto,) = [element.proto for element in app.get("bidi_component") if element.key == key]
    states = app._tree.get_widget_states()
    state = states.widgets.add()
    state.id = f"$$STREAMLIT_INTERNAL_KEY_{proto.id}__events"
    state.json_trigger_value = json.dumps([{"event": "act", "value": values}])
    with _own_main():
        app._run(states)
    assert not app.exception, app.exception
    return app


def look(app: AppTest) -> dict[str, Any]:
    """Return all of a page that must not change."""
    return {
        "widgets": dict(sorted(_keyed(app))),
        "hooks": hooks(app),
        "heatmaps": [_heatmap(data) for data in heatmaps(app)],
        "figures": figures(app),
        "tables": tables(app),
        "errors": len(app.error),
        "warnings": len(app.warning),
    }


STORED = ("checkpoint", "beside", "source", "analyst", "method", "target", "reading", "placebo",
          "document", "tamper_kind", "tamper_where", "temperature", "train_view", "train_data",
          "coding_tags", "coding_marks", "coding_note", "errors_order")  # fmt: skip
"""Keys whose values stand in links or the session as they are, and are no wording."""


def values(app: AppTest) -> dict[str, Any]:
    """Return the values of the widgets that are on the page, of those in ``STORED``."""
    there = dict(_keyed(app))
    return {key: app.get_by_key(key).value for key in STORED if key in there}


def _keyed(app: AppTest) -> Iterator[tuple[str, str]]:
    """Key and kind of every element that has a key."""
    waiting = [app.main, app.sidebar]
    while waiting:
        for child in waiting.pop().children.values():
            if hasattr(child, "children"):
                waiting.append(child)
            if key := getattr(child, "key", None):
                yield re.sub(r"[0-9a-f]{12}$", "…", key), child.type


def _components(app: AppTest) -> list[tuple[Any, dict]]:
    protos = [element.proto for element in app.get("bidi_component")]
    return [(proto, json.loads(proto.json or "null") or {}) for proto in protos]


def heatmaps(app: AppTest) -> list[dict]:
    """Return the data of every word heatmap, known by what they hold."""
    return [data for _, data in _components(app) if {"tokens", "weights"} <= data.keys()]


def hooks(app: AppTest) -> dict[str, list[str]]:
    """Return test ids, and the attributes that scripts and HTML set for checks from outside."""
    reader, scripts = _Attributes(), set()
    for element in app.html:
        reader.feed(element.value)
    for proto, _ in _components(app):
        scripts |= set(HOOK.findall(proto.js_content))
    marked = [data["testid"] for _, data in _components(app) if "testid" in data]
    return {
        "test ids": sorted([*reader.testids, *marked]),
        "attributes in HTML": sorted(reader.attributes),
        "attributes in scripts": sorted(scripts),
    }


class _Attributes(HTMLParser):
    """The names of ``data-`` attributes, and all test ids."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: set[str] = set()
        self.testids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _ in attrs if name.startswith("data-")}
        self.testids += [value or "" for name, value in attrs if name == "data-testid"]


def _heatmap(data: dict) -> dict[str, Any]:
    return {
        "keys": sorted(data),
        "text": " ".join(data["tokens"]),
        **{name: compact(data[name]) for name in ("starts", "ends", "weights", "unknown")},
        "sentences": {name: compact(data["sentences"][name]) for name in ("firsts", "weights")},
        "out": [text for _, text, _ in data["out"]],
        "colours": len(data["colours"]),
        "interactive": data["interactive"],
    }


def figures(app: AppTest) -> dict[str, list[dict]]:
    """Return the data of every Plotly figure by its key: numbers, and names of classes."""
    found = {}
    for at, element in enumerate(app.get("plotly_chart")):
        spec = json.loads(element.proto.spec)
        found[element.key or f"figure {at}"] = [_trace(trace) for trace in spec["data"]]
    return found


def _trace(trace: dict) -> dict[str, Any]:
    there = {axis: _data(trace[axis]) for axis in AXES if axis in trace}
    for error in ("error_x", "error_y"):
        for side in ("array", "arrayminus"):
            if side in trace.get(error, {}):
                there[f"{error} {side}"] = _data(trace[error][side])
    return {"type": trace.get("type", "scatter"), **there}


def _data(values: Any) -> Any:
    """Return numbers rounded, names of classes as they are, and the number of other labels."""
    values = decoded(values)
    labels = [value for value in values if isinstance(value, str)]
    if not labels:
        return compact(values, 4)
    return values if set(labels) <= CLASSES else {"labels": len(labels)}


def tables(app: AppTest) -> dict[str, dict]:
    """Return size and numbers of every table, by key."""
    found = {}
    for at, element in enumerate(app.dataframe):
        frame = element.value
        numeric = frame.select_dtypes("number")
        found[re.sub(r"[0-9a-f]{12}$", "…", element.key or f"table {at}")] = {
            "rows": len(frame),
            "columns": len(frame.columns),
            "numbers": [compact(numeric[name].tolist(), 4) for name in numeric],
        }
    return found


def explore(folder: Path) -> dict[str, Any]:
    """Return Explore with its example, by two models, with words taken out, by another method."""
    with environment(folder / "explore", HANSCOPE_CHECKPOINTS=CHECKPOINTS):
        app = open_page("1_Explore")
        found = {}
        for name in ("han-imdb", "bilstm-additive-imdb"):
            found[name] = look(unfolded(choose(app, "checkpoint", name)))
        choose(app, "method", "gradient")
        found["gradient"] = look(app)
        for part in ("What if", "Sentences", "Methods"):
            app.session_state["drawer"] = part
            found[part] = look(again(app))
        return found


def compare(folder: Path) -> dict[str, Any]:
    """Return Compare with two models: their values, and how they differ."""
    with environment(folder / "compare", HANSCOPE_CHECKPOINTS=CHECKPOINTS):
        app = open_page("2_Compare")
        found = {"values": look(choose(app, "checkpoints", ["han-imdb", "bilstm-additive-imdb"]))}
        return found | {"difference": look(choose(app, "shown", "difference"))}


def errors(folder: Path) -> dict[str, Any]:
    """Return Errors of ``bundled:classroom`` by two models: each view, and each way in."""
    with environment(folder / "errors", HANSCOPE_CHECKPOINTS=CHECKPOINTS):
        app = open_page("3_Errors")
        choose(app, "checkpoint", "han-imdb")
        choose(app, "analyst", "Ann")
        choose(app, "beside", "bilstm-additive-imdb")
        choose(app, "errors_form", "table")
        found = {f"way in {at}": look(unfolded(choose_at(app, "ways_in", at))) for at in range(5)}
        views = len(app.get_by_key("errors_view").options)
        for at in range(1, views):
            found[f"view {at}"] = look(unfolded(choose_at(app, "errors_view", at)))
        return found


def unfolded(app: AppTest) -> AppTest:
    """Open what is folded beside a document, and then what is folded under evidence."""
    for prefix in ("errors_fold_", "evidence_figures_"):
        folds = [key for key, _ in _keyed(app) if key.startswith(prefix)]
        for key in folds:
            app.session_state[key] = True
        if folds:
            again(app)
    return app


def train(folder: Path) -> dict[str, Any]:
    """Return the form of Train, for both models."""
    with environment(folder / "train", HANSCOPE_CHECKPOINTS=CHECKPOINTS):
        app = open_page("4_Train")
        return {name: look(choose(app, "train_model", name)) for name in ("han", "bilstm")}
