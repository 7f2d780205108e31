"""What somebody who explores notices of a training run on the same machine.

    python -m benchmarks.beside_training [--rounds 3] [--clicks 20]

Serves the app, and in one Chromium explores (a new text, from the click on Analyse to its
words in the page) while now and then another session trains: a run as the Train page
starts it, on the bundled corpus. Rounds with and without a run alternate. Prints one JSON
line: medians and 95th percentiles in milliseconds, and their ratio.
"""

import argparse
import json
import os
import statistics
import tempfile
import time

from playwright.sync_api import Page

from benchmarks.server_session import chromium, served
from han_core.training.runs.manage import delete, start, stop, view
from han_core.training.runs.plan import checked_plan

TEXT = "Number {} was a long evening. " + "The hall was cold, but the soup made up for it. " * 20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clicks", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HANSCOPE_DATA"] = folder
        with chromium() as browser, served() as address:
            page = browser.new_page()
            page.goto(address)
            page.get_by_test_id("word-heatmap").wait_for(timeout=120_000)
            _clicks(page, 5, "warm-up")
            alone: list[float] = []
            beside: list[float] = []
            for number in range(given.rounds):
                alone += _clicks(page, given.clicks, f"alone {number}")
                run = _started()
                beside += _clicks(page, given.clicks, f"beside {number}")
                _ended(run)
    ratio = round(statistics.median(beside) / statistics.median(alone), 2)
    print(json.dumps({"alone": _told(alone), "beside_training": _told(beside), "ratio": ratio}))


def _clicks(page: Page, clicks: int, name: str) -> list[float]:
    """Milliseconds from each click to the words in the page."""
    times = []
    for number in range(clicks):
        mark = f"{name.replace(' ', '')}x{number}"
        page.locator(".st-key-document textarea").fill(TEXT.format(mark))
        started = time.perf_counter()
        page.locator(".st-key-analyze button").click()
        page.locator("[data-testid=word-heatmap]", has_text=mark).first.wait_for()
        times.append(1000 * (time.perf_counter() - started))
    return times


def _started() -> str:
    """A run that is at its steps and goes on for long."""
    source = {"data": "bundled:classroom", "validation": "bundled:classroom@test"}
    plan = checked_plan(
        name="beside", model="han", source=source,
        settings={"epochs": 1000, "patience": 1000}, device="cpu",
    )  # fmt: skip
    run = start(plan)
    while view(run).status != "training":
        time.sleep(0.2)
    return run


def _ended(run: str) -> None:
    assert view(run).is_live, "the run ended before the clicks did"
    stop(run)
    while view(run).is_live:
        time.sleep(0.2)
    delete(run)


def _told(times: list[float]) -> dict[str, float]:
    ranked = sorted(times)
    at = min(len(ranked) - 1, int(0.95 * len(ranked)))
    return {"median": round(statistics.median(times)), "p95": round(ranked[at])}


if __name__ == "__main__":
    main()
