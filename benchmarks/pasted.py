"""A pasted text in a browser, from the click on Analyse to the finished view.

    python -m benchmarks.pasted [--checkpoint han-imdb] [--clicks 100] [--server]
    python -m benchmarks.pasted --start

Serves the app warm, as ``make class`` does, and pastes another text of 250 words each time.
The clock runs from the press of the mouse until the browser has painted

* ``words``: the heatmap of this text,
* ``view``: that, and the bars of its sentences, neither of them marked as out of date: this is
  the finished view,
* ``everything``: nothing on the page is out of date and the script has ended, with the evidence
  at the bottom of the page and all its figures.

Prints one JSON line of milliseconds. ``least_view`` is the finished view of ``least_page``, a
page of words and bars with no model behind it, taken in the same run: what Streamlit, Plotly and
this browser take by themselves. ``--server`` asks the server without a browser, and prints when
it had sent the same three: what is left is the browser's part.

``--start`` opens Explore of a server that starts cold, in a browser that is already running, and
prints the seconds from the server's start to the title on the page and to the first explanation:
medians of three starts.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Error, Page

from benchmarks.server_session import ROOT, Session, chromium, random_text, served, served_class

WORDS = 250
WARM = 5  # clicks that do not count
BLOCK = 15  # clicks on one page before the other has its turn
STARTS = 3  # of a cold server
LEAST = "benchmarks/least_page.py"
REST = 200  # milliseconds between the end of one and the next
SENT = {"words": ("heatmap",), "view": ("heatmap",)}
"""Keys of the elements that the server has to send."""

WATCH = """
mark => {
  const there = selector => {
    const found = document.querySelector(selector);
    return found && found.textContent.includes(mark) && !found.closest("[data-stale=true]");
  };
  const reached = {
    words: () => there(".st-key-words"),
    view: () => there(".st-key-words") &&  // bars within the heatmap, or Plotly's
      (document.querySelector(".st-key-words .hs-jump") || there(".st-key-sentence_bars")),
    everything: () => reached.view() && !document.querySelector("[data-stale=true]") &&
      document.querySelector(".stApp").dataset.testScriptState !== "running",
  };
  window.watched = new Promise((done, failed) => {
    const missing = () => Object.keys(reached).filter(name => !reached[name]());
    setTimeout(() => failed(new Error(missing())), 60000);
    const began = {}, seen = {};
    addEventListener("pointerdown", event => { began.at ??= event.timeStamp; }, true);
    const look = () => requestAnimationFrame(now => {
      // What is there at the beginning of a frame is on the screen when the next one begins.
      for (const name in seen) seen[name] ??= now - began.at;
      for (const name in reached) if (!(name in seen) && reached[name]()) seen[name] = null;
      if (seen.everything == null) look(); else done(seen);
    });
    look();
  });
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", default="han-imdb", help="a folder in checkpoints")
    parser.add_argument("--clicks", type=int, default=100)
    parser.add_argument("--server", action="store_true", help="without a browser")
    parser.add_argument("--start", action="store_true", help="a server that starts cold")
    options = parser.parse_args()
    if options.start:
        print(json.dumps(seconds_from_start()))
        return
    figures = {"checkpoint": options.checkpoint, "words": WORDS, "clicks": options.clicks}
    with served_checkpoint(ROOT / "checkpoints" / options.checkpoint) as address:
        if options.server:
            times = asyncio.run(times_on_server(address, WARM + options.clicks))
            figures |= percentiles(times[WARM:])
        else:
            with served(LEAST) as least:
                ours, theirs = times_in_browser([address, least], options.clicks)
            figures |= percentiles(ours)
            figures |= percentiles([{"least_view": each["view"]} for each in theirs])
    print(json.dumps(figures))


def seconds_from_start() -> dict[str, float]:
    """Return the median seconds to the title and to the first explanation."""
    with chromium() as browser:
        starts = [_start(browser) for _ in range(STARTS)]
    title, heatmap = (statistics.median(times) for times in zip(*starts, strict=True))
    return {"title_seconds": round(title, 2), "explanation_seconds": round(heatmap, 2)}


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


def percentiles(times: list[dict[str, float]]) -> dict[str, float]:
    """Return the median and the 95th percentile of each name over all times."""
    figures = {}
    for name in times[0]:
        median, p95 = np.quantile([each[name] for each in times], (0.5, 0.95))
        figures |= {f"{name}_p50_ms": round(float(median)), f"{name}_p95_ms": round(float(p95))}
    return figures


def times_in_browser(addresses: Sequence[str], clicks: int) -> list[list[dict[str, float]]]:
    """Return for each address the milliseconds to ``words``, ``view`` and ``everything``.

    The addresses take turns of a few clicks; the first clicks do not count.
    """
    with chromium() as browser:
        pages = [_open(browser, address) for address in addresses]
        texts = [_texts(WARM + clicks) for _ in pages]
        times: list[list[dict[str, float]]] = [[] for _ in pages]
        while len(times[-1]) < WARM + clicks:
            for page, own, found in zip(pages, texts, times, strict=True):
                page.bring_to_front()
                found.extend(_analyse(page, *each) for each in itertools.islice(own, BLOCK))
    return [found[WARM:] for found in times]


def _open(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(address)
    page.locator(".st-key-words").wait_for(timeout=120_000)
    page.wait_for_function("!document.querySelector('[data-stale=true]')")
    return page


def _analyse(page: Page, mark: str, text: str) -> dict[str, float]:
    page.locator(".st-key-document textarea").fill(text)
    page.evaluate(WATCH, mark)
    page.locator(".st-key-analyze button").click()
    try:
        times = page.evaluate("window.watched")
    except Error as error:
        raise SystemExit(f"{mark}: not there after a minute: {error.message}") from error
    page.wait_for_timeout(REST)
    return times


async def times_on_server(address: str, clicks: int) -> list[dict[str, float]]:
    """Return the milliseconds until the server has sent the same."""
    times = []
    async with Session(address) as visitor:
        await visitor.visit("Explore")
        for _, text in _texts(clicks):
            visitor.type("document", text)
            reply = await visitor.click("analyze")
            sent = {name: max(reply.arrival[key] for key in keys) for name, keys in SENT.items()}
            times.append({name: 1000 * each for name, each in sent.items()})
            times[-1]["everything"] = 1000 * reply.seconds
            await asyncio.sleep(REST / 1000)
    return times


def _texts(number: int) -> Iterator[tuple[str, str]]:
    """Yield a mark and a new text that begins with it."""
    draw = random.Random(0)
    for at in range(number):
        yield (mark := f"zq{at:03d}x"), random_text(mark, draw, WORDS)


@contextmanager
def served_checkpoint(checkpoint: Path) -> Iterator[str]:
    """Serve the app with this checkpoint and no other; yield the address."""
    with tempfile.TemporaryDirectory() as folder:
        (root := Path(folder) / "checkpoints").mkdir()
        (root / checkpoint.name).symlink_to(checkpoint.resolve(), target_is_directory=True)
        paths = {"HANSCOPE_CHECKPOINTS": str(root), "HANSCOPE_DATA": folder}
        with served_class({**os.environ, **paths}) as (address, _):
            yield address


if __name__ == "__main__":
    main()
