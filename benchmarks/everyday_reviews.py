"""Short and long reviews of many domains: joined for training, and a model's accuracy on each.

    python -m benchmarks.everyday_reviews join FOLDER OUT
    python -m benchmarks.everyday_reviews measure CHECKPOINT OUT [--write]

FOLDER has the sources as they are published, under the names in ``SOURCES``. ``join`` writes
``train.parquet`` with a column ``split`` (train or validation), and ``test.parquet``; both have
``text``, ``label`` and ``domain``. Short texts and the four Amazon domains are few, so they stand
twice in what is learnt, and the reviews that we wrote (``bundled:everyday``) four times.

No text stands in two splits, however it is punctuated. Where a source has a division it is kept
(the treebank, Amazon, IMDB); of the others a tenth validates and three twentieths test. Phrases of
the treebank come from its training sentences alone, and sentences that it holds back are not learnt
from the Pang and Lee sentences either, out of which it was made. The film sentences of Kotzias et
al. were cut out of IMDB's reviews: test reviews that hold one that is learnt are not tested.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.chinese_reviews import OFTEN, add_measure, letters, own_reviews
from han_core.cli.common import say

SOURCES = {
    "amazon.parquet": "Blitzer, Dredze and Pereira 2007: text, label, domain, product, split",
    "imdb-train.parquet, imdb-test.parquet": "Maas et al. 2011: id, text, label",
    "treebank/train.txt, dev.txt, test.txt": "Socher et al. 2013, as trees",
    "rt-polarity.pos, rt-polarity.neg": "Pang and Lee 2005",
    "custrev.all": "Hu and Liu 2004, with 0 or 1 before each sentence",
    "amazon_cells_labelled.txt, imdb_labelled.txt, yelp_labelled.txt": "Kotzias et al. 2015",
    "hotels.csv": "hotel reviews: Description, Positive",
    "clothing.csv": "clothing reviews: Title, Review Text, Rating",
}
SENTENCES = {
    "phones": "amazon_cells_labelled.txt",
    "films_short": "imdb_labelled.txt",
    "restaurants": "yelp_labelled.txt",
}
TWICE = ("treebank", "rt", "products", *SENTENCES, "hotels", "clothing")
AMAZON = ("books", "dvd", "electronics", "kitchen")
SENTENCE = 20  # letters from which a sentence is told apart from others that read the same
OWN = "everyday"
HELD = {"test": 0, "validation": 1, "train": 2}  # a text in two splits stays in the first


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    joining = commands.add_parser("join", epilog=_listed(SOURCES))
    joining.set_defaults(run=_join)
    joining.add_argument("folder", type=Path, metavar="FOLDER")
    joining.add_argument("out", type=Path, metavar="OUT")
    add_measure(commands)
    options = parser.parse_args(arguments)
    options.run(options)


def _listed(sources: dict[str, str]) -> str:
    return "FOLDER has " + "; ".join(f"{name} ({what})" for name, what in sources.items())


def _join(options: argparse.Namespace) -> None:
    reviews = joined(options.folder)
    options.out.mkdir(parents=True, exist_ok=True)
    test = reviews["split"] == "test"
    for name, part in (("train", reviews[~test]), ("test", reviews[test])):
        part.to_parquet(options.out / f"{name}.parquet", index=False)
        say(f"{name}: {len(part):,} reviews")


def joined(folder: Path) -> pd.DataFrame:
    """Return all reviews with ``text``, ``label``, ``domain`` and ``split``, each text once.

    Learnt texts of ``TWICE`` and ``AMAZON`` stand twice, those of ``OWN`` ``OFTEN`` times.
    """
    parts = [own_reviews("en"), *_treebank(folder / "treebank"), *_small(folder), _amazon(folder)]
    parts += [_pang_lee(folder), _imdb(folder)]
    reviews = pd.concat(parts, ignore_index=True)
    key = letters(reviews)
    order = reviews.assign(key=key, held=reviews["split"].map(HELD))[key != ""]
    once = order.sort_values("held", kind="stable").drop_duplicates("key").sort_index()
    reviews = once[~_told_before(once)][["text", "label", "domain", "split"]]
    learnt = reviews[reviews["split"] == "train"]
    again = learnt[learnt["domain"].isin((*TWICE, *AMAZON))]
    own = learnt[learnt["domain"] == OWN]
    reviews = pd.concat([reviews, again, *(OFTEN - 1) * [own]], ignore_index=True)
    return reviews.assign(label=reviews["label"].map({0: "negative", 1: "positive"}))


def _told_before(reviews: pd.DataFrame) -> pd.Series:
    """Whether each is a test review of IMDB that holds a film sentence that is not tested."""
    films = reviews[(reviews["domain"] == "films_short") & (reviews["split"] != "test")]
    sentences = [key for key in films["key"] if len(key) >= SENTENCE]
    tested = (reviews["domain"] == "imdb") & (reviews["split"] == "test")
    held = reviews.loc[tested, "key"].map(lambda key: any(part in key for part in sentences))
    return held.reindex(reviews.index, fill_value=False)


def _treebank(folder: Path) -> Iterator[pd.DataFrame]:
    """Sentences of the three parts, and the phrases of the first; neutral ones are left out."""
    splits = {"train": "train", "dev": "validation", "test": "test"}
    parts = {name: list(_trees(folder / f"{name}.txt")) for name in splits}
    held = {tree[-1][1] for name in ("dev", "test") for tree in parts[name]}
    parts["train"] = [tree for tree in parts["train"] if tree[-1][1] not in held]
    for name, split in splits.items():
        whole = [tree[-1] for tree in parts[name] if tree[-1][0] != 2]
        yield _frame(whole, "treebank").assign(split=split)
    phrases = [phrase for tree in parts["train"] for phrase in tree[:-1] if _telling(*phrase)]
    yield _frame(phrases, "treebank_phrase").assign(split="train")


def _telling(rating: int, phrase: str) -> bool:
    """Whether a phrase is learnt: of two and three words only what is very good or very bad."""
    words = len(phrase.split())
    return rating != 2 and words >= 2 and (words >= 4 or rating in (0, 4))


def _trees(path: Path) -> Iterator[list[tuple[int, str]]]:
    """The rating (0 to 4) and the words of each node of each tree, the whole sentence last."""
    for line in path.read_text(encoding="utf-8").splitlines():
        open_nodes, nodes = list[list](), list[tuple[int, str]]()
        for token in re.findall(r"[()]|[^\s()]+", line):
            if token == "(":
                open_nodes.append([])
            elif token == ")":
                rating, *words = open_nodes.pop()
                nodes.append((int(rating), " ".join(words)))
                if open_nodes:
                    open_nodes[-1] += words
            else:
                open_nodes[-1].append(token)
        yield nodes


def _frame(rated: Sequence[tuple[int, str]], domain: str) -> pd.DataFrame:
    """Texts with their classes, of ratings around 2."""
    rows = [(natural(text), int(rating > 2)) for rating, text in rated]
    return pd.DataFrame(rows, columns=["text", "label"]).assign(domain=domain)


def natural(text: str) -> str:
    """Undo the spacing of treebank tokens: "it 's good ." becomes "it's good."."""
    for token, sign in {"-LRB-": "(", "-RRB-": ")", r"\/": "/", "``": '"', "''": '"'}.items():
        text = text.replace(token, sign).replace(token.lower(), sign)
    text = re.sub(r"\s+(n['’]t|['’](?:s|re|ve|ll|d|m)\b)", r"\1", text)
    text = re.sub(r"\s+([.,;:!?%)\]])", r"\1", text)
    return re.sub(r"\s+", " ", re.sub(r"([(\[$])\s+", r"\1", text)).strip()


def _small(folder: Path) -> Iterator[pd.DataFrame]:
    """Sources without a division of their own."""
    draw = np.random.default_rng(0)
    for domain, name in SENTENCES.items():
        lines = (folder / name).read_text(encoding="utf-8").split("\n")
        rows = [line.rsplit("\t", 1) for line in lines if "\t" in line]
        yield _divided([(text.strip(), int(label)) for text, label in rows], domain, draw)
    lines = (folder / "custrev.all").read_text(encoding="latin1").splitlines()
    rows = [line.strip().split(" ", 1) for line in lines if " " in line.strip()]
    yield _divided([(natural(text), int(label)) for label, text in rows], "products", draw)
    hotels = pd.read_csv(folder / "hotels.csv").dropna()
    yield _divided(
        list(zip(hotels["Description"], hotels["Positive"], strict=True)), "hotels", draw
    )
    clothing = pd.read_csv(folder / "clothing.csv").dropna(subset=["Review Text", "Rating"])
    clothing = clothing[clothing["Rating"] != 3]
    texts = clothing["Title"].map(lambda title: f"{title}. ", na_action="ignore").fillna("")
    rows = zip(texts + clothing["Review Text"], clothing["Rating"] > 3, strict=True)
    yield _divided(list(rows), "clothing", draw)


def _divided(rows: list[tuple[str, int]], domain: str, draw: np.random.Generator) -> pd.DataFrame:
    splits = draw.choice(["validation", "test", "train"], len(rows), p=[0.1, 0.15, 0.75])
    reviews = pd.DataFrame(rows, columns=["text", "label"]).astype({"label": int})
    return reviews.assign(domain=domain, split=splits)


def _amazon(folder: Path) -> pd.DataFrame:
    """The pools, of whose products a tenth validates, and the test reviews of other products."""
    reviews = pd.read_parquet(folder / "amazon.parquet").reset_index(drop=True)
    products = sorted(reviews.loc[reviews["split"] == "pool", "product"].astype(str).unique())
    held = set(np.random.default_rng(0).permutation(products)[: len(products) // 10])
    pool = np.where(reviews["product"].astype(str).isin(held), "validation", "train")
    split = np.where(reviews["split"] == "pool", pool, "test")
    return reviews[["text", "label", "domain"]].assign(split=split)


def _pang_lee(folder: Path) -> pd.DataFrame:
    parts = []
    for name, label in (("pos", 1), ("neg", 0)):
        lines = (folder / f"rt-polarity.{name}").read_text(encoding="latin1").splitlines()
        parts.append(pd.DataFrame({"text": [natural(line) for line in lines], "label": label}))
    return pd.concat(parts).assign(domain="rt", split="train")


def _imdb(folder: Path) -> pd.DataFrame:
    """Both halves; a tenth of the training's blocks of 250 ids, which share films, validates."""
    learnt, test = (pd.read_parquet(folder / f"imdb-{part}.parquet") for part in ("train", "test"))
    blocks = learnt["id"].astype(int) // 250
    held = np.random.default_rng(1).permutation(np.unique(blocks))[: blocks.nunique() // 10]
    learnt["split"] = np.where(blocks.isin(held), "validation", "train")
    reviews = pd.concat([learnt, test.assign(split="test")])[["text", "label", "split"]]
    reviews["text"] = reviews["text"].str.replace("<br />", "\n", regex=False)
    return reviews.assign(domain="imdb")


if __name__ == "__main__":
    main()
