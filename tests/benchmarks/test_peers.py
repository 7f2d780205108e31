"""A peer of our own writing is imported from its folder, gets what it asks for, and is timed."""

import json
import sys

import numpy as np
import pytest
import torch

from benchmarks import peers
from benchmarks.peers import DESCRIPTIONS, INPUTS, load_peer, read_description, sizes_of
from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument

TINY = """
import torch
from torch import nn

class Tiny(nn.Module):
    def __init__(self, words, size, classes):
        super().__init__()
        self.table = nn.Embedding(words, size, padding_idx=0)
        self.out = nn.Linear(size, classes)
        self.calls = 0

    def forward(self, documents, counts):
        self.calls += 1
        assert documents.shape[:2] == (len(counts), int(counts.max()))
        return "attention", self.out(self.table(documents).sum((1, 2)))
"""
DESCRIPTION = """
[tiny]
module = "tiny_peer"
class = "Tiny"
inputs = ["documents", "sentence_counts"]
logits = 1
arguments = { words = "vocabulary", size = 3, classes = "classes" }

[lame]
module = "tiny_peer"
class = "Tiny"
inputs = ["documents"]
"""


def document(*sentences: list[int]) -> NumberedDocument:
    words = np.array([word for sentence in sentences for word in sentence], dtype=np.int32)
    return NumberedDocument(words, np.array([len(each) for each in sentences], dtype=np.int32))


DOCUMENTS = [document([5, 6], [7]), document([8, 9, 4])]


@pytest.fixture
def folder(tmp_path):
    """A checkout with a peer, and its description beside it; the module is forgotten afterwards."""
    (checkout := tmp_path / "checkout").mkdir()
    (checkout / "tiny_peer.py").write_text(TINY, encoding="utf-8")
    (tmp_path / "own.toml").write_text(DESCRIPTION, encoding="utf-8")
    yield tmp_path
    sys.modules.pop("tiny_peer", None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("documents", [[[5, 6, 0], [7, 0, 0]], [[8, 9, 4], [0, 0, 0]]]),
        ("sentence_counts", [2, 1]),
        ("word_counts", [[2, 1], [3, 0]]),
        ("sentences", [[8, 9, 4], [5, 6, 0], [7, 0, 0]]),
        ("places", [[3, 1, 1, 0], [2, 2, 0, 0], [1, 2, 0, 1]]),
        ("text", [[5, 6, 31, 7, 31], [8, 9, 4, 31, 30]]),  # 30 words of ours; 30 pads, 31 ends
    ],
)
def test_an_input_is_what_its_name_says(name, expected):
    assert torch.as_tensor(INPUTS[name](DOCUMENTS, sizes_of(30))).tolist() == expected


def test_a_peer_is_built_with_our_sizes_and_its_folder_does_not_stay(folder):
    description, before = read_description(folder / "own.toml", "tiny"), list(sys.path)
    peer = load_peer(folder / "checkout", description, DOCUMENTS * 40, 30)
    assert tuple(peer.model.table.weight.shape) == (32, 3)
    assert [len(batch) for batch in peer.batches] == [64, 16]
    assert peer.forward(peer.model, peer.batches[1]).shape == (16, 2)
    assert sys.path == before


def test_both_are_timed_in_one_run(folder, monkeypatch, capsys):
    arguments = ["peers", str(folder / "checkout"), "--peer", "tiny", "--limit", "10"]
    arguments += ["--descriptions", str(folder / "own.toml"), "--rounds", "2"]
    monkeypatch.setattr(sys, "argv", arguments)
    threads = torch.get_num_threads()
    peers.main()
    figures = json.loads(capsys.readouterr().out)
    assert (figures["documents"], figures["commit"]) == (10, None)  # no repository
    for work in ("train", "explain"):
        low, high = figures[f"{work}_vs_tiny_quartiles"]
        assert 0 < low <= figures[f"{work}_vs_tiny"] <= high
        assert figures[f"{work}_documents_per_second_tiny"] > 0
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"class": "Huge"}, "Huge does not run as described"),
        ({"module": "nowhere"}, "No module named 'nowhere'"),
        ({"arguments": {}}, "missing 3 required positional arguments"),
        ({"inputs": ["documents"]}, "missing 1 required positional argument"),
        ({"logits": 0}, "'str' object has no attribute 'shape'"),
        ({"arguments": {"words": "vocabulary", "size": 3, "classes": 4}}, r"\(2, 4\) instead of"),
    ],
)
def test_a_wrong_description_is_one_sentence(folder, change, sentence):
    description = read_description(folder / "own.toml", "tiny") | change
    with pytest.raises(UserError, match=sentence):
        load_peer(folder / "checkout", description, DOCUMENTS, 30)


@pytest.mark.parametrize(
    ("file", "name", "sentence"),
    [
        ("own.toml", "huge", r"no table \[huge\]"),
        ("own.toml", "lame", "lacks arguments"),
        ("none.toml", "tiny", "cannot be read"),
    ],
)
def test_a_missing_description_is_one_sentence(folder, file, name, sentence):
    with pytest.raises(UserError, match=sentence):
        read_description(folder / file, name)


def test_the_descriptions_that_come_along_are_whole():
    for name in ("sgrvinod", "cedias", "jmribeiro"):
        assert read_description(DESCRIPTIONS, name)["arguments"]
