"""What a page shows, read from its HTML as a browser would."""

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


def hooks(app: AppTest) -> list[str]:
    return [value for value, _ in marked(app, "data-testid")]


def predicted(app: AppTest) -> list[str]:
    return [text for value, text in marked(app, "data-testid") if value == "prediction"]


def tokens(app: AppTest) -> list[tuple[str, float]]:
    """(the token's text, its weight within the document), in reading order."""
    return [(text, float(weight)) for weight, text in marked(app, "data-weight")]


def captions(app: AppTest) -> str:
    return "\n".join(caption.value for caption in app.caption)
