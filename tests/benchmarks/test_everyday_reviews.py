"""Reviews of many domains are joined so that no text is learnt and tested."""

import pandas as pd
import pytest

from benchmarks import everyday_reviews
from han_core.data.corpus import read_corpus

LEARNT = "(4 (3 (2 A) (4 (4 lovely) (2 film))) (2 (2 .) (2 -RRB-)))"
HELD = "(0 (1 (2 It) (1 (2 does) (2 n't))) (2 (0 work) (2 .)))"
NEUTRAL = "(2 (2 A) (2 film))"
TOLD = "Well. I never saw so fine a film! Go."  # holds a sentence that is learnt
AMAZON = [("Fine knife", 1, "kitchen", "p1", "pool"), ("Blunt knife", 0, "kitchen", "p2", "test")]


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "treebank").mkdir()
    files = {
        "treebank/train.txt": f"{LEARNT}\n{HELD}\n{NEUTRAL}",
        "treebank/dev.txt": HELD,
        "treebank/test.txt": NEUTRAL,
        "rt-polarity.pos": "a lovely film . )\na bright , quick tale",
        "rt-polarity.neg": "it does n't work .",  # held back by the treebank
        "custrev.all": "1 it 's light\n0 it broke , twice",
        "amazon_cells_labelled.txt": "Good case\t1\nBad case\t0",
        "imdb_labelled.txt": "Good film\t1\nI never saw so fine a film\t1",
        "yelp_labelled.txt": "Good soup\t1",
        "hotels.csv": "Description,Positive\nClean room,1",
        "clothing.csv": "Title,Review Text,Rating\nLove it,Soft wool,5\n,Meh,3\n,Torn,1",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    columns = ["text", "label", "domain", "product", "split"]
    pd.DataFrame(AMAZON, columns=columns).to_parquet(tmp_path / "amazon.parquet")
    ids = [str(number) for number in range(0, 2_500, 250)]  # ten blocks: one validates
    reviews = pd.DataFrame({"id": ids, "label": 1, "text": [f"Film {n}<br />!" for n in ids]})
    reviews.to_parquet(tmp_path / "imdb-train.parquet")
    reviews.assign(text=["Film 250!", TOLD, *(f"Test {n}" for n in ids[2:])]).to_parquet(
        tmp_path / "imdb-test.parquet"
    )
    return tmp_path


def test_no_text_stands_in_two_splits(sources):
    reviews = everyday_reviews.joined(sources)
    keys = everyday_reviews.letters(reviews)
    assert reviews.groupby(keys)["split"].nunique().max() == 1
    split = dict(zip(reviews["text"], reviews["split"], strict=True))
    assert split["It doesn't work."] == "validation"
    assert split["Blunt knife"] == "test"
    assert split["Film 250!"] == "test"
    assert "Film 250\n!" not in split
    imdb = reviews[reviews["domain"] == "imdb"]
    assert imdb["split"].value_counts().to_dict() == {"test": 9, "train": 8, "validation": 1}
    assert split["I never saw so fine a film"] != "test"
    assert TOLD not in split


def test_learnt_texts_that_are_few_stand_twice(sources):
    reviews = everyday_reviews.joined(sources)
    counts = reviews["text"].value_counts()
    assert counts["A lovely film.)"] == counts["Fine knife"] == 2
    assert counts["a bright, quick tale"] == 2
    assert counts["Blunt knife"] == counts["It doesn't work."] == 1
    assert set(reviews["label"]) == {"negative", "positive"}
    assert (counts[reviews.loc[reviews["domain"] == "imdb", "text"]] == 1).all()


def test_our_own_reviews_keep_their_splits_and_are_learnt_four_times(sources):
    own = read_corpus("bundled:everyday/en@all")
    reviews = everyday_reviews.joined(sources)
    counts = reviews.loc[reviews["domain"] == "everyday", "text"].value_counts()
    assert counts.to_dict() == {
        text: 4 if split == "train" else 1
        for text, split in zip(own.texts, own.extra["split"], strict=True)
    }


def test_phrases_are_those_that_tell_of_learnt_sentences(sources):
    reviews = everyday_reviews.joined(sources)
    phrases = reviews.loc[reviews["domain"] == "treebank_phrase", "text"]
    assert list(phrases) == ["lovely film"]  # "A lovely film" is good, not very good
    assert "film" not in set(reviews["text"])


def test_texts_are_spaced_as_people_write(sources):
    texts = set(everyday_reviews.joined(sources)["text"])
    assert {"it's light", "it broke, twice", "Love it. Soft wool", "Torn"} <= texts
    assert "Meh" not in texts
    assert everyday_reviews.natural("a `` good '' film -LRB- 2 h -RRB-") == 'a " good " film (2 h)'


def test_the_command_writes_what_is_learnt_and_what_is_tested(sources, tmp_path):
    everyday_reviews.main(["join", str(sources), str(tmp_path / "out")])
    learnt = pd.read_parquet(tmp_path / "out" / "train.parquet")
    test = pd.read_parquet(tmp_path / "out" / "test.parquet")
    assert set(learnt["split"]) == {"train", "validation"}
    assert set(test["split"]) == {"test"}
    assert set(test.columns) == {"text", "label", "domain", "split"}
