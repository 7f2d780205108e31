"""Bags of words by hand, and the command that measures them beside checkpoints."""

import json
import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_matrix

from benchmarks import baselines
from benchmarks import baselines as bags
from benchmarks.baselines import BAGS, Reading, log_count_ratio, unit_of
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import predict

WORDS = Reading(2, "words")


def test_the_log_count_ratio_by_hand():
    present = csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=np.float32))
    found = log_count_ratio(present, np.array([True, True, False]))
    # p = (3, 2, 1) of 6, q = (1, 1, 2) of 4
    expected = [math.log(a / b) for a, b in ((3 / 6, 1 / 4), (2 / 6, 1 / 4), (1 / 6, 2 / 4))]
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("bag", BAGS)
@pytest.mark.parametrize("several", [2, 4])
def test_a_bag_finds_the_planted_word(bag, several):
    draw = np.random.default_rng(0)
    planted = ["dreadful", "splendid", "lukewarm", "puzzling"][:several]
    classes = draw.integers(0, several, 120)
    noise = draw.choice(["the", "table", "river", "seven", "stone"], (120, 4))
    texts = [" ".join([*row, planted[c]]) for row, c in zip(noise, classes, strict=True)]
    predict = BAGS[bag](texts, classes, WORDS)
    asked = [f"A river and a {word} stone" for word in planted]
    assert predict(asked).tolist() == list(range(several))


@pytest.mark.parametrize("bag", BAGS)
def test_characters_need_no_spaces(bag):
    texts = ["房间很好", "早餐很差", "服务好极了", "房间差极了"] * 5
    predict = BAGS[bag](texts, np.array([1, 0, 1, 0] * 5), Reading(2, "characters"))
    assert predict(["真好啊", "真差啊"]).tolist() == [1, 0]


def test_the_script_decides_what_is_counted():
    assert unit_of(["房间很好。", "WiFi 很好", "fine"]) == "characters"
    assert unit_of(["A fine room.", "The sign says 好", "Dull"]) == "words"


@pytest.fixture
def reviews(tmp_path):
    def write(name, rows):
        path = tmp_path / name
        lines = (json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)
        path.write_text("".join(lines), encoding="utf-8")
        return str(path)

    good = [(f"A splendid room {n % 7}", "good") for n in range(20)]
    bad = [(f"A dreadful room {n % 7}", "bad") for n in range(20)]
    test = [("splendid", "good"), ("dreadful", "bad"), ("dreadful", "good")]
    return write("train.jsonl", good + bad), write("test.jsonl", test)


def lines_of(capsys, *arguments):
    baselines.main(arguments)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_command_measures_keeps_and_reads_again(reviews, tmp_path, capsys, monkeypatch):
    train, test = reviews
    asked = "--data", train, "--test", test, "--out", str(tmp_path / "kept"), "--bags", "nb-svm"
    (line,) = lines_of(capsys, *asked)
    assert (line["n"], line["n_grams"], line["unit"]) == (3, [1, 2, 3], "words")
    assert line["accuracy"]["mean"] == pytest.approx(2 / 3)
    assert 0.2 < line["accuracy"]["low"] < 2 / 3 < line["accuracy"]["high"] < 1
    assert line["macro_f1"] == pytest.approx(2 / 3)  # of both classes
    (path,) = (tmp_path / "kept").glob("nb-svm-*.parquet")
    table = pq.read_table(path).to_pydict()
    assert table["predicted"] == ["good", "bad", "bad"]
    assert table["label"] == ["good", "bad", "good"]
    monkeypatch.setitem(bags.BAGS, "nb-svm", None)  # it would not be learnt again
    assert lines_of(capsys, *asked) == [line]


def test_a_checkpoint_stands_beside_the_bags(random_checkpoint, tmp_path, capsys):
    # The classes are called otherwise than the checkpoint's.
    rows = [("a green table", "pos"), ("a quiet river", "neg")] * 6
    path = tmp_path / "films.jsonl"
    path.write_text("".join(json.dumps({"text": t, "label": y}) + "\n" for t, y in rows))
    asked = "--data", path, "--test", path, "--checkpoint", random_checkpoint("han", "additive")
    bag, ours = lines_of(capsys, *map(str, asked), "--bags", "tf-idf-linear-svm")
    assert bag["accuracy"]["mean"] == 1
    model = load_checkpoint(random_checkpoint("han", "additive"))
    said = predict(model, [text for text, _ in rows]).argmax(1)
    right = sum(model.labels[c].startswith(y) for c, (_, y) in zip(said, rows, strict=True))
    assert ours["accuracy"]["mean"] == pytest.approx(right / 12)
    against = ours["against"]["tf-idf-linear-svm"]
    assert (against["fixed"], against["broken"]) == (0, 12 - right)
    assert against["difference"]["mean"] == pytest.approx(right / 12 - 1)


def test_mcnemar_counts_who_is_right():
    true = np.array([0, 0, 0, 1])
    bag = baselines.Guess("bag", np.array([1, 1, 0, 1]), 0.0)
    ours = baselines.Guess("ours", np.array([0, 0, 1, 1]), 0.0)
    found = baselines.against(ours, bag, true)
    assert (found["fixed"], found["broken"], found["p"]) == (2, 1, 1.0)
    assert found["mid_p"] == pytest.approx(0.625)  # 2 P(≤ 1 of 3) − P(1 of 3) = 1 − 3/8
    assert found["difference"]["mean"] == 0.25


@pytest.mark.parametrize(("part", "says"), [("--data", "no file"), ("--test", "does not say")])
def test_data_that_cannot_be_used_are_one_sentence(reviews, tmp_path, part, says):
    train, test = reviews
    other = tmp_path / "other.jsonl"
    if part == "--test":
        other.write_text('{"text": "fine", "label": "sideways"}\n')
    asked = {"--data": train, "--test": test, part: str(other)}
    with pytest.raises(SystemExit, match=says) as caught:
        baselines.main([word for pair in asked.items() for word in pair])
    assert "\n" not in str(caught.value)
