"""Chinese reviews are joined so that no review is learnt and tested."""

import json

import numpy as np
import pandas as pd

from benchmarks import chinese_reviews
from han_core.data.corpus import read_corpus

HOTEL_TRAIN = pd.DataFrame({"text": ["房间好。", "床太小"], "label": [1, 0]})
HOTEL_TEST = pd.DataFrame({"text": ["早餐差！"], "label": [0]})
DOMAINS = pd.DataFrame(
    [
        ("酒店", "房间好", 1, "pool"),  # a hotel review of training: once
        ("酒店", "早餐 差", 0, "pool"),  # a test review of the hotels
        ("酒店", "床太小！", 0, "test"),  # learnt with the hotels
        ("酒店", "前台热情", 1, "test"),
        ("书籍", "好看", 1, "pool"),
        ("书籍", "乏味", 0, "pool"),  # tested below
        ("书籍", "乏味。", 0, "test"),
    ],
    columns=["domain", "text", "label", "split"],
)


def test_no_review_stands_on_both_sides():
    training, test = chinese_reviews.joined(DOMAINS, HOTEL_TRAIN, HOTEL_TEST)
    assert training.values.tolist() == [
        ["房间好。", 1, "zh_hotel"], ["床太小", 0, "zh_hotel"], ["好看", 1, "书籍"],
    ]  # fmt: skip
    assert test.values.tolist() == [["前台热情", 1, "酒店"], ["乏味。", 0, "书籍"]]


def test_our_own_reviews_keep_their_splits_and_are_learnt_four_times():
    own = read_corpus("bundled:everyday/zh@all")
    learnt, test = chinese_reviews.with_own(
        *chinese_reviews.joined(DOMAINS, HOTEL_TRAIN, HOTEL_TEST)
    )
    counts = learnt[learnt["domain"] == "everyday"].value_counts(["text", "split"]).to_dict()
    rows = list(zip(own.texts, own.labels, own.extra["split"], strict=True))
    assert counts == {(t, s): 4 if s == "train" else 1 for t, _, s in rows if s != "test"}
    assert list(test.columns) == ["text", "label", "domain"]
    tested = test[test["domain"] == "everyday"]
    expected = [(t, int(label == "positive")) for t, label, s in rows if s == "test"]
    assert list(zip(tested["text"], tested["label"], strict=True)) == expected
    assert set(learnt["split"]) <= {"train", "validation"}


def test_accuracy_is_told_for_each_domain(tmp_path, monkeypatch):
    texts, labels, domains = ["a", "b", "c", "d"], [1, 1, 0, 0], ["书籍", "书籍", "书籍", "酒店"]
    reviews = pd.DataFrame({"text": texts, "label": labels, "domain": domains})
    reviews.to_parquet(tmp_path / "test.parquet", index=False)
    (tmp_path / "metrics.json").write_text('{"seed": 0}')
    answers = np.array([[0.1, 0.9], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]])
    named = type("Named", (), {"labels": ("negative", "positive")})
    monkeypatch.setattr(chinese_reviews, "load_checkpoint", lambda path: named)
    monkeypatch.setattr(chinese_reviews, "predict", lambda checkpoint, texts: answers)
    chinese_reviews.main(["measure", str(tmp_path), str(tmp_path), "--write"])
    written = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert written == {
        "seed": 0,
        "domains": {
            "书籍": {"accuracy": 2 / 3, "n": 3},
            "酒店": {"accuracy": 0.0, "n": 1},
            "all": {"accuracy": 0.5, "n": 4},
        },
    }
