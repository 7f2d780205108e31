"""The command ``export``: kept scores with what was said of them, in a file of any size."""

import json

import pytest

from han_core.analysis.annotations.codebook import save_tag
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.writing import add_tag
from han_core.analysis.documents import content_hash
from han_core.analysis.filters import Filter, to_text
from han_core.analysis.scoring.run import score_in_process
from han_core.analysis.sources import source_of
from han_core.data.readers import read_table
from han_core.models.checkpoint import load_checkpoint

TEXTS = ["Green road.", "Stone, river.", "Quiet night.", "=Bread."]


@pytest.fixture(scope="module")
def data(tmp_path_factory, random_checkpoint):
    """A folder with the kept scores of four documents, one of them tagged."""
    folder = tmp_path_factory.mktemp("export")
    path = folder / "films.jsonl"
    rows = [{"text": text, "label": "positive", "film": f"f{at}"} for at, text in enumerate(TEXTS)]
    path.write_text("\n".join(map(json.dumps, rows)))
    checkpoint = random_checkpoint("han")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HANSCOPE_DATA", str(folder / "data"))
        source = source_of(str(path))
        score_in_process(
            checkpoint, load_checkpoint(checkpoint), source.read(), source, lambda *_: None
        )
        save_tag(open_database(), "irony", "Ann")
        add_tag(open_database(), content_hash("Stone, river."), "irony", "Ann")
    return folder / "data"


@pytest.fixture
def scored(data, monkeypatch, run_command):
    """The key of the kept scores, as the command lists it."""
    monkeypatch.setenv("HANSCOPE_DATA", str(data))
    status, (kept,), _ = run_command("export")
    assert (status, kept["data"], kept["documents"]) == (0, "films.jsonl", 4)
    return kept["scores"]


def test_a_table_in_every_kind_and_under_every_way_to_write_a_filter(scored, tmp_path, run_command):
    def export(name, *more):
        path = tmp_path / name
        status, (said,), _ = run_command("export", "--scores", scored, "--out", path, *more)
        assert (status, said["bytes"]) == (0, path.stat().st_size)
        found = read_table(path.read_bytes(), name)
        assert found.rows == said["documents"]
        return found.data

    whole = export("x.jsonl", "--order", "as in the data")
    assert list(whole["text"]) == TEXTS
    assert list(whole["tags"]) == ["", "irony", "", ""]
    assert list(whole["film"]) == ["f0", "f1", "f2", "f3"]
    assert export("x.csv", "--filter", '{"contains": "bread"}')["text"][0] == "'=Bread."
    tagged = to_text(Filter(tags=("irony",)))
    assert list(export("x.parquet", "--filter", tagged)["text"]) == ["Stone, river."]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--out", "x.xls"], "whose name ends in one of .csv, .parquet, .jsonl"),
        ([], "whose name ends in one of"),
        (["--out", "x.csv", "--filter", '{"contains": 7}'], "cannot be (contains: "),
        (["--out", "x.csv", "--filter", '{"contai'], "cannot be (it: "),
        (["--out", "x.csv", "--filter", "zzzz"], "The link's filter is cut"),
        (["--out", "x.csv", "--order", "by size"], "One of the orders"),
        (["--out", "gone/x.csv"], "can't be written"),
        (["--out", "x.csv", "--beside", "zz"], 'none is called "zz"'),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    scored, flags, sentence, run_command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    status, output, errors = run_command("export", "--scores", scored, *flags)
    assert (status, output) == (2, [])
    assert sentence in errors[-1]
    assert not (tmp_path / "x.csv").exists()


def test_scores_that_are_not_kept(scored, run_command):
    status, _, errors = run_command("export", "--scores", "zz", "--out", "x.csv")
    assert status == 2
    assert 'none is called "zz"; export without --scores lists them' in errors[-1]
