"""One run: its steps, when it stops, and which weights it keeps."""

import numpy as np
import pytest
import torch

from han_core.models.architecture import Architecture
from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument
from han_core.text.vocabulary import RESERVED, UNKNOWN, Vocabulary
from han_core.text.word_vectors import write_vectors
from han_core.training.distributed import Processes
from han_core.training.optimization import check_precision, trains_in_bf16
from han_core.training.prepare import Examples, Prepared
from han_core.training.settings import Settings
from han_core.training.trainer import Run

CPU = torch.device("cpu")
VOCABULARY = Vocabulary((*RESERVED, *"abcdefgh"))
STEADY = {"schedule": "constant", "warmup": 0.0, "learning_rate": 0.01}


def examples(documents: int, seed: int = 0) -> Examples:
    """Documents of 6 words in 2 sentences; word 2 or 3 tells the class."""
    draw = np.random.default_rng(seed)
    classes = np.arange(documents) % 2
    words = draw.integers(4, len(VOCABULARY), (documents, 6)).astype(np.int32)
    words[:, 1] = 2 + classes
    lengths = np.array([4, 2], dtype=np.int32)
    return Examples(tuple(NumberedDocument(row, lengths) for row in words), classes)


def run_of(
    documents: int = 16,
    model: str = "bilstm",
    sizes: dict | None = None,
    processes: Processes | None = None,
    **settings,
) -> Run:
    labels = ("no", "yes")
    prepared = Prepared(VOCABULARY, labels, examples(documents), examples(8, 1))
    rates = dict.fromkeys(("dropout_words", "dropout_sentences", "dropout_document"), 0.0)
    architecture = Architecture(
        model=model, vocabulary_size=len(VOCABULARY), classes=2, embedding=5, hidden=4,
        attention_size=3, **{**rates, **(sizes or {})},
    )  # fmt: skip
    asked = Settings(**{"batch_tokens": 24, **settings})
    return Run(prepared, architecture, asked, CPU, processes=processes)


def train(run: Run, epochs: int) -> Run:
    for _ in range(epochs):
        run.train_epoch(lambda documents, loss: None)
    return run


def weights(run: Run) -> torch.Tensor:
    return torch.cat([tensor.flatten() for tensor in run.learner.model.state_dict().values()])


def test_a_precision_that_the_device_lacks_is_refused():
    with pytest.raises(UserError, match="fp16"):
        run_of(mixed_precision="fp16")


@pytest.mark.parametrize("model", ["han", "bilstm", "transformer"])
def test_bf16_runs_on_the_cpu_and_learns_where_the_processor_has_it(fresh_accelerate, model):
    if not trains_in_bf16(model, CPU):
        with pytest.raises(UserError, match=f"cannot train {model} with mixed_precision=bf16"):
            check_precision("bf16", model, CPU)
        return
    half = train(run_of(model=model, mixed_precision="bf16", **STEADY), 4)
    fresh_accelerate()
    exact = train(run_of(model=model, mixed_precision="no", **STEADY), 4)
    losses, exact_losses = ([line["train"]["loss"] for line in r.history] for r in (half, exact))
    assert losses[-1] < losses[0]
    assert losses == pytest.approx(exact_losses, abs=0.02)
    assert losses != exact_losses
    assert {tensor.dtype for tensor in half.learner.model.state_dict().values()} == {torch.float32}


def test_the_same_seed_gives_the_same_weights():
    settings = {"word_dropout": 0.2, "sizes": {"dropout_words": 0.5}}
    first, again, other = (train(run_of(seed=seed, **settings), 2) for seed in (1, 1, 2))
    assert torch.equal(weights(first), weights(again))
    assert not torch.equal(weights(first), weights(other))


def test_an_epoch_is_told_by_its_line():
    steps = []
    line = run_of(16, **STEADY).train_epoch(lambda documents, loss: steps.append((documents, loss)))
    assert [documents for documents, _ in steps] == [4] * 4  # 24 tokens of 6 a document
    assert line["train"]["loss"] == pytest.approx(np.mean([loss for _, loss in steps]))
    assert line["epoch"] == 1
    assert line["documents_per_second"] == pytest.approx(16 / line["seconds"])
    assert line["validation"].keys() == {"accuracy", "macro_f1", "loss"}


def test_two_half_batches_accumulated_are_one_step():
    """All documents are of one length, so the mean of two halves is the whole's mean."""
    whole = train(run_of(16, batch_tokens=96, **STEADY), 1)
    halves = train(run_of(16, batch_tokens=48, accumulation=2, **STEADY), 1)
    alone = train(run_of(16, batch_tokens=48, **STEADY), 1)
    torch.testing.assert_close(weights(whole), weights(halves), rtol=0, atol=1e-5)
    assert (weights(whole) - weights(alone)).abs().max() > 1e-3


def test_the_rate_of_a_step_is_that_of_its_last_batch_times_the_factor_of_its_level():
    """Five batches an epoch and two in a step: batches 1, 3 and 4 of 0 to 4 end one."""
    settings = {"epochs": 2, "warmup": 0.0, "schedule": "linear", "learning_rate": 0.01}
    run = run_of(20, accumulation=2, rate_words=0.5, rate_classifier=3.0, **settings)
    rates = []
    step = run.learner.optimizer.step

    def seen():
        rates.append([group["lr"] for group in run.learner.optimizer.param_groups])
        step()

    run.learner.optimizer.step = seen
    train(run, 2)
    left = [1 - (epoch + at / 5) / 2 for epoch in (0, 1) for at in (1, 3, 4)]
    expected = [[0.01 * share * factor for factor in (0.5, 3.0)] for share in left]
    assert np.array(rates) == pytest.approx(np.array(expected))


def test_each_process_drops_other_words_from_the_same_model(fresh_accelerate):
    models, states = [], []
    for index in (0, 1):
        fresh_accelerate()
        run = run_of(processes=Processes(2, index, index))
        models.append(weights(run))
        states.append(torch.get_rng_state())
    assert torch.equal(*models)
    assert not torch.equal(*states)


def test_every_batch_of_an_epoch_leads_to_a_step_even_if_they_do_not_fill_the_last_one():
    run = run_of(12, batch_tokens=24, accumulation=2, **STEADY)  # three batches
    train(run, 1)
    assert {int(state["step"]) for state in run.learner.optimizer.state.values()} == {2}


def test_the_gradient_is_clipped():
    run = run_of(learning_rate=0.01)
    norms = []
    step = run.learner.optimizer.step

    def measured(*arguments, **named):
        gradients = [p.grad for p in run.learner.model.parameters() if p.grad is not None]
        norms.append(torch.stack([g.norm() for g in gradients]).norm().item())
        return step(*arguments, **named)

    run.learner.optimizer.step = measured
    run.learner.settings = run.settings.model_copy(update={"clip": 1e-3})
    train(run, 1)
    assert norms == pytest.approx([1e-3] * len(norms), rel=1e-2)


def test_a_loss_that_is_no_number_is_one_sentence_and_the_best_weights_stay():
    run = train(run_of(**STEADY), 1)
    best = {name: tensor.clone() for name, tensor in run.best.items()}
    with torch.no_grad():
        run.learner.model.classifier.weight.fill_(float("nan"))
    with pytest.raises(UserError, match="loss became nan in step 1 of epoch 2") as caught:
        train(run, 1)
    assert "learning rate" in str(caught.value)
    assert all(torch.equal(run.best[name], best[name]) for name in best)


def test_it_stops_when_nothing_improves():
    run = run_of(learning_rate=1e-12, patience=2, epochs=9)
    while not run.is_over:
        train(run, 1)
    assert run.epoch == 3
    assert run.best_epoch["epoch"] == 1


def test_the_weights_of_the_best_epoch_are_kept():
    run = train(run_of(**STEADY), 1)
    first = {name: tensor.clone() for name, tensor in run.learner.model.state_dict().items()}
    run.history[0]["validation"]["accuracy"] = 2.0  # nothing comes after it
    train(run, 1)
    assert all(torch.equal(run.best[name], first[name]) for name in first)
    assert not torch.equal(run.best["classifier.weight"], run.learner.model.classifier.weight)


def test_word_dropout_replaces_a_share_of_the_words():
    from han_core.text.batch import collate

    batch = collate(examples(2_000).documents)
    changed = run_of(word_dropout=0.25).learner.reader.without_some_words(batch).words
    replaced = changed != batch.words
    assert set(changed[replaced].tolist()) == {UNKNOWN}
    assert replaced.float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert torch.equal(run_of().learner.reader.without_some_words(batch).words, batch.words)


def test_the_average_of_the_weights_by_hand():
    run = run_of(16, average=0.5, **STEADY)
    expected = {name: tensor.clone() for name, tensor in run.learner.model.state_dict().items()}
    step, seen = run.learner._move_average, []

    def followed() -> None:
        step()
        decay = min(0.5, (len(seen) + 1) / (len(seen) + 11))
        for name, tensor in run.learner.model.state_dict().items():
            expected[name] = decay * expected[name] + (1 - decay) * tensor
        seen.append(decay)

    run.learner._move_average = followed
    train(run, 1)
    assert len(seen) == 4
    for name, tensor in run.weights().items():
        torch.testing.assert_close(tensor, expected[name])
        torch.testing.assert_close(run.best[name], expected[name])
    assert not torch.equal(run.best["classifier.weight"], run.learner.model.classifier.weight)


def test_given_vectors_are_where_the_words_start_and_may_be_frozen(tmp_path):
    vector = np.array([1, -1, 0.5, 0, 2])
    write_vectors(tmp_path / "v.txt", [("a", vector), ("elsewhere", vector)])
    run = run_of(vectors=str(tmp_path / "v.txt"), freeze_vectors=True, **STEADY)
    assert run.vectors_found == 1
    before = run.learner.model.embedding.weight.clone()
    assert before[2].tolist() == vector.tolist()
    train(run, 1)
    assert torch.equal(run.learner.model.embedding.weight, before)
    free = run_of(vectors=str(tmp_path / "v.txt"), **STEADY)
    assert torch.equal(free.learner.model.embedding.weight, before)
    train(free, 1)
    assert not torch.equal(free.learner.model.embedding.weight, before)
    assert free.learner.model.embedding.weight[0].tolist() == [0] * 5  # padding stays


def test_an_epoch_of_little_data_has_many_steps_unless_told_otherwise():
    assert run_of(90, batch_tokens=None).budget == 90 * 6 // 30
    assert run_of(90, batch_tokens=500).budget == 500
    steps = []
    run_of(90, batch_tokens=None).train_epoch(lambda documents, loss: steps.append(documents))
    assert steps == [3] * 30


def test_no_step_yet_moves_no_average():
    """The scaling of fp16 skips steps until it fits."""
    run = run_of(average=0.5)
    before = {name: tensor.clone() for name, tensor in run.learner.average.items()}
    run.learner._move_average()
    assert all(torch.equal(run.learner.average[name], before[name]) for name in before)


def test_the_scaling_of_gradients_goes_on(fresh_accelerate):
    run = train(run_of(), 1)
    run.learner.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    state = run.state()
    fresh_accelerate()
    again = run_of()
    again.learner.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    again.restore(state)
    assert again.learner.accelerator.scaler.get_scale() == 8.0


def test_going_on_with_more_epochs_is_remembered(fresh_accelerate):
    states = [train(run_of(epochs=2), 1).state()]
    for epochs in (2, 5, 5):
        fresh_accelerate()
        run = run_of(epochs=epochs)
        run.restore(states[-1])
        states.append(run.state())
    assert [state.counters["asked"] for state in states] == [[2], [2], [2, 5], [2, 5]]
