import numpy as np
import pytest
import torch

from han_core.models.architecture import Architecture
from han_core.models.pretrained.base import find_base
from han_core.models.registry import blank_model, build_model, restored_model, with_defaults
from han_core.models.self_attention import MapRequest
from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument, collate
from tests.pretrained import write_base


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("pretrained") / "base")


def architecture(folder, **sizes) -> Architecture:
    given = {"base": str(folder), "window": 8, "overlap": 3, "tune": "lora:2", **sizes}
    pieces = len(find_base(str(folder)).pieces.vocabulary)
    values = {"model": "bert", "vocabulary_size": pieces, "classes": 2}
    return Architecture.model_validate({**with_defaults("bert", given), **values})


@pytest.fixture(scope="module")
def model(folder):
    torch.manual_seed(1)
    return build_model(architecture(folder)).eval()


def document(length: int, seed: int = 0) -> NumberedDocument:
    words = np.random.default_rng(seed).integers(5, 30, length).astype(np.int32)
    return NumberedDocument(words, np.array([length], dtype=np.int32))


def test_attentions_are_those_that_transformers_returns(folder, model):
    import transformers

    read = document(7)
    windows = model(collate([read]), maps=MapRequest()).windows
    rows = find_base(str(folder)).pieces.rows
    numbers = torch.tensor([[2, *rows[read.words].tolist(), 3]])
    theirs = transformers.BertModel.from_pretrained(folder, attn_implementation="eager").eval()
    expected = theirs(numbers, output_attentions=True).attentions
    assert len(windows) == 1
    assert (windows[0].before, windows[0].after) == (1, 1)
    for own, other in zip(windows[0].layers, expected, strict=True):
        torch.testing.assert_close(own, other[0], atol=1e-5, rtol=1e-5)


def test_a_document_is_read_alike_alone_and_in_a_batch(model):
    documents = [document(length, seed) for seed, length in enumerate((3, 30, 1, 9))]
    together = model(collate(documents))
    ends = np.cumsum([len(one.words) for one in documents])
    for at, (one, end) in enumerate(zip(documents, ends, strict=True)):
        alone = model(collate([one]))
        torch.testing.assert_close(alone.logits[0], together.logits[at], atol=1e-5, rtol=1e-5)
        weights = together.word_weights[end - len(one.words) : end]
        torch.testing.assert_close(alone.word_weights, weights, atol=1e-5, rtol=1e-5)


def test_a_pass_with_maps_gives_the_same_answer_and_windows_of_the_whole_document(model):
    batch = collate([document(30)])
    output = model(batch, maps=MapRequest())
    torch.testing.assert_close(output.logits, model(batch).logits, atol=1e-5, rtol=1e-5)
    assert (output.windows[0].start, output.windows[-1].end) == (0, 30)
    assert all(torch.allclose(w.sum(-1), torch.ones(())) for w in output.windows[1].layers)


def test_own_weights_replaced_by_themselves_change_nothing_and_even_ones_do(model):
    batch = collate([document(20)])
    own = model(batch, maps=MapRequest())
    layer = tuple(window.layers[1] for window in own.windows)
    same = model(batch, maps=MapRequest(record=False, replaced={1: layer}))
    torch.testing.assert_close(same.logits, own.logits, atol=1e-5, rtol=1e-5)
    assert same.windows == ()
    even = model(batch, maps=MapRequest(replaced={0: "uniform"}))
    assert torch.allclose(even.windows[0].layers[0], torch.full((), 0.1))  # 8 pieces and 2 more
    assert not torch.allclose(even.logits, own.logits)


def test_a_pruned_head_gives_nothing(model):
    batch = collate([document(6)])
    factors = torch.ones(2, 2)
    same = model(batch, maps=MapRequest(head_factors=factors)).logits
    torch.testing.assert_close(same, model(batch).logits, atol=1e-5, rtol=1e-5)
    factors[1] = 0
    pruned = model(batch, maps=MapRequest(head_factors=factors)).logits
    assert not torch.allclose(pruned, same)


def test_the_state_holds_what_was_tuned_and_is_restored_with_the_base(folder, model):
    state = model.state_dict()
    assert {name.rpartition(".")[2] for name in state if name.startswith("encoder")} == {
        "up",
        "down",
    }
    assert "embedding.weight" not in state
    shapes = {
        name: tensor.shape
        for name, tensor in blank_model(architecture(folder)).state_dict().items()
    }
    assert shapes == {name: tensor.shape for name, tensor in state.items()}
    changed = {name: torch.randn_like(tensor) for name, tensor in state.items()}
    before = torch.get_rng_state()
    again = restored_model(architecture(folder), changed).eval()
    assert torch.equal(before, torch.get_rng_state())
    model.load_state_dict(changed)
    batch = collate([document(12)])
    assert torch.equal(again(batch).logits, model(batch).logits)


@pytest.mark.parametrize("tune", ["none", "upper:1", "all", "lora:1"])
def test_only_what_is_tuned_moves(folder, tune):
    model = build_model(architecture(folder, tune=tune))
    stands = {n: b.clone() for n, b in model.named_buffers()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(collate([document(12)])).logits[0, 0].backward()
    optimizer.step()
    assert all(torch.equal(b, stands[n]) for n, b in model.named_buffers())
    # A model beside it has the base as it was.
    other = build_model(architecture(folder, tune="none"))
    fresh = find_base(str(folder)).encoder()[0].state_dict()
    assert all(torch.equal(b, fresh[n]) for n, b in other.encoder.named_buffers() if n in fresh)


@pytest.mark.parametrize(
    ("sizes", "fragment"),
    [
        ({"window": 15}, "at most 14"),
        ({"window": 4, "overlap": 4}, "overlap"),
        ({"tune": "lora"}, "lora:RANK"),
        ({"tune": "upper:3"}, "2 layers"),
        ({"base_sha256": "0" * 64}, "another one"),
    ],
)
def test_what_does_not_fit_the_base_is_refused(folder, sizes, fragment):
    shape = architecture(folder).model_copy(update=sizes)
    with pytest.raises(UserError, match=fragment):
        build_model(shape)
    if "tune" in sizes:
        with pytest.raises(UserError, match=fragment):
            build_model(architecture(folder, **sizes))


def test_other_pieces_than_those_of_the_base_are_refused(folder):
    with pytest.raises(UserError, match="pieces"):
        build_model(architecture(folder).model_copy(update={"vocabulary_size": 5}))
