"""Seconds from the server's start to the title on the page and to the first explanation.

    python -m benchmarks.first_paint

Starts the app on a free port, opens Explore in headless Chromium that is already
running, and prints one JSON line of medians in seconds over three starts.
"""

import argparse
import json
import statistics
import time

from playwright.sync_api import Browser

from benchmarks.server_session import chromium, served

STARTS = 3


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    with chromium() as browser:
        starts = [_start(browser) for _ in range(STARTS)]
    title, heatmap = (statistics.median(times) for times in zip(*starts, strict=True))
    print(json.dumps({"title_seconds": round(title, 2), "explanation_seconds": round(heatmap, 2)}))


def _start(browser: Browser) -> tuple[float, float]:
    """Return the seconds to the title and to the heatmap of the example, from a cold start."""
    started = time.perf_counter()
    with served() as address:
        page = browser.new_page()
        page.goto(address)
        page.get_by_role("heading", name="Explore").first.wait_for(timeout=60_000)
        title = time.perf_counter() - started
        page.get_by_test_id("word-heatmap").wait_for(timeout=120_000)
        return title, time.perf_counter() - started


if __name__ == "__main__":
    main()
