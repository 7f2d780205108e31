"""The README of a card, and the file of baselines."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.models.checkpoint import METRICS
from han_core.runtime.errors import UserError
from han_core.viz.model_card.content import Baseline, Section, Table
from han_core.viz.model_card.known import checkpoint_facts
from han_core.viz.model_card.readme import plain_markdown, read_baselines, readme, section_markdown
from han_core.viz.model_card.sections import sections


@pytest.fixture
def text(folder, card) -> str:
    own = checkpoint_facts(folder)
    return readme(own, sections(own, card))


def front(text: str) -> dict:
    """Its lines of YAML, each of which holds JSON."""
    lines = text.split("---\n")[1].splitlines()
    return {line.split(": ", 1)[0]: json.loads(line.split(": ", 1)[1]) for line in lines}


def test_hubs_read_the_front(text):
    found = front(text)
    assert found["language"] == "en"
    assert found["pipeline_tag"] == "text-classification"
    assert found["datasets"] == ["some/reviews"]
    (result,) = found["model-index"][0]["results"]
    assert result["metrics"] == [{"type": "accuracy", "value": 0.9}]


def test_front_is_yaml(text):
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(text.split("---\n")[1]) == front(text)


def test_untested_models_claim_no_result(folder):
    (folder / METRICS).write_text("{}")
    found = front(readme(checkpoint_facts(folder), ()))
    assert "model-index" not in found
    assert "datasets" not in found


def test_sections_follow_each_other(text):
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[:2] == ["The model", "Accuracy"]
    assert headings[-2:] == ["How it was made", "How to use it"]
    assert "| nb-svm | 91.0% |" in text
    assert "```\npython -m han_core train --model han\n```" in text


def test_a_section_by_hand():
    table = Table(("Tag", "n", "Accuracy"), (("a|b", "3", "50%"),))
    section = Section("Two * parts", ("One <b>.",), (table,), "not here")
    assert section_markdown(section, plain_markdown) == (
        "## Two \\* parts\n\nOne \\<b\\>.\n\n"
        "| Tag | n | Accuracy |\n| :--- | ---: | ---: |\n| a\\|b | 3 | 50% |"
    )
    assert section_markdown(Section("T"), str.upper, level=5) == "##### T"


HOSTILE = "](javascript:alert(1)) <img src=x onerror=alert(1)> | `x` $y$ :red[z]\n# H"


def test_a_strangers_words_stay_words(folder, card):
    metrics = {"dataset": HOSTILE, "reproduce": "````\n# out\n````", "note": HOSTILE,
               "settings": {HOSTILE: HOSTILE}, "documents": {HOSTILE: 3}}  # fmt: skip
    (folder / METRICS).write_text(json.dumps(metrics), encoding="utf-8")
    rival = card.rivals[0].model_copy(update={"name": HOSTILE})
    own = checkpoint_facts(folder)
    text = readme(own, sections(own, card.model_copy(update={"rivals": (rival,)})))
    body = text.split("---\n", 2)[2]
    assert not re.search(r"(?<!\\)[<\]]", re.sub(r"`{3,}.*?`{3,}", "", body, flags=re.DOTALL))
    assert "\n# out" not in body
    assert front(text)["datasets"] == [own.dataset]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_plain_markdown_leaves_no_sign_bare(text):
    plain = plain_markdown(text)
    assert "\n" not in plain
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_{}\[\]<>|#&~$!]", plain)


@given(st.text(alphabet="`ab\n", max_size=30))
def test_code_stays_in_its_fence(code):
    from han_core.viz.model_card.readme import _fenced

    first, *inside, last = _fenced(code).split("\n")
    assert first == last
    assert first not in "\n".join(inside) or not first


def lines(*objects: object) -> bytes:
    return "\n".join(json.dumps(one) for one in objects).encode()


def test_plain_lines_come_best_first():
    data = lines(
        {"name": "a", "accuracy": 0.8, "n": 10},
        {"name": "b", "accuracy": 0.9, "n": 10, "macro_f1": 0.7, "p": 0.04, "seconds": 3},
    )
    assert read_baselines(data + b"\n\n", "mine", 10) == (
        Baseline(name="b", accuracy=0.9, n=10, macro_f1=0.7, p=0.04),
        Baseline(name="a", accuracy=0.8, n=10),
    )


def test_what_the_benchmark_prints():
    share = {"mean": 0.8, "low": 0.7, "high": 0.9}
    data = lines(
        {"baseline": "nb-svm", "n_grams": [1, 2, 3], "unit": "words", "n": 10, "accuracy": share,
         "macro_f1": 0.79, "seconds": 1.5},
        {"checkpoint": "other", "n": 10, "accuracy": share, "against": {"nb-svm": {"p": 0.9}}},
        {"checkpoint": "mine", "n": 10, "accuracy": share,
         "against": {"nb-svm": {"fixed": 3, "broken": 1, "p": 0.625, "mid_p": 0.375}}},
    )  # fmt: skip
    (rival,) = read_baselines(data, "mine", 0)
    assert rival == Baseline(name="nb-svm", accuracy=0.8, n=10, macro_f1=0.79, p=0.625)


@pytest.mark.parametrize(
    ("data", "saying"),
    [
        (b"", "0 came"),
        (b"name,accuracy\nb,0.9", "line 1 is none"),
        (lines({"name": "a", "accuracy": 0.5, "n": 9}) + b"\n[1]", "line 2 is none"),
        (lines({"accuracy": 0.5, "n": 9}), "line 1 does not fit: name"),
        (lines({"name": "a", "n": 9}), "line 1 does not fit: accuracy"),
        (lines({"name": "a", "accuracy": 91.8, "n": 9}), "line 1 does not fit: accuracy"),
        (lines({"name": "a", "accuracy": "x", "n": 9}), "line 1 does not fit: accuracy"),
        (lines({"name": "a", "accuracy": {}, "n": 9}), "line 1 does not fit: accuracy"),
        (lines({"name": ["a"], "accuracy": 0.5, "n": 9}), "line 1 does not fit: name"),
        (lines({"name": "a", "accuracy": 0.5, "n": 9, "p": 3}), "line 1 does not fit: p"),
        (lines({"checkpoint": "mine", "against": {"a": 7}}), "0 came"),
        (lines({"checkpoint": "mine", "against": {"a": {"p": "x"}}},
               {"name": "a", "accuracy": 0.5, "n": 9}), "line 2 does not fit: p"),
        (lines(*[{"name": "a", "accuracy": 0.5, "n": 9}] * 51), "51 came"),
        (lines({"name": "a", "accuracy": 0.5, "n": 8}), "tested on 9 documents and a on 8"),
        (b"[" * 100_000, "line 1 is none"),
        (b"\xff\xfe", "line 1 is none"),
    ],
)  # fmt: skip
def test_what_is_no_such_file_gets_one_sentence(data, saying):
    with pytest.raises(UserError, match=saying):
        read_baselines(data, "mine", 9)
