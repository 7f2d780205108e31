"""The card of a system: facts from a stranger's metrics, figures over seeds, the README."""

import json
import shutil
from pathlib import Path

import pytest

from han_core.models.checkpoint import METRICS, README, WEIGHTS
from han_core.models.han_image import HAN_IMAGE
from han_core.models.series import SERIES
from han_core.runtime.errors import UserError
from han_core.viz.model_card.system import system_facts, system_sections, write_system_card

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(CHECKPOINTS / "series-pulse", tmp_path / "mine")


def change(folder, **values):
    path = folder / METRICS
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def cells(sections):
    return {row[0]: row[1:] for section in sections for table in section.tables
            for row in table.rows}  # fmt: skip


def test_every_number_of_the_card_is_the_checkpoints(folder):
    reached = {"accuracy": 0.98765, "loss": 0.01234}
    seeds = [{"seed": n, "test": {"accuracy": a}} for n, a in enumerate((0.9, 0.95, 1.0))]
    change(folder, test=reached, validation=None, seeds=seeds, seed=7)
    sections = system_sections(system_facts(folder, SERIES))
    table = cells(sections)
    assert table["test"] == ("98.77%", "0.01234")
    assert table["seed"] == ("7",)
    assert table["Cell"] == ("gru",)
    assert table["Size"][0].startswith("898 parameters in half precision")
    # Standard deviation of 90, 95 and 100 with n - 1: 5.
    assert sections[1].sentences == (
        "Over 3 seeds the test's accuracy is 95.00% at the mean, 90.00% to 100.00% "
        "(standard deviation 5.00 points).",
    )


def test_a_strangers_metrics_harm_nothing(folder):
    change(
        folder, dataset=["no text"], series={"train": "many", "validation": -1, "test": 5},
        test={"accuracy": float("nan"), "loss": "low", "r2": True}, validation=3, seeds={"a": 1},
        seed="first", settings=7, note="<script>alert(1)</script> [x](http://x)", reproduce=None,
    )  # fmt: skip
    facts = system_facts(folder, SERIES)
    assert (facts.counts, facts.figures, facts.seeds, facts.seed) == ({"test": 5}, {}, (), None)
    write_system_card(folder, SERIES)
    text = (folder / README).read_text("utf-8")
    assert "It was not tested." in text
    assert "<script>" not in text
    assert "[x](" not in text


def test_the_shipped_cards_are_made_by_the_command(tmp_path):
    for name, system in (
        ("series-pulse", SERIES), ("series-vowels", SERIES), ("openmoji", HAN_IMAGE)
    ):  # fmt: skip
        folder = shutil.copytree(CHECKPOINTS / name, tmp_path / name)
        assert write_system_card(folder, system) == folder / README
        assert (folder / README).read_bytes() == (CHECKPOINTS / name / README).read_bytes()


def test_a_folder_without_weights_is_one_sentence(folder):
    (folder / WEIGHTS).unlink()
    with pytest.raises(UserError, match=f"has no {WEIGHTS}"):
        system_facts(folder, SERIES)
