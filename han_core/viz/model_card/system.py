"""The model card of a system beside the text classifiers, from its configuration and metrics.

Its README holds no other sentence than those made here and the ``note`` of ``metrics.json``.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np

from han_core.models.checkpoint import README, WEIGHTS, find_folder, read_metrics
from han_core.models.registry import count_parameters
from han_core.models.system_folder import System, SystemConfig, blank_system, read_system_config
from han_core.runtime.atomic_io import current_folder, write_atomically
from han_core.runtime.errors import UserError, counted, listed, shown, system_errors
from han_core.runtime.messages import mark, speaking, tr
from han_core.viz.model_card.content import Section, Table
from han_core.viz.model_card.known import (
    LONGEST_TEXT,
    MOST,
    count_of,
    counts_of,
    settings_of,
    text_of,
)
from han_core.viz.model_card.readme import assembled
from han_core.viz.model_card.sections import part_size, recipe

PARTS = {"test": mark("test"), "validation": mark("validation")}
SHARES = {
    "accuracy", "accuracy_text_alone", "accuracy_image_alone", "exact", "precision", "recall",
    "aer",
}  # fmt: skip
"""Figures from 0 to 1 that are read as percentages."""

FIGURE_NAMES = {
    "macro_f1": mark("macro F1"), "r2": "r²", "rmse": "RMSE", "mae": "MAE", "bleu": "BLEU",
    "chrf": "chrF", "accuracy_text_alone": mark("accuracy, text alone"),
    "accuracy_image_alone": mark("accuracy, picture alone"),
}  # fmt: skip


@dataclass(frozen=True)
class SystemFacts:
    """What a checkpoint folder records of a system's model and its training.

    Attributes:
        sizes: the fields of the configuration that this system adds.
        examples: what the data are called, "" where that is not recorded.
        counts: train, validation and test → how many.
        figures: test and validation → name → figure, where there are some.
        seeds: (seed, figures) of runs that differ in the seed alone.
        settings: of the run, those that are not the usual ones; ``seed`` stands apart.
        license: as hubs spell it; "" where it is not recorded.
        parameters, bytes: of the weights, as numbers and as a file.
    """

    name: str
    system: System
    config: SystemConfig
    sizes: Mapping[str, str]
    dataset: str
    examples: str
    counts: Mapping[str, int]
    figures: Mapping[str, Mapping[str, float]]
    seeds: tuple[tuple[int, Mapping[str, float]], ...]
    seed: int | None
    date: str
    settings: Mapping[str, str]
    command: str
    notes: Mapping[str, str]
    license: str
    parameters: int
    bytes: int


def system_facts(folder: str | Path, system: System) -> SystemFacts:
    """Return the facts of the checkpoint in ``folder``, or of that name.

    Raises:
        UserError: if there is none or its configuration does not fit.
    """
    location = find_folder(folder)
    path = current_folder(location)
    config, metrics = read_system_config(path, system), read_metrics(path)
    if not (path / WEIGHTS).is_file():
        raise UserError(tr("{name} has no {file}.", name=location.name, file=WEIGHTS))
    counts = {name: counts_of(value) for name, value in metrics.items() if _is_counts(value)}
    examples = next(iter(counts), "")
    note = text_of(metrics.get("note"), LONGEST_TEXT)
    return SystemFacts(
        name=location.name,
        system=system,
        config=config,
        sizes=_sizes(config),
        dataset=text_of(metrics.get("dataset")),
        examples=shown(examples),
        counts=counts.get(examples, {}),
        figures={part: found for part in PARTS if (found := _figures(metrics.get(part)))},
        seeds=_seeds(metrics.get("seeds")),
        seed=count_of(metrics.get("seed")),
        date=text_of(metrics.get("date")),
        settings={k: v for k, v in settings_of(metrics.get("settings")).items() if k != "seed"},
        command=text_of(metrics.get("reproduce"), LONGEST_TEXT),
        notes={"note": note} if note else {},
        license=text_of(metrics.get("license")),
        parameters=count_parameters(blank_system(config, system)),
        bytes=(path / WEIGHTS).stat().st_size,
    )


def _is_counts(value: object) -> bool:
    """Whether these are the numbers of training, validation and test examples."""
    return isinstance(value, dict) and {"train", "validation", "test"} <= set(value)


def _sizes(config: SystemConfig) -> dict[str, str]:
    """The numbers and words among its own fields; lists such as a vocabulary are left out."""
    own = config.model_dump(exclude=set(SystemConfig.model_fields))
    return settings_of({k: v for k, v in own.items() if isinstance(v, str | int | float)})


def _figures(value: object) -> dict[str, float]:
    pairs = list(value.items())[:MOST] if isinstance(value, dict) else []
    return {
        shown(name): float(one)
        for name, one in pairs
        if isinstance(one, int | float) and not isinstance(one, bool) and isfinite(one)
    }


def _seeds(value: object) -> tuple[tuple[int, Mapping[str, float]], ...]:
    runs = []
    for run in value[:MOST] if isinstance(value, list) else ():
        if isinstance(run, dict) and (seed := count_of(run.get("seed"))) is not None:
            runs.append((seed, _figures(run.get("test"))))
    return tuple(runs)


def system_sections(facts: SystemFacts) -> tuple[Section, ...]:
    """Return the model, its figures, and how it was made."""
    made = recipe(facts.seed, facts.date, facts.settings, (), facts.command)
    notes = [Section(tr("Notes"), tuple(facts.notes.values()))] if facts.notes else []
    return (_model(facts), _reached(facts), *notes, made)


def _model(facts: SystemFacts) -> Section:
    half = facts.config.weights == "float16"
    precision = tr("half precision") if half else tr("single precision")
    counts = tr(", ").join(part_size(name, n) for name, n in facts.counts.items() if n)
    rows = [
        (tr("Kind"), tr(facts.system.title)),
        (tr("Input"), tr(facts.system.input)),
        (tr("Output"), tr(facts.system.output)),
        *([(tr("Classes"), listed(facts.config.labels))] if facts.config.labels else []),
        (tr("Data"), facts.dataset or tr("not recorded")),
        (tr(facts.examples.capitalize()) or tr("Examples"), counts or tr("not recorded")),
        *((name.replace("_", " ").capitalize(), value) for name, value in facts.sizes.items()),
        (
            tr("Size"),
            tr(
                "{count:,} parameters in {precision}, {size:.1f} MB",
                count=facts.parameters, precision=precision, size=facts.bytes / 1e6,
            ),
        ),
    ]  # fmt: skip
    return Section(tr("The model"), tables=(Table((tr("Checkpoint"), facts.name), tuple(rows)),))


def _reached(facts: SystemFacts) -> Section:
    if not facts.figures:
        return Section(tr("Figures"), (tr("It was not tested."),))
    names = list(dict.fromkeys(name for part in facts.figures.values() for name in part))
    rows = [
        (tr(PARTS.get(part, part)), *(_cell(name, figures.get(name)) for name in names))
        for part, figures in facts.figures.items()
    ]
    header = (tr("Part"), *map(figure_name, names))
    tables = (Table(header, tuple(rows)),)
    return Section(tr("Figures"), tuple(_over_seeds(facts)), tables)


def figure_name(name: str) -> str:
    return tr(FIGURE_NAMES.get(name, name.replace("_", " ")))


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2%}" if name in SHARES else f"{value:.4g}"


def _over_seeds(facts: SystemFacts) -> Iterator[str]:
    """A sentence for the first figure that all runs have: mean, spread and range."""
    runs = [figures for _, figures in facts.seeds]
    common = [name for name in (runs[0] if runs else ()) if all(name in run for run in runs)]
    if len(runs) < 2 or not common:
        return
    name = common[0]
    reached = np.array([run[name] for run in runs])
    mean, least, most = (
        _cell(name, float(v)) for v in (reached.mean(), reached.min(), reached.max())
    )
    spread = reached.std(ddof=1)
    deviation = f"{spread:.2g}"
    if name in SHARES:
        deviation = tr("{number:.2f} points", number=100 * spread)
    yield tr(
        "Over {seeds} the test's {figure} is {mean} at the mean, {least} to {most} (standard "
        "deviation {deviation}).",
        seeds=counted(len(runs), "seed"), figure=figure_name(name), mean=mean, least=least,
        most=most, deviation=deviation,
    )  # fmt: skip


def write_system_card(folder: str | Path, system: System) -> Path:
    """Write the README of the checkpoint in ``folder``, or of that name, and return its path.

    Raises:
        UserError: as ``system_facts``, or if the disk does not take it.
    """
    facts, there = system_facts(folder, system), current_folder(find_folder(folder))
    with speaking("en"):  # whoever reads the file
        written = system_readme(facts)
    with system_errors(tr("The card of {name} cannot be written", name=facts.name)):
        write_atomically(there / README, written.encode("utf-8"))
    return there / README


def system_readme(facts: SystemFacts) -> str:
    """Return the whole file: the hub's lines, a heading, the sections, how to use it."""
    tags = ["attention", "explainability", facts.system.title.lower().replace(" ", "-")]
    lines = ["---", 'library_name: "hanscope"', f"tags: {json.dumps(tags)}"]  # not shown
    if facts.license:
        lines.append(f"license: {json.dumps(facts.license)}")  # not shown
    command = f"python -m han_core {facts.system.use} --checkpoint {facts.name}"
    return assembled(
        "\n".join([*lines, "---"]), facts.name, system_sections(facts), f"{command} --input FILE"
    )
