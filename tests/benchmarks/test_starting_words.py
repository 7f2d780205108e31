"""Words of other texts move into a checkpoint's own space, and its own words stay as they are."""

import json

import numpy as np
import pytest
import torch

from benchmarks import starting_words
from han_core.data.corpus import read_corpus
from han_core.models.checkpoint import load_checkpoint
from han_core.text.vocabulary import RESERVED
from han_core.text.word_vectors import vector_entries, write_vectors

TEXTS = (("green zebra", "farm"), ("green fine zebra", "farm"), ("gnu", "zoo"))


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "texts.jsonl"
    rows = [{"text": text, "label": "a", "domain": domain} for text, domain in TEXTS]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_domains_count_alike_however_large(random_checkpoint, data):
    own = load_checkpoint(random_checkpoint("han"))
    shares = starting_words.word_shares(read_corpus(str(data)), own)
    assert shares == pytest.approx({"green": 0.2, "zebra": 0.2, "fine": 0.1, "gnu": 0.5})


def test_a_map_is_found_where_there_is_one():
    draw = np.random.default_rng(0)
    source, true = draw.normal(size=(5_000, 4)), draw.normal(size=(4, 3))
    found = starting_words.linear_map(source, source @ true, np.ones(5_000))
    np.testing.assert_allclose(found, true, atol=1e-3)
    heavy = np.where(np.arange(5_000) < 2_500, 1e6, 1.0)  # half of the words decide
    mixed = np.where(heavy[:, None] > 1, source @ true, -source @ true)
    np.testing.assert_allclose(starting_words.linear_map(source, mixed, heavy), true, atol=1e-2)


def test_own_words_keep_their_vectors_and_new_ones_get_theirs(random_checkpoint, data, tmp_path):
    folder = random_checkpoint("han")
    own = load_checkpoint(folder)
    table, words = own.model.embedding.weight.detach(), own.vocabulary.words
    entries = [(word, 2 * table[n].numpy()) for n, word in enumerate(words) if n >= len(RESERVED)]
    entries.append(("zebra", entries[0][1]))
    write_vectors(tmp_path / "vectors.txt", entries)
    out = tmp_path / "out"
    starting_words.main([str(folder), str(tmp_path / "vectors.txt"), str(data), "4", str(out)])
    new = load_checkpoint(out)
    assert set(new.vocabulary.words) == {*RESERVED, "green", "zebra"}  # of gnu nothing is known
    got = dict(zip(new.vocabulary.words, new.model.embedding.weight.detach(), strict=True))
    torch.testing.assert_close(got["green"], table[words.index("green")], rtol=0, atol=0)
    for reserved in RESERVED:
        torch.testing.assert_close(got[reserved], table[words.index(reserved)], rtol=0, atol=0)
    shares = starting_words.word_shares(read_corpus(str(data)), own)
    given = dict(vector_entries(tmp_path / "vectors.txt"))
    (both,) = (word for word in given if word in shares and word != "zebra")
    source, target = given[both][None], table[words.index(both)][None].numpy()
    expected = given["zebra"] @ starting_words.linear_map(source, target, np.ones(1))
    np.testing.assert_allclose(got["zebra"], expected, rtol=1e-5, atol=1e-7)
