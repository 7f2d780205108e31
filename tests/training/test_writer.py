"""What a run leaves, and what it would leave: the checkpoint of any moment."""

import json
from dataclasses import replace

import pytest
import torch

from han_core.models.checkpoint import HISTORY, METRICS, load_checkpoint
from han_core.models.listing import list_checkpoints
from han_core.models.predict import predict
from han_core.runtime.atomic_io import read_json
from han_core.training.callbacks import StepEvent, Stopped
from han_core.training.optimization import copied
from han_core.training.train import train

CPU = torch.device("cpu")
PAIRS = ("epochs=2", "hidden=4", "save_seconds=0", "word_dropout=0.2")
KINDS = {
    "plain": (),
    "average": ("average=0.9",),
    "float16": ("weights=float16",),
    "int8": ("weights=int8",),
    "both": ("average=0.5", "weights=float16"),
}


def stop_at(step: int, moments: list[StepEvent]):
    return lambda: moments[-1].step == step


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", ["han", "bilstm"])
def test_the_checkpoint_of_a_moment_is_the_one_that_is_saved_then(
    tmp_path, make_request, quiet, few, planted_corpora, kind, model
):
    """Stopped in the first epoch, the folder holds the weights of that moment: bit for bit."""
    moments: list[StepEvent] = []
    made = []

    def look(moment: StepEvent) -> None:
        moments.append(moment)
        made.append(moment.checkpoint())

    request = make_request(tmp_path / "out", *PAIRS, *KINDS[kind], model=model, **few)
    watch = replace(quiet(), moment=look, stop=stop_at(3, moments))
    with pytest.raises(Stopped):
        train(request, CPU, watch)
    assert [moment.step for moment in moments] == [0, 1, 2, 3]
    loaded, expected = load_checkpoint(tmp_path / "out"), made[-1]
    assert loaded.config.model_copy(update={"sha256": {}}) == expected.config
    assert (loaded.name, loaded.vocabulary) == (expected.name, expected.vocabulary)
    assert loaded.metrics == json.loads(json.dumps(expected.metrics))
    assert not expected.model.training
    saved, mine = loaded.model.state_dict(), expected.model.state_dict()
    assert saved.keys() == mine.keys()
    assert all(torch.equal(saved[name], mine[name]) for name in saved)
    assert {tensor.dtype for tensor in mine.values()} == {torch.float32}
    assert all(tensor.requires_grad for tensor in expected.model.parameters())
    texts = planted_corpora.test.texts[:5]
    assert (predict(loaded, texts) == predict(expected, texts)).all()
    earlier = made[0].model.state_dict()
    assert not all(torch.equal(earlier[name], mine[name]) for name in mine)


@pytest.mark.parametrize("kind", KINDS)
def test_looking_at_every_moment_changes_nothing(tmp_path, make_request, quiet, few, kind):
    """Neither the random numbers nor the weights, even if those of the copy are spoilt."""

    def spoil(moment: StepEvent) -> None:
        state = torch.get_rng_state()
        model = moment.checkpoint().model
        assert torch.equal(torch.get_rng_state(), state)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.fill_(7.0)

    for name, watch in (("plain", quiet()), ("looked at", replace(quiet(), moment=spoil))):
        train(make_request(tmp_path / name, *PAIRS, *KINDS[kind], **few), CPU, watch)
    plain, looked = (load_checkpoint(tmp_path / name) for name in ("plain", "looked at"))
    own, other = plain.model.state_dict(), looked.model.state_dict()
    assert all(torch.equal(own[name], other[name]) for name in own)


def test_the_moments_of_a_run_in_order(tmp_path, make_request, quiet, few):
    seen, lines, saved = [], [], []

    def look(moment: StepEvent) -> None:
        seen.append((moment.step, moment.epoch, moment.ends_epoch))

    request = make_request(tmp_path / "out", *PAIRS, **few)
    train(request, CPU, replace(quiet(), moment=look, line=lines.append, saved=saved.append))
    steps = lines[0]["step"]
    first = [(step, 0, False) for step in range(steps + 1)]
    second = [(step, 1, False) for step in range(steps + 1, 2 * steps + 1)]
    assert seen == [*first, (steps, 1, True), *second, (2 * steps, 2, True)]
    assert saved == [steps, 2 * steps]
    stored = (tmp_path / "out" / HISTORY).read_text().splitlines()
    assert [json.loads(line) for line in stored] == lines


def test_the_last_moment_of_an_epoch_has_the_weights_that_were_validated(
    tmp_path, make_request, quiet, few
):
    made = []

    def look(moment: StepEvent) -> None:
        if moment.ends_epoch:
            made.append(copied(moment.checkpoint().model.state_dict()))

    pairs = ("epochs=1", "hidden=4", "average=0.9")
    train(make_request(tmp_path / "out", *pairs, **few), CPU, replace(quiet(), moment=look))
    saved = load_checkpoint(tmp_path / "out").model.state_dict()
    assert all(torch.equal(saved[name], made[0][name]) for name in saved)


def test_what_is_stopped_in_its_first_epoch_is_listed_and_loads(tmp_path, make_request, quiet, few):
    request = make_request(tmp_path / "out", *PAIRS, **few)
    with pytest.raises(Stopped, match=r"^Stopped after step 1 of epoch 1\.$"):
        train(request, CPU, replace(quiet(), stop=lambda: True))
    metrics = read_json(tmp_path / "out" / METRICS)
    assert (metrics["best_epoch"], metrics["validation"], metrics["test"]) == (0, None, None)
    (listed,) = list_checkpoints(tmp_path)
    assert (listed.name, listed.accuracy) == ("out", None)
    assert load_checkpoint(tmp_path / "out").labels == ("bad", "good", "neither")
    assert (tmp_path / "out" / HISTORY).read_text() == ""


def test_what_is_stopped_later_keeps_the_best_weights_so_far(tmp_path, make_request, quiet, few):
    moments: list[StepEvent] = []
    ends = []

    def look(moment: StepEvent) -> None:
        moments.append(moment)
        if moment.ends_epoch:
            ends.append(moment.checkpoint())

    watch = replace(quiet(), moment=look, stop=lambda: moments[-1].epoch == 1 and not
                    moments[-1].ends_epoch)  # fmt: skip
    with pytest.raises(Stopped, match="step 1 of epoch 2"):
        train(make_request(tmp_path / "out", *PAIRS, **few), CPU, watch)
    saved, best = load_checkpoint(tmp_path / "out"), ends[0].model.state_dict()
    assert all(torch.equal(saved.model.state_dict()[name], best[name]) for name in best)
    assert saved.metrics["best_epoch"] == 1
    assert saved.metrics["validation"] == ends[0].metrics["validation"]
