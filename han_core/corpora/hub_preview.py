"""What a data set of the hub holds, before anything of it is downloaded whole.

Configurations, splits with their rows, columns, and the first rows: a few kilobytes, from
the hub's own description of its data sets, else from the local cache. It does not read
the data; `hub` does.
"""

import os
import queue
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from han_core.corpora.hub import HubName, endpoint, plain_reason
from han_core.corpora.hub_cache import cached_offer
from han_core.corpora.hub_offer import (
    HubConfig,
    HubOffer,
    HubSplit,
    cells_of,
    chosen,
    columns_of,
    nameable,
)
from han_core.corpora.table import PREVIEW_ROWS
from han_core.corpora.wording import shown
from han_core.wrong_input import WrongInput

__all__ = ["HubConfig", "HubOffer", "HubSplit", "hub_offer"]

SECONDS = 5.0  # for each of three questions
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


def hub_offer(name: str, config: str | None = None, split: str | None = None) -> HubOffer:
    """What can be taken from the data set ``name``, and how ``config`` and ``split`` begin.

    Args:
        name: NAME or OWNER/NAME, as typed: with ``hf:``, or as the address of its page.
        config: the configuration to look into; else its only or default one, or the first.
        split: the split to look into; else "train" or the first.

    Raises:
        WrongInput: within seconds, if it is no name, or nothing is known about it.
    """
    wanted = _wanted(name, config, split)
    try:
        return _described(wanted)
    except _NoAnswer as error:
        if (offer := cached_offer(wanted)) is not None:
            return offer
        if error.status in (401, 404):
            raise WrongInput(
                f"{shown(endpoint())} knows no public data set {wanted.name}."
            ) from error
        raise WrongInput(
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


def _described(wanted: HubName) -> HubOffer:
    """The offer by the hub's three answers, of which the last two may be missing."""
    parts = _ask(_Splits, "splits", dataset=wanted.name).splits[:MOST_PARTS]
    infos = _asked_or(_Infos(dataset_info={}), "info", dataset=wanted.name).dataset_info
    configs = nameable(wanted.name, _configs(parts, infos))
    if not configs:
        raise _NoAnswer("it lists no split")
    config, split = chosen(wanted, configs)
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
    return HubOffer(wanted.name, configs, config, split, columns, rows, download, "the hub")


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
        found = answers.get(timeout=SECONDS)
    except queue.Empty:
        raise _NoAnswer(f"no answer within {SECONDS:g} seconds") from None
    if isinstance(found, _NoAnswer):
        raise found
    return found


def _fetched(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as response:
            data = response.read(LARGEST_ANSWER + 1)
    except urllib.error.HTTPError as error:
        raise _NoAnswer(f"status {error.code}", error.code) from error
    except (OSError, ValueError, HTTPException) as error:
        raise _NoAnswer(plain_reason(error)) from error
    if len(data) > LARGEST_ANSWER:
        raise _NoAnswer("its answer is too long")
    return data
