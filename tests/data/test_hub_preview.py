"""What a data set holds: by a hub on this machine, by the cache, and where there is neither."""

import http.server
import json
import threading
import time
import urllib.parse

import pytest

from han_core.data import hub, hub_preview
from han_core.data.hub_preview import HubColumn, HubConfig, HubSplit, columns_of, describe_dataset
from han_core.runtime.errors import UserError

SPLITS = {
    "splits": [
        {"dataset": "owner/small", "config": config, "split": split}
        for config in ("en", "zh")
        for split in ("test", "train")
    ]
    + [{"dataset": "owner/small", "config": "no name/", "split": "train"}]
}
INFO = {
    "dataset_info": {
        "en": {
            "download_size": 5_000,
            "splits": {"train": {"num_examples": 70}, "test": {"num_examples": 30}},
        }
    },
    "pending": [],
}
FEATURES = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
    "stars": {"dtype": "float32", "_type": "Value"},
    "image": {"_type": "Image"},
}
FIRST = {
    "features": [{"feature_idx": 0, "name": n, "type": kind} for n, kind in FEATURES.items()],
    "rows": [
        {"row_idx": 0, "row": {"text": "x" * 1_000, "label": 1, "stars": 4.0, "image": {"src": ""}}}
    ]
    * 9,
}


@pytest.fixture
def server(monkeypatch):
    """``server[path]``: what the hub answers there, a status or JSON; and what it was asked."""
    answers = {"/splits": SPLITS, "/info": INFO, "/first-rows": FIRST, "asked": []}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path, query = self.path.split("?")
            answers["asked"].append((path, dict(urllib.parse.parse_qsl(query))))
            answer = answers[path]
            self.send_response(answer if isinstance(answer, int) else 200)
            self.end_headers()
            self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        def log_message(self, *_):
            pass

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("HF_DATASETS_SERVER", f"http://127.0.0.1:{web.server_port}/")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield answers
    web.shutdown()


@pytest.fixture
def no_cache(monkeypatch):
    monkeypatch.setattr(hub_preview, "describe_cached", lambda wanted: None)


def refusal(*arguments):
    with pytest.raises(UserError) as caught:
        describe_dataset(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_offer_says_what_there_is_before_anything_is_downloaded(server):
    offer = describe_dataset("owner/small")
    assert offer.configs == (
        HubConfig("en", (HubSplit("test", 30), HubSplit("train", 70))),
        HubConfig("zh", (HubSplit("test", None), HubSplit("train", None))),
    )
    assert (offer.config.name, offer.split) == ("en", HubSplit("train", 70))
    assert offer.columns == (
        HubColumn("text", "text"),
        HubColumn("label", "classes", ("neg", "pos")),
        HubColumn("stars", "number"),
        HubColumn("image", "not read"),
    )
    assert offer.rows == ({"text": "x" * 299 + "…", "label": "pos", "stars": "4"},) * 5
    assert (offer.download_bytes, offer.source) == (5_000, "the hub")
    assert offer.spec == "hf:owner/small/en@train"
    assert offer.spec_of("zh", "test") == "hf:owner/small/zh@test"


@pytest.mark.parametrize("name", ["owner/small/zh@test", "hf:owner/small/zh@test"])
def test_a_configuration_and_a_split_may_be_named(name, server):
    offer = describe_dataset(name)
    assert (offer.config.name, offer.split.name) == ("zh", "test")
    chosen = {"dataset": "owner/small", "config": "zh", "split": "test"}
    assert server["asked"][-1] == ("/first-rows", chosen)
    assert describe_dataset("https://huggingface.co/datasets/owner/small/", "zh", "test") == offer


def test_the_only_configuration_and_a_data_set_without_an_owner_go_without_it(server):
    assert describe_dataset("small").spec == "hf:small@train"
    server["/splits"] = {"splits": [{"config": "plain", "split": "all"}]}
    assert describe_dataset("owner/small").spec == "hf:owner/small@all"


def test_what_there_is_not_is_refused_with_what_there_is(server):
    assert refusal("owner/small", "fr") == (
        'owner/small has no configuration "fr"; it has: "en", "zh".'
    )
    assert 'no split "dev"; it has: "test", "train"' in refusal("owner/small", None, "dev")
    assert "was expected" in refusal("../etc/passwd")


@pytest.mark.parametrize("answer", [404, 500, b"{", {"dataset_info": 3}, b"[" * 100_000])
def test_rows_and_counts_may_be_missing(answer, server):
    server["/info"] = server["/first-rows"] = answer
    offer = describe_dataset("owner/small")
    assert (offer.split, offer.columns, offer.rows) == (HubSplit("train", None), (), ())


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (404, "knows no public data set owner/small."),
        (500, "cannot be asked of http://127.0.0.1:"),
        (b"not JSON", "(its answer cannot be understood)"),
        ({"splits": []}, "(it lists no split)"),
        ({"splits": [{"config": "../x", "split": "a b"}]}, "(it lists no split)"),
        (b" " * 2_001, "(its answer is too long)"),
    ],
)
def test_a_hub_that_says_nothing_useful_is_one_sentence(
    answer, says, server, no_cache, monkeypatch
):
    monkeypatch.setattr(hub, "LARGEST_ANSWER", 2_000)
    server["/splits"] = answer
    assert says in refusal("owner/small")


def test_the_cache_stands_in_for_the_hub(cache, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_SERVER", "http://127.0.0.1:9")  # nobody listens
    offer = describe_dataset("owner/small", None, "test")
    assert offer.configs == (HubConfig("default", (HubSplit("train", 2), HubSplit("test", 2))),)
    assert (offer.split.name, offer.source) == ("test", "the local cache")
    assert offer.columns[1] == HubColumn("label", "classes", ("neg", "pos"))
    assert offer.rows == ({"text": "NA", "label": "pos"}, {"text": "007", "label": ""})
    assert 'no split "dev"' in refusal("owner/small", None, "dev")


def test_where_nothing_can_be_reached_the_answer_comes_within_seconds(
    tmp_path, no_cache, monkeypatch
):
    monkeypatch.setenv("HF_DATASETS_SERVER", "http://127.0.0.1:9")
    said = refusal("owner/small")
    assert "(" in said
    assert "a local file can be given instead" in said
    monkeypatch.setattr(hub_preview, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(hub, "_load", lambda url, seconds: time.sleep(1))
    assert "(no answer within 0.05 seconds)" in refusal("owner/small")


def test_features_that_nobody_described_are_not_read():
    hostile = {"a": None, "b": {"_type": "ClassLabel", "names": 3}, "c": {"dtype": ["x"]}}
    kinds = [(column.kind, column.classes) for column in columns_of(hostile)]
    assert kinds == [("not read", ()), ("classes", ()), ("not read", ())]
    lists = {"tags": {"_type": "List", "feature": FEATURES["text"]}}
    assert columns_of(lists) == (HubColumn("tags", "text"),)
    nested = {"_type": "List", "feature": lists["tags"]}
    assert columns_of({"nested": nested}) == (HubColumn("nested", "not read"),)
