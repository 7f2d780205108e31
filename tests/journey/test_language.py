"""English and Chinese in a real browser: whose language, and what is kept when it changes."""

import pytest

from tests.journey.test_accessibility import VIOLATIONS, axe  # noqa: F401
from tests.journey.walk import settled, watched_page

SCREEN = {"width": 1440, "height": 1000}
TEXT = "What a fine day, and the food was good. But the rain was bad."
TITLES = {
    "Explore": "探索", "Compare": "比较", "Errors": "错误分析", "Train": "训练",
    "Series": "时间序列", "Translate": "翻译", "Pictures": "图文",
}  # fmt: skip
CHANGED = "before => document.querySelector('h1').innerText !== before"
STATE = """() => {
  const seen = (selector, value) => [...document.querySelectorAll(selector)]
    .filter((one) => one.getClientRects().length).map(value);
  return {
    chosen: seen("[data-testid=stSelectbox] input", (one) => one.value),
    pressed: seen("[data-testid=stButtonGroup] [aria-checked=true]", (one) => one.textContent),
    open: seen("[role=tab][aria-selected=true]", (one) => one.textContent),
    texts: seen("textarea", (one) => one.value),
  };
}"""


def language(page) -> tuple[str, str]:
    return page.locator("h1").inner_text().strip(), page.evaluate("document.documentElement.lang")


def arrive(page) -> None:
    page.wait_for_selector("[data-testid=sentence-bars]")
    settled(page, 500)


def switch(page) -> None:
    before = page.locator("h1").inner_text()
    page.locator(".st-key-locale_switch button").click()
    page.wait_for_function(
        "before => document.querySelector('h1').innerText !== before", arg=before
    )
    settled(page, 500)


def choose(page, key: str, option: str) -> None:
    page.locator(f".st-key-{key} input").first.click()
    page.get_by_role("option", name=option).first.click()
    settled(page, 200)


def press(page, key: str, label: str) -> None:
    page.locator(f".st-key-{key} button", has_text=label).first.click()
    settled(page, 200)


def test_the_button_changes_all_pages(chromium, address):
    """A Chinese browser opens in Chinese; the button makes every page English."""
    with watched_page(chromium, address, viewport=SCREEN, locale="zh-CN") as page:
        arrive(page)
        assert language(page) == ("探索", "zh-Hans")
        for title in ("比较", "图文"):
            page.get_by_role("link", name=title).click()
            page.get_by_role("heading", name=title, level=1).wait_for()
        settled(page, 500)
        switch(page)
        for title in TITLES:
            page.get_by_role("link", name=title).click()
            page.get_by_role("heading", name=title, level=1).wait_for()
            settled(page)
            assert language(page) == (title, "en")


@pytest.mark.parametrize(
    ("browser", "query", "expected"),
    [("zh-CN", "?lang=en", ("Explore", "en")), ("en-US", "?lang=zh", ("探索", "zh-Hans")),
     ("de-DE", "", ("Explore", "en")), ("zh-TW", "", ("探索", "zh-Hans"))],
)  # fmt: skip
def test_a_link_comes_before_the_browser(chromium, address, browser, query, expected):
    opened = f"{address}/Explore{query}"
    with watched_page(chromium, opened, True, viewport=SCREEN, locale=browser) as page:
        arrive(page)
        assert language(page) == expected


def test_explore_keeps_what_was_chosen(chromium, address):
    """Model, colour, class, reading, open tab, changed attention and the text that was pasted."""
    with watched_page(chromium, address, viewport=SCREEN, locale="en-US") as page:
        arrive(page)
        page.locator(".st-key-document textarea").fill(TEXT)
        page.locator(".st-key-analyze button").click()
        settled(page, 200)
        choose(page, "checkpoint", "small-bilstm")
        press(page, "reading", "In sentence")
        page.get_by_role("tab", name="What if").click()
        settled(page, 200)
        press(page, "tamper_kind", "Sharpen")
        choose(page, "method", "Gradient × input")
        choose(page, "target", "positive")
        english = page.evaluate(STATE)
        switch(page)
        chinese = page.evaluate(STATE)
        assert (chinese["open"], chinese["texts"]) == (["假设分析"], [TEXT])
        assert chinese["chosen"][0].startswith("small-bilstm · ")
        assert {"梯度 × 输入", "positive"} <= set(chinese["chosen"])
        assert chinese["pressed"] == ["锐化"]
        choose(page, "method", "注意力")
        assert "句内" in page.evaluate(STATE)["pressed"]
        choose(page, "method", "梯度 × 输入")
        switch(page)
        assert page.evaluate(STATE) == english


def test_compare_keeps_what_was_chosen(chromium, address):
    """What is compared, the methods, the reading, the pair and the number of top words."""
    with watched_page(chromium, f"{address}/Compare", True, viewport=SCREEN) as page:
        page.wait_for_selector("[data-testid=sentence-bars] .js-plotly-plot")
        page.locator(".st-key-document textarea").fill(TEXT)
        page.locator(".st-key-analyze button").click()
        settled(page, 200)
        press(page, "compared", "Methods")
        press(page, "shown", "Difference")
        choose(page, "pair", "Attention and Leave one word out")
        press(page, "reading", "In sentence")
        press(page, "top_words", "5")
        english = page.evaluate(STATE)
        switch(page)
        chinese = page.evaluate(STATE)
        assert "注意力 与 逐词删除" in chinese["chosen"]
        assert chinese["pressed"] == ["方法", "差异", "句内", "5"]
        switch(page)
        assert page.evaluate(STATE) == english


def test_chinese_is_accessible(chromium, address, axe):  # noqa: F811
    """Every part of the drawer of Explore, in Chinese, has no violation that axe-core finds."""
    with watched_page(chromium, address, viewport=SCREEN, locale="zh-CN") as page:
        arrive(page)
        page.evaluate(axe)
        found = {}
        for tab in page.locator("[role=tab]").all():
            tab.click()
            settled(page, 300)
            found[tab.inner_text()] = page.evaluate(f"({VIOLATIONS})()")
    assert len(found) >= 5
    assert {part: wrong for part, wrong in found.items() if wrong} == {}
