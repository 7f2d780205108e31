"""What is asked of transformers and the hub; imported only where a base is used, for it takes
seconds and may be missing.
"""

from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from torch import Tensor
from transformers import (
    CONFIG_MAPPING,
    AttentionInterface,
    AttentionMaskInterface,
    AutoModel,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.masking_utils import sdpa_mask

from han_core.models.pretrained.attention import NAME, attend

# Our attention in every layer, with masks that are bool, or None where all is seen.
AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)


def configuration(raw: dict) -> PretrainedConfig | None:
    """Return the configuration of a known kind of model; None of another.

    Raises:
        Exception: of many kinds, if its values do not fit.
    """
    if raw["model_type"] not in CONFIG_MAPPING:
        return None
    return CONFIG_MAPPING[raw["model_type"]].from_dict(raw)


def blank_encoder(config: PretrainedConfig) -> PreTrainedModel:
    """Return an encoder on torch's meta device, without the layer that other tasks put on top.

    Raises:
        Exception: of many kinds, if there is none of these sizes with attention that is ours.
    """
    with torch.device("meta"):
        model = AutoModel.from_config(config, attn_implementation=NAME)
    if "pooler" in model._modules:
        model._modules["pooler"] = None
    return model


def constants(config: PretrainedConfig) -> dict[str, Tensor]:
    """Return what stands in no file, such as the numbers of positions, by name."""
    small = type(config).from_dict({**config.to_dict(), "num_hidden_layers": 1})
    with torch.random.fork_rng(devices=[]):
        return dict(AutoModel.from_config(small).named_buffers())


def hub_folder(name: str, files: list[str], fetch: bool) -> Path:
    """Return where files of a model of the hub lie on this machine.

    Args:
        fetch: whether they may be downloaded.

    Raises:
        Exception: of many kinds, if they cannot be had.
    """
    return Path(snapshot_download(name, allow_patterns=files, local_files_only=not fetch))
