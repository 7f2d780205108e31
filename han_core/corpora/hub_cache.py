"""What the local cache holds of a data set of the hub, looked up in a process of its own.

`datasets` is imported in the child only, which works offline. It knows nothing about the
network.
"""

import json
import sys
from dataclasses import asdict
from typing import Any

from han_core.corpora import child
from han_core.corpora.hub import HubName, stream_from
from han_core.corpora.hub_offer import (
    HubConfig,
    HubOffer,
    HubSplit,
    chosen,
    columns_of,
    nameable,
    shortened,
)
from han_core.corpora.table import PREVIEW_ROWS, Table

SECONDS = 30.0


def cached_offer(wanted: HubName) -> HubOffer | None:
    """What the cache holds of ``wanted``; None where it holds nothing of it.

    Raises:
        WrongInput: if it holds the data set, and not that configuration or split.
    """
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    try:
        table = child.ask(__name__, asdict(wanted), seconds=SECONDS, environment=offline)
    except child.NoAnswer:
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
    return HubOffer(wanted.name, configs, config, split, columns, rows, None, "the local cache")


def _work(request: dict[str, Any]) -> Table:
    """One cell of JSON: the table is the only form of answer that a child has."""
    import datasets

    wanted = HubName(**request)
    try:
        splits = datasets.load_dataset(wanted.name, wanted.config)
    except Exception:  # `datasets` raises whatever its many back ends raise
        sys.exit(1)
    there = [HubSplit(name, part.num_rows) for name, part in splits.items()]
    _, split = chosen(
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


if __name__ == "__main__":
    child.answer(_work)
