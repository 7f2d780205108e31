"""The report of ``on_gpu`` as Markdown."""

COLUMNS = {
    "model": "model",
    "attention": "attention",
    "mixed_precision": "mixed precision",
    "train_documents_per_second": "training, documents/s",
    "train_vs_textbook": "× textbook",
    "train_peak_mb": "peak MB",
    "predict_documents_per_second": "prediction, documents/s",
    "predict_vs_textbook": "× textbook",
    "predict_peak_mb": "peak MB",
    "reason": "remark",
}


def markdown(report: dict) -> str:
    """Return the machine, then a table each of steps, models and the figures of bench."""
    cuda = f", CUDA {report['cuda']}" if report["cuda"] else ""
    lines = [
        "# On a GPU",
        "",
        f"{report['date']}, {report['device_name']}, torch {report['torch']}{cuda}; "
        f"{report['seconds']:.0f} of {report['budget_seconds']:.0f} seconds.",
    ]
    lines += ["", report["note"]] if report["note"] else []
    steps = [(s["name"], s["state"], s["seconds"], s["reason"]) for s in report["steps"]]
    lines += ["", *_table(("step", "state", "seconds", "remark"), steps)]
    if tests := report["tests"]:
        counts = ", ".join(f"{tests[name]} {name}" for name in ("passed", "failed", "skipped"))
        lines += ["", f"Tests: {counts}.", *(f"* {name}" for name in tests["failures"])]
    if report["models"]:
        rows = [tuple(line.get(name) for name in COLUMNS) for line in report["models"]]
        lines += ["", *_table(tuple(COLUMNS.values()), rows)]
    if report["bench"]:
        lines += ["", *_table(("bench", "figure"), list(report["bench"].items()))]
    return "\n".join(lines) + "\n"


def _table(head: tuple[str, ...], rows: list[tuple]) -> list[str]:
    return [_line(head), _line(("---",) * len(head)), *map(_line, rows)]


def _line(cells: tuple) -> str:
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(value: object) -> str:
    if isinstance(value, list):
        return " to ".join(map(_cell, value))
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
