"""The sentences of the view Take away."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from han_core.errors.taken.table_file import Kind

TABLE = (
    "The documents that the filter leaves, in the order of the table, with tags, flags and notes. "
    "In the CSV no cell runs as a formula: an apostrophe stands before those that would. Parquet "
    "and JSON lines keep every text exactly. The columns content and coding bring tags and notes "
    "back onto these documents, whatever model scores them then."
)
LARGE = "A browser gets at most {size}; a file of any size is written by the command line:"
REPORT = (
    "One file that opens offline and loads nothing: figures of what the filter leaves, and each "
    "document with its heatmap, tags and notes. Colours are lift over uniform attention, on one "
    "scale for all of them. Notes stand in it with their authors' names."
)
CHOSEN, FIRST = "Those put aside while reading", "The first of the table"
BACK = (
    "A table that was taken away here, as CSV, Parquet or JSON lines, of whatever model. Documents "
    "are matched by their content, so an order or a filter does not matter. Bringing the same file "
    "twice adds nothing. A table of your own does too: a column text, and tags, flags or notes."
)
NOBODY = "Say your name at the top of the page; then tags and notes can be brought in."
TURNED = (
    "What the file's model predicted beside what this one predicts, both judged by the labels of "
    "today, for the documents that the filter leaves."
)
KINDS: "dict[Kind, str]" = {"csv": "CSV", "parquet": "Parquet", "jsonl": "JSON lines"}
MIMES: "dict[Kind, str]" = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/jsonl",
}


def matched(found, documents: int) -> str:
    """How a file fits: ``errors.reimport.Matched``."""
    more = {
        "texts that are not": found.strange,
        "rows that repeat a text": found.repeated,
        "documents here that it lacks": found.missing,
    }
    said = f"{len(found.rows):,} of its texts are among these {documents:,} documents"
    return "; ".join([said, *(f"{name}: {n:,}" for name, n in more.items() if n)]) + "."


def carried(found) -> str:
    """What a file says: ``errors.carried.Carried``."""
    if not found.said:
        return "It says nothing of them: no tags, flags or notes."
    who = ", ".join(found.annotators)
    own = f", on {found.own:,} of them without a name, so as yours" if found.own else ""
    return f"It speaks of {len(found.said):,} of them, in the words of {who}{own}."


def brought(found) -> str:
    """What was new: ``coding.bringing.Brought``."""
    counts = {
        "tag": found.tags, "note": found.notes, "flag": found.flags, "mark as read": found.read,
    }  # fmt: skip
    new = [f"{number:,} {name}{'s' * (number > 1)}" for name, number in counts.items() if number]
    said = f"Brought in: {', '.join(new)}." if new else "Nothing was new; all of it was here."
    if found.joined:
        said += f" {found.joined:,} of the notes stand under another text by the same author."
    if found.unknown_tags:
        said += f" Left out, as the codebook lacks them: {', '.join(found.unknown_tags)}."
    return said


def relabelled(number: int) -> str:
    """Documents whose label is not the file's."""
    return f"{number:,} of them have another label today than in the file." if number else ""
