"""A table as CSV that a spreadsheet program can open without running any cell as a formula."""

import pandas as pd

FORMULA = tuple("=+-@\t\r\n\0＝＋－＠")
"""How a cell begins that a spreadsheet may run (OWASP, "CSV Injection"; ASVS 1.2.10)."""


def to_csv(rows: pd.DataFrame, header: bool = True) -> bytes:
    """A table as CSV in UTF-8, texts whole, without its index; ``header``: names on top.

    A cell (or a column's name) that would run as a formula gets an apostrophe in
    front; half a character (a lone surrogate) becomes a question mark.
    """
    safe = rows.rename(columns=harmless).map(harmless)
    return safe.to_csv(index=False, header=header, lineterminator="\r\n").encode("utf-8")


def harmless(cell: object) -> object:
    """A cell as ``to_csv`` writes it."""
    if not isinstance(cell, str):
        return cell
    # Before pandas has it: its strings cannot hold lone surrogates.
    writable = cell.encode("utf-8", "replace").decode("utf-8")
    return f"'{writable}" if writable.startswith(FORMULA) else writable


def without_apostrophe(cell: str) -> str:
    """A cell as it was before ``to_csv`` put an apostrophe in front, if it did."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell
