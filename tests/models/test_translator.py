"""The translator's network and its search, beside plain formulas and brute force."""

import sys
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from han_core.models.beam_search import (
    Aligned,
    SearchSettings,
    _value,
    align_numbers,
    translate_numbers,
)
from han_core.models.system_folder import blank_system
from han_core.models.systems import find_system
from han_core.models.translator import (
    IGNORED,
    PairBatch,
    TranslatorConfig,
    TranslatorNetwork,
    collate_pairs,
)
from han_core.runtime.errors import UserError
from han_core.text.vocabulary import RESERVED, UNKNOWN

FORMS = ("additive", "dot", "general")
sentences = st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=7), min_size=2, max_size=5)


def configuration(attention="additive", words=7, **sizes):
    own = tuple(f"w{n}" for n in range(words - 2))
    given = {"embedding": 6, "encoder": 4, "decoder": 8, "attention_size": 5, "dropout": 0.0}
    return TranslatorConfig(
        source_words=(*RESERVED, *own),
        target_words=(*RESERVED, *own),
        attached=(0,) * words,
        attention=attention,
        **{**given, **sizes},
    )


def network(attention="additive", seed=0, **sizes):
    torch.manual_seed(seed)
    model = TranslatorNetwork(configuration(attention, **sizes)).eval()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.7)
    return model


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=15, deadline=None)
@given(sources=sentences, data=st.data())
def test_a_sentence_gets_the_same_numbers_alone_and_in_company(form, sources, data):
    model = network(form)
    targets = [data.draw(st.lists(st.integers(1, 6), max_size=7)) for _ in sources]
    with torch.no_grad():
        together = model(collate_pairs(sources, targets))
        for row, (source, target) in enumerate(zip(sources, targets, strict=True)):
            alone = model(collate_pairs([source], [target]))
            steps, words = len(target) + 1, len(source)
            torch.testing.assert_close(
                together.scores[row, :steps], alone.scores[0], atol=1e-4, rtol=1e-4
            )
            torch.testing.assert_close(
                together.attention[row, :steps, :words], alone.attention[0], atol=1e-5, rtol=1e-4
            )
            assert not together.attention[row, :, words:].any()


@pytest.mark.parametrize("form", FORMS)
def test_attention_by_the_formula_of_its_paper(form):
    model = network(form)
    batch = collate_pairs([[2, 3, 4]], [[5, 6]])
    with torch.no_grad():
        output = model(batch)
        memory, first = model.encode(batch.source, batch.source_lengths)
        states, _ = model.decoder(model.target_embedding(batch.before), first.unsqueeze(0))
        for step, state in enumerate(states[0]):
            scores = torch.stack([score(model, form, state, h) for h in memory.states[0]])
            weights = scores.softmax(0)
            torch.testing.assert_close(output.attention[0, step], weights)
            context = weights @ memory.states[0]
            readout = torch.tanh(model.combine(torch.cat((context, state))))
            expected = readout @ model.target_embedding.weight.T + model.bias
            torch.testing.assert_close(output.scores[0, step], expected)


def score(model, form, state, h):
    scoring = model.scoring
    if form == "additive":
        return scoring.vector(torch.tanh(scoring.of_states(state) + scoring.of_source(h)))[0]
    return state @ (h if form == "dot" else scoring.bilinear(h))


def test_unknown_words_are_read_and_never_an_answer():
    batch = collate_pairs([[2]], [[3, UNKNOWN]])
    assert batch.before.tolist() == [[0, 3, UNKNOWN]]
    assert batch.answers.tolist() == [[3, IGNORED, 0]]


def test_shapes_are_checked():
    good = collate_pairs([[2, 3]], [[4]])
    with pytest.raises(ValueError, match="steps"):
        PairBatch(good.source, good.source_lengths, good.before[:, :1], good.answers, good.steps)
    with pytest.raises(ValueError, match="has a word"):
        collate_pairs([[2], []], [[4], [4]])


@pytest.mark.parametrize(
    ("field", "value", "fragment"),
    [
        ("source_words", ("a", "b", "c"), "reserved"),
        ("target_words", (*RESERVED, "", "b", "c", "d", "e"), "reserved"),
        ("attached", (0,), "attached"),
        ("decoder", 9, "twice as wide"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(field, value, fragment):
    fields = configuration("dot").model_dump()
    with pytest.raises(ValueError, match=fragment):
        TranslatorConfig(**{**fields, field: value})


def test_greedy_says_the_likeliest_word_each_time():
    model, source = network(), [2, 5, 3]
    (found,) = translate_numbers(model, [source], SearchSettings(beams=1))
    words: list[int] = []
    while len(words) < 16:
        scores = model(collate_pairs([source], [words])).scores[0, -1].detach().clone()
        scores[UNKNOWN] = float("-inf")
        if (best := int(scores.argmax())) == 0:
            break
        words.append(best)
    assert list(found.words) == words


def test_a_wide_beam_finds_what_trying_all_translations_finds():
    model, source = network(words=4, seed=3), [2, 3]
    model.bias.data[0] += 2.0  # short translations
    wide = SearchSettings(beams=60, length_penalty=1.0, coverage_penalty=0.2)
    (found,) = translate_numbers(model, [source], wide)
    every = [list(words) for length in range(1, 5) for words in product((2, 3), repeat=length)]
    aligned = align_numbers(model, [source] * len(every), every)
    best = max(aligned, key=lambda one: _value(one, wide))
    assert found.words == best.words


def test_a_search_in_a_batch_finds_what_it_finds_alone():
    model, sources = network(seed=5), [[2], [3, 4, 5, 6], [6, 2]]
    together = translate_numbers(model, sources)
    alone = [translate_numbers(model, [source])[0] for source in sources]
    assert [one.words for one in together] == [one.words for one in alone]
    assert all(UNKNOWN not in one.words for one in together)


def test_the_value_of_a_hypothesis_by_hand():
    """log p −3; two words: ((5 + 2) / 6)^1; attention .8 and .4 in all, so the first log .8 …"""
    hypothesis = Aligned((2, 3), np.array([[0.5, 0.1], [0.3, 0.3]]), np.array([-1.0, -1.5, -0.5]))
    value = _value(hypothesis, SearchSettings(2, 1.0, 0.5))
    assert value == pytest.approx(-3 / (7 / 6) + 0.5 * (np.log(0.8) + np.log(0.4)))


def test_forced_probabilities_are_those_of_the_network():
    model = network()
    (aligned,) = align_numbers(model, [[2, 3]], [[4, UNKNOWN]])
    with torch.no_grad():
        scores = model(collate_pairs([[2, 3]], [[4, UNKNOWN]])).scores[0].log_softmax(-1)
    assert aligned.log_probabilities[0] == pytest.approx(float(scores[0, 4]), abs=1e-5)
    assert np.isnan(aligned.log_probabilities[1])
    assert aligned.log_probabilities[2] == pytest.approx(float(scores[2, 0]), abs=1e-5)


@pytest.mark.parametrize("wrong", [{"beams": 0}, {"length_penalty": -1.0}, {"beams": 101}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(UserError):
        SearchSettings(**wrong)


def test_a_blank_translator_has_the_shapes_and_needs_no_compiler(monkeypatch):
    config = configuration()
    expected = {name: w.shape for name, w in TranslatorNetwork(config).state_dict().items()}
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # importing it fails
    blank = blank_system(config, find_system("translator")).state_dict()
    assert {name: w.shape for name, w in blank.items()} == expected
    assert {w.device.type for w in blank.values()} == {"meta"}
