"""How soon: from the server's start to the title on the page, and to the first explanation.

    python -m benchmarks.first_paint

Starts the app on a free port, opens Explore in headless Chromium that is already
running, and prints one JSON line of medians in seconds over three starts.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

STARTS = 3
ROOT = Path(__file__).parents[1]
CHROMIUM = Path("/usr/bin/chromium")


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM) if CHROMIUM.exists() else None,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        starts = [_start(browser) for _ in range(STARTS)]
        browser.close()
    title, heatmap = (statistics.median(times) for times in zip(*starts, strict=True))
    print(json.dumps({"title_seconds": round(title, 2), "explanation_seconds": round(heatmap, 2)}))


def _start(browser: Browser) -> tuple[float, float]:
    """Seconds to the title and to the heatmap of the example, from a cold start."""
    port = _free_port()
    started = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port),
         "--server.headless", "true"],
        cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}")
        page.get_by_role("heading", name="Explore").first.wait_for(timeout=60_000)
        title = time.perf_counter() - started
        page.get_by_test_id("word-heatmap").wait_for(timeout=120_000)
        return title, time.perf_counter() - started
    finally:
        server.terminate()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("The server did not start within 30 seconds.")


if __name__ == "__main__":
    main()
