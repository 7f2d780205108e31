"""A newcomer's way through the page Series: the spike, the stretch wiped, and the verdict."""

from tests.journey.walk import go, settled, watched_page

FIGURE = "[data-testid=series-figure] .js-plotly-plot"


def test_a_stretch_that_is_wiped_changes_the_prediction(chromium, address):
    with watched_page(chromium, address, viewport={"width": 1440, "height": 1000}) as page:
        page.wait_for_selector("[data-testid=word-heatmap] [data-weight]")
        settled(page)
        go(page, "Series", FIGURE)
        settled(page)
        prediction = page.locator("[data-testid=prediction]")
        before = prediction.inner_text()
        assert "rise" in before
        assert "Attention matters here" in page.locator("[data-testid=verdict]").inner_text()
        lines = page.locator(f"{FIGURE} .scatterlayer .trace")
        assert lines.count() == 2
        page.get_by_text("Wipe", exact=True).click()  # the stretch around most attention
        prediction.get_by_text("→").wait_for()
        assert prediction.inner_text().startswith(before.strip())
        assert "drop" in prediction.inner_text()
        settled(page)
        assert lines.count() == 4
