"""What a data set of the hub offers: configurations, splits, columns and first rows.

In the words of the hub's own description of features. It knows nothing about where an
offer comes from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from han_core.corpora.hub import HubName
from han_core.corpora.table import MOST_COLUMNS, in_words
from han_core.corpora.wording import listed, shown
from han_core.wrong_input import WrongInput

LONGEST_CELL = 300  # characters of a cell that a preview shows

STRINGS = ("string", "large_string", "string_view")

Kind = Literal["text", "classes", "number", "other", "not read"]


@dataclass(frozen=True)
class HubSplit:
    """A split and its rows; None where the hub does not know."""

    name: str
    rows: int | None


@dataclass(frozen=True)
class HubConfig:
    """A configuration and its splits."""

    name: str
    splits: tuple[HubSplit, ...]


@dataclass(frozen=True)
class HubColumn:
    """A column; ``classes`` are the names that its numbers stand for, where it has classes.

    "not read": images, vectors and other cells that cannot be put into words.
    """

    name: str
    kind: Kind
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HubOffer:
    """What can be taken from one data set.

    Attributes:
        name: of the data set.
        configs: all that can be named, with their splits.
        config: the one that was looked into.
        split: the split of it that was looked into.
        columns: of that split; none where the hub does not show it.
        rows: its first ones, cells in words and cut.
        download_bytes: what the whole configuration takes to download, if known.
        source: who said so: "the hub" or "the local cache".
    """

    name: str
    configs: tuple[HubConfig, ...]
    config: HubConfig
    split: HubSplit
    columns: tuple[HubColumn, ...]
    rows: tuple[dict[str, str], ...]
    download_bytes: int | None
    source: str

    @property
    def spec(self) -> str:
        """What names the chosen split on the command line and in ``Source.data``."""
        return self.spec_of(self.config.name, self.split.name)

    def spec_of(self, config: str, split: str) -> str:
        # Without an owner, "hf:NAME/CONFIG" would name an owner and a data set.
        named = config if "/" in self.name and len(self.configs) > 1 else None
        return str(HubName(self.name, named, split))


def nameable(name: str, configs: Sequence[HubConfig]) -> tuple[HubConfig, ...]:
    """The configurations and splits that a spec can name."""
    kept = (
        HubConfig(config.name, tuple(s for s in config.splits if _parses(name, config.name, s)))
        for config in configs
    )
    return tuple(config for config in kept if config.splits)


def chosen(wanted: HubName, configs: Sequence[HubConfig]) -> tuple[HubConfig, HubSplit]:
    """The part to look into, of at least one.

    Raises:
        WrongInput: if ``wanted`` names a configuration or a split that there is not.
    """
    by_name = {config.name: config for config in configs}
    config = _named(wanted.config, by_name, "default", f"{wanted.name} has no configuration")
    splits = {split.name: split for split in config.splits}
    return config, _named(wanted.split, splits, "train", f"{wanted.name} has no split")


Part = TypeVar("Part")


def _named(name: str | None, there: Mapping[str, Part], usual: str, refusal: str) -> Part:
    if name is None:
        return there[usual] if usual in there else next(iter(there.values()))
    if name not in there:
        raise WrongInput(f'{refusal} "{shown(name)}"; it has: {listed(tuple(there))}.')
    return there[name]


def _parses(name: str, config: str, split: HubSplit) -> bool:
    try:
        HubName.parse(f"hf:{name}@{split.name}")
        HubName.parse(f"hf:OWNER/NAME/{config}")
    except WrongInput:
        return False
    return True


def columns_of(features: Mapping[str, Any]) -> tuple[HubColumn, ...]:
    """The columns by the hub's description of them, of which nothing is taken on trust."""
    pairs = list(features.items())[:MOST_COLUMNS]
    return tuple(HubColumn(name, *_kind(feature)) for name, feature in pairs)


def _kind(feature: Any) -> tuple[Kind, tuple[str, ...]]:
    if not isinstance(feature, dict):
        return "not read", ()
    if feature.get("_type") == "ClassLabel":
        names = feature.get("names")
        return "classes", tuple(map(str, names)) if isinstance(names, list) else ()
    if feature.get("_type") in ("List", "LargeList", "Sequence"):
        # A list of texts is read as one text, and lists of anything else are not.
        return ("text" if _is_string(feature.get("feature")) else "not read"), ()
    if _is_string(feature):
        return "text", ()
    kind = str(feature.get("dtype"))
    if kind.startswith(("int", "uint", "float", "decimal")):
        return "number", ()
    return ("other" if kind.startswith(("bool", "date", "time", "duration")) else "not read"), ()


def _is_string(feature: Any) -> bool:
    return isinstance(feature, dict) and str(feature.get("dtype")) in STRINGS


def cells_of(row: Mapping[str, Any], columns: Sequence[HubColumn]) -> dict[str, str]:
    """The cells that can be read, in words and cut, classes by their names."""
    return {
        column.name: shortened(_in_words(row.get(column.name), column.classes))
        for column in columns
        if column.kind != "not read"
    }


def shortened(cell: str) -> str:
    return cell if len(cell) <= LONGEST_CELL else cell[: LONGEST_CELL - 1] + "…"


def _in_words(cell: Any, classes: Sequence[str]) -> str:
    if isinstance(cell, int) and not isinstance(cell, bool) and 0 <= cell < len(classes):
        return classes[cell]
    return in_words(cell)
