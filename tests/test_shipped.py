"""The checkpoints that come along: each loads, has a whole card, and says one thing everywhere."""

import json
import re
from pathlib import Path
from statistics import mean, stdev

import pytest

from han_core.explanation.explain import explain
from han_core.models.checkpoint import METRICS, README, load_checkpoint
from han_core.viz.model_card.content import Card, read_card
from han_core.viz.model_card.known import checkpoint_facts
from han_core.viz.model_card.readme import readme
from han_core.viz.model_card.sections import sections
from tests.pretrained import need_transformers

PROJECT = Path(__file__).parents[1]
REVIEWS = ("han-imdb", "bilstm-additive-imdb", "bilstm-dot-imdb")  # English, as what people marked
SEEDED = REVIEWS[1:]  # trained with three seeds
TAGGED = REVIEWS  # the bundled corpus has their classes and language
CHINESE = ("han-zh", "bilstm-additive-zh", "bilstm-dot-zh")
NEWS = ("han-newsgroups", "bilstm-newsgroups")
SHIPPED = (*TAGGED, *NEWS)
READMES = ("README.md", "README.zh.md")
PRETRAINED = "bert-imdb"
ALONE = ("transformer-imdb", "bilstm-general-imdb", "bilstm-linear-imdb")
EVERYDAY = ("han-reviews", "bilstm-reviews")
ONE_SEED = (PRETRAINED, *ALONE, *CHINESE, *EVERYDAY)


@pytest.fixture(params=SHIPPED)
def folder(request) -> Path:
    return PROJECT / "checkpoints" / request.param


def card_of(folder: Path) -> Card:
    card = read_card(folder, checkpoint_facts(folder).config)
    assert card is not None, f"{folder.name} has no card."
    return card


def metrics_of(folder: Path) -> dict:
    return json.loads((folder / METRICS).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("names", "text", "label"),
    [
        (REVIEWS, "A wonderful film, superbly acted and deeply moving.", "positive"),
        (REVIEWS, "A dreadful, boring waste of two hours.", "negative"),
        (EVERYDAY, "Great headphones, I use them every day.", "positive"),
        (EVERYDAY, "The soup was cold and the waiter was rude.", "negative"),
        (EVERYDAY, "Don't buy it.", "negative"),
        (CHINESE, "房间很干净，服务员非常热情，早餐丰富，下次还来。", "positive"),
        (CHINESE, "房间又脏又吵，服务态度很差，再也不来了。", "negative"),
        (ALONE, "A wonderful film, superbly acted and deeply moving.", "positive"),
        (ALONE, "A dreadful, boring waste of two hours.", "negative"),
        (NEWS, "The goalie made forty saves and the Bruins won in overtime.", "rec.sport.hockey"),
        (NEWS, "The shuttle reached its orbit and NASA released the probe.", "sci.space"),
    ],
)
def test_it_tells_what_nobody_doubts(names, text, label):
    for name in names:
        assert explain(load_checkpoint(PROJECT / "checkpoints" / name), text).label == label


def test_its_card_is_whole(folder):
    card = card_of(folder)
    assert {rival.name for rival in card.rivals} == {
        "nb-svm", "tf-idf-linear-svm", "tf-idf-logistic-regression",
    }  # fmt: skip
    assert card.faithfulness.n == 500
    assert card.speed is not None
    assert (card.weaknesses is not None) == (folder.name in TAGGED)
    assert (card.plausibility is not None) == (folder.name in REVIEWS)


def test_its_readme_is_its_card(folder):
    own = checkpoint_facts(folder)
    written = (folder / README).read_text(encoding="utf-8")
    assert written == readme(own, sections(own, card_of(folder)))


@pytest.mark.parametrize("name", ONE_SEED)
def test_of_one_seed_too_card_readme_and_documentation_agree(name):
    folder = PROJECT / "checkpoints" / name
    own, card, metrics = checkpoint_facts(folder), card_of(folder), metrics_of(folder)
    assert {rival.name for rival in card.rivals} == {
        "nb-svm", "tf-idf-linear-svm", "tf-idf-logistic-regression",
    }  # fmt: skip
    assert card.weaknesses is not None
    assert (folder / README).read_text(encoding="utf-8") == readme(own, sections(own, card))
    test, validation = metrics["test"], metrics["validation"]
    assert cells("docs/models.md", name)[-4:] == [
        f"{test['accuracy']:.2%}", f"{test['macro_f1']:.4f}", "one seed",
        f"{validation['accuracy']:.2%}",
    ]  # fmt: skip
    for file in READMES:
        assert cells(file, name)[-1] == f"{test['accuracy']:.2%}"
    assert sum(file.stat().st_size for file in folder.iterdir()) < 5_500_000


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("A wonderful film, superbly acted and deeply moving.", "positive"),
        ("A dreadful, boring waste of two hours.", "negative"),
        ("I expected much of it, but the plot is thin and the acting is wooden. " * 60, "negative"),
    ],
)
def test_the_pretrained_one_tells_what_nobody_doubts(text, label):
    need_transformers()
    assert explain(load_checkpoint(PROJECT / "checkpoints" / PRETRAINED), text).label == label


@pytest.mark.parametrize("name", [*CHINESE, *EVERYDAY])
def test_the_documentation_states_the_accuracy_on_each_subject(name):
    domains = metrics_of(PROJECT / "checkpoints" / name)["domains"]
    assert len(domains) == (14 if name in EVERYDAY else 13)
    lines = (PROJECT / "docs/models.md").read_text(encoding="utf-8").splitlines()
    for subject, figures in domains.items():
        rows = [line for line in lines if f"({subject})" in line or line.startswith("| all |")]
        stated = [
            f"{figures['accuracy']:.1%}" in row and f" {figures['n']:,} " in row for row in rows
        ]
        assert any(stated), subject


@pytest.mark.parametrize("name", SEEDED)
def test_mean_and_spread_are_those_of_its_seeds(name):
    metrics = metrics_of(PROJECT / "checkpoints" / name)
    seeds = metrics["seeds"]
    assert [run["seed"] for run in seeds] == [0, 1, 2]
    assert seeds[0] == {"seed": metrics["seed"], "test": {
        name: metrics["test"][name] for name in ("accuracy", "macro_f1")
    }}  # fmt: skip
    for name, over in metrics["over_seeds"].items():
        reached = [run["test"][name] for run in seeds]
        assert over["mean"] == pytest.approx(mean(reached))
        assert over["standard_deviation"] == pytest.approx(stdev(reached))


def test_the_documentation_states_the_same_figures(folder):
    metrics = metrics_of(folder)
    accuracy, mean_and_spread = metrics["test"]["accuracy"], "one seed"
    if folder.name in SEEDED:
        over = metrics["over_seeds"]["accuracy"]
        mean_and_spread = f"{100 * over['mean']:.2f} ± {100 * over['standard_deviation']:.2f}%"
    validation = f"{metrics['validation']['accuracy']:.2%}"
    macro_f1 = f"{metrics['test']['macro_f1']:.4f}"
    assert cells("docs/models.md", folder.name)[-4:] == [
        f"{accuracy:.2%}", macro_f1, mean_and_spread, validation,
    ]  # fmt: skip
    for file in READMES:
        assert cells(file, folder.name)[-1] == f"{accuracy:.2%}"


def test_the_readmes_say_the_same_of_each_model_and_link_to_the_same():
    """Each links to the other one, and to the same documents, pictures and addresses."""
    english, chinese = ((PROJECT / file).read_text(encoding="utf-8") for file in READMES)
    named, linked = r"^\| `(.+?)` \|", r"\]\((.+?)\)"
    assert re.findall(named, english, re.M) == re.findall(named, chinese, re.M)
    chinese = chinese.replace(".zh.png", ".png")
    links = [set(re.findall(linked, text)) - {*READMES} for text in (english, chinese)]
    assert links[0] == links[1] - {"docs/messages.md"}
    assert READMES[1] in english[:200]
    assert READMES[0] in chinese[:200]


def cells(file: str, name: str) -> list[str]:
    """The cells of the row for the checkpoint ``name`` in a table of ``file``."""
    lines = (PROJECT / file).read_text(encoding="utf-8").splitlines()
    (row,) = (line for line in lines if line.startswith(f"| `{name}` |"))
    return [cell.strip() for cell in row.strip("| ").split("|")]
