"""Host and Origin against the answers of a started server; frames of foreign pages."""

import http.client
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.journey.walk import watched_page
from tests.processes import PATIENCE

WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
UPLOAD = "/_stcore/upload_file/session/file"
ROUTES = ["/", "/Explore", "/_stcore/health", "/_stcore/stream", "/static/index.html", UPLOAD]


def status(address: str, path: str, headers: dict[str, str]) -> int:
    """Status of the answer; WebSocket handshakes have 101 where they succeed."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    method = "PUT" if path == UPLOAD else "GET"
    upgrade = WEBSOCKET if path == "/_stcore/stream" else {}
    connection.request(method, path, headers={**upgrade, **headers})
    answer = connection.getresponse().status
    connection.close()
    return answer


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    ("host", "origin", "passes"),
    [
        ("127.0.0.1:{port}", None, True),
        ("localhost:{port}", None, True),
        ("localhost", None, True),
        ("127.0.0.1:{port}", "http://127.0.0.1:{port}", True),
        ("localhost:{port}", "http://localhost:{port}", True),
        ("127.0.0.1:{port}", "http://evil.example", False),
        ("127.0.0.1:{port}", "http://localhost:3000", False),
        ("127.0.0.1:{port}", "null", False),
        ("evil.example:{port}", None, False),
        ("evil.example:{port}", "http://evil.example:{port}", False),
        ("127.0.0.1.evil.example", None, False),
        ("192.168.7.7:{port}", "http://192.168.7.7:{port}", False),
    ],
)
def test_only_this_machine_and_our_own_pages_are_answered(address, path, host, origin, passes):
    port = urlsplit(address).port
    headers = {"Host": host.format(port=port)}
    if origin is not None:
        headers["Origin"] = origin.format(port=port)
    answer = status(address, path, headers)
    if not passes:
        assert answer == 403
    elif path == "/_stcore/stream":
        assert answer == 101
    elif path == UPLOAD:
        assert answer != 200  # no such session, or no token
    else:
        assert answer == 200


def test_an_answer_waits_for_no_acknowledgement(address):
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    seconds = []
    for _ in range(40):
        began = time.perf_counter()
        connection.request("GET", "/favicon.png")
        connection.getresponse().read()
        seconds.append(time.perf_counter() - began)
    connection.close()
    assert min(seconds[20:]) < 0.03  # a Linux client acknowledges the head of an answer after 40 ms


def test_metrics_are_closed(address):
    assert status(address, "/_stcore/metrics", {}) == 404


@pytest.fixture
def foreign_page(address):
    """A page at another port, and so of another origin, that frames the app."""

    class Frame(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<iframe src="{address}/Explore"></iframe>'.encode())

        def log_message(self, *_):
            """Print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Frame)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_foreign_page_cannot_frame_the_app(chromium, foreign_page):
    page = chromium.new_page()
    messages = []
    page.on("console", lambda message: messages.append(message.text))
    page.goto(foreign_page)
    page.wait_for_load_state("networkidle")
    frame = page.frames[1]
    assert frame.locator("[data-testid=stApp]").count() == 0
    assert any("frame-ancestors" in message for message in messages)
    page.close()


def test_the_app_itself_opens(chromium, address):
    with watched_page(chromium, address) as page:
        page.wait_for_selector("[data-testid=stApp]")


def test_the_first_start_asks_for_nothing():
    """Streamlit waits for an e-mail address in a new user's terminal unless it is told not to."""
    script = "import streamlit as st; print(st.get_option('server.showEmailPrompt'))"
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    assert found.stdout.strip() == "False"
