"""Which Host and Origin may pass, by a table; headers and closed routes through Starlette."""

import socket

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from pages.shared.request_guard import ANY, RequestGuard, host_allowed, origin_allowed

LOCAL = ["127.0.0.1", "localhost"]


@pytest.mark.parametrize(
    ("host", "allowed", "passes"),
    [
        ("127.0.0.1:8501", LOCAL, True),
        ("localhost", LOCAL, True),
        ("LOCALHOST.:8501", LOCAL, True),
        ("evil.example:8501", LOCAL, False),
        ("127.0.0.1.evil.example", LOCAL, False),
        ("localhost@evil.example", LOCAL, False),
        ("evil.example/localhost", LOCAL, False),
        ("localhost:port", LOCAL, False),
        ("192.168.1.20:8501", LOCAL, False),
        ("", LOCAL, False),
        (None, LOCAL, False),
        ("localhost", [], False),
        ("192.168.1.20:8501", [ANY], True),
        ("[fe80::1]:8501", [ANY], True),
        (socket.gethostname(), [ANY], True),
        ("evil.example", [ANY], False),
        ("a.school.example", ["*.school.example"], True),
        ("school.example", ["*.school.example"], False),
        ("aschool.example", ["*.school.example"], False),
    ],
)
def test_only_allowed_hosts_pass(host, allowed, passes):
    assert host_allowed(host, allowed) is passes


@pytest.mark.parametrize(
    ("origin", "passes"),
    [
        (None, True),
        ("http://localhost:8501", True),
        ("https://localhost:8501", True),
        ("http://partner.example", True),
        ("http://localhost:3000", False),
        ("http://evil.example", False),
        ("null", False),
        ("file://localhost:8501", False),
        ("http://[localhost:8501", False),
    ],
)
def test_only_our_own_pages_and_named_origins_pass(origin, passes):
    assert origin_allowed(origin, "localhost:8501", ["http://partner.example"]) is passes


@pytest.fixture
def client():
    async def greet(request):
        return PlainTextResponse("hello", headers={"Content-Security-Policy": "default-src 'self'"})

    async def echo(websocket):
        await websocket.accept()
        await websocket.send_text("hello")
        await websocket.close()

    routes = [
        Route("/", greet, methods=["GET", "PUT"]),
        Route("/_stcore/metrics", greet),
        WebSocketRoute("/stream", echo),
    ]
    return TestClient(RequestGuard(Starlette(routes=routes), LOCAL), base_url="http://localhost")


def test_answers_refuse_foreign_frames_and_keep_their_own_policy(client):
    answer = client.get("/")
    assert answer.text == "hello"
    policies = answer.headers.get_list("content-security-policy")
    assert policies == ["default-src 'self'", "frame-ancestors 'self'"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_foreign_page_is_refused_with_a_sentence(client, method):
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        answer = client.request(method, "/", headers=headers)
        assert answer.status_code == 403
        assert answer.text.count("\n") == 1
        assert "evil" not in answer.text
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/metrics/", "/_stcore/./metrics"])
def test_metrics_are_closed(client, path):
    assert client.get(path).status_code == 404


def test_a_websocket_opens_only_for_our_own_page(client):
    own = {"Host": "localhost", "Origin": "http://localhost"}
    with client.websocket_connect("/stream", headers=own) as stream:
        assert stream.receive_text() == "hello"
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        headers = own | headers
        with (
            pytest.raises(WebSocketDisconnect) as refused,
            client.websocket_connect("/stream", headers=headers),
        ):
            pass
        assert refused.value.code == 1008
