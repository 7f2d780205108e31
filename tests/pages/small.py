"""Small checkpoints with random weights, for tests of the pages alone.

They know the words of the bundled corpus, and their last layer is set so that
they predict each class for half of its documents: every cell of a confusion
matrix has something in it.
"""

import json
import shutil
from pathlib import Path

import torch

from han_core.data.corpus import read_corpus
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import Checkpoint, Config, save_checkpoint
from han_core.models.predict import predict
from han_core.models.registry import build_model
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import Vocabulary

NAMES = ("small-bilstm", "small-han")


def write_small_checkpoints(root: Path) -> None:
    texts = read_corpus("bundled:classroom@test").texts
    tokenizer = Tokenizer("en")
    vocabulary = Vocabulary.build((tokenizer(text).token_texts() for text in texts), 2)
    for seed, name in enumerate(NAMES):
        _write(root / name, name.removeprefix("small-"), vocabulary, texts, seed)


def write_chinese(root: Path, name: str = "small-chinese") -> None:
    """A copy of the small BiLSTM that says of itself that it reads Chinese."""
    shutil.copytree(root / "small-bilstm", root / name)
    config = root / name / "config.json"
    saved = json.loads(config.read_text())
    saved["text"]["language"] = "zh"
    config.write_text(json.dumps(saved))


def _write(folder: Path, kind: str, vocabulary: Vocabulary, texts, seed: int) -> None:
    torch.manual_seed(seed)
    config = Config(
        architecture=Architecture(
            model=kind,
            vocabulary_size=len(vocabulary),
            classes=2,
            embedding=8,
            hidden=6,
            attention_size=6,
        ),
        labels=("negative", "positive"),
    )
    model = build_model(config.architecture).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "attention" in name:
                parameter.mul_(4)  # so that attention is not even
        model.classifier.weight.mul_(20)
        probabilities = predict(Checkpoint(folder.name, config, vocabulary, model, {}), texts)
        odds = torch.tensor(probabilities).log()
        model.classifier.bias[1] -= (odds[:, 1] - odds[:, 0]).median()
    save_checkpoint(
        folder,
        config,
        vocabulary,
        model.state_dict(),
        {"dataset": "nothing", "test": {"accuracy": 0.5}},
        [],
    )
