"""A server with small checkpoints, and a headless Chromium to visit it with."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.journey.walk import settled, watched_page
from tests.pages.small import write_small_checkpoints
from tests.processes import PATIENCE

PROJECT = Path(__file__).parents[2]
SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
VIEWPORT = {"width": 1440, "height": 1400}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def chromium(missing):
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed (requirements-dev.txt)")
    with sync_playwright() as started:
        own = Path(started.chromium.executable_path)
        path = next((path for path in (SYSTEM_CHROMIUM, own) if path.exists()), None)
        if path is None:
            missing(f"There is no browser: neither {SYSTEM_CHROMIUM} nor Playwright's own Chromium")
        browser = started.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    write_small_checkpoints(root)
    for name in ("series-pulse", "dates", "openmoji"):
        shutil.copytree(PROJECT / "checkpoints" / name, root / name)
    return root


@pytest.fixture(scope="module")
def address(checkpoints, tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "pages/shared/server.py"]
    command += ["--server.headless", "true", "--server.port", str(port)]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={
                **os.environ,
                "HANSCOPE_CHECKPOINTS": str(checkpoints),
                "PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")]),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server, log)
        yield address
    finally:
        server.terminate()
        server.wait(PATIENCE)
    assert "Traceback" not in log.read_text()


@pytest.fixture
def visit(chromium, address):
    """A page on Explore."""
    with watched_page(chromium, address, viewport=VIEWPORT) as page:
        page.wait_for_selector("[data-testid=sentence-bars] .hs-jump")
        settled(page)
        yield page


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
