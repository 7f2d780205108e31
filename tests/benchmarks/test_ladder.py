"""The rungs of the ladder are commands that ``train`` understands, each one step further."""

import json

import pytest
import torch

from benchmarks.bench import SMALL, climbed, command, rungs
from han_core.runtime.errors import UserError
from han_core.training.settings import parse_settings

CPU = torch.device("cpu")


@pytest.fixture
def half(monkeypatch):
    """A GPU that computes in bf16, as far as anybody asks."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    return torch.device("cuda:0")


def changed(one: dict, other: dict) -> set[str]:
    return {name for name in one if one[name] != other[name]}


def test_each_rung_changes_one_thing(half):
    first, batching, mixed, accumulation = rungs(half).values()
    assert changed(first, batching) == {"batch_tokens"}
    assert changed(batching, mixed) == {"mixed_precision"}
    assert changed(mixed, accumulation) == {"accumulation"}


def test_without_half_precision_there_is_no_rung_for_it():
    assert list(rungs(CPU)) == ["as_they_come", "batching", "accumulation"]


def test_every_rung_is_understood(half):
    for settings in rungs(half).values():
        given = command("han", "d.csv", half, ("text", "label"), 9, settings, "out")
        pairs = [given[at + 1] for at, part in enumerate(given) if part == "--set"]
        parsed, _, _ = parse_settings(pairs)
        assert {name: getattr(parsed, name) for name in settings} == settings


def test_the_gain_is_the_last_rung_over_the_first():
    rates = iter([100.0, 200.0, 250.0, 50.0, 50.0, 40.0])
    found = climbed("d.csv", CPU, train=lambda given: {"train_documents_per_second": next(rates)})
    assert found["whole_han_batching"] == 200
    assert (found["whole_han_gain"], found["whole_bilstm_gain"]) == (2.5, 0.8)


def test_a_rung_trains(tmp_path, run_command, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    lines = [
        json.dumps({"said": f"A {('fine', 'dull')[at % 2]} film {at}.", "is": "ab"[at % 2]})
        for at in range(120)
    ]
    (path := tmp_path / "d.jsonl").write_text("\n".join(lines), encoding="utf-8")
    given = command(
        "han", str(path), CPU, ("said", "is"), None, rungs(CPU)["as_they_come"], str(tmp_path / "o")
    )
    status, (told,), _ = run_command(*given)
    assert status == 0
    assert told["train_documents_per_second"] > 0
    kept = json.loads((tmp_path / "o" / "metrics.json").read_text(encoding="utf-8"))
    assert str(SMALL) in json.dumps(kept)


@pytest.mark.long
def test_what_train_refuses_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        climbed(str(tmp_path / "nowhere.csv"), CPU)
