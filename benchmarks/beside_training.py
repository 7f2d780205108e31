"""Clicks on Explore while a training run works on the same machine, and while none does.

    python -m benchmarks.beside_training [--rounds 3] [--clicks 20]

Serves the app and explores it in one Chromium: a new text each time, from the click on Analyse
to its words in the page. Rounds with and without a run on the bundled corpus alternate. Prints
one JSON line: medians and 95th percentiles in milliseconds, and their ratio.
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clicks", type=int, default=20)
    options = parser.parse_args()
    idle: list[float] = []
    busy: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HANSCOPE_DATA"] = folder
        with chromium() as browser, served() as address:
            page = browser.new_page()
            page.goto(address)
            page.get_by_test_id("word-heatmap").wait_for(timeout=120_000)
            _clicks(page, 5, "warm-up")
            for number in range(options.rounds):
                idle += _clicks(page, options.clicks, f"alone {number}")
                run = _start_run()
                busy += _clicks(page, options.clicks, f"beside {number}")
                _end_run(run)
    ratio = round(statistics.median(busy) / statistics.median(idle), 2)
    print(json.dumps({"alone": _summary(idle), "beside_training": _summary(busy), "ratio": ratio}))


def _clicks(page: Page, clicks: int, name: str) -> list[float]:
    """Return the milliseconds from each click to the words in the page."""
    times = []
    for number in range(clicks):
        mark = f"{name.replace(' ', '')}x{number}"
        page.locator(".st-key-document textarea").fill(TEXT.format(mark))
        started = time.perf_counter()
        page.locator(".st-key-analyze button").click()
        page.locator("[data-testid=word-heatmap]", has_text=mark).first.wait_for()
        times.append(1000 * (time.perf_counter() - started))
    return times


def _start_run() -> str:
    """Start a long run, and return its id once it takes steps."""
    source = {"data": "bundled:classroom", "validation": "bundled:classroom@test"}
    settings = {"epochs": 1000, "patience": 1000}
    plan = checked_plan(name="beside", model="han", source=source, settings=settings, device="cpu")
    run = start(plan)
    while view(run).status != "training":
        time.sleep(0.2)
    return run


def _end_run(run: str) -> None:
    assert view(run).is_live, "the run ended before the clicks did"
    stop(run)
    while view(run).is_live:
        time.sleep(0.2)
    delete(run)


def _summary(times: list[float]) -> dict[str, float]:
    ranked = sorted(times)
    p95 = ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]
    return {"median": round(statistics.median(times)), "p95": round(p95)}


if __name__ == "__main__":
    main()
