"""What a visitor sees of the pages before any click, on every screen, and other ways to them."""

from tests.journey.test_accessibility import WIDTHS
from tests.journey.walk import analyse, settled, watched_page

ROW = "[data-testid=stTopNav] [data-testid=stTopNavLink]"
MENU = "[data-testid=stSidebarNav] [data-testid=stSidebarNavLink]"
LABELS = """links => links.map((link) =>
  [link.textContent, getComputedStyle(link.parentElement, "::before").content.split('"')[1]])"""
PAGES = ["Learn", "Explore", "Compare", "Errors", "Train", "Series", "Translate", "Pictures"]


def check_groups(links) -> None:
    shown = links.evaluate_all(LABELS)
    assert [name for name, _ in shown][: len(PAGES)] == PAGES
    labels = dict(shown)
    assert labels["Explore"] == "Texts"
    assert labels["Series"] == "Other attention"
    assert not any(labels[name] for name in ("Compare", "Errors", "Train"))


def test_all_pages_stand_in_groups(chromium, address):
    """In one row on a desktop and a tablet; on a phone in a menu whose button says Pages."""
    with watched_page(chromium, address, viewport={"width": 1440, "height": 900}) as page:
        page.wait_for_selector("[data-testid=word-heatmap]")
        settled(page)
        for screen in ("desktop", "tablet"):
            width, height = WIDTHS[screen]
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_function("width => innerWidth === width", arg=width)
            check_groups(page.locator(ROW))
            for name in PAGES:
                assert page.locator(ROW, has_text=name).is_visible()
        page.set_viewport_size({"width": 390, "height": 844})
        menu = page.locator("[data-testid=stExpandSidebarButton]")
        menu.wait_for()
        content = menu.evaluate("button => getComputedStyle(button, '::after').content")
        assert content.startswith('"Pages"')
        menu.click()
        check_groups(page.locator(MENU))


def test_an_address_in_lower_case_reaches_the_page(chromium, address):
    with watched_page(chromium, f"{address}/series", deep_link=True) as page:
        page.get_by_role("heading", name="Series", level=1).wait_for()
        assert page.url == f"{address}/Series"
        assert page.get_by_text("Page not found").count() == 0


def test_the_title_of_the_tab_stays_while_a_page_is_drawn_again(chromium, address):
    with watched_page(chromium, address) as page:
        page.wait_for_selector("[data-testid=word-heatmap]")
        settled(page)
        page.evaluate("""() => {
            window.titles = new Set([document.title]);
            new MutationObserver(() => titles.add(document.title)).observe(
                document.head, { childList: true, subtree: true, characterData: true });
        }""")
        analyse(page, "A dull film with a superb ending.")
        settled(page)
        assert page.evaluate("[...titles]") == ["Explore · Hanscope"]
