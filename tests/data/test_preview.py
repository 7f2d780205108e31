import json
from dataclasses import replace

import pytest

from han_core.data.preview import SAMPLE, preview_data, preview_in_child
from han_core.data.splits import Source
from han_core.runtime.errors import UserError

BUNDLED = Source("bundled:classroom@train", "0.2", "bundled:classroom@test")


@pytest.fixture
def many(tmp_path):
    """500 documents, two of which stand twice, one without a label."""
    rows = [{"text": f"document number {n}", "label": "ab"[n % 2]} for n in range(498)]
    rows += [dict(rows[0]), {"text": "no label", "label": ""}]
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def test_the_parts_are_those_of_a_run():
    found = preview_data(BUNDLED)
    assert {name: part.documents for name, part in found.parts.items()} == {
        "training": 106, "validation": 26, "test": 88,
    }  # fmt: skip
    assert found.documents == 106
    assert found.classes == ("negative", "positive")
    assert len(found.texts) == len(found.labels) == 106


def test_there_is_no_test_part_unless_it_is_asked_for():
    assert set(preview_data(Source("bundled:classroom@train", "0.2")).parts) == {
        "training",
        "validation",
    }


def test_a_process_of_its_own_says_the_same():
    assert preview_in_child(BUNDLED, 3) == preview_data(BUNDLED, 3)
    assert preview_data(BUNDLED, 3) != preview_data(BUNDLED, 4)


def test_documents_without_labels_are_counted(tmp_path):
    (tmp_path / "more.csv").write_text("text\none\ntwo\n\n")
    asked = replace(BUNDLED, unlabelled=str(tmp_path / "more.csv"))
    found = preview_in_child(asked)
    assert (found.unlabelled, preview_data(BUNDLED).unlabelled) == (2, 0)
    assert asked.specs == (*BUNDLED.specs, str(tmp_path / "more.csv"))
    assert BUNDLED.specs == ("bundled:classroom@train", "bundled:classroom@test")


def test_the_sample_is_spread_over_all_of_the_training_documents(many):
    found = preview_data(Source(many, "0.2"))
    assert len(found.texts) == SAMPLE
    places = [int(text.split()[-1]) for text in found.texts]
    assert places == sorted(places)
    assert places[-1] > 400
    assert any("without a label" in note for note in found.notes)


def test_what_is_wrong_with_the_data_comes_back_as_a_sentence(tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text("text,label\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(20)))
    with pytest.raises(UserError, match="numbers"):
        preview_in_child(Source(str(path)))


def test_a_look_that_takes_too_long_is_given_up(many):
    with pytest.raises(UserError, match=r"was not read within 0\.01 seconds"):
        preview_in_child(Source(many), seconds=0.01)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("a word,x\nanother,x\nthird,x\n", "at least two classes"),
        ("a word,x\nanother,y\nthird,x\nfourth,y\n", "does not say which class"),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(tmp_path, rows, says):
    path, other = tmp_path / "some.csv", tmp_path / "other.csv"
    path.write_text("text,label\n" + rows)
    other.write_text("text,label\nsomething,z\n")
    with pytest.raises(UserError, match=says):
        preview_data(Source(str(path), str(other)))
