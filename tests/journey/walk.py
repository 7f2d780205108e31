"""Steps of a visitor, and what the pages ought to show, for every journey."""

from han_core.explanation.explain import explain

REVIEW = (
    "I loved the first half, honestly. <script>window.broken = 1</script> But the ending?\n\n"
    'What a mess & a <b>shame</b> <img src=x onerror="window.broken = 1"> 5 < 6! 好电影。'
)


def analyse(page, text: str) -> None:
    page.locator(".st-key-document textarea").fill(text)
    page.locator(".st-key-analyze button").click()
    page.locator("[data-testid=word-heatmap]", has_text=text[:12]).first.wait_for()
    settled(page)


def settled(page) -> None:
    """Waits until a run is over and nothing of the one before is left on the page."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_function("!document.querySelector('[data-stale=true]')")


def go(page, name: str, wait_for: str) -> None:
    page.get_by_role("link", name=name).click()
    try:
        page.get_by_role("heading", name=name, level=1).wait_for()  # not the page that is left
    except Exception as error:
        state = page.locator("[data-testid=stApp]").get_attribute("data-test-script-state")
        error.add_note(f"At {page.url} ({state}): {page.locator('body').inner_text()[:1000]}")
        raise
    page.wait_for_selector(wait_for)
    settled(page)


def drawn_tokens(page, within: str = "body") -> list[list]:
    """[start, end, weight, text] of every word drawn."""
    return page.locator(f"{within} [data-testid=word-heatmap] [data-weight]").evaluate_all(
        "all => all.map(e => [+e.dataset.start, +e.dataset.end, +e.dataset.weight, e.textContent])"
    )


def told_tokens(checkpoint, text: str) -> list[list]:
    """The tokens of ``explain``'s JSON, with their weights within the document."""
    return [
        [token["start"], token["end"], sentence["weight"] * token["weight"],
         text[token["start"] : token["end"]]]
        for sentence in explain(checkpoint, text).to_json()["sentences"]
        for token in sentence["tokens"]
    ]  # fmt: skip
