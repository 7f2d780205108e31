"""The training loop of any system: rates, the weights that are kept, and going on bit for bit."""

import pytest
import torch
from torch import nn

from han_core.runtime.errors import UserError
from han_core.training.callbacks import Callbacks, Stopped
from han_core.training.loop import Lesson, LoopSettings, TrainingLoop

X = torch.linspace(-1, 1, 10).unsqueeze(1)


def callbacks(stop=lambda: False, lines=None):
    return Callbacks(
        lambda texts, name: texts,
        lambda epoch, examples: lambda count, loss: None,
        lambda sentence: None,
        stop=stop,
        line=(lines if lines is not None else []).append,
    )


def loop(saved=None, validate=None, target=3.0, **settings):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    lesson = Lesson(
        len(X),
        lambda rows: X[list(rows)],
        lambda model, batch: ((model(batch) - target * batch) ** 2).mean(),
        validate,
        lambda reached: (reached["accuracy"],),
        "one",
    )
    given = {"epochs": 4, "batch_size": 3, **settings}
    save = lambda weights, progress, state: saved.append(state)  # noqa: E731
    return TrainingLoop(model, lesson, LoopSettings(**given), save)


@pytest.mark.parametrize("after", range(1, 16))
def test_a_run_that_was_stopped_after_any_step_ends_with_the_same_weights(after):
    whole = loop().run(callbacks())
    saved: list = []
    first = loop(saved)
    with pytest.raises(Stopped):
        first.run(callbacks(stop=lambda: first.step >= after))
    second = loop()
    second.restore(saved[-1])
    assert second.step == after
    progress = second.run(callbacks())
    for name, weight in whole.best.items():
        assert torch.equal(weight, progress.best[name])
    losses = [line["loss"] for line in progress.history]
    assert losses == pytest.approx([line["loss"] for line in whole.history], rel=1e-12)


def test_the_weights_of_the_best_epoch_are_kept():
    reached = iter([0.1, 0.9, 0.9, 0.5] * 2)
    kept = []

    def validate(model):
        kept.append({name: w.clone() for name, w in model.state_dict().items()})
        return {"accuracy": next(reached)}

    lines: list = []
    progress = loop(validate=validate).run(callbacks(lines=lines))
    assert progress.best_epoch == 2
    assert all(torch.equal(progress.best[name], kept[1][name]) for name in kept[1])
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    assert [line["step"] for line in lines] == [4, 8, 12, 16]
    assert loop(validate=validate, keep="last").run(callbacks()).best_epoch == 4


def test_the_rate_goes_up_and_down_once():
    one = loop(epochs=5, batch_size=10, warmup=0.4)
    rates = []
    for taken in range(5):
        one.progress.history = [{"epoch": n + 1} for n in range(taken)]
        rates.append(one._rate_factor())
    # Up to share .4 of the run along a line, then down along a cosine.
    assert rates == pytest.approx([0.25, 0.75, 0.933, 0.5, 0.067], abs=1e-3)


def test_a_loss_that_is_no_number_ends_the_run():
    with pytest.raises(UserError, match="lower learning rate"):
        loop(target=float("inf")).run(callbacks())


def test_another_run_and_a_damaged_state_are_refused():
    state = loop().state()
    state.counters["fingerprint"] = "two"
    with pytest.raises(UserError):
        loop().restore(state)
    state.counters["fingerprint"] = "one"
    for damage in ({"taken": 99}, {"history": [{"epoch": 3}]}, {"loss": None}):
        one = loop().state()
        one.counters.update(damage)
        with pytest.raises(UserError, match="damaged"):
            loop().restore(one)
