"""The command ``card``: both files, what is measured once, and one sentence for what is wrong."""

import json
import shutil

import pytest
from lxml import html as lxml_html

from han_core.explanation.lesson import LANGUAGES, lessons
from han_core.models.checkpoint import CARD, README, load_checkpoint, read_config
from han_core.viz.model_card.content import read_card


@pytest.fixture
def folder(random_checkpoint, tmp_path):
    return shutil.copytree(random_checkpoint("bilstm"), tmp_path / "mine")


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.jsonl"
    lines = [{"text": f"the river {word} . a green stone"} for word in ("bread", "music", "road")]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_a_card_with_all_of_it(run_command, folder, texts, tmp_path):
    (marked := tmp_path / "marked.jsonl").write_text('{"text": "a green stone", "spans": [[2, 7]]}')
    (others := tmp_path / "others.jsonl").write_text('{"name": "bag", "accuracy": 0.5, "n": 4}')
    status, (said,), _ = run_command(
        "card", "--checkpoint", folder, "--faithfulness", texts, "--plausibility", marked,
        "--baselines", others, "--data-name", "three texts", "--device", "cpu",
    )  # fmt: skip
    assert status == 0
    assert said["checkpoint"] == "mine"
    assert set(said["holds"]) == {
        "rivals", "faithfulness", "plausibility", "weaknesses", "speed",
    }  # fmt: skip
    card = read_card(folder, read_config(folder))
    assert (card.faithfulness.data, card.faithfulness.n) == ("three texts", 3)
    readme = (folder / README).read_text(encoding="utf-8")
    assert "## Faithfulness" in readme
    assert "3 documents of three texts" in readme
    load_checkpoint(folder)


def test_what_is_there_is_not_measured_again_unless_asked(run_command, folder, texts):
    run_command("card", "--checkpoint", folder, "--faithfulness", texts, "--limit", 2)
    before = (folder / CARD).read_text()
    held = read_card(folder, read_config(folder))
    assert held.faithfulness.n == 2
    assert run_command("card", "--checkpoint", folder, "--faithfulness", texts)[0] == 0
    assert (folder / CARD).read_text() == before
    run_command("card", "--checkpoint", folder, "--faithfulness", texts, "--again")
    card = read_card(folder, read_config(folder))
    assert card.faithfulness.n == 3
    assert card.weaknesses == held.weaknesses


def test_a_card_that_does_not_fit_is_said_and_written_anew(run_command, folder):
    (folder / CARD).write_text('{"format": 7}')
    status, _, errors = run_command("card", "--checkpoint", folder)
    assert status == 0
    assert any("card.json does not fit" in line for line in errors)
    assert read_card(folder, read_config(folder)).weaknesses.all.n == 220


@pytest.mark.parametrize(
    ("arguments", "saying"),
    [
        (["--faithfulness", "none.csv"], "none.csv"),
        (["--plausibility", "none.jsonl"], "none.jsonl"),
        (["--baselines", "none.jsonl"], "none.jsonl"),
        (["--limit", "0"], "at least 1"),
        (["--device", "abacus"], "abacus"),
    ],
)
def test_wrong_input_is_one_sentence_and_leaves_nothing(run_command, folder, arguments, saying):
    status, found, errors = run_command("card", "--checkpoint", folder, *arguments)
    assert (status, found) == (2, [])
    assert saying in errors[-1]
    assert not (folder / CARD).exists()
    assert not (folder / README).exists()


def test_a_checkpoint_that_is_none(run_command, tmp_path):
    status, _, errors = run_command("card", "--checkpoint", tmp_path / "none")
    assert (status, len(errors)) == (2, 1)


def test_a_handout_is_written(run_command, random_checkpoint, tmp_path, monkeypatch):
    root = tmp_path / "checkpoints"
    shutil.copytree(random_checkpoint("han"), root / "han-zh")
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(root))
    file = tmp_path / "masks.html"
    text = "the river bread . a green stone"
    status, (said,), _ = run_command(
        "handout", 5, "--language", "zh", "--text", text, "--to", file, "--device", "cpu"
    )
    assert (status, said) == (0, {"lesson": 5, "language": "zh", "file": str(file)})
    page = file.read_text("utf-8")
    assert f">{text}</blockquote>" in page
    assert "hs-teacher" in page.partition("<body")[2]
    options = ("--language", "zh", "--text", text, "--to", file, "--without-notes")
    assert run_command("handout", 5, *options)[0] == 0
    assert "hs-teacher" not in file.read_text("utf-8").partition("<body")[2]


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_lesson_has_a_handout(run_command, language, tmp_path):
    for lesson in lessons(language):
        file = tmp_path / f"{lesson.number}.html"
        assert run_command("handout", lesson.number, "--language", language, "--to", file)[0] == 0
        page = lxml_html.fromstring(file.read_text("utf-8"))
        assert lesson.title in page.xpath("string(//h1)")
        assert "{" not in page.xpath("string(//main)")
        assert page.xpath("//table")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["99"], "There is no lesson 99; there are 1, 2"),
        (["three"], "LESSON"),
        (["3", "--language", "fr"], "fr"),
        (["3", "--text", "x" * 2_001], "up to 2,000 characters"),
        (["3", "--to", "/nonexistent/page.html"], "can't be written"),
    ],
)
def test_a_handout_that_cannot_be_made_is_one_sentence(run_command, arguments, said):
    status, _, errors = run_command("handout", *arguments)
    assert status == 2
    assert len(errors) == 1
    assert said in errors[0]
