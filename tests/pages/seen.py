"""What a page shows, read from its HTML as a browser would, and from its components' data."""

import json
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

from streamlit.testing.v1 import AppTest


class _Marked(HTMLParser):
    """The text of every element that has the attribute, and the attribute's value."""

    def __init__(self, attribute: str):
        super().__init__()
        self.attribute, self.found, self._open = attribute, [], []

    def handle_starttag(self, tag, attrs):
        value = dict(attrs).get(self.attribute)
        if value is not None:
            self.found.append([value, ""])
        self._open.append((tag, None if value is None else self.found[-1]))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        for _, element in self._open:
            if element is not None:
                element[1] += data


def marked(app: AppTest, attribute: str) -> list[tuple[str, str]]:
    """(the attribute's value, the element's text), in order."""
    parser = _Marked(attribute)
    for element in app.html:
        parser.feed(element.value)
    return [(value, text) for value, text in parser.found]


def components(app: AppTest, name: str) -> list[dict]:
    """The data of every component of this name."""
    elements = [element.proto for element in app.get("bidi_component")]
    return [json.loads(proto.json) for proto in elements if proto.component_name == name]


def heatmaps(app: AppTest) -> list[dict]:
    return components(app, "hanscope_heatmap")


def hooks(app: AppTest) -> list[str]:
    """Every test id, those that components set in the browser included."""
    containers = [data["testid"] for data in components(app, "hanscope_test_id")]
    return [
        *(value for value, _ in marked(app, "data-testid")),
        *containers,
        *("word-heatmap" for _ in heatmaps(app)),
        *("sentence-bars" for data in heatmaps(app) if data.get("overview")),
    ]


def predicted(app: AppTest) -> list[str]:
    return [text for value, text in marked(app, "data-testid") if value == "prediction"]


def tokens(app: AppTest) -> list[tuple[str, float]]:
    """(the token's text, its weight within the document), in reading order."""
    return [
        token
        for data in heatmaps(app)
        for token in zip(data["tokens"], data["weights"], strict=True)
    ]


def act(app: AppTest, key: str, **asked) -> AppTest:
    """Runs the page as if the heatmap ``key`` had sent ``asked`` from a browser."""
    return _sent(app, key, asked)


def press(app: AppTest, key: str, action: str) -> AppTest:
    """Runs the page as if the keys' listener ``key`` had heard the key of ``action``."""
    return _sent(app, key, action)


def _sent(app: AppTest, key: str, value: object) -> AppTest:
    (proto,) = [element.proto for element in app.get("bidi_component") if element.key == key]
    states = app._tree.get_widget_states()
    state = states.widgets.add()
    state.id = f"$$STREAMLIT_INTERNAL_KEY_{proto.id}__events"
    state.json_trigger_value = json.dumps([{"event": "act", "value": value}])
    return app._run(states)


def open_part(app: AppTest, name: str) -> AppTest:
    """Opens a part of Explore's drawer."""
    app.session_state["drawer"] = name
    return app.run()


def captions(app: AppTest) -> str:
    return "\n".join(caption.value for caption in app.caption)


TEXT = "The plot is thin. But what actors! I laughed a lot."


def analysed(open_page, text=TEXT):
    app = open_page("1_Explore")
    app.text_area(key="document").set_value(text)
    return app.button(key="analyze").click().run()


def click(app, word: str):
    (drawn,) = heatmaps(app)
    at = drawn["tokens"].index(word)
    return act(app, "heatmap", do="word", start=drawn["starts"][at], end=drawn["ends"][at], id=None)


def words(app) -> list[str]:
    return [text for text, _ in tokens(app)]


def removed(app) -> list[str]:
    return [text for _, text, _ in heatmaps(app)[0]["out"]]


_UNSEEN = {"id", "key", "element_id", "form_id", "url", "css_content", "js_content"}
_CODE = re.compile(r"<(style|script)>.*?</\1>|<[^>]*>|https?://\S+", re.S)
_ENGLISH = re.compile(r"[A-Za-z’']{2,}[,;:.!?]? [a-z’']{2,}[,;:.!?]? [a-z’']{2,}")


def english(app: AppTest, own: str = "") -> list[str]:
    """Texts with three English words in a row, without those of the bundled documents.

    Args:
        own: documents and names from outside, which a page shows as they are.
    """
    nodes, found = [app._tree], dict[str, None]()
    while nodes:
        node = nodes.pop()
        nodes.extend(getattr(node, "children", {}).values())
        if (proto := getattr(node, "proto", None)) is not None and node.key != "example":
            for text in _strings(proto):
                english_words = _ENGLISH.findall(_CODE.sub(" ", text).replace("\\", ""))
                if any(words not in own for words in english_words):
                    found[text] = None
    return list(found)


def _strings(proto) -> Iterator[str]:
    """Everything in an element that may be drawn."""
    for field, value in proto.ListFields():
        if field.name in _UNSEEN:
            continue
        for one in value if isinstance(value, Sequence) and not isinstance(value, str) else [value]:
            if isinstance(one, str):
                yield from _of_json(one) if one[:1] in ("{", "[") else [one]
            elif hasattr(one, "ListFields"):
                yield from _strings(one)


def _of_json(text: str) -> Iterator[str]:
    """The texts in a component's data or a figure."""
    parts = [json.loads(text)]
    while parts:
        part = parts.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict | list):
            parts.extend(part.values() if isinstance(part, dict) else part)
