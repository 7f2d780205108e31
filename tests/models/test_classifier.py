"""What both models promise: sums of 1, exact gradients, and the same numbers in any company."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from han_core.explanation.explain import explain
from han_core.models.architecture import Architecture
from han_core.models.attention import segment_sum
from han_core.models.checkpoint import load_checkpoint
from han_core.models.classifier import AttentionClassifier, Output
from han_core.models.recurrent import classifier
from han_core.models.recurrent.classifier import InputTable
from han_core.models.registry import build_model, count_parameters
from han_core.text.batch import Batch, NumberedDocument, collate, number_document

WORDS = 9


MODELS = ["han", "bilstm", "transformer"]
DEEP = {"layers": 2, "layer_norm": True}


FORMS = ["additive", "dot", "linear"]


ragged = st.lists(st.integers(1, 6), min_size=1, max_size=5)


def model_of(kind: str, form: str = "additive", **sizes) -> AttentionClassifier:
    torch.manual_seed(5)
    sizes = {"vocabulary_size": WORDS, "classes": 2, "embedding": 5, "hidden": 4, **sizes}
    return build_model(Architecture(model=kind, attention=form, **sizes)).eval()


def document(lengths: list[int], seed: int = 0) -> NumberedDocument:
    torch.manual_seed(seed)
    words = torch.randint(1, WORDS, (sum(lengths),)).int().numpy()
    return NumberedDocument(words, torch.tensor(lengths).int().numpy())


def parts(output: Output, batch: Batch) -> list[tuple[torch.Tensor, ...]]:
    """Logits, sentence weights and word weights of each document."""
    return list(
        zip(
            output.logits,
            output.sentence_weights.split(batch.document_lengths.tolist()),
            output.word_weights.split(batch.tokens_per_document.tolist()),
            strict=True,
        )
    )


def run(model: AttentionClassifier, documents: list[NumberedDocument]):
    with torch.inference_mode():
        batch = collate(documents)
        return parts(model(batch), batch)


def assert_same(ours, others) -> None:
    for one, other in zip(ours, others, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", MODELS)
@settings(max_examples=15)
@given(st.lists(ragged, min_size=1, max_size=4))
def test_weights_are_positive_and_sum_to_one(kind, form, shapes):
    documents = [document(lengths, seed) for seed, lengths in enumerate(shapes)]
    for (_, sentences, words), lengths in zip(
        run(model_of(kind, form), documents), shapes, strict=True
    ):
        assert len(sentences) == len(lengths)
        assert sentences.min() > 0
        assert words.min() > 0
        assert sentences.sum().item() == pytest.approx(1, abs=1e-5)
        for shares in words.split(lengths):
            assert shares.sum().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("sizes", [{}, DEEP])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", MODELS)
@settings(max_examples=15)
@given(st.lists(ragged | st.just([1]), min_size=2, max_size=5))
def test_company_does_not_change_a_document(kind, form, sizes, shapes):
    model = model_of(kind, form, **sizes)
    documents = [document(lengths, seed) for seed, lengths in enumerate(shapes)]
    for together, alone in zip(run(model, documents), documents, strict=True):
        assert_same(together, run(model, [alone])[0])


@pytest.mark.parametrize("lengths", [[1], [3, 1, 2], [5] * 4])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("kind", "sizes"), [*((m, {}) for m in MODELS), ("bilstm", DEEP)])
def test_a_document_a_hundred_times_longer_does_not_change_a_document(kind, sizes, form, lengths):
    model, small = model_of(kind, form, **sizes), document(lengths)
    alone = run(model, [small])[0]
    many_sentences = document(lengths * 100, 1)
    long_sentences = document([100 * length for length in lengths], 2)
    assert_same(run(model, [many_sentences, small])[1], alone)
    assert_same(run(model, [small, long_sentences])[0], alone)


@pytest.mark.parametrize("kind", MODELS)
def test_another_order_of_documents_only_changes_the_order_of_outputs(kind):
    model = model_of(kind)
    documents = [document(lengths, i) for i, lengths in enumerate([[3, 1], [2], [1, 4, 2], [1]])]
    order = [2, 0, 3, 1]
    before, after = run(model, documents), run(model, [documents[i] for i in order])
    for at, i in enumerate(order):
        assert_same(after[at], before[i])


@pytest.mark.parametrize("sizes", [{}, DEEP])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", MODELS)
def test_gradients_of_every_parameter_are_exact(kind, form, sizes):
    sizes = {"embedding": 2, "hidden": 2, "attention_size": 3, "heads": 2, **sizes}
    model = model_of(kind, form, **sizes).double()
    batch = collate([document([2, 1]), document([1], 1), document([3], 2)])

    def outputs(*parameters):  # gradcheck moves them in place
        output = model(batch)
        return output.logits, output.sentence_weights, output.word_weights

    assert torch.autograd.gradcheck(outputs, tuple(model.parameters()), fast_mode=True)


@pytest.mark.parametrize(
    ("kind", "form", "sizes", "expected"),
    [
        # embedding 9·5, classifier 2·8+2, word GRU, its attention 8·7+7+7, sentence GRU and its own
        ("han", "additive", {}, 45 + 18 + 2 * 12 * (5 + 4 + 2) + 70 + 2 * 12 * (8 + 4 + 2) + 70),
        ("han", "linear", {}, 45 + 18 + 2 * 12 * (5 + 4 + 2) + 9 + 2 * 12 * (8 + 4 + 2) + 9),
        ("bilstm", "additive", {}, 45 + 18 + 2 * 16 * (5 + 4 + 2) + 70),
        # a second layer reads 8 numbers; gain and shift of each of them
        ("bilstm", "additive", DEEP, 45 + 18 + 32 * (5 + 4 + 2) + 32 * (8 + 4 + 2) + 16 + 70),
        ("bilstm", "dot", {}, 45 + 18 + 2 * 16 * (5 + 4 + 2)),
        # classifier 4·2+2, the way in 4·5+4 and its norm, a layer (two norms, queries, keys and
        # values, output, 16 units between), the last norm, attention 7·4+7+7
        ("transformer", "additive", {}, 45 + 10 + 24 + 8 + (16 + 60 + 16 + 80 + 68) + 8 + 42),
        ("transformer", "dot", {}, 45 + 10 + 24 + 8 + (16 + 60 + 16 + 80 + 68) + 8),
    ],
)
def test_the_number_of_parameters_by_hand(kind, form, sizes, expected):
    assert count_parameters(model_of(kind, form, attention_size=7, **sizes)) == expected


def test_a_class_without_its_own_pass_is_refused():
    architecture = Architecture(model="han", vocabulary_size=WORDS, classes=2)
    with pytest.raises(NotImplementedError):
        AttentionClassifier(architecture, 2)(collate([document([1])]))


def test_an_output_whose_parts_disagree_is_refused():
    with pytest.raises(ValueError):
        Output(*(torch.zeros(n, 2) for n in (2, 1, 1, 1, 1)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", MODELS)
def test_noise_on_attention_acts_in_training_alone_and_follows_the_seed(kind, form):
    off = {f"dropout_{level}": 0.0 for level in ("words", "sentences", "document")}
    model, plain = model_of(kind, form, attention_noise=2.0, **off), model_of(kind, form)
    batch = collate([document([3, 2])])
    assert torch.equal(model(batch).word_weights, plain(batch).word_weights)
    model.train()
    seen = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        seen.append(model(batch))
    assert torch.equal(seen[0].logits, seen[1].logits)
    for weights in ("word_weights", "sentence_weights"):
        assert not torch.equal(getattr(seen[0], weights), getattr(seen[2], weights))
        assert not torch.equal(getattr(seen[0], weights), getattr(plain(batch), weights))
    sums = segment_sum(seen[0].word_weights, batch.sentence_of_token, 2)
    torch.testing.assert_close(sums, torch.ones(2))


TEXT = "the quiet river walk. bread and music under the window. road unheard"


@pytest.fixture(params=[("han", ""), ("bilstm", ""), ("han", "deep"), ("bilstm", "deep")])
def checkpoint(request, random_checkpoint):
    kind, depth = request.param
    return load_checkpoint(random_checkpoint(kind, "additive", depth))


def batch_of(checkpoint, documents: int):
    document = number_document(checkpoint.tokenizer(TEXT), checkpoint.vocabulary)
    return collate([document] * documents)


def test_answers_are_those_without_a_table(checkpoint):
    batch = batch_of(checkpoint, 40)
    with torch.no_grad():
        table = checkpoint.inputs.for_batch(batch)
        assert table.shape[:2] == (2, len(checkpoint.vocabulary))
        ours, plain = checkpoint.model(batch, table=table), checkpoint.model(batch)
    torch.testing.assert_close(ours.logits, plain.logits, rtol=0, atol=1e-6)
    torch.testing.assert_close(ours.word_weights, plain.word_weights, rtol=0, atol=1e-6)


def test_it_is_made_once_and_again_after_a_weight_changed(checkpoint):
    model, batch = copy.deepcopy(checkpoint.model), batch_of(checkpoint, 40)
    kept = InputTable(model)
    with torch.no_grad():
        first = kept.for_batch(batch)
        assert kept.for_batch(batch) is first
        for weight in (model.embedding.weight, model.reader.bias_hh_l0, model.reader.weight_ih_l0):
            weight += 0.5
            assert kept.for_batch(batch) is not first
            first = kept.for_batch(batch)
            torch.testing.assert_close(
                model(batch, table=first).logits, model(batch).logits, rtol=0, atol=1e-6
            )
        state = {name: torch.zeros_like(weight) for name, weight in model.state_dict().items()}
        model.load_state_dict(state, assign=True)
        assert kept.for_batch(batch) is not first


def test_there_is_none_where_none_is_read(checkpoint, monkeypatch):
    batch = batch_of(checkpoint, 40)
    kept = checkpoint.inputs
    assert kept.for_batch(batch) is None  # gradients are wanted
    with torch.no_grad():
        checkpoint.model.train()
        assert kept.for_batch(batch) is None
        checkpoint.model.eval()
        monkeypatch.setattr(classifier, "LARGEST_TABLE", 10)
        assert kept.for_batch(batch) is None


def test_explanations_follow_the_weights(checkpoint):
    before = explain(checkpoint, TEXT).probabilities
    with torch.no_grad():
        checkpoint.model.embedding.weight.mul_(3)
        with_table = explain(checkpoint, TEXT).probabilities
        batch = batch_of(checkpoint, 1)
        plain = checkpoint.model(batch).logits.double().softmax(1)[0].numpy()
    assert with_table == pytest.approx(plain, abs=1e-6)
    assert with_table != pytest.approx(before, abs=1e-6)
