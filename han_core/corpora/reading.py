"""One file to a table: by its ending, and by its encoding.

Knows the four kinds of file and which reader takes each. It does not defend
itself: a hostile file can use up memory or time here, so files from outside
are read by `guarded`, which calls this in a child process.
"""

import io

from han_core.corpora.delimited import stream_delimited
from han_core.corpora.encoding import Opened, text_in
from han_core.corpora.json_lines import stream_json_lines
from han_core.corpora.parquet import stream_parquet
from han_core.corpora.stream import Stream
from han_core.corpora.table import Table
from han_core.corpora.wording import shown
from han_core.wrong_input import WrongInput

ENDINGS = (".parquet", ".csv", ".tsv", ".jsonl")


def read_table(data: bytes, filename: str) -> Table:
    """The table in a file of this name, in memory."""
    return stream_table(lambda: io.BytesIO(data), filename).table()


def stream_table(opened: Opened, filename: str) -> Stream:
    """The table in a file of this name; the ending says how to read it."""
    ending, name = ending_of(filename), shown_name(filename)
    if ending == ".parquet":
        return stream_parquet(opened, name)
    read = text_in(opened, name)
    if ending == ".jsonl":
        return stream_json_lines(read, name)
    return stream_delimited(read, name, usual="\t" if ending == ".tsv" else ",")


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
