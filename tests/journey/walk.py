"""A watched page, the steps of a visitor, and the expected words, for every journey."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from han_core.explanation.explain import explain
from tests.processes import PATIENCE

UNANSWERED = """
window.unanswered = false;
window.WebSocket = class extends WebSocket {
  constructor(...address) {
    super(...address);
    // The page acts upon a message a moment after it came.
    this.addEventListener("message", () => setTimeout(() => (window.unanswered = false), 50));
  }
  send(message) {
    window.unanswered = true;
    super.send(message);
  }
};
"""
"""Tells whether the page has asked the server for something that it knows nothing of yet."""

REVIEW = (
    "I loved the first half, honestly. <script>window.broken = 1</script> But the ending?\n\n"
    'What a mess & a <b>shame</b> <img src=x onerror="window.broken = 1"> 5 < 6! 好电影。'
)


@contextmanager
def watched_page(chromium, address: str, deep_link: bool = False, **settings) -> Iterator:
    """Open a page in a fresh browser; at the end nothing was wrong or came from elsewhere.

    Args:
        deep_link: Streamlit itself asks in vain for some files, which is no error then.
    """
    context, wrong = chromium.new_context(**settings), []
    context.add_init_script(UNANSWERED)
    page = context.new_page()
    page.set_default_timeout(1_000 * PATIENCE)
    parts = urlsplit(address)
    own = (f"{parts.scheme}://{parts.netloc}", "data:", "blob:")

    def check_message(message) -> None:
        asked_in_vain = deep_link and "_stcore" in message.location.get("url", "")
        if message.type == "error" and not asked_in_vain:
            wrong.append(message.text)

    page.on("console", check_message)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda sent: sent.url.startswith(own) or wrong.append(sent.url))
    page.goto(address)
    yield page
    context.close()
    assert not wrong, wrong


def analyse(page, text: str) -> None:
    page.locator(".st-key-document textarea").fill(text)
    page.locator(".st-key-analyze button").click()
    page.locator("[data-testid=word-heatmap]", has_text=text[:12]).first.wait_for()
    settled(page)


def settled(page, pause: int = 0) -> None:
    """Wait until the server has answered, the run is over, and nothing of the one before is left.

    Args:
        pause: milliseconds in which a run begins that nothing else tells of.
    """
    page.wait_for_timeout(pause)
    page.wait_for_function(
        "!window.unanswered && !document.querySelector('[data-stale=true]')"
        " && document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')"
    )


def go(page, name: str, selector: str) -> None:
    """Go to the page ``name`` and wait for ``selector``."""
    page.get_by_role("link", name=name).click()
    try:
        page.get_by_role("heading", name=name, level=1).wait_for()  # not the page that is left
    except Exception as error:
        state = page.locator("[data-testid=stApp]").get_attribute("data-test-script-state")
        error.add_note(f"At {page.url} ({state}): {page.locator('body').inner_text()[:1000]}")
        raise
    page.wait_for_selector(selector)
    settled(page)


def download(page, button):
    """Click a button and return the path of the file that it saves."""
    with page.expect_download() as saved:
        button.click()
    return saved.value.path()


def drawn_tokens(page, within: str = "body") -> list[list]:
    """Return [start, end, weight, text] of every word drawn."""
    return page.locator(f"{within} [data-testid=word-heatmap] [data-weight]").evaluate_all(
        "all => all.map(e => [+e.dataset.start, +e.dataset.end, +e.dataset.weight, e.textContent])"
    )


def expected_tokens(checkpoint, text: str) -> list[list]:
    """Return the tokens of ``explain``'s JSON, with their weights within the document."""
    return [
        [token["start"], token["end"], sentence["weight"] * token["weight"],
         text[token["start"] : token["end"]]]
        for sentence in explain(checkpoint, text).to_json()["sentences"]
        for token in sentence["tokens"]
    ]  # fmt: skip
