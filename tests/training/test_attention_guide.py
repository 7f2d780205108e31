"""The attention guide: what words contribute, the order it asks for, and what a model learns."""

import numpy as np
import pytest
import torch

from han_core.models.architecture import Architecture
from han_core.models.classifier import Output
from han_core.runtime.errors import UserError
from han_core.text.batch import Batch, NumberedDocument, collate
from han_core.training.attention_guide import (
    Guide,
    contributions,
    draw_guide,
    draw_partners,
    log_odds,
)
from han_core.training.prepare import Examples, Prepared
from han_core.training.request import check_request
from han_core.training.settings import Settings, check_suits
from han_core.training.trainer import Run
from tests.training.test_adversarial import DROPOUT, STILL, each_model, gradients, loss_of
from tests.training.test_run import CPU, STEADY, VOCABULARY, examples, run_of, train

NO_DROPOUT = dict.fromkeys(("dropout_words", "dropout_sentences", "dropout_document"), 0.0)


def batch_of(*documents: tuple[int, ...]) -> Batch:
    """Documents as the lengths of their sentences; all words are the same."""
    lengths = [length for document in documents for length in document]
    return Batch(
        torch.full((sum(lengths),), 4),
        torch.tensor(lengths),
        torch.tensor([len(document) for document in documents]),
    )


def output_of(sentences: list[float], words: list[float], documents: int) -> Output:
    nothing = torch.zeros(documents, 2)
    weights = (torch.tensor(each, requires_grad=True) for each in (sentences, words))
    return Output(nothing, *weights, nothing, nothing)


def test_log_odds_are_those_of_the_predicted_class_against_all_others():
    """3 : (1 + 2) is even; 4 : 1 of two classes is ln 4, whichever comes first."""
    assert log_odds(torch.tensor([[1.0, 3.0, 2.0]]).log()).tolist() == pytest.approx([0], abs=1e-6)
    two = log_odds(torch.tensor([[4.0, 1.0], [1.0, 4.0]]).log())
    assert two.tolist() == pytest.approx([np.log(4)] * 2)


@each_model
def test_a_contribution_is_how_the_log_odds_move_as_a_words_vector_grows(model):
    """By finite differences: each word's vector longer and shorter by a little."""
    network = run_of(model=model, sizes=STILL).learner.model.double().eval()
    batch = collate(examples(4, seed=3).documents)
    found, step = contributions(network, batch), 1e-5
    vectors = network.embedding(batch.words).detach()

    def odds(word: int, factor: float) -> float:
        moved = vectors.clone()
        moved[word] *= factor
        return log_odds(network.decide(network.encode(moved, batch), batch).logits).sum().item()

    for word in range(0, len(batch.words), 5):
        slope = (odds(word, 1 + step) - odds(word, 1 - step)) / (2 * step)
        assert found[word].item() == pytest.approx(slope, rel=1e-5, abs=1e-9)


@each_model
def test_contributions_know_no_dropout_and_leave_no_trace(model):
    """They draw no random numbers, and model and gradients are as they were."""
    run = run_of(model=model, sizes=DROPOUT)
    network, batch = run.learner.model.train(), collate(examples(4).documents)
    before = torch.get_rng_state()
    first, second = contributions(network, batch), contributions(network, batch)
    assert torch.equal(first, second)
    assert first.abs().max() > 0
    assert torch.equal(torch.get_rng_state(), before)
    assert all(module.training for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_partners_are_words_of_the_same_document_each_word_once():
    batch = batch_of((2, 3), (1,), (40,))
    partners = draw_partners(batch)
    assert sorted(partners.tolist()) == list(range(46))
    assert torch.equal(batch.document_of_token[partners], batch.document_of_token)
    assert (partners[6:] != torch.arange(6, 46)).sum() > 30
    assert not torch.equal(draw_partners(batch), partners)


def test_the_loss_by_hand():
    """Contributions 3 and −4 have the root mean square √12.5.

    The weights are ½ · ¼ and ½ · 1: of both pairs the ratio is 4 the wrong way round, and each
    costs ln(1 + 4) times 7 / √12.5; the mean of the two words is the same.
    """
    guide = Guide(batch_of((1, 1)), torch.tensor([3.0, -4.0]), torch.tensor([1, 0]))
    output = output_of([0.5, 0.5], [0.25, 1.0], 1)
    expected = 7 / 12.5**0.5 * np.log(5)
    assert guide.loss(output).item() == pytest.approx(expected, rel=1e-5)
    right = Guide(guide.batch, -guide.values, guide.partners).loss(output).item()
    assert right == pytest.approx(7 / 12.5**0.5 * np.log(1.25), rel=1e-5)


@pytest.mark.parametrize("against", [-1.0, 0.0, 0.25, 1.0])
def test_a_word_against_the_decision_counts_what_is_asked(against):
    network = run_of(model="han", sizes=STILL).learner.model
    batch = collate(examples(6, seed=3).documents)
    plain = contributions(network, batch)
    found = draw_guide(network, batch, against).values
    assert (plain < 0).any()
    assert (plain > 0).any()
    torch.testing.assert_close(found[plain >= 0], plain[plain >= 0])
    torch.testing.assert_close(found[plain < 0], -against * plain[plain < 0])


def test_the_gradient_moves_weight_to_the_word_that_contributes_more():
    guide = Guide(batch_of((3,)), torch.tensor([2.0, 0.0, -1.0]), torch.tensor([1, 2, 0]))
    output = output_of([1.0], [0.2, 0.4, 0.4], 1)
    guide.loss(output).backward()
    slopes = output.word_weights.grad.tolist()
    assert slopes[0] < 0 < slopes[2]


@pytest.mark.parametrize("value", [0.0, 1.5])
def test_words_that_contribute_alike_ask_for_nothing(value):
    guide = Guide(batch_of((3,)), torch.full((3,), value), torch.tensor([1, 2, 0]))
    output = output_of([1.0], [0.7, 0.3, 0.0], 1)
    loss = guide.loss(output)
    loss.backward()
    assert loss.item() == 0
    assert output.word_weights.grad.tolist() == [0, 0, 0]


def test_the_size_of_a_documents_contributions_does_not_matter():
    """A document that is decided for sure, whose odds move far, counts as any other."""
    values, partners = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([1, 2, 0])
    output = output_of([1.0], [0.2, 0.3, 0.5], 1)
    losses = [
        Guide(batch_of((3,)), values * factor, partners).loss(output).item() for factor in (1, 1000)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


@each_model
def test_a_document_costs_the_same_alone_and_in_company(model):
    network = run_of(model=model, sizes=STILL).learner.model.double().eval()
    short, *others = examples(5, seed=3).documents
    short = type(short)(short.words[:2], np.array([1, 1], dtype=np.int32))
    documents = [short, *others]
    together = collate(documents)
    guide, starts = draw_guide(network, together), np.cumsum([0, 2, 6, 6, 6, 6])
    alone = 0.0
    for document, start in zip(documents, starts, strict=False):
        batch = collate([document])
        own = guide.partners[start : start + len(document.words)] - int(start)
        alone += Guide(batch, contributions(network, batch), own).loss(network(batch)).item()
    assert guide.loss(network(together)).item() == pytest.approx(alone, rel=1e-4)


@each_model
def test_a_step_follows_the_loss_of_the_labels_and_that_of_the_guide(model, monkeypatch):
    """The sum of both by other means, where every word's partner is the one before."""

    def rolled(batch: Batch) -> torch.Tensor:
        words = torch.arange(len(batch.words)).reshape(-1, 6)
        return words.roll(1, 1).flatten()

    monkeypatch.setattr("han_core.training.attention_guide.draw_partners", rolled)
    found = gradients(run_of(model=model, sizes=STILL, attention_guide=3.0, accumulation=2))
    plain = run_of(model=model, sizes=STILL)
    network, training = plain.learner.model.train(), plain.prepared.training
    for rows in ([0, 3, 5], [2, 7]):
        batch = collate([training.documents[row] for row in rows])
        values = contributions(network, batch)
        vectors = network.embedding(batch.words)
        labels = loss_of(network, vectors, batch, torch.from_numpy(training.classes[rows]))
        asked = Guide(batch, values, rolled(batch)).loss(network(batch)) / len(rows)
        ((labels + 3 * asked) / 2).backward()
    for name, parameter in network.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(found[name], parameter.grad, rtol=1e-3, atol=1e-6)


def voted(documents: int, seed: int) -> Examples:
    """Documents of six words, of which two speak for their class and one against it."""
    draw, classes = np.random.default_rng(seed), np.arange(documents) % 2
    words = draw.integers(4, len(VOCABULARY), (documents, 6)).astype(np.int32)
    words[:, 0] = words[:, 1] = 2 + classes
    words[:, 2] = 3 - classes
    length = np.array([6], dtype=np.int32)
    rows = draw.permuted(words, axis=1)
    return Examples(tuple(NumberedDocument(row, length) for row in rows), classes)


def learnt_weights(model: str, seed: int, **settings) -> list[torch.Tensor]:
    """(documents, words) of the words for the class, against it and of neither, after training."""
    sizes = {"embedding": 8, "hidden": 8, "attention_size": 8, **STILL, **NO_DROPOUT}
    shape = Architecture(model=model, vocabulary_size=len(VOCABULARY), classes=2, **sizes)
    prepared = Prepared(VOCABULARY, ("no", "yes"), voted(200, 0), voted(40, 1))
    held = prepared.validation
    batch, classes = collate(held.documents), torch.from_numpy(held.classes)
    asked = {"batch_tokens": 120, "seed": seed, "epochs": 25, "patience": 25, **STEADY, **settings}
    network = train(Run(prepared, shape, Settings(**asked), CPU), 25).learner.model.eval()
    with torch.no_grad():
        output = network(batch)
    assert torch.equal(output.logits.argmax(1), classes)
    weights = output.sentence_weights[batch.sentence_of_token] * output.word_weights
    words, weights = batch.words.view(-1, 6), weights.view(-1, 6)
    kinds = words == 2 + classes[:, None], words == 3 - classes[:, None], words > 3
    return [weights[kind].view(len(classes), -1) for kind in kinds]


@pytest.mark.parametrize(("model", "seed"), [("han", 0), ("bilstm", 1), ("transformer", 1)])
def test_attention_comes_to_the_words_that_decide(model, seed):
    """Unguided it likes the word against no less in many documents, for all three are evidence."""
    found = []
    for strength in (0.0, 1.0):
        in_favour, against, _ = learnt_weights(model, seed, attention_guide=strength)
        found.append((in_favour.amin(1) > against[:, 0]).float().mean().item())
    assert found[0] < 0.8
    assert found[1] > 0.95


def test_a_word_against_the_decision_is_last_or_stands_before_those_that_say_nothing():
    found = []
    for counts in (-1.0, 0.5):
        settings = {"attention_guide": 1.0, "guide_against": counts}
        _, against, nothing = learnt_weights("han", 0, **settings)
        found.append((against > nothing.amax(1, keepdim=True)).float().mean().item())
    assert found[0] < 0.2
    assert found[1] > 0.8


def test_a_model_that_reads_pieces_of_words_is_refused():
    with pytest.raises(UserError, match="attention_guide works with the models"):
        check_suits("bert", Settings(attention_guide=1))


def test_words_against_the_decision_count_only_where_attention_is_guided(make_request, tmp_path):
    for strength, cautions in ((0, 1), (1, 0)):
        asked = make_request(
            tmp_path / str(strength), "guide_against=0.1", f"attention_guide={strength}"
        )
        said = "guide_against has no effect with attention_guide=0."
        assert check_request(asked, CPU).notes.count(said) == cautions


def test_pooling_without_attention_has_nothing_to_guide(make_request, tmp_path):
    for pooling, cautions in (("mean", 1), ("attention", 0)):
        asked = make_request(
            tmp_path / pooling, "attention_guide=1", f"pooling={pooling}", model="transformer"
        )
        notes = check_request(asked, CPU).notes
        said = [
            note for note in notes if note == "attention_guide has no effect with pooling=mean."
        ]
        assert len(said) == cautions
