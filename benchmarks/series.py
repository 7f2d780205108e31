"""Series beside nearest neighbours (DTW) and ROCKET of aeon, on published data sets.

``python -m benchmarks.series [--seeds N] [--only NAME]`` needs ``pip install aeon==1.6.0
faraway==0.0.6``, which bring the data too: Italy Power Demand, Basic Motions and Japanese Vowels
(UCR and UEA archives), and Tecator (``meatspec``), of which the first 172 curves are learnt from
and the last 43 predicted. One JSON line for each data set and method: accuracy or r² of each seed.
"""

import argparse
import io
import json
import logging
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module, resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score

from han_core.data.series import SeriesSet, read_series
from han_core.data.series_splits import split_series
from han_core.runtime.errors import UserError
from han_core.training.callbacks import UNWATCHED
from han_core.training.loop import LoopSettings
from han_core.training.series import SeriesRequest, train_series


@dataclass(frozen=True)
class Benchmark:
    """A data set, and how this program learns it; chosen on its training series alone.

    Attributes:
        load: training and test series.
        loop, sizes: what differs from the defaults.
        validation: share of the training series by which the epoch is chosen; 0 keeps the last.
    """

    load: Callable[[], tuple[SeriesSet, SeriesSet]]
    task: str = "classification"
    loop: Mapping[str, object] = field(default_factory=dict)
    sizes: Mapping[str, object] = field(default_factory=dict)
    validation: float = 0.0


def archived(name: str) -> tuple[SeriesSet, SeriesSet]:
    """Return training and test series of a set that comes with aeon."""
    folder = resources.files("aeon.datasets") / "data" / name
    train, test = (read_series(str(folder / f"{name}_{part}.ts")) for part in ("TRAIN", "TEST"))
    return train, test


def tecator() -> tuple[SeriesSet, SeriesSet]:
    """Return absorbances at 100 wavelengths with the fat of the meat in percent."""
    path = resources.files("faraway") / "datasets" / "meatspec" / "meatspec.csv.bz2"
    table = pd.read_csv(io.BytesIO(path.read_bytes()), compression="bz2")
    curves = table.filter(regex=r"^V\d+$").to_numpy(np.float32)
    whole = SeriesSet(
        "Tecator",
        ("absorbance",),
        tuple(curve[:, None] for curve in curves),
        tuple(map(str, table["fat"])),
        tuple(map(str, range(len(table)))),
    )
    return whole.take(range(172)), whole.take(range(172, len(table)))


BENCHMARKS = {
    "JapaneseVowels": Benchmark(lambda: archived("JapaneseVowels"), validation=0.1),
    "BasicMotions": Benchmark(lambda: archived("BasicMotions")),
    "ItalyPowerDemand": Benchmark(
        lambda: archived("ItalyPowerDemand"), loop={"epochs": 120}, sizes={"slope": True}
    ),
    "Tecator": Benchmark(
        tecator,
        "regression",
        loop={"epochs": 120},
        sizes={"scale_each": True, "slope": True, "dropout": 0.0},
    ),
}


def own(benchmark: Benchmark, seed: int) -> float:
    """Train this program's network, and return accuracy or r² on the test series."""
    train, test = benchmark.load()
    keep = "best" if benchmark.validation else "last"
    settings = LoopSettings.model_validate({"keep": keep, **benchmark.loop, "seed": seed})
    by_class = benchmark.task == "classification"
    parts = split_series(train, benchmark.validation, 0, seed, by_class)
    training = parts["training"]
    assert training is not None
    with tempfile.TemporaryDirectory() as folder:
        request = SeriesRequest(
            training, parts["validation"], test, benchmark.task, benchmark.sizes, settings,
            Path(folder) / "run",
        )  # fmt: skip
        reached = train_series(request, torch.device("cpu"), UNWATCHED)["test"]
    return reached["accuracy" if by_class else "r2"]


def rivals(regression: bool) -> dict[str, Callable[[int], Any]]:
    """Return what makes each other method of a seed."""
    kind, ending = ("regression", "Regressor") if regression else ("classification", "Classifier")
    near = getattr(import_module(f"aeon.{kind}.distance_based"), f"KNeighborsTimeSeries{ending}")
    rocket = getattr(import_module(f"aeon.{kind}.convolution_based"), f"Rocket{ending}")
    made: dict[str, Callable[[int], Any]] = {
        "nearest neighbour (DTW)": lambda seed: near(distance="dtw", n_neighbors=1),
        "ROCKET": lambda seed: rocket(random_state=seed),
    }
    if regression:
        made["ridge on all steps"] = lambda seed: RidgeCV(np.logspace(-6, 3, 19))
    return made


def collection(data: SeriesSet, length: int) -> np.ndarray:
    """(series, channels, steps), shorter ones filled with zeros at their ends."""
    filled = np.zeros((len(data), len(data.channels), length))
    for row, series in enumerate(data.values):
        filled[row, :, : len(series)] = series.T
    return filled


def other(make: Callable[[int], Any], benchmark: Benchmark, seed: int) -> float:
    """Fit another method, and return accuracy or r² on the test series."""
    train, test = benchmark.load()
    longest = max(map(len, (*train.values, *test.values)))
    values = [collection(part, longest) for part in (train, test)]
    method = make(seed)
    if isinstance(method, RidgeCV):
        values = [part.reshape(len(part), -1) for part in values]
    if benchmark.task == "regression":
        method.fit(values[0], train.numbers())
        return float(r2_score(test.numbers(), method.predict(values[1])))
    method.fit(values[0], np.array(train.targets))
    return float((method.predict(values[1]) == np.array(test.targets)).mean())


def measured(name: str, method: str, run: Callable[[int], float], seeds: int) -> dict:
    """Return the figures of a method over seeds, with processor seconds of one."""
    started = time.process_time()
    reached = [run(seed) for seed in range(seeds)]
    spread = float(np.std(reached, ddof=1)) if seeds > 1 else 0.0
    return {
        "data": name,
        "method": method,
        "mean": float(np.mean(reached)),
        "standard_deviation": spread,
        "seeds": reached,
        "seconds": round((time.process_time() - started) / seeds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=BENCHMARKS, help="one data set")
    options = parser.parse_args()
    if not (find_spec("aeon") and find_spec("faraway")):
        raise UserError("This needs pip install aeon==1.6.0 faraway==0.0.6.")
    logging.getLogger("numba").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    for name in [options.only] if options.only else BENCHMARKS:
        benchmark = BENCHMARKS[name]
        runs = {"attention": partial(own, benchmark)}
        for method, make in rivals(benchmark.task == "regression").items():
            runs[method] = partial(other, make, benchmark)
        for method, run in runs.items():
            print(json.dumps(measured(name, method, run, options.seeds)), flush=True)


if __name__ == "__main__":
    main()
