"""Train in a real browser: from a preset to Explore, through a refresh; stop, resume, delete."""

from collections.abc import Iterator

import pytest

from tests.journey.conftest import VIEWPORT
from tests.journey.walk import go, settled, watched_page

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
RUN_BEGINS = 200
STATUS = "[data-testid=run-status]"


@pytest.fixture
def page(chromium, address) -> Iterator:
    """A page on Train."""
    with watched_page(chromium, address, deep_link=True, viewport=VIEWPORT) as page:
        # The address without a page leads to Explore; Streamlit takes that for the later wish.
        page.get_by_role("heading", name="Explore", level=1).wait_for()
        go(page, "Train", ".st-key-train_estimate")
        yield page


def fill(page, group: str, **values: int) -> None:
    """Type numbers into the fields of the expander whose first field is ``group``."""
    page.locator(f".st-key-train_group_{group} summary").click()
    for name, value in values.items():
        field = page.locator(f".st-key-set_{name} input")
        field.fill(str(value))
        field.press("Enter")
        settled(page, RUN_BEGINS)


def status(page, *wanted: str) -> None:
    """Wait until the run is in one of these states."""
    page.wait_for_function(
        "wanted => wanted.some(word =>"
        " document.querySelector('[data-testid=run-status]')?.innerText.startsWith(word))",
        arg=list(wanted),
    )


def test_ten_epochs_from_the_page_to_a_checkpoint_in_explore(page):
    page.wait_for_function("document.querySelector('.st-key-set_epochs input')?.value == '10'")
    page.locator(".st-key-train_name input").fill("from the page")
    page.locator(".st-key-train_name input").press("Enter")
    settled(page, RUN_BEGINS)
    page.locator(".st-key-train_start button").click()
    page.locator(STATUS).wait_for()
    assert "run=" in page.url
    page.reload()
    page.locator(STATUS).wait_for()
    status(page, "training", "done")
    page.locator("[data-testid=run-curves] .js-plotly-plot").first.wait_for()
    page.locator(".st-key-run_explore button").wait_for()
    status(page, "done")
    assert page.locator(".st-key-run_figures").get_by_text("10 of 10").is_visible()
    page.locator("[data-testid=attention-film]").wait_for()
    settled(page)
    page.locator(".st-key-run_explore button").click()
    page.get_by_role("heading", name="Explore", level=1).wait_for()
    page.locator("[data-testid=word-heatmap] [data-weight]").first.wait_for()
    # The picker shows what is chosen as the text of a field.
    chosen = page.locator(".st-key-checkpoint").inner_text()
    chosen += page.locator(".st-key-checkpoint input").input_value()
    assert "from-the-page" in chosen


STUB = """
window.shown = [];
window.asked = 0;
window.Notification = class {
  static permission = "default";
  static async requestPermission() {
    window.asked += 1;
    return (Notification.permission = ANSWER);
  }
  constructor(title, { body }) { window.shown.push([title, body]); }
};
"""


@pytest.mark.parametrize("answer", ["granted", "denied"])
def test_the_end_of_a_run_is_told_on_another_page(chromium, address, answer):
    with watched_page(chromium, address, deep_link=True, viewport=VIEWPORT) as page:
        page.add_init_script(STUB.replace("ANSWER", f'"{answer}"'))
        page.reload()
        page.get_by_role("heading", name="Explore", level=1).wait_for()
        go(page, "Train", ".st-key-train_estimate")
        assert page.evaluate("asked") == 0
        page.get_by_role("button", name="Notify me when a run ends").click()
        page.wait_for_function("asked === 1")
        said = "You are notified" if answer == "granted" else "This browser shows no notifications"
        page.get_by_text(said).wait_for()
        fill(page, "epochs", epochs=1)
        page.locator(".st-key-train_start button").click()
        page.locator(STATUS).wait_for()
        go(page, "Explore", "[data-testid=word-heatmap]")
        page.wait_for_function("document.title.includes('is done: ')")
        page.locator("[data-testid=stToast]").get_by_text("is done: ").wait_for()
        shown = page.evaluate("shown")
        assert len(shown) == (1 if answer == "granted" else 0)
        assert all(title == "Hanscope" and "is done: " in body for title, body in shown)


def test_stop_resume_and_delete(page):
    fill(page, "epochs", epochs=900)
    fill(page, "keep", patience=900)
    page.locator(".st-key-train_start button").click()
    status(page, "training")
    settled(page)
    page.locator(".st-key-run_stop button").click()
    status(page, "stopped")
    first = page.locator(STATUS).inner_text()
    page.locator(".st-key-run_resume button").click()
    status(page, "training")
    settled(page)
    page.locator(".st-key-run_stop button").click()
    status(page, "stopped")
    assert page.locator(STATUS).inner_text() != first  # it stopped further on
    page.locator(".st-key-run_delete button").click()
    question = page.get_by_role("dialog")
    question.locator(".st-key-run_delete_no button").click()
    question.wait_for(state="detached")
    assert page.locator(STATUS).is_visible()
    page.locator(".st-key-run_delete button").click()
    question.locator(".st-key-run_delete_yes button").click()
    page.locator(STATUS).wait_for(state="detached")
