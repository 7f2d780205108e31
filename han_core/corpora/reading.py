"""One file's bytes to a table: by its ending, and by its encoding.

Knows the four kinds of file and which reader takes each. It does not defend
itself: a hostile file can use up memory or time here, so files from outside
are read by `guarded`, which calls this in a child process.
"""

import codecs

from han_core.corpora.delimited import read_delimited
from han_core.corpora.json_lines import read_json_lines
from han_core.corpora.parquet import read_parquet
from han_core.corpora.table import Table
from han_core.corpora.wording import shown
from han_core.wrong_input import WrongInput

ENDINGS = (".parquet", ".csv", ".tsv", ".jsonl")


def read_table(data: bytes, filename: str) -> Table:
    """The table in a file of this name; the ending says how to read it."""
    ending, name = ending_of(filename), shown_name(filename)
    if ending == ".parquet":
        return read_parquet(data, name)
    text = decoded(data, name)
    if ending == ".jsonl":
        return read_json_lines(text, name)
    return read_delimited(text, name, usual="\t" if ending == ".tsv" else ",")


def ending_of(filename: str) -> str:
    for ending in ENDINGS:
        if filename.lower().endswith(ending):
            return ending
    raise WrongInput(
        f'"{shown_name(filename)}" is not a file that can be read; '
        f"its name should end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}."
    )


def shown_name(filename: str) -> str:
    """The file's own name without its folders, fit for a sentence."""
    return shown(filename.replace("\\", "/").rsplit("/", 1)[-1])


def decoded(data: bytes, name: str) -> str:
    """UTF-8 with or without a byte-order mark, or UTF-16 with one."""
    # UTF-32's little-endian mark begins with UTF-16's.
    sixteen = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    sixteen = sixteen and not data.startswith(codecs.BOM_UTF32_LE)
    try:
        return data.decode("utf-16" if sixteen else "utf-8-sig")
    except UnicodeDecodeError as error:
        # The UTF-8 decoder counts from behind the mark.
        marked = 3 if data.startswith(codecs.BOM_UTF8) else 0
        kind = "UTF-16, although it begins like it" if sixteen else "UTF-8"
        raise WrongInput(
            f"{name} is not {kind} (first bad byte at position {error.start + marked:,}); "
            "save it as UTF-8."
        ) from error
