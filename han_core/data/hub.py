"""Data sets of the Hugging Face hub, from the local cache or from the network.

`datasets` is imported in a child process only: it retries for minutes where
there is no network, and prefers a local folder to a data set of the same name.
The child works in an empty folder, first offline; the hub is asked whether it
can be reached, and knows the name, before anything waits on it.
"""

import os
import re
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from http.client import HTTPException
from typing import Any

import pyarrow as pa

from han_core.data import sandbox
from han_core.data.parquet import BATCH_ROWS, batch_in_words, class_names, readable_columns
from han_core.data.stream import Stream
from han_core.data.table import Table
from han_core.runtime.errors import UserError, listed, shown
from han_core.runtime.messages import tr

ANSWER_SECONDS = 5.0  # for each question to the hub
LARGEST_ANSWER = 8_000_000  # bytes
UNKNOWN = (401, 404)  # 401 is what the hub says of names that it does not know
CACHE_SECONDS = 5 * 60
DOWNLOAD_SECONDS = 30 * 60
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}

_SEGMENT = r"[A-Za-z0-9](?:[\w-]|\.(?!\.)){0,95}"
_SPEC = re.compile(
    rf"hf:(?P<name>{_SEGMENT}(?:/{_SEGMENT})?)(?:/(?P<config>{_SEGMENT}))?"
    r"(?:@(?P<split>\w+(?:\.\w+)*))?",
    re.ASCII,
)


@dataclass(frozen=True)
class HubName:
    """Which data set of the hub, and which part of it."""

    name: str
    config: str | None
    split: str | None

    @classmethod
    def parse(cls, spec: str) -> "HubName":
        match = _SPEC.fullmatch(spec)
        if match is None:
            raise UserError(
                tr(
                    '"{spec}" does not name a data set of the hub; hf:NAME, hf:OWNER/NAME or '
                    "hf:OWNER/NAME/CONFIG was expected, each with an optional @SPLIT.",
                    spec=shown(spec),
                )
            )
        return cls(match["name"], match["config"], match["split"])

    def __str__(self) -> str:
        parts = (self.name, self.config and f"/{self.config}", self.split and f"@{self.split}")
        return "hf:" + "".join(part or "" for part in parts)


def read_hub(spec: str, default_split: str = "train") -> Table:
    """The table that `spec` names; `default_split` is taken where it names no split."""
    wanted = HubName.parse(spec)
    request = {"name": str(wanted), "default_split": default_split, "wanted": asdict(wanted)}
    try:
        return sandbox.run_in_child(
            __name__, {**request, "offline": True}, seconds=CACHE_SECONDS, environment=OFFLINE
        )
    except sandbox.NoAnswer:
        refuse_unless_known(wanted.name)
    try:
        return sandbox.run_in_child(
            __name__,
            {**request, "offline": False},
            seconds=DOWNLOAD_SECONDS,
            environment={},
            progress=True,
        )
    except sandbox.NoAnswer as error:
        if error.status is None:
            late = tr("{name} could not be loaded from {hub} within {minutes} minutes.",
                      name=wanted, hub=endpoint(), minutes=DOWNLOAD_SECONDS // 60)  # fmt: skip
            raise UserError(late) from error
        raise UserError(
            tr("{wanted} could not be loaded from {endpoint}.", wanted=wanted, endpoint=endpoint())
        ) from error


def endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def refuse_unless_known(name: str) -> None:
    """Refuse within seconds where the hub cannot be reached or does not know the name."""
    try:
        fetch(f"{endpoint()}/api/datasets/{name}", ANSWER_SECONDS)
    except HubError as error:
        if error.status in UNKNOWN:
            raise UserError(
                tr(
                    "{endpoint} knows no public data set {name}.",
                    endpoint=shown(endpoint()),
                    name=name,
                )
            ) from error
        raise UserError(
            tr(
                "{name} cannot be loaded from the local cache, nor can {endpoint} be reached "
                "({error}); a local file (.parquet, .csv, .tsv or .jsonl) can be given instead.",
                name=name,
                endpoint=shown(endpoint()),
                error=error,
            )
        ) from error


class HubError(Exception):
    """The hub gave no answer that can be used; the message says why."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


def fetch(url: str, seconds: float) -> bytes:
    """The content at ``url``, within ``seconds``.

    Raises:
        HubError: if there is none, or more than ``LARGEST_ANSWER`` bytes.
    """
    answer: Future[bytes] = Future()

    def load() -> None:
        try:
            answer.set_result(_load(url, seconds))
        except HubError as error:
            answer.set_exception(error)

    # In a thread because looking up the hub's address has no time limit of its own.
    threading.Thread(target=load, daemon=True).start()
    try:
        return answer.result(seconds)
    except TimeoutError:
        raise HubError(tr("no answer within {seconds:g} seconds", seconds=seconds)) from None


def _load(url: str, seconds: float) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:
            content = response.read(LARGEST_ANSWER + 1)
    except urllib.error.HTTPError as error:
        raise HubError(tr("status {code}", code=error.code), error.code) from error
    except (OSError, ValueError, HTTPException) as error:
        raise HubError(plain_reason(error)) from error
    if len(content) > LARGEST_ANSWER:
        raise HubError(tr("its answer is too long"))
    return bytes(content)


def plain_reason(error: BaseException) -> str:
    """What went wrong first, on one line: libraries wrap it several times over."""
    seen = {id(error)}
    while (inner := error.__cause__ or error.__context__) and id(inner) not in seen:
        error = inner
        seen.add(id(error))
    return shown(" ".join(str(error).split()) or type(error).__name__, 200)


def stream_from(splits: Mapping[str, Any], wanted: HubName, default_split: str) -> Stream:
    """One split of what `datasets` loaded, with class numbers as their names."""
    name = choose_split(tuple(splits), wanted, default_split)
    split = splits[name]
    schema = split.features.arrow_schema
    columns, lists = readable_columns(schema)
    title = str(HubName(wanted.name, wanted.config, name))
    return Stream(title, columns, _batches(split, columns, class_names(schema)), lists)


def _batches(
    split: Any, columns: Sequence[str], classes: Mapping[str, Sequence[str]]
) -> Iterator[pa.RecordBatch]:
    for table in split.with_format("arrow").iter(BATCH_ROWS):
        for batch in table.to_batches():
            yield batch_in_words(batch, columns, classes)


def choose_split(names: Sequence[str], wanted: HubName, default_split: str) -> str:
    split = wanted.split or (names[0] if len(names) == 1 else default_split)
    if split not in names:
        raise UserError(
            tr(
                '{wanted} has no split "{split}"; it has: {names}.',
                wanted=wanted,
                split=shown(split),
                names=listed(names),
            )
        )
    return split


def _load_in_child(request: dict[str, Any]) -> Stream:
    import datasets

    wanted = HubName(**request["wanted"])
    try:
        splits = datasets.load_dataset(wanted.name, wanted.config)
    except Exception as error:  # `datasets` raises whatever its many back ends raise
        if request["offline"]:
            sys.exit(1)  # not in the cache: the parent asks the hub next
        raise UserError(
            tr(
                "{wanted} could not be loaded: {reason}",
                wanted=wanted,
                reason=plain_reason(error),
            )
        ) from error
    return stream_from(splits, wanted, request["default_split"])


if __name__ == "__main__":
    sandbox.answer_parent(_load_in_child)
