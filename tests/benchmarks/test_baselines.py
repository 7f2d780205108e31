"""Bags of words by hand, and the command that compares them with checkpoints."""

import json
import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_matrix

from benchmarks import baselines
from benchmarks.baselines import BAGS, NGrams, Predictions, mcnemar_test, unit_of
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import predict
from han_core.training.bag_of_words import log_count_ratio


def test_log_count_ratio_by_hand():
    present = csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=np.float32))
    ratio = log_count_ratio(present, np.array([True, True, False]))
    # p = (3, 2, 1) of 6, q = (1, 1, 2) of 4
    expected = [math.log(a / b) for a, b in ((3 / 6, 1 / 4), (2 / 6, 1 / 4), (1 / 6, 2 / 4))]
    assert ratio == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("bag", BAGS)
@pytest.mark.parametrize("classes", [2, 4])
def test_a_bag_finds_the_planted_word(bag, classes):
    draw = np.random.default_rng(0)
    planted = ["dreadful", "splendid", "lukewarm", "puzzling"][:classes]
    labels = draw.integers(0, classes, 120)
    noise = draw.choice(["the", "table", "river", "seven", "stone"], (120, 4))
    texts = [" ".join([*row, planted[label]]) for row, label in zip(noise, labels, strict=True)]
    model = BAGS[bag](NGrams(2, "words")).fit(texts, labels)
    questions = [f"A river and a {word} stone" for word in planted]
    assert model.predict(questions).tolist() == list(range(classes))


@pytest.mark.parametrize("bag", BAGS)
def test_characters_need_no_spaces(bag):
    texts = ["房间很好", "早餐很差", "服务好极了", "房间差极了"] * 5
    model = BAGS[bag](NGrams(2, "characters")).fit(texts, np.array([1, 0, 1, 0] * 5))
    assert model.predict(["真好啊", "真差啊"]).tolist() == [1, 0]


def test_the_script_decides_between_words_and_characters():
    assert unit_of(["房间很好。", "WiFi 很好", "fine"]) == "characters"
    assert unit_of(["A fine room.", "The sign says 好", "Dull"]) == "words"


def write_rows(path, rows) -> str:
    lines = (json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)
    path.write_text("".join(lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def reviews(tmp_path):
    """Files to train on and to test on."""
    good = [(f"A splendid room {n % 7}", "good") for n in range(20)]
    bad = [(f"A dreadful room {n % 7}", "bad") for n in range(20)]
    test = [("splendid", "good"), ("dreadful", "bad"), ("dreadful", "good")]
    return write_rows(tmp_path / "train.jsonl", good + bad), write_rows(tmp_path / "t.jsonl", test)


def lines_of(capsys, *arguments):
    baselines.main(arguments)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_predictions_are_measured_stored_and_read_again(reviews, tmp_path, capsys, monkeypatch):
    train, test = reviews
    arguments = "--data", train, "--test", test, "--out", str(tmp_path / "out"), "--bags", "nb-svm"
    (line,) = lines_of(capsys, *arguments)
    assert (line["n"], line["n_grams"], line["unit"]) == (3, [1, 2, 3], "words")
    assert line["accuracy"]["mean"] == pytest.approx(2 / 3)
    assert 0.2 < line["accuracy"]["low"] < 2 / 3 < line["accuracy"]["high"] < 1
    assert line["macro_f1"] == pytest.approx(2 / 3)  # of both classes
    (path,) = (tmp_path / "out").glob("nb-svm-*.parquet")
    table = pq.read_table(path).to_pydict()
    assert table["predicted"] == ["good", "bad", "bad"]
    assert table["label"] == ["good", "bad", "good"]
    monkeypatch.setitem(BAGS, "nb-svm", None)  # it would not be learnt again
    assert lines_of(capsys, *arguments) == [line]


def test_a_checkpoint_is_compared_with_the_bags(random_checkpoint, tmp_path, capsys):
    # The classes have other names than the checkpoint's.
    rows = [("a green table", "pos"), ("a quiet river", "neg")] * 6
    path, folder = write_rows(tmp_path / "films.jsonl", rows), random_checkpoint("han", "additive")
    arguments = "--data", path, "--test", path, "--checkpoint", str(folder)
    bag, ours = lines_of(capsys, *arguments, "--bags", "tf-idf-linear-svm")
    assert bag["accuracy"]["mean"] == 1
    model = load_checkpoint(folder)
    predicted = predict(model, [text for text, _ in rows]).argmax(1)
    right = sum(model.labels[c].startswith(y) for c, (_, y) in zip(predicted, rows, strict=True))
    assert ours["accuracy"]["mean"] == pytest.approx(right / 12)
    against = ours["against"]["tf-idf-linear-svm"]
    assert (against["fixed"], against["broken"]) == (0, 12 - right)
    assert against["difference"]["mean"] == pytest.approx(right / 12 - 1)


def test_mcnemar_counts_who_is_right():
    bag = Predictions("bag", np.array([1, 1, 0, 1]), 0.0)
    ours = Predictions("ours", np.array([0, 0, 1, 1]), 0.0)
    result = mcnemar_test(ours, bag, np.array([0, 0, 0, 1]))
    assert (result["fixed"], result["broken"], result["p"]) == (2, 1, 1.0)
    assert result["mid_p"] == pytest.approx(0.625)  # 2 P(≤ 1 of 3) − P(1 of 3) = 1 − 3/8
    assert result["difference"]["mean"] == 0.25


@pytest.mark.parametrize(("option", "message"), [("--data", "no file"), ("--test", "does not say")])
def test_unusable_data_is_one_sentence(reviews, tmp_path, option, message):
    train, test = reviews
    other = tmp_path / "other.jsonl"
    if option == "--test":
        other.write_text('{"text": "fine", "label": "sideways"}\n')
    arguments = {"--data": train, "--test": test, option: str(other)}
    with pytest.raises(SystemExit, match=message) as caught:
        baselines.main([word for pair in arguments.items() for word in pair])
    assert "\n" not in str(caught.value)
