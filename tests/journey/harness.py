"""Small pages from disk for what is drawn in the browser, without a server or a network."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from han_core.explanation.explanation import Explanation
from han_core.text.tokenizer import Tokenizer
from han_core.viz.colour_scale import legend, reading_scale
from han_core.viz.export import standalone
from han_core.viz.heatmap import Colour, Heatmap, heatmap
from han_core.viz.markup import SCRIPT, STYLE
from tests.processes import PATIENCE

ROOT = "[data-testid=word-heatmap]"
TEXT = (
    "I wanted to like this. <script>window.broken = 1</script> & what a mess!\n\n"
    "酒店在古城中心。مرحبا بالعالم. Well, 5 < 6 && </script> <!-- the end 👩\u200d👧"
)


def explained(text: str, seed: int = 1, gathered: float = 0.3) -> Explanation:
    """A text with weights by chance; the smaller ``gathered``, the fewer words have them."""
    document, draw = Tokenizer("en")(text), np.random.default_rng(seed)
    lengths = document.sentence_lengths
    words = [draw.dirichlet(np.full(length, gathered)) for length in lengths]
    sentences = draw.dirichlet(np.full(len(lengths), gathered)) if lengths else np.empty(0)
    known = draw.random(sum(lengths)) > 0.2
    return Explanation(
        "1", document, ("no", "yes"), np.array([0.25, 0.75]),
        sentences, np.concatenate([np.empty(0), *words]), known,
    )  # fmt: skip


def drawn(explanation: Explanation, **more) -> Heatmap:
    scale = reading_scale([explanation], "document")
    return heatmap(explanation, Colour(explanation.document_weights, scale), **more)


def stand_alone(explanation: Explanation, title: str = "A text") -> str:
    scale = reading_scale([explanation], "document")
    return standalone(drawn(explanation), legend(scale), title, ["Predicted: yes", "<b>"])


@contextmanager
def opened(chromium, tmp_path, html: str, quiet: bool = True, **settings) -> Iterator:
    """``html`` opened from disk with the network off; at the end, nothing was wrong."""
    path, wrong = tmp_path / "page.html", []
    path.write_text(html, encoding="utf-8")
    settings = {"viewport": {"width": 1000, "height": 800}, **settings}
    context = chromium.new_context(offline=True, **settings)
    page = context.new_page()
    page.set_default_timeout(1_000 * PATIENCE)
    page.on("console", lambda said: wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda sent: own(sent.url) or wrong.append(sent.url))
    page.goto(path.as_uri())
    try:
        yield page
        assert wrong == [] or not quiet
    finally:
        context.close()


def own(url: str) -> bool:
    return url.startswith(("file:", "data:", "blob:"))


def bench(*places: str) -> str:
    """A page with empty places; ``put`` draws in them, ``acts`` holds what they sent."""
    empty = "".join(f'<div id="{place}" class="st-key-{place}"></div>' for place in places)
    return (
        f'<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f"{STYLE}<body>{empty}<script type=module>{SCRIPT}\n"
        "window.acts = []; window.put = (place, data) =>"
        " draw(document.getElementById(place), data, (asked) => acts.push(asked));</script>"
    )


def put(page, place: str, shown: Heatmap, interactive: bool = True) -> None:
    page.evaluate(
        "([place, data]) => put(place, JSON.parse(data))",
        [place, json.dumps(shown.data | {"interactive": interactive})],
    )


def tokens(page, within: str = "body") -> list[list]:
    """[start, end, weight, text] of every token drawn; Python reads the weights."""
    found = page.locator(f"{within} {ROOT} [data-weight]").evaluate_all(
        "all => all.map(e => [+e.dataset.start, +e.dataset.end, e.dataset.weight, e.textContent])"
    )
    return [[start, end, float(weight), text] for start, end, weight, text in found]


def expected_tokens(explanation: Explanation) -> list[list]:
    document = explanation.document
    rows = zip(document.tokens, explanation.document_weights.tolist(), strict=True)
    return [[start, end, weight, document.text[start:end]] for (start, end), weight in rows]


def focused(page) -> str:
    """The text or the label of what has the focus."""
    return page.evaluate(
        "document.activeElement.textContent || document.activeElement.ariaLabel || ''"
    )
