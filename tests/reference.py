"""The two models written again, slowly, from the equations, and an explanation's contract.

HAN is equations 1 to 10 of Yang et al. 2016. Both take the weights of the fast
model by name and a document as a list of sentences, each a list of word numbers.
No batch, no padding, nothing shared with ``han_core``; ``batch_of`` gives the fast
models the same documents.
"""

import pytest
import torch
from torch import Tensor

from han_core.text.batch import Batch


def recurrent_weights(weights: dict[str, Tensor], name: str, ending: str) -> list[Tensor]:
    """W (inputs), U (states) and their biases, as torch names them."""
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [weights[f"{name}.{kind}{ending}"] for kind in kinds]


def gru(steps: list[Tensor], w: Tensor, u: Tensor, b: Tensor, c: Tensor) -> list[Tensor]:
    """Equations 1 to 4. torch stores the gates as r, z, n, and its z is Yang's 1 − z."""
    (w_r, w_z, w_h), (u_r, u_z, u_h) = w.chunk(3), u.chunk(3)
    (b_r, b_z, b_h), (c_r, c_z, c_h) = b.chunk(3), c.chunk(3)
    h, states = torch.zeros_like(c_h), []
    for x in steps:
        r = torch.sigmoid(w_r @ x + b_r + u_r @ h + c_r)
        z = 1 - torch.sigmoid(w_z @ x + b_z + u_z @ h + c_z)
        proposed = torch.tanh(w_h @ x + b_h + r * (u_h @ h + c_h))
        h = (1 - z) * h + z * proposed
        states.append(h)
    return states


def lstm(steps: list[Tensor], w: Tensor, u: Tensor, b: Tensor, c: Tensor) -> list[Tensor]:
    """Hochreiter and Schmidhuber 1997 with a forget gate; gates in the order i, f, g, o."""
    h = cell = torch.zeros(len(u) // 4, dtype=u.dtype)
    states = []
    for x in steps:
        i, f, g, o = (w @ x + b + u @ h + c).chunk(4)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(cell)
        states.append(h)
    return states


def encode(kind, weights: dict[str, Tensor], name: str, steps: list[Tensor]):
    """(steps, 2 × hidden) states of the top layer, and the last ones of both directions.

    A state is the forward one beside the backward one; normalised where there is a gain.
    """
    layer = 0
    while f"{name}.weight_ih_l{layer}" in weights:
        ahead = kind(steps, *recurrent_weights(weights, name, f"_l{layer}"))
        back = kind(steps[::-1], *recurrent_weights(weights, name, f"_l{layer}_reverse"))[::-1]
        steps = [torch.cat(pair) for pair in zip(ahead, back, strict=True)]
        last = torch.cat((ahead[-1], back[0]))
        layer += 1
    if f"{name}.layer_norm.weight" in weights:
        *steps, last = (layer_norm(weights, name, state) for state in (*steps, last))
    return torch.stack(steps), last


def layer_norm(weights: dict[str, Tensor], name: str, state: Tensor) -> Tensor:
    """Equation 4 of Ba et al. 2016, with torch's small number under the root."""
    centred = state - state.mean()
    scaled = centred / (centred.square().mean() + 1e-5).sqrt()
    return weights[f"{name}.layer_norm.weight"] * scaled + weights[f"{name}.layer_norm.bias"]


def attention_scores(
    form: str, weights: dict[str, Tensor], name: str, states: Tensor, query: Tensor
) -> list[Tensor]:
    """A score for each state; equations 5 and 6 for the additive form."""
    scores = []
    for h in states:
        if form == "additive":
            u = torch.tanh(weights[f"{name}.project.weight"] @ h + weights[f"{name}.project.bias"])
            scores.append(u @ weights[f"{name}.context"])
        elif form == "dot":
            scores.append(h @ query / len(h) ** 0.5)
        elif form == "general":
            scores.append(h @ (weights[f"{name}.bilinear.weight"] @ query))
        else:
            scores.append(
                weights[f"{name}.scorer.weight"][0] @ h + weights[f"{name}.scorer.bias"][0]
            )
    return scores


def softmax(scores: list[Tensor]) -> Tensor:
    return torch.stack([score.exp() for score in scores]) / sum(score.exp() for score in scores)


def attend(form: str, weights: dict[str, Tensor], name: str, states: Tensor, query: Tensor):
    """The weighted sum of the states, and the weights; equations 6 and 7."""
    shares = softmax(attention_scores(form, weights, name, states, query))
    return sum(share * state for share, state in zip(shares, states, strict=True)), shares


def han(weights: dict[str, Tensor], form: str, document: list[list[int]]):
    """Logits, sentence weights, and word weights sentence by sentence."""
    vectors, word_weights = [], []
    for words in document:
        steps = [weights["embedding.weight"][word] for word in words]
        encoded = encode(gru, weights, "word_encoder", steps)
        vector, shares = attend(form, weights, "word_attention", *encoded)
        vectors.append(vector)
        word_weights.append(shares)
    encoded = encode(gru, weights, "sentence_encoder", vectors)
    vector, sentence_weights = attend(form, weights, "sentence_attention", *encoded)
    logits = weights["classifier.weight"] @ vector + weights["classifier.bias"]
    return logits, sentence_weights, word_weights


def bilstm(weights: dict[str, Tensor], form: str, document: list[list[int]]):
    """Logits, and the attention of every word over the whole document."""
    steps = [weights["embedding.weight"][word] for words in document for word in words]
    vector, shares = attend(form, weights, "attention", *encode(lstm, weights, "encoder", steps))
    return weights["classifier.weight"] @ vector + weights["classifier.bias"], shares


def batch_of(*documents: list[list[int]]) -> Batch:
    """Documents as the fast models read them."""
    sentences = [words for document in documents for words in document]
    return Batch(
        torch.tensor([word for words in sentences for word in words]),
        torch.tensor([len(words) for words in sentences]),
        torch.tensor([len(document) for document in documents]),
    )


def check_contract(value: dict, text: str, known: set[str] | None = None) -> None:
    """``value`` is an explanation of ``text`` as DESIGN describes it; ``known`` are the words."""
    assert list(value) == ["id", "label", "probabilities", "sentences", "seen"]
    assert value["label"] == max(value["probabilities"], key=value["probabilities"].get)
    assert sum(value["probabilities"].values()) == pytest.approx(1, abs=1e-6)
    edge, document, tokens = 0, 0.0, []
    for sentence in value["sentences"]:
        assert list(sentence) == ["start", "end", "weight", "tokens"]
        assert sentence["start"] == sentence["tokens"][0]["start"]
        assert sentence["end"] == sentence["tokens"][-1]["end"]
        for token in sentence["tokens"]:
            assert list(token) == ["start", "end", "weight", "known"]
            assert edge <= token["start"] < token["end"]
            assert text[edge : token["start"]].strip() == ""
            assert 0 <= token["weight"] <= 1
            edge = token["end"]
            document += sentence["weight"] * token["weight"]
        assert sum(token["weight"] for token in sentence["tokens"]) == pytest.approx(1, abs=1e-5)
        tokens += sentence["tokens"]
    assert sum(sentence["weight"] for sentence in value["sentences"]) == pytest.approx(1, abs=1e-5)
    assert document == pytest.approx(1, abs=1e-5)
    seen = value["seen"]["characters"]
    assert text[edge:seen].strip() == ""
    assert value["seen"] == {
        "characters": seen,
        "of": len(text),
        "tokens": len(tokens),
        "unknown": sum(not token["known"] for token in tokens),
    }
    for token in tokens if known else ():
        assert token["known"] == (text[token["start"] : token["end"]].lower() in known)
