"""The command ``bench``: its figures, and the training settings of ``--whole``."""

import json

import pytest
import torch

from benchmarks.bench import SMALL, climbed, command, rungs
from han_core.runtime.errors import UserError
from han_core.training.settings import parse_settings

CPU = torch.device("cpu")


@pytest.fixture
def half(monkeypatch):
    """A GPU that says that it computes in bf16."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    return torch.device("cuda:0")


def changed(one: dict, other: dict) -> set[str]:
    return {name for name in one if one[name] != other[name]}


def test_each_rung_changes_one_setting(half):
    first, batching, mixed, accumulation = rungs(half).values()
    assert changed(first, batching) == {"batch_tokens"}
    assert changed(batching, mixed) == {"mixed_precision"}
    assert changed(mixed, accumulation) == {"accumulation"}
    assert list(rungs(CPU)) == ["as_they_come", "batching", "accumulation"]  # no half precision


def test_train_understands_every_rung(half):
    for settings in rungs(half).values():
        arguments = command("han", "d.csv", half, ("text", "label"), 9, settings, "out")
        pairs = [arguments[at + 1] for at, part in enumerate(arguments) if part == "--set"]
        parsed, _, _ = parse_settings(pairs)
        assert {name: getattr(parsed, name) for name in settings} == settings


def test_the_gain_is_the_last_rung_over_the_first():
    rates = iter([100.0, 200.0, 250.0, 50.0, 50.0, 40.0])
    figures = climbed("d.csv", CPU, train=lambda _: {"train_documents_per_second": next(rates)})
    assert figures["whole_han_batching"] == 200
    assert (figures["whole_han_gain"], figures["whole_bilstm_gain"]) == (2.5, 0.8)


def test_a_rung_trains(tmp_path, run_command, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    lines = [
        json.dumps({"review": f"A {('fine', 'dull')[at % 2]} film {at}.", "class": "ab"[at % 2]})
        for at in range(120)
    ]
    (path := tmp_path / "d.jsonl").write_text("\n".join(lines), encoding="utf-8")
    settings, out = rungs(CPU)["as_they_come"], tmp_path / "o"
    arguments = command("han", str(path), CPU, ("review", "class"), None, settings, str(out))
    status, (summary,), _ = run_command(*arguments)
    assert status == 0
    assert summary["train_documents_per_second"] > 0
    assert str(SMALL) in (out / "metrics.json").read_text(encoding="utf-8")


@pytest.mark.long
def test_an_error_of_train_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        climbed(str(tmp_path / "nowhere.csv"), CPU)


def test_bench_prints_every_figure(run_command):
    status, (figures,), _ = run_command("bench", "--limit", "12", "--rounds", "1")
    assert status == 0
    for key in (
        "han_train_vs_textbook", "han_train_vs_packed", "han_explain_vs_textbook",
        "han_explain_vs_packed", "bilstm_train_vs_padded", "bilstm_train_vs_packed",
        "han_text_to_explanation_vs_packed",
    ):  # fmt: skip
        assert figures[key] > 0
        assert key.startswith("han_text") or len(figures[f"{key}_quartiles"]) == 2
    assert 0 < figures["fraction_of_peak_train"] < 1
    assert 0 < figures["fraction_of_peak_explain"] < 1
    assert figures["documents"] == 12


@pytest.mark.parametrize("lines", [0, 1, 7])
def test_bench_on_too_few_documents_is_one_sentence(run_command, tmp_path, lines):
    (path := tmp_path / "few.jsonl").write_text('{"text": "one"}\n' * lines, encoding="utf-8")
    status, output, errors = run_command("bench", "--data", path)
    assert (status, output, len(errors)) == (2, [], 1)


def test_bench_on_a_missing_device_is_one_sentence(run_command):
    status, output, (error,) = run_command("bench", "--device", "cuda:7")
    assert (status, output) == (2, [])
    assert "cuda:7" in error
