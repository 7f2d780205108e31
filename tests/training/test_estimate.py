"""What a run is told to need, against counts by hand and runs that are made."""

import json
from dataclasses import replace

import pytest
import torch

from han_core.data.corpus import Corpus
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import TextConfig
from han_core.models.registry import model_kind
from han_core.runtime.errors import UserError
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.training import estimate as estimate_module
from han_core.training.estimate import Estimate, estimate, read_sample
from han_core.training.language_model import softmax_outputs
from han_core.training.prepare import prepare
from han_core.training.request import shape_of
from han_core.training.settings import Settings
from han_core.training.train import train

CPU = torch.device("cpu")
HAN = Architecture(
    model="han", vocabulary_size=2, classes=3, embedding=8, hidden=4, attention_size=5
)
TEXTS = ("Good film. Bad end.", "Good end.", "Never seen.")


def of(texts=TEXTS, documents=None, shape=HAN, device=CPU, known=None, **settings) -> Estimate:
    number = len(texts) if documents is None else documents
    return estimate(texts, number, shape, Settings(**settings), TextConfig(), device, known)


def test_all_texts_are_counted_exactly():
    found = of(minimum_count=2)
    assert found.tokens == 6 + 3 + 3
    assert found.vocabulary == len(RESERVED) + len({"good", "end", "."})
    assert of(minimum_count=1).vocabulary == len(RESERVED) + 7
    assert of(minimum_count=1, maximum_size=5).vocabulary == 5


def test_stretches_are_read_too():
    """The first text has two clauses of three words, and its stretches are one clause each."""
    alone = estimate(TEXTS[:1], 4, HAN, Settings(), TextConfig(), CPU)
    more = estimate(TEXTS[:1], 4, HAN, Settings(), TextConfig(), CPU, stretches=10)
    assert (alone.tokens, more.tokens) == (24, 24 + 10 * 3)
    assert more.vocabulary == alone.vocabulary
    assert more.seconds_per_epoch > alone.seconds_per_epoch
    single = estimate(TEXTS[1:2], 4, HAN, Settings(), TextConfig(), CPU, stretches=10)
    assert single.tokens == 12


def test_stretches_are_about_as_long_as_those_that_are_drawn():
    clauses = [f"{'one word ' * (n % 5)}more," for n in range(60)]
    texts = [" ".join(clauses[n : n + 3 + n]) for n in range(25)]
    corpus = Corpus("toy", tuple(texts), ("a", "b") * 12 + ("a",), tuple(map(str, range(25))), {})
    found = prepare(corpus, corpus.first(2), TextConfig(), Settings(stretches=100),
                    lambda texts, name: texts)  # fmt: skip
    drawn = found.unlabelled.lengths
    assert read_sample(texts, TextConfig()).stretch == pytest.approx(drawn.mean(), rel=0.3)


def test_as_many_documents_as_will_come():
    assert of(documents=300).tokens == 1_200


def test_parameters_by_hand():
    """Per direction a GRU has 3 · hidden · (inputs + hidden + 2) of them."""
    embedding = 5 * 8
    words = 2 * 3 * 4 * (8 + 4 + 2) + (8 * 5 + 5 + 5)
    sentences = 2 * 3 * 4 * (8 + 4 + 2) + (8 * 5 + 5 + 5)
    assert of().parameters == embedding + words + sentences + 8 * 3 + 3


def test_more_layers_are_more_of_everything():
    """A second layer reads 8 numbers in both encoders, and holds 28 · hidden a word."""
    deep = HAN.model_copy(update={"layers": 2})
    one, two = of(documents=10_000), of(documents=10_000, shape=deep)
    more = 2 * 2 * 3 * 4 * (8 + 4 + 2)
    assert two.parameters - one.parameters == more
    weights = 4 * (2 + 3 + 2 * 4) * more  # best, gradient, AdamW; a copy for saving and its bytes
    batch = min(8_000, one.tokens // 30)
    assert two.memory_bytes - one.memory_bytes == weights + 4 * batch * 28 * 4
    assert two.seconds_per_epoch > one.seconds_per_epoch


def test_what_stands_still_needs_less():
    texts = [f"word{n} other{n}" for n in range(500)]
    known = Vocabulary((*RESERVED, *(f"known{n}" for n in range(2_000))))
    moving, frozen = (
        of(texts, known=known, start_from="a", freeze_words=freeze) for freeze in (False, True)
    )
    assert frozen.vocabulary == len(known)
    assert moving.parameters >= frozen.parameters
    assert moving.memory_bytes > frozen.memory_bytes
    assert moving.seconds_per_epoch > frozen.seconds_per_epoch


def test_new_words_come_to_those_of_the_checkpoint():
    known = Vocabulary((*RESERVED, "good", "film"))
    assert of(known=known, start_from="a", minimum_count=2).vocabulary == len(known) + 2
    assert of(known=known, start_from="a", maximum_size=3).vocabulary == len(known)


def test_memory_grows_with_model_batch_and_average():
    plain = of(documents=10_000).memory_bytes
    assert of(documents=10_000, average=0.9).memory_bytes > plain
    assert of(documents=10_000, batch_tokens=20_000).memory_bytes > plain
    wide = HAN.model_copy(update={"hidden": 400})
    assert of(documents=10_000, shape=wide).memory_bytes > plain


@pytest.mark.parametrize("option", ["adversarial", "attention_guide"])
def test_a_batch_that_is_read_twice_takes_twice_as_long(option):
    once, twice = of(documents=10_000), of(documents=10_000, **{option: 5.0})
    assert twice.seconds_per_epoch / once.seconds_per_epoch == pytest.approx(2, rel=0.1)
    assert twice.memory_bytes == once.memory_bytes


def test_on_a_gpu_the_time_is_not_guessed_and_the_memory_is_its_own():
    found = of(device=torch.device("cuda"))
    assert found.seconds_per_epoch is None
    assert found.memory_bytes < of().memory_bytes
    assert "epoch" not in found.says


@pytest.mark.parametrize("texts", [(), ("", "  ")])
def test_texts_without_a_word_are_refused(texts):
    with pytest.raises(UserError, match="Texts with words are expected"):
        of(texts)


def test_a_sample_reads_few_of_many_texts():
    texts = ["one two three. " * 20] * 50_000
    sample = read_sample(texts, TextConfig())
    assert sample.counts.total() < 40_000
    assert sample.tokens.mean() == pytest.approx(80, rel=0.05)
    assert sample.sentences == pytest.approx(1 / 4)


def test_a_limit_on_tokens_counts():
    sample = read_sample(["a b c d e f"] * 9, TextConfig(maximum_tokens=2))
    assert sample.tokens.tolist() == [2] * 9


def test_scarce_memory_is_told():
    found = Estimate(1, 2_000_000_000, None, 1, 1)
    assert found.scarce(2_000_000_000) == ""
    assert found.scarce(1_500_000_000) == "Only 1.5 GB of memory are free."


@pytest.mark.parametrize(
    ("sizes", "advice"),
    [
        ({"model": "transformer", "dropout_attention": 0.1, "embedding": 8, "hidden": 8},
         "attention_pattern=local or dropout_attention=0 may do"),
        ({"model": "bilstm", "embedding": 800, "hidden": 400}, "smaller sizes may do"),
    ],
)  # fmt: skip
def test_a_document_beyond_memory_is_refused_before_the_first_step(
    tmp_path, make_request, quiet, monkeypatch, sizes, advice
):
    monkeypatch.setattr(estimate_module, "available_memory", lambda device: 2**30)
    pairs = [f"{name}={value}" for name, value in sizes.items() if name != "model"]
    request = make_request(tmp_path / "out", *pairs, "maximum_tokens=20000", model=sizes["model"])
    long = replace(request.training, texts=("ab " * 20_000, *request.training.texts[1:]))
    with pytest.raises(UserError, match=rf"\(20,000 words\) takes .* and 1 GiB are free.*{advice}"):
        train(replace(request, training=long), CPU, quiet())
    assert not request.out.exists()


def test_full_attention_without_dropout_never_holds_all_weights():
    """It is written out nowhere, so that 20,000 words take what a word takes, times as many."""
    sizes = {"model": "transformer", "vocabulary_size": 9, "classes": 2, "layers": 1}
    number = model_kind("transformer").activations
    plain, dropped = (Architecture(**sizes, dropout_attention=p) for p in (0.0, 0.1))
    assert number(plain, 20_000) == number(plain, 10)
    assert number(dropped, 20_000) - number(plain, 20_000) == 3 * 4 * 20_000


def test_it_is_told_in_two_sentences():
    found = Estimate(3_141_592, 1_234_567_890, 75.4, 5_900_000, 27_800)
    assert found.says == (
        "About 5.9 million words to read, 28,000 of them different and known. "
        "3.1 million parameters, 1.2 GB of memory, 75 seconds an epoch."
    )
    assert "2 hours an epoch" in replace(found, seconds_per_epoch=7_300).says
    assert "1 second an epoch" in replace(found, seconds_per_epoch=1.2).says
    assert "less than a second an epoch" in replace(found, seconds_per_epoch=0.2).says
    assert replace(found, pretraining_seconds=250.0).says == (
        f"{found.says} Before that, 4 minutes each pretraining epoch."
    )


@pytest.mark.parametrize("model", ["han", "bilstm", "transformer"])
def test_against_a_run(tmp_path, make_request, quiet, planted_corpora, model):
    request = make_request(tmp_path / "out", "epochs=2", model=model)
    summary = train(request, CPU, quiet())
    shape = shape_of(model, "additive", request.sizes, 2, 3)
    texts = planted_corpora.training.texts
    found = estimate(texts, len(texts), shape, request.settings, request.text, CPU)
    lines = (tmp_path / "out" / "history.jsonl").read_text().splitlines()
    took = json.loads(lines[-1])["seconds"]
    assert found.parameters == summary["parameters"]
    # Within a factor of 2 on an idle machine; others may be busy here.
    assert took / 20 < found.seconds_per_epoch < took * 5


def test_pretraining_is_estimated_by_its_softmax():
    """Of 10 words that count 16, the softmax begins a new part behind the fifth."""
    counts = {"a": 5, "b": 3, "c": 1, "d": 1, "e": 1, **dict.fromkeys("fghij", 1)}
    assert softmax_outputs(counts, 10) == pytest.approx(5 + 1 + 5 / 16 * 5)
    assert softmax_outputs(counts, 600) == pytest.approx(500 + 1)
    texts = ["Good films are rare. I like this one, though.", "A dull plot."] * 40
    alone, first = (
        estimate(texts, 80, HAN, Settings(pretrain=epochs), TextConfig(), CPU) for epochs in (0, 1)
    )
    assert alone.pretraining_seconds is None
    assert alone.seconds_per_epoch == pytest.approx(first.seconds_per_epoch, rel=0.5)
    assert first.pretraining_seconds > alone.seconds_per_epoch
    more = estimate(texts, 80, HAN, Settings(pretrain=1), TextConfig(), CPU, untaught=800)
    assert more.pretraining_seconds > 2 * first.pretraining_seconds
    assert more.seconds_per_epoch < 2 * first.seconds_per_epoch
