"""Teachers label parts of the training documents, and a stopped run has them again."""

from dataclasses import replace

import pytest
import torch

from han_core.models.checkpoint import METRICS, WEIGHTS
from han_core.models.folder import read_json
from han_core.training import train as train_module
from han_core.training.resume import read_state
from han_core.training.train import train
from han_core.training.watch import Stopped
from han_core.wrong_input import WrongInput

CPU = torch.device("cpu")


@pytest.mark.parametrize("unlabelled", [None, 20])
def test_parts_of_the_training_documents_are_labelled_too(
    tmp_path, make_request, quiet, planted_corpora, monkeypatch, unlabelled
):
    training = planted_corpora.training
    rest = replace(training.take(range(40, 60)), name="nameless", labels=())
    few = {
        "training": training.first(40),
        "validation": planted_corpora.validation.first(30),
        "test": planted_corpora.test.first(30),
        "unlabelled": unlabelled and rest.first(unlabelled),
    }
    pairs = ("epochs=2", "hidden=6", "average=0.9", "word_dropout=0.1", "stretches=2")
    sentences = []
    train(make_request(tmp_path / "whole", *pairs, **few), CPU, quiet(say=sentences.append))
    stored = read_json(tmp_path / "whole" / METRICS)
    drawn = stored["documents"]["stretches"]
    told = stored["teaching"]
    assert 0 < drawn == told["stretches"] <= 2 * 40
    assert told["documents"] == stored["documents"].get("unlabelled", 0) == (unlabelled or 0)
    assert told["unlabelled"] == (unlabelled and "nameless")
    assert stored["settings"]["stretches"] == 2
    assert stored["sha256"].keys() >= {"train", "validation", "test"}
    what = f"{drawn} parts of the training documents, "
    also = "20 unlabelled documents and " if unlabelled else ""
    assert any(s.startswith(f"nb-svm labelled {also}{what}") for s in sentences)
    said = read_state(tmp_path / "whole").tensors["teaching.probabilities"]
    assert said.shape == (drawn + (unlabelled or 0), 3)
    left = iter([False, False, True])
    begun = make_request(tmp_path / "parts", *pairs, **few)
    with pytest.raises(Stopped):
        train(begun, CPU, replace(quiet(), stop=lambda: next(left)))
    monkeypatch.setattr(train_module, "ask", lambda *given: pytest.fail("asked again"))
    other = replace(begun, settings=begun.settings.model_copy(update={"stretches": 3}))
    with pytest.raises(WrongInput, match="other data"):
        train(replace(other, resume=True), CPU, quiet())
    train(replace(begun, resume=True), CPU, quiet())
    for file in (WEIGHTS, "resume/state.safetensors"):
        whole, again = ((tmp_path / name / file).read_bytes() for name in ("whole", "parts"))
        assert whole == again
