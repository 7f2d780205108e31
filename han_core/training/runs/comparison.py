"""A table that compares runs, and the settings in which they differ."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from han_core.data.text_files import PREFIX, file_of
from han_core.models.architecture import Architecture
from han_core.models.registry import model_kind
from han_core.training.runs.plan import Plan
from han_core.training.runs.view import RunView


def runs_table(views: Sequence[RunView]) -> pd.DataFrame:
    """A row for each run; what is not known yet is missing.

    Columns: id, name, status, model, data, accuracy, macro_f1, loss (of the best epoch's
    validation), epochs ("3 of 8"), seconds (of training), device, checkpoint (its name among
    the published ones), made (UTC).
    """
    return pd.DataFrame([_row(view) for view in views], columns=list(_COLUMNS)).astype(_COLUMNS)


_COLUMNS = {
    "id": "str", "name": "str", "status": "str", "model": "str", "data": "str",
    "accuracy": "float64", "macro_f1": "float64", "loss": "float64",
    "epochs": "str", "seconds": "float64", "device": "str", "checkpoint": "str",
    "made": "datetime64[s, UTC]",
}  # fmt: skip


def _row(view: RunView) -> dict[str, object]:
    plan, best = view.plan, view.best
    return {
        "id": view.id,
        "name": view.name,
        "status": view.status,
        "model": model_of(plan) if plan else "",
        "data": data_name(plan.source.data) if plan else "",
        **(best["validation"] if best else {}),
        "epochs": f"{len(view.history)} of {view.epochs}",
        "seconds": round(view.seconds, 1),
        "device": view.device,
        "checkpoint": view.published or "",
        "made": pd.Timestamp(view.made, unit="s", tz="UTC"),
    }


def model_of(plan: Plan) -> str:
    """The kind of model: "HAN", "BiLSTM, dot attention"."""
    name = model_kind(plan.model).title
    return name if plan.attention in (None, "additive") else f"{name}, {plan.attention} attention"


def data_name(spec: str) -> str:
    """Data as people call them: a file without its folders."""
    if spec.startswith(("hf:", "bundled:")):
        return spec
    return PREFIX * spec.startswith(PREFIX) + Path(file_of(spec)).name


def labels_of(views: Sequence[RunView]) -> list[str]:
    """A name for each run that no other one here has: "mine", "mine (2)"."""
    labels: list[str] = []
    for view in views:
        label, number = view.name, 1
        while label in labels:
            number += 1
            label = f"{view.name} ({number})"
        labels.append(label)
    return labels


def differences(views: Sequence[RunView]) -> pd.DataFrame:
    """What was asked for differently: a row for each such setting, a column for each run.

    All values are text, in the order of ``settings_of``; a run whose plan is damaged is left
    out.
    """
    planned = [view for view in views if view.plan]
    told = [settings_of(view.plan) for view in planned if view.plan]
    names = list(dict.fromkeys(name for settings in told for name in settings))
    rows = {name: [settings.get(name, "") for settings in told] for name in names}
    different = {name: values for name, values in rows.items() if len(set(values)) > 1}
    return pd.DataFrame.from_dict(
        different, orient="index", columns=labels_of(planned), dtype="str"
    )


def settings_of(plan: Plan) -> dict[str, str]:
    """All that a plan asks for, defaults included, as text by name; "" for nothing."""
    settings, sizes, text = plan.parsed()
    usual = Architecture(model=plan.model, vocabulary_size=2, classes=2).model_dump(
        exclude={"model", "attention", "vocabulary_size", "classes"}
    )
    source = plan.source
    values: dict[str, object] = {
        "model": plan.model,
        "attention": plan.attention,
        "data": data_name(source.data),
        "validation": data_name(source.validation),
        "test": source.test and data_name(source.test),
        "text_column": source.text_column,
        "label_column": source.label_column,
        "split_column": source.split_column,
        "group_column": source.group_column,
        "split_seed": source.split_seed,
        "unlabelled": source.unlabelled and data_name(source.unlabelled),
        "limit": source.limit,
        **settings.model_dump(),
        "teachers": settings.teachers if source.unlabelled or settings.stretches else None,
        **usual,
        **sizes,
        **text.model_dump(),
        "device": plan.device,
    }
    return {name: _as_text(value) for name, value in values.items()}


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
