"""Names of the hub, the cache, and what is said where there is no hub."""

import http.server
import threading
import time

import pytest

from han_core.data import hub, sandbox
from han_core.data.hub import HubName, choose_split, plain_reason, read_hub
from han_core.data.table import Table
from han_core.runtime.errors import UserError


@pytest.fixture
def no_child(monkeypatch):
    def nothing(*_, **__):
        raise sandbox.NoAnswer(1)

    monkeypatch.setattr(sandbox, "run_in_child", nothing)


@pytest.fixture
def answering_hub(monkeypatch):
    """A hub on this machine that answers every request with `status`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *_):
            pass

    paths, status = [], [200]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield status, paths
    server.shutdown()


def refusal(act, *arguments):
    with pytest.raises(UserError) as caught:
        act(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("hf:imdb", ("imdb", None, None)),
        ("hf:imdb@test", ("imdb", None, "test")),
        ("hf:stanfordnlp/imdb", ("stanfordnlp/imdb", None, None)),
        ("hf:a/b-c_d.e/plain_text@train.100", ("a/b-c_d.e", "plain_text", "train.100")),
    ],
)
def test_names_are_taken_apart_and_put_together(spec, parts):
    name = HubName.parse(spec)
    assert (name.name, name.config, name.split) == parts
    assert str(name) == spec


@pytest.mark.parametrize(
    "spec",
    [
        "hf:", "hf:@train", "hf:..", "hf:../x", "hf:a/../b", "hf:/etc/passwd", "hf:a/b/c/d",
        "hf:a//b", "hf:-x", "hf:.x", "hf:a..b", "hf:a b", "hf:a\n", "hf:a\0", "hf:a?b", "hf:ä",
        "hf:http://x/y", "hf:a@", "hf:a@train[:10%]", "hf:a@b@c", "hf:" + "a" * 97,
    ],
)  # fmt: skip
def test_hostile_names_are_refused_before_anything_is_asked(spec, monkeypatch):
    monkeypatch.setattr(sandbox, "run_in_child", None)
    assert "was expected" in refusal(read_hub, spec)


def test_a_cached_data_set_needs_no_hub(cache, monkeypatch):
    monkeypatch.setattr(hub, "refuse_unless_known", None)
    table = read_hub("hf:owner/small", "test")
    assert table == Table("hf:owner/small@test", {"text": ("NA", "007"), "label": ("pos", "")})


def test_without_network_the_answer_comes_within_seconds(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nobody listens
    (tmp_path / "imdb").mkdir()
    (tmp_path / "imdb" / "train.csv").write_text("text,label\nnot the hub's,1\n")
    monkeypatch.chdir(tmp_path)  # a folder of this name must not stand in for the data set
    began = time.monotonic()
    said = refusal(read_hub, "hf:imdb")
    assert time.monotonic() - began < 60
    assert "imdb cannot be loaded from the local cache" in said
    assert "refused" in said
    assert "a local file (.parquet, .csv, .tsv or .jsonl) can be given instead" in said


def test_a_silent_hub_is_not_waited_for(no_child, monkeypatch):
    monkeypatch.setattr(hub, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(hub, "_load", lambda url, seconds: time.sleep(1))
    assert "no answer within 0.05 seconds" in refusal(read_hub, "hf:imdb")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (401, "knows no public data set owner/none."),
        (404, "knows no public data set owner/none."),
        (503, "(status 503)"),
        (200, "hf:owner/none could not be loaded from"),  # the loader stopped without a word
    ],
)
def test_what_the_hub_says_of_a_name(code, says, no_child, answering_hub):
    status, paths = answering_hub
    status[0] = code
    assert says in refusal(read_hub, "hf:owner/none")
    assert paths == ["/api/datasets/owner/none"]


def test_an_unusable_address_of_the_hub_is_a_sentence(no_child, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "no address")
    assert "nor can no address be reached (unknown url type" in refusal(read_hub, "hf:imdb")


def test_the_second_child_is_online_and_shows_its_progress(monkeypatch):
    asked = []

    def ask(module, request, **how):
        asked.append((request["offline"], how["environment"], how.get("progress", False)))
        if request["offline"]:
            raise sandbox.NoAnswer(1)
        return Table("hf:imdb@train", {})

    monkeypatch.setattr(sandbox, "run_in_child", ask)
    monkeypatch.setattr(hub, "fetch", lambda url, seconds: b"{}")
    read_hub("hf:imdb")
    assert asked == [
        (True, {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}, False),
        (False, {}, True),
    ]


def test_which_split_is_taken():
    anything, named = HubName("x", None, None), HubName("x", None, "test")
    assert choose_split(("train", "test"), anything, "train") == "train"
    assert choose_split(("train", "test"), named, "train") == "test"
    assert choose_split(("validation",), anything, "train") == "validation"
    said = refusal(choose_split, ("a", "b"), anything, "train")
    assert said == 'hf:x has no split "train"; it has: "a", "b".'


def test_the_plain_reason_is_the_first_thing_that_went_wrong():
    outer = RuntimeError("could not load")
    outer.__cause__ = OSError("no route\n to host")
    assert plain_reason(outer) == "no route to host"
    assert plain_reason(KeyError()) == "KeyError"
