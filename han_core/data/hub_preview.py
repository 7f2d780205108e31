"""What a data set of the hub holds: configurations, splits, columns and first rows.

A few kilobytes from the hub's own description of its data sets, else from the local cache, which
a child process reads offline.
"""

import json
import os
import queue
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from http.client import HTTPException
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from han_core.data import sandbox
from han_core.data.hub import HubName, endpoint, plain_reason, stream_from
from han_core.data.table import MOST_COLUMNS, PREVIEW_ROWS, Table, in_words
from han_core.runtime.errors import UserError, listed, shown

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
class HubDataset:
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


def choose_part(wanted: HubName, configs: Sequence[HubConfig]) -> tuple[HubConfig, HubSplit]:
    """The part to look into, of at least one.

    Raises:
        UserError: if ``wanted`` names a configuration or a split that there is not.
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
        raise UserError(f'{refusal} "{shown(name)}"; it has: {listed(tuple(there))}.')
    return there[name]


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


CACHED_SECONDS = 30.0


def describe_cached(wanted: HubName) -> HubDataset | None:
    """What the cache holds of ``wanted``; None where it holds nothing of it.

    Raises:
        UserError: if it holds the data set, and not that configuration or split.
    """
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    try:
        table = sandbox.run_in_child(
            __name__, asdict(wanted), seconds=CACHED_SECONDS, environment=offline
        )
    except sandbox.NoAnswer:
        return None
    found = json.loads(table.column("offer")[0])
    splits = tuple(HubSplit(name, rows) for name, rows in found["splits"].items())
    configs = nameable(wanted.name, [HubConfig(found["config"], splits)])
    if not configs:
        return None
    config = configs[0]
    split = next(split for split in splits if split.name == found["split"])
    columns = columns_of(found["features"])
    rows = tuple(found["rows"])
    return HubDataset(wanted.name, configs, config, split, columns, rows, None, "the local cache")


def _work(request: dict[str, Any]) -> Table:
    """One cell of JSON: the table is the only form of answer that a child has."""
    import datasets

    wanted = HubName(**request)
    try:
        splits = datasets.load_dataset(wanted.name, wanted.config)
    except Exception:  # `datasets` raises whatever its many back ends raise
        sys.exit(1)
    there = [HubSplit(name, part.num_rows) for name, part in splits.items()]
    _, split = choose_part(
        HubName(wanted.name, None, wanted.split), [HubConfig("default", tuple(there))]
    )
    part = splits[split.name]
    few = part.select(range(min(PREVIEW_ROWS, len(part))))
    first = stream_from({split.name: few}, wanted, "").table()
    found = {
        "config": part.info.config_name or "default",
        "splits": {split.name: split.rows for split in there},
        "split": split.name,
        "features": part.features.to_dict(),
        "rows": [{name: shortened(cell) for name, cell in row.items()} for row in first.preview],
    }
    return Table(str(wanted), {"offer": (json.dumps(found),)})


PREVIEW_SECONDS = 5.0  # for each of three questions
LARGEST_ANSWER = 8_000_000  # bytes
MOST_PARTS = 1_000  # splits of all configurations

T = TypeVar("T")


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
    dataset_info: dict[str, _Info]


class _Feature(BaseModel):
    name: str
    type: Any = None


class _Row(BaseModel):
    row: dict[str, Any]


class _FirstRows(BaseModel):
    features: list[_Feature]
    rows: list[_Row]


class _NoAnswer(Exception):
    """The hub said nothing that can be used; the message says why."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


def describe_dataset(name: str, config: str | None = None, split: str | None = None) -> HubDataset:
    """What can be taken from the data set ``name``, and how ``config`` and ``split`` begin.

    Args:
        name: NAME or OWNER/NAME, as typed: with ``hf:``, or as the address of its page.
        config: the configuration to look into; else its only or default one, or the first.
        split: the split to look into; else "train" or the first.

    Raises:
        UserError: within seconds, if it is no name, or nothing is known about it.
    """
    wanted = _wanted(name, config, split)
    try:
        return _described(wanted)
    except _NoAnswer as error:
        if (offer := describe_cached(wanted)) is not None:
            return offer
        if error.status in (401, 404):
            raise UserError(
                f"{shown(endpoint())} knows no public data set {wanted.name}."
            ) from error
        raise UserError(
            f"What {wanted.name} holds cannot be asked of {shown(server())} ({error}), and it is "
            "not in the local cache; a local file can be given instead."
        ) from error


def server() -> str:
    """Where the hub describes its data sets: ``HF_DATASETS_SERVER``, else beside the hub."""
    given = os.environ.get("HF_DATASETS_SERVER")
    return (given or endpoint().replace("://", "://datasets-server.", 1)).rstrip("/")


def _wanted(name: str, config: str | None, split: str | None) -> HubName:
    bare = name.strip().removeprefix(f"{endpoint()}/datasets/").removeprefix("hf:").rstrip("/")
    parsed = HubName.parse(f"hf:{bare}")
    return HubName(parsed.name, config or parsed.config, split or parsed.split)


def _described(wanted: HubName) -> HubDataset:
    """The offer by the hub's three answers, of which the last two may be missing."""
    parts = _ask(_Splits, "splits", dataset=wanted.name).splits[:MOST_PARTS]
    infos = _asked_or(_Infos(dataset_info={}), "info", dataset=wanted.name).dataset_info
    configs = nameable(wanted.name, _configs(parts, infos))
    if not configs:
        raise _NoAnswer("it lists no split")
    config, split = choose_part(wanted, configs)
    first = _asked_or(
        _FirstRows(features=[], rows=[]),
        "first-rows",
        dataset=wanted.name,
        config=config.name,
        split=split.name,
    )
    columns = columns_of({feature.name: feature.type for feature in first.features})
    rows = tuple(cells_of(row.row, columns) for row in first.rows[:PREVIEW_ROWS])
    info = infos.get(config.name)
    download = info.download_size if info else None
    return HubDataset(wanted.name, configs, config, split, columns, rows, download, "the hub")


def _configs(parts: list[_Part], infos: Mapping[str, _Info]) -> tuple[HubConfig, ...]:
    splits: dict[str, list[HubSplit]] = {}
    for part in parts:
        info = infos.get(part.config)
        count = (info.splits or {}).get(part.split) if info else None
        found = HubSplit(part.split, count.num_examples if count else None)
        splits.setdefault(part.config, []).append(found)
    return tuple(HubConfig(name, tuple(of)) for name, of in splits.items())


Answer = TypeVar("Answer", bound=BaseModel)


def _asked_or(otherwise: Answer, path: str, **query: str) -> Answer:
    try:
        return _ask(type(otherwise), path, **query)
    except _NoAnswer:
        return otherwise


def _ask(kind: type[Answer], path: str, **query: str) -> Answer:
    url = f"{server()}/{path}?{urllib.parse.urlencode(query)}"
    try:
        return kind.model_validate_json(_in_time(lambda: _fetched(url)))
    except (ValidationError, RecursionError) as error:
        raise _NoAnswer("its answer cannot be understood") from error


def _in_time(work: Callable[[], T]) -> T:
    """What ``work`` gives; in a thread, because looking up an address has no time limit."""
    answers: queue.Queue[T | _NoAnswer] = queue.Queue()

    def answer() -> None:
        try:
            answers.put(work())
        except _NoAnswer as error:
            answers.put(error)

    threading.Thread(target=answer, daemon=True).start()
    try:
        found = answers.get(timeout=PREVIEW_SECONDS)
    except queue.Empty:
        raise _NoAnswer(f"no answer within {PREVIEW_SECONDS:g} seconds") from None
    if isinstance(found, _NoAnswer):
        raise found
    return found


def _fetched(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=PREVIEW_SECONDS) as response:
            data = response.read(LARGEST_ANSWER + 1)
    except urllib.error.HTTPError as error:
        raise _NoAnswer(f"status {error.code}", error.code) from error
    except (OSError, ValueError, HTTPException) as error:
        raise _NoAnswer(plain_reason(error)) from error
    if len(data) > LARGEST_ANSWER:
        raise _NoAnswer("its answer is too long")
    return data


if __name__ == "__main__":
    sandbox.answer_parent(_work)
