"""Adversarial and virtual adversarial training: shifts, and what a model learns from them."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from han_core.models.architecture import Architecture
from han_core.runtime.errors import UserError
from han_core.text.batch import collate
from han_core.training import learner as learner_module
from han_core.training.adversary import WordShifts, divergence, shifted_vectors, word_counts
from han_core.training.batches import Pool
from han_core.training.learner import ALONE
from han_core.training.resume import fingerprint, random_tensors
from han_core.training.settings import Settings, check_suits, parse_settings
from tests.training.test_run import STEADY, examples, run_of, train

each_model = pytest.mark.parametrize("model", ["han", "bilstm", "transformer"])
STILL = {"dropout_layers": 0.0}
DROPOUT = {"dropout_words": 0.4, "dropout_document": 0.4, "layers": 2, "dropout_layers": 0.3}


def shifts_of(run) -> WordShifts:
    documents, model = run.prepared.training.documents, run.learner.model
    return WordShifts(model.embedding, word_counts(documents, len(run.prepared.vocabulary)))


def losses(model, batch, classes, shift=None) -> tuple[torch.Tensor, torch.Tensor]:
    """(documents,) losses in training mode, and the gradient of their sum in the vectors."""
    with shifted_vectors(model.embedding, shift) as vectors:
        each = cross_entropy(model(batch).logits, classes, reduction="none")
    each.sum().backward()
    return each.detach(), vectors[0].grad


def exact(model="bilstm", documents=6):
    """A model in float64, its shifts, and some documents of another draw."""
    run = run_of(model=model, sizes=STILL)
    shifts, network = shifts_of(run), run.learner.model.double().train()
    shifts._shares = shifts._shares.double()
    drawn = examples(documents, seed=3)
    # The second one has two words: a shift is as long however many there are.
    short = run.prepared.training.documents[0]
    short = type(short)(short.words[:2], np.array([1, 1], dtype=np.int32))
    batch = collate([drawn.documents[0], short, *drawn.documents[2:]])
    return network, shifts, batch, torch.from_numpy(drawn.classes)


def test_a_deviation_counts_words_as_often_as_they_stand_in_the_texts():
    embedding = nn.Embedding.from_pretrained(
        torch.tensor([[9.0, 9.0], [1.0, 0.0], [3.0, 0.0], [7.0, 4.0]])
    )
    shifts = WordShifts(embedding, np.array([0, 2, 1, 1]))
    # 1, 1, 3, 7 about 3: (4 + 4 + 0 + 16) / 4 = 6; 0, 0, 0, 4 about 1: (1 + 1 + 1 + 9) / 4 = 3
    assert shifts.spread().tolist() == pytest.approx([6**0.5, 3**0.5])
    with torch.no_grad():
        embedding.weight.mul_(10)
    assert shifts.spread().tolist() == pytest.approx([600**0.5, 300**0.5])


def test_words_are_counted_over_all_documents():
    documents = examples(2_500).documents
    counts = word_counts(documents, 10)
    expected = np.bincount(np.concatenate([d.words for d in documents]), minlength=10)
    assert counts.tolist() == expected.tolist()


def test_a_shift_by_hand():
    """Deviations 1 and 2; the gradient (3, 2) is (3, 4) in them, of length 5."""
    embedding = nn.Embedding.from_pretrained(torch.tensor([[1.0, 2.0], [-1.0, -2.0]]))
    shifts = WordShifts(embedding, np.array([1, 1]))
    (one,) = examples(1).documents
    batch = collate([type(one)(one.words[:1], np.array([1], dtype=np.int32))])
    shift = shifts.uphill(torch.tensor([[3.0, 2.0]]), batch, length=10.0)
    assert shift[0].tolist() == pytest.approx([10 * 3 / 5 * 1, 10 * 4 / 5 * 2])


@each_model
def test_each_document_is_shifted_as_far_in_deviations_of_its_vectors(model):
    network, shifts, batch, classes = exact(model)
    _, gradient = losses(network, batch, classes)
    scaled = shifts.uphill(gradient, batch, 2.5) / shifts.spread()
    for document in range(len(batch)):
        assert scaled[batch.document_of_token == document].norm().item() == pytest.approx(2.5)


@each_model
def test_the_loss_rises_by_the_gradients_length_and_nowhere_faster(model):
    """Against finite differences, document by document."""
    network, shifts, batch, classes = exact(model)
    _, gradient = losses(network, batch, classes)
    step, owner = 1e-4, batch.document_of_token

    def rise(direction: torch.Tensor) -> torch.Tensor:
        up, down = (losses(network, batch, classes, way * direction)[0] for way in (1, -1))
        return (up - down) / (2 * step)

    scaled = gradient * shifts.spread()
    lengths = torch.stack([scaled[owner == d].norm() for d in range(len(batch))])
    steepest = rise(shifts.uphill(gradient, batch, step))
    torch.testing.assert_close(steepest, lengths, rtol=1e-4, atol=1e-9)
    for _ in range(5):
        other = rise(shifts.along(torch.randn_like(gradient), batch, step))
        assert (other.abs() < steepest).all()


@each_model
def test_a_document_is_shifted_alike_alone_and_in_company(model):
    network, shifts, batch, classes = exact(model)
    _, gradient = losses(network, batch, classes)
    together = shifts.uphill(gradient, batch, 2.0)
    documents = [*examples(6, seed=3).documents]
    for number in (0, 3, 5):
        alone = collate([documents[number]])
        _, own = losses(network, alone, classes[[number]])
        torch.testing.assert_close(
            shifts.uphill(own, alone, 2.0), together[batch.document_of_token == number]
        )


def test_without_a_gradient_nothing_is_shifted_and_a_tiny_one_gives_no_infinity():
    shifts = shifts_of(run_of())
    batch = collate(examples(2).documents)
    gradient = torch.zeros(12, 5)
    assert not shifts.uphill(gradient, batch, 5.0).any()
    gradient[6:] = 1e-30
    shift = shifts.uphill(gradient, batch, 5.0)
    assert shift.isfinite().all()
    assert shift.abs().max() < 5


def gradients(run, batches=((0, 3, 5), (2, 7))) -> dict[str, torch.Tensor]:
    """What a step of a run over these batches follows, by parameter."""
    learner, found = run.learner, {}
    learner.accelerator.clip_grad_norm_ = lambda parameters, clip: (
        found.update(
            {
                name: p.grad.clone()
                for name, p in learner.model.named_parameters()
                if p.grad is not None
            }
        )
        or torch.tensor(1.0)
    )
    learner.model.train()
    learner.step(run.prepared.training, [list(rows) for rows in batches], 1e-3)
    return found


def loss_of(network, vectors, batch, classes) -> torch.Tensor:
    logits = network.decide(network.encode(vectors, batch), batch).logits
    return cross_entropy(logits, classes)


@each_model
def test_a_step_follows_the_loss_of_the_batch_and_that_of_its_shifted_words(model):
    """The sum of both by other means: word vectors into the encoder, without any hook."""
    found = gradients(run_of(model=model, sizes=STILL, adversarial=3.0, accumulation=2))
    plain = run_of(model=model, sizes=STILL)
    network, training = plain.learner.model.train(), plain.prepared.training
    for rows in ([0, 3, 5], [2, 7]):
        batch = collate([training.documents[row] for row in rows])
        classes, vectors = torch.from_numpy(training.classes[rows]), network.embedding(batch.words)
        clean = loss_of(network, vectors, batch, classes)
        (slope,) = torch.autograd.grad(clean, vectors, retain_graph=True)
        shift = shifts_of(plain).uphill(slope, batch, 3.0)
        ((clean + loss_of(network, vectors + shift, batch, classes)) / 2).backward()
    for name, parameter in network.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(found[name], parameter.grad, rtol=1e-3, atol=1e-6)


@each_model
def test_both_passes_drop_out_the_same(model):
    """A shift of no length gives twice the gradient, and leaves the same random numbers."""
    settings = {"model": model, "sizes": DROPOUT, "word_dropout": 0.2}
    once = gradients(run_of(**settings))
    after = torch.get_rng_state()
    twice = gradients(run_of(adversarial=1e-12, **settings))
    assert torch.equal(torch.get_rng_state(), after)
    for name, gradient in once.items():
        torch.testing.assert_close(twice[name], 2 * gradient, rtol=1e-4, atol=1e-6)
    third = gradients(run_of(adversarial=3.0, **settings))
    assert not torch.allclose(third["classifier.weight"], twice["classifier.weight"], rtol=1e-2)


def test_frozen_words_are_shifted_as_well():
    found = gradients(run_of(adversarial=2.0, freeze_words=True, start_from="elsewhere"))
    plain = gradients(run_of(freeze_words=True, start_from="elsewhere"))
    assert found.keys() == plain.keys() == {
        name for name in found if not name.startswith(("embedding", "encoder"))
    }  # fmt: skip
    assert not torch.allclose(found["classifier.weight"], 2 * plain["classifier.weight"])


@each_model
def test_a_model_trained_so_holds_out_against_shifts(model):
    """Without the option the same shifts of held-out documents turn most of its decisions."""
    settings = {"epochs": 30, "patience": 30, "documents": 64, **STEADY}
    right, means = [], []
    for length in (0.0, 2.0):
        run = train(run_of(model=model, adversarial=length, **settings), 30)
        network, held = run.learner.model.eval(), run.prepared.validation
        batch, classes = collate(held.documents), torch.from_numpy(held.classes)
        network.train()
        clean, gradient = losses(network, batch, classes)
        means.append(clean.mean().item())
        shifted, _ = losses(network, batch, classes, shifts_of(run).uphill(gradient, batch, 2.0))
        right.append((shifted < np.log(2)).float().mean().item())
    assert max(means) < 0.3
    assert right[1] > right[0] + 0.3


def test_the_divergence_by_hand():
    """Of (¾, ¼) from even: ¾ ln 1.5 + ¼ ln 0.5; of the same prediction, whatever its logits: 0."""
    held = torch.tensor([[3.0, 1.0], [1.0, 1.0]]).log()
    moved = torch.tensor([[0.0, 0.0], [7.0, 7.0]])
    expected = 0.75 * np.log(1.5) + 0.25 * np.log(0.5)
    assert divergence(moved, held).item() == pytest.approx(expected, rel=1e-5)


@each_model
def test_the_shift_without_labels_follows_the_second_derivatives(model, monkeypatch):
    """All of them by finite differences of the divergence, in standard deviations of vectors."""
    monkeypatch.setattr(learner_module, "PROBE", 1e-3)  # near enough, in float64
    run = run_of(model=model, sizes=STILL, virtual_adversarial=2.0)
    learner, network = run.learner, run.learner.model.double().train()
    shifts = learner.shifts = shifts_of(run)
    shifts._shares = shifts._shares.double()
    (one,) = examples(1).documents
    batch = collate([type(one)(one.words[:2], np.array([2], dtype=np.int32))])
    vectors = network.embedding(batch.words).detach()
    held = network.decide(network.encode(vectors, batch), batch).logits.detach()

    def at(*steps: tuple[int, float]) -> float:
        place = torch.zeros(10, dtype=torch.float64)
        for number, step in steps:
            place[number] += step
        moved = vectors + place.view(2, 5) * shifts.spread()
        logits = network.decide(network.encode(moved, batch), batch).logits.detach()
        ours, theirs = (values.log_softmax(1) for values in (logits, held))
        return (theirs.exp() * (theirs - ours)).sum().item()

    h = 3e-3
    second = np.array([
        [(at((i, h), (j, h)) - at((i, h), (j, -h)) - at((i, -h), (j, h)) + at((i, -h), (j, -h)))
         / (4 * h * h) for j in range(10)]
        for i in range(10)
    ])  # fmt: skip
    drawn = torch.randn(2, 5, dtype=torch.float64)
    began = random_tensors(learner.device, ALONE)
    found = (learner._astray(batch, held, drawn, began) * shifts.spread()).flatten().numpy()
    expected = second @ drawn.flatten().numpy()
    cosine = found @ expected / np.linalg.norm(found) / np.linalg.norm(expected)
    assert cosine > 0.999


def diverged(network, shifts, batch, length) -> torch.Tensor:
    """(documents,) how far predictions are moved by the largest of 20 random shifts."""
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        held = network(batch).logits
        moved = []
        for _ in range(20):
            with shifted_vectors(
                network.embedding, shifts.along(shifts.draw(batch), batch, length)
            ):
                logits = network(batch).logits
            rows = zip(logits.split(1), held.split(1), strict=True)
            moved.append(torch.stack([divergence(*pair) for pair in rows]))
    return torch.stack(moved).amax(0)


@each_model
def test_a_step_follows_the_divergence_of_labelled_and_unlabelled_documents(model):
    """The shifts by hand; of three labelled and two unlabelled documents each counts a fifth."""
    run = run_of(model=model, sizes=STILL, virtual_adversarial=3.0)
    plain = run_of(model=model, sizes=STILL)
    beside = examples(2, seed=5).documents
    drawn = torch.randn(30, 5)
    run.learner.shifts.draw = lambda batch: drawn
    pool = run.learner.reader.unlabelled = Pool(beside)
    pool.draw = lambda documents, tokens: list(beside)
    found = gradients(run, [[0, 3, 5]])
    network, training, shifts = (
        plain.learner.model.train(),
        plain.prepared.training,
        shifts_of(plain),
    )
    batch = collate([*(training.documents[row] for row in (0, 3, 5)), *beside])
    vectors = network.embedding(batch.words)

    def logits(shift) -> torch.Tensor:
        return network.decide(network.encode(vectors + shift, batch), batch).logits

    held = logits(0).detach()
    probe = shifts.along(drawn, batch, 0.1).requires_grad_()
    (slope,) = torch.autograd.grad(divergence(logits(probe), held), probe)
    labels = cross_entropy(logits(0)[:3], torch.from_numpy(training.classes[[0, 3, 5]]))
    (labels + divergence(logits(shifts.uphill(slope, batch, 3.0)), held) / 5).backward()
    for name, parameter in network.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(found[name], parameter.grad, rtol=1e-2, atol=1e-5)


@each_model
def test_where_nothing_is_shifted_predictions_do_not_diverge(model):
    """All passes drop out the same: another dropout would move the prediction."""
    settings = {"model": model, "sizes": DROPOUT}
    shifting = run_of(virtual_adversarial=1e-12, **settings)
    still = torch.zeros(18, 5)
    shifting.learner.shifts.draw = lambda batch: still  # and no random number
    found = gradients(shifting, [[0, 3, 5]])
    for name, gradient in gradients(run_of(**settings), [[0, 3, 5]]).items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6)


@each_model
def test_a_model_that_learnt_to_hold_its_predictions_holds_them(model):
    settings = {"epochs": 30, "patience": 30, "documents": 64, **STEADY}
    moved, accuracies = [], []
    for length in (0.0, 2.0):
        run = train(run_of(model=model, virtual_adversarial=length, **settings), 30)
        network, batch = run.learner.model.train(), collate(run.prepared.validation.documents)
        moved.append(diverged(network, shifts_of(run), batch, 3.0).mean().item())
        accuracies.append(run.history[-1]["validation"]["accuracy"])
    assert accuracies == [1.0, 1.0]
    assert moved[1] < moved[0] / 2


def test_texts_that_nobody_labels_want_virtual_adversarial_training():
    settings, _, _ = parse_settings(["teachers=none", "virtual_adversarial=2"])
    assert settings.teachers == ("none",)
    for pairs, part in [
        (["teachers=none"], "both are 0"),
        (["teachers=none,nb-svm", "virtual_adversarial=2"], "no other teacher"),
        (["teachers=none", "stretches=2", "virtual_adversarial=2"], "no stretches"),
    ]:
        with pytest.raises(UserError, match=part):
            parse_settings(pairs)


def test_a_run_without_it_is_the_run_from_before_and_one_with_it_is_another():
    run = run_of()
    asked = {length: Settings(batch_tokens=24, adversarial=length) for length in (0.0, 2.0)}
    architecture = Architecture(model="han", vocabulary_size=9, classes=2)
    found = {length: fingerprint(run.prepared, architecture, s) for length, s in asked.items()}
    assert found[0.0] == fingerprint(run.prepared, architecture, Settings(batch_tokens=24))
    assert found[0.0] != found[2.0]


def test_a_model_that_reads_pieces_refuses_it_in_one_sentence():
    check_suits("bert", Settings())
    with pytest.raises(UserError) as caught:
        check_suits("bert", Settings(adversarial=5))
    assert str(caught.value) == (
        'adversarial works with the models "han", "bilstm", "transformer"; bert was asked for.'
    )
