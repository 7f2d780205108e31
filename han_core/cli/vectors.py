"""The command ``vectors``."""

import os
from argparse import ArgumentParser, Namespace

from han_core.cli.common import check_writable, follow, print_json, say
from han_core.data.corpus import read_corpus
from han_core.text.tokenizer import Tokenizer
from han_core.text.word_vectors import check_learning, learn_vectors, write_vectors

HELP = "learn word vectors from texts (needs gensim)"


def flags(command: ArgumentParser) -> None:
    command.add_argument("--data", action="append", required=True, metavar="D", help="may repeat")
    command.add_argument("--text-column", default="text")
    command.add_argument(
        "--out", required=True, metavar="FILE", help="as text, or word2vec's binary form as .bin"
    )
    command.add_argument("--language", default="en")
    command.add_argument("--segmentation", choices=["words", "characters"], default="words")
    command.add_argument("--size", type=int, default=200)
    command.add_argument("--epochs", type=int, default=5)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--workers", type=int, default=os.cpu_count() or 1)


def run(given: Namespace) -> None:
    """Learns word vectors and prints how many."""
    check_learning(given.size, given.epochs, given.seed, given.workers)
    check_writable(given.out)
    tokenizer = Tokenizer(given.language, segmentation=given.segmentation)
    sentences: list[list[str]] = []
    for spec in given.data:
        corpus = read_corpus(spec, text_column=given.text_column, label_column=None)
        for text in follow(corpus.texts, f"Reading {corpus.name}"):
            sentences.append([word.lower() for word in tokenizer(text).token_texts()])
    say(f"Learning vectors of {given.size} numbers from {sum(map(len, sentences)):,} tokens.")
    learnt = learn_vectors(sentences, given.size, given.epochs, given.seed, given.workers)
    print_json(
        {"vectors": given.out, "words": write_vectors(given.out, learnt), "size": given.size}
    )
