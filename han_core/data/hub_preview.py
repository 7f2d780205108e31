"""What a data set of the hub holds: configurations, splits, columns and first rows.

A few kilobytes from the hub's own description of its data sets, else from the local cache, which
a child process reads offline.
"""

import os
import sys
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from han_core.data import sandbox
from han_core.data.hub import (
    ANSWER_SECONDS,
    OFFLINE,
    UNKNOWN,
    HubError,
    HubName,
    endpoint,
    fetch,
    stream_from,
)
from han_core.data.table import MOST_COLUMNS, PREVIEW_ROWS, Table, in_words
from han_core.runtime.errors import UserError, listed, shown
from han_core.runtime.messages import mark, tr

LONGEST_CELL = 300  # characters of a cell that a preview shows

STRINGS = ("string", "large_string", "string_view")

Kind = Literal["text", "classes", "number", "other", "not read"]  # not shown


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
class HubDataset:
    """Configurations, splits, columns and first rows of a data set.

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
    usable = (
        HubConfig(config.name, tuple(s for s in config.splits if _parses(name, config.name, s)))
        for config in configs
    )
    return tuple(config for config in usable if config.splits)


def choose_part(wanted: HubName, configs: Sequence[HubConfig]) -> tuple[HubConfig, HubSplit]:
    """The part to look into, of at least one.

    Raises:
        UserError: if ``wanted`` names a configuration or a split that there is not.
    """
    by_name = {config.name: config for config in configs}
    config = _named(
        wanted.config, by_name, "default",
        mark('{name} has no configuration "{part}"; it has: {parts}.'), wanted.name,
    )  # fmt: skip
    splits = {split.name: split for split in config.splits}
    refusal = mark('{name} has no split "{part}"; it has: {parts}.')
    return config, _named(wanted.split, splits, "train", refusal, wanted.name)


Part = TypeVar("Part")


def _named(
    name: str | None, parts: Mapping[str, Part], usual: str, refusal: str, dataset: str
) -> Part:
    if name is None:
        return parts[usual] if usual in parts else next(iter(parts.values()))
    if name not in parts:
        named = listed(tuple(parts))
        raise UserError(tr(refusal, name=dataset, part=shown(name), parts=named))
    return parts[name]


def _parses(name: str, config: str, split: HubSplit) -> bool:
    try:
        HubName.parse(f"hf:{name}@{split.name}")
        HubName.parse(f"hf:OWNER/NAME/{config}")
    except UserError:
        return False
    return True


def columns_of(features: Mapping[str, Any]) -> tuple[HubColumn, ...]:
    """The columns by the hub's description of them, of which nothing is taken on trust."""
    pairs = list(features.items())[:MOST_COLUMNS]
    return tuple(HubColumn(name, *_kind(feature)) for name, feature in pairs)


def _kind(feature: Any) -> tuple[Kind, tuple[str, ...]]:
    if not isinstance(feature, dict):
        return "not read", ()  # not shown
    if feature.get("_type") == "ClassLabel":
        names = feature.get("names")
        return "classes", tuple(map(str, names)) if isinstance(names, list) else ()
    if feature.get("_type") in ("List", "LargeList", "Sequence"):  # not shown
        # A list of texts is read as one text, and lists of anything else are not.
        return ("text" if _is_string(feature.get("feature")) else "not read"), ()  # not shown
    if _is_string(feature):
        return "text", ()
    kind = str(feature.get("dtype"))
    if kind.startswith(("int", "uint", "float", "decimal")):
        return "number", ()
    if kind.startswith(("bool", "date", "time", "duration")):
        return "other", ()
    return "not read", ()  # not shown


def _is_string(feature: Any) -> bool:
    return isinstance(feature, dict) and str(feature.get("dtype")) in STRINGS


def cells_of(row: Mapping[str, Any], columns: Sequence[HubColumn]) -> dict[str, str]:
    """The cells that can be read, in words and cut, classes by their names."""
    return {
        column.name: shortened(_in_words(row.get(column.name), column.classes))
        for column in columns
        if column.kind != "not read"  # not shown
    }


def shortened(cell: str) -> str:
    return cell if len(cell) <= LONGEST_CELL else cell[: LONGEST_CELL - 1] + "…"


def _in_words(cell: Any, classes: Sequence[str]) -> str:
    if isinstance(cell, int) and not isinstance(cell, bool) and 0 <= cell < len(classes):
        return classes[cell]
    return in_words(cell)


CACHED_SECONDS = 30.0


def describe_cached(wanted: HubName) -> HubDataset | None:
    """The part of the local cache's copy; None where it holds nothing of ``wanted``.

    Raises:
        UserError: if it holds the data set, and not that configuration or split.
    """
    try:
        table = sandbox.run_in_child(
            __name__, asdict(wanted), seconds=CACHED_SECONDS, environment=OFFLINE
        )
    except sandbox.NoAnswer:
        return None
    return _DATASET.validate_json(table.column("json")[0])


_DATASET = TypeAdapter(HubDataset)


def _describe_in_child(request: dict[str, Any]) -> Table:
    """One cell of JSON: a table is the only form of answer that a child has."""
    import datasets

    wanted = HubName(**request)
    try:
        splits = datasets.load_dataset(wanted.name, wanted.config)
    except Exception:  # `datasets` raises whatever its many back ends raise
        sys.exit(1)
    named = HubConfig(
        next(iter(splits.values())).info.config_name or "default",
        tuple(HubSplit(name, part.num_rows) for name, part in splits.items()),
    )
    configs = nameable(wanted.name, [named])
    if not configs:
        sys.exit(1)
    _, split = choose_part(HubName(wanted.name, None, wanted.split), configs)
    part = splits[split.name]
    few = part.select(range(min(PREVIEW_ROWS, len(part))))
    cells = stream_from({split.name: few}, wanted, "").table().preview
    rows = tuple({name: shortened(cell) for name, cell in row.items()} for row in cells)
    columns = columns_of(part.features.to_dict())
    dataset = HubDataset(
        wanted.name, configs, configs[0], split, columns, rows, None, tr("the local cache")
    )
    return Table(str(wanted), {"json": (_DATASET.dump_json(dataset).decode(),)})


MOST_PARTS = 1_000  # splits of all configurations


class _Part(BaseModel):
    config: str
    split: str


class _Splits(BaseModel):
    splits: list[_Part]


class _Count(BaseModel):
    num_examples: int | None = None


class _Info(BaseModel):
    splits: dict[str, _Count] | None = None
    download_size: int | None = None


class _Infos(BaseModel):
    dataset_info: dict[str, _Info] = {}


class _Feature(BaseModel):
    name: str
    type: Any = None


class _Row(BaseModel):
    row: dict[str, Any]


class _FirstRows(BaseModel):
    features: list[_Feature] = []
    rows: list[_Row] = []


def describe_dataset(name: str, config: str | None = None, split: str | None = None) -> HubDataset:
    """Describe the data set ``name``, with the first rows of ``config`` and ``split``.

    Args:
        name: NAME or OWNER/NAME, as typed: with ``hf:``, or as the address of its page.
        config: the configuration to look into; else its only or default one, or the first.
        split: the split to look into; else "train" or the first.

    Raises:
        UserError: within seconds, if it is no name, or nothing is known about it.
    """
    wanted = _parse_name(name, config, split)
    try:
        return _describe(wanted)
    except HubError as error:
        if (cached := describe_cached(wanted)) is not None:
            return cached
        if error.status in UNKNOWN:
            raise UserError(
                tr(
                    "{endpoint} knows no public data set {name}.",
                    endpoint=shown(endpoint()),
                    name=wanted.name,
                )
            ) from error
        raise UserError(
            tr(
                "What {name} holds cannot be asked of {server} ({error}), and it is not in the "
                "local cache; a local file can be given instead.",
                name=wanted.name,
                server=shown(server()),
                error=error,
            )
        ) from error


def server() -> str:
    """Where the hub describes its data sets: ``HF_DATASETS_SERVER``, else beside the hub."""
    beside = endpoint().replace("://", "://datasets-server.", 1)
    return (os.environ.get("HF_DATASETS_SERVER") or beside).rstrip("/")


def _parse_name(name: str, config: str | None, split: str | None) -> HubName:
    bare = name.strip().removeprefix(f"{endpoint()}/datasets/").removeprefix("hf:").rstrip("/")
    parsed = HubName.parse(f"hf:{bare}")
    return HubName(parsed.name, config or parsed.config, split or parsed.split)


def _describe(wanted: HubName) -> HubDataset:
    """Describe by the hub's three answers, of which the last two may be missing."""
    parts = _ask(_Splits, "splits", dataset=wanted.name).splits[:MOST_PARTS]
    infos = _ask_or_empty(_Infos, "info", dataset=wanted.name).dataset_info
    configs = nameable(wanted.name, _configs(parts, infos))
    if not configs:
        raise HubError(tr("it lists no split"))
    config, split = choose_part(wanted, configs)
    named = {"dataset": wanted.name, "config": config.name, "split": split.name}
    first = _ask_or_empty(_FirstRows, "first-rows", **named)
    columns = columns_of({feature.name: feature.type for feature in first.features})
    rows = tuple(cells_of(row.row, columns) for row in first.rows[:PREVIEW_ROWS])
    info = infos.get(config.name)
    download = info.download_size if info else None
    return HubDataset(wanted.name, configs, config, split, columns, rows, download, tr("the hub"))


def _configs(parts: list[_Part], infos: Mapping[str, _Info]) -> tuple[HubConfig, ...]:
    splits: dict[str, list[HubSplit]] = {}
    for part in parts:
        info = infos.get(part.config)
        count = (info.splits or {}).get(part.split) if info else None
        rows = count.num_examples if count else None
        splits.setdefault(part.config, []).append(HubSplit(part.split, rows))
    return tuple(HubConfig(name, tuple(of)) for name, of in splits.items())


Answer = TypeVar("Answer", bound=BaseModel)


def _ask_or_empty(kind: type[Answer], path: str, **query: str) -> Answer:
    try:
        return _ask(kind, path, **query)
    except HubError:
        return kind()


def _ask(kind: type[Answer], path: str, **query: str) -> Answer:
    url = f"{server()}/{path}?{urllib.parse.urlencode(query)}"
    try:
        return kind.model_validate_json(fetch(url, ANSWER_SECONDS))
    except (ValidationError, RecursionError) as error:
        raise HubError(tr("its answer cannot be understood")) from error


if __name__ == "__main__":
    sandbox.answer_parent(_describe_in_child)
