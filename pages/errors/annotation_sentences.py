"""The sentences of Errors about annotations: names, tags, notes, agreement, history."""

from datetime import datetime

from han_core.analysis.annotations.codebook import Tag
from han_core.analysis.annotations.document_annotations import FLAG_NAMES, Annotation
from han_core.analysis.annotations.writing import Change
from han_core.runtime.messages import mark, tr
from pages.shared.wording import plain

SELECT = mark(
    "Selects every document of the list. Tick a box to select one, or press x; hold "
    "Shift to select all from the last box to this one. Then one click adds a tag to "
    "all of them."
)
NO_TAG = mark("There is no tag yet: create one here, or several in the view Codebook.")
ALL_TAGGED = mark("Every document of the list has a tag of yours already.")
GO_ON = mark("A key that adds a tag then goes to the next document.")
NAME_TO_ANNOTATE = mark(
    "Enter your name at the top of the page to tag, flag and note this document."
)
NAME_TO_EDIT = mark("Enter your name at the top of the page to edit the codebook.")
NAME_TO_IMPORT = mark("Enter your name at the top of the page to import tags, flags and notes.")
JOINED = mark("The note was changed in another window. Both texts were kept, one below the other.")
REPLACED = mark("Characters that no database can store (NUL, half characters) were replaced by �.")
PASSPHRASE = mark(
    "Anybody can annotate under this name until it has a passphrase. If you forget "
    "it, whoever runs the server can reset it."
)
PASSPHRASE_SET = mark("Nobody annotates under this name without its passphrase.")
CODEBOOK = mark(
    "All data sets and models on this server share one codebook. A renamed tag is "
    "renamed on every document. A retired tag keeps its documents but is no longer "
    "offered."
)
TAG_KEY = mark(
    "A letter or digit that adds this tag to the document you read, or removes it; "
    "not j or k. A tag with x, n or u takes that key from the page."
)
KAPPA = mark(
    "Cohen's kappa is 1 if two people agree on every document, 0 if they agree as "
    "often as by chance, and negative if less often. Only documents count that both "
    "have tagged, flagged, noted or marked as read. A rare tag can have a low kappa "
    "although people mostly agree, so look at the counts too."
)


def tag_label(tag: Tag | None, name: str) -> str:
    """Return a tag with its colour and key, as Markdown; a retired one (None) is grey."""
    if tag is None:
        return f":gray[{plain(name)}]"
    key = f" :gray[:small[{tag.key}]]" if tag.key else ""
    return f':color[■]{{foreground="{tag.colour}"}} {plain(name)}{key}'


def annotation_line(one: Annotation) -> str:
    """Return who annotated what and when, without the note, as Markdown."""
    parts = [f":gray-badge[{plain(tag.name)}]" for tag in one.tags]
    for flag in one.flags:
        name = tr(FLAG_NAMES[flag.kind])
        text = tr("{flag}: {meant}", flag=name, meant=flag.meant) if flag.meant else name
        parts.append(f":orange-badge[{plain(text)}]")
    if one.read:
        parts.append(tr("read"))
    when = f" :small[:gray[{moment(one.last)}]]" if one.last else ""
    return f"**{plain(one.annotator)}** {' '.join(parts)}{when}"


def keys_table(selects: bool) -> str:
    """Return the keys of the page and what they do, as a table in Markdown."""
    keys = {
        "j, →": tr("Next document"),
        "k, ←": tr("Previous document"),
        "u": tr("Next document without a tag of yours"),
        "0–9, a–z": tr("Add the tag with this key, or remove it"),
        "n": tr("Write a note; Esc leaves it"),
        **({"x": tr("Select this document")} if selects else {}),
        "?": tr("Show or hide these keys"),
    }
    rows = [f"| **{plain(key)}** | {does} |" for key, does in keys.items()]
    return "\n".join([f"| {tr('Key')} | {tr('Action')} |", "|---|---|", *rows])


def moment(at: datetime) -> str:
    """Return "2026-11-21 20:57 UTC": the server does not know the reader's time zone."""
    return at.strftime("%Y-%m-%d %H:%M UTC").replace(":", r"\:")


CHANGES = {
    "tagged": mark("tagged"),
    "took a tag off": mark("took a tag off"),
    "flagged": mark("flagged"),
    "noted": mark("noted"),
    "read": mark("read"),
    "not read": mark("not read"),
}
"""What the history says was done to a document."""
LONGEST_CHANGE = 120  # characters of a text in the history; the whole one stays in the database


def change_line(change: Change) -> str:
    """Return a line of the history, as Markdown."""
    before, after = (text[:LONGEST_CHANGE] for text in (change.before, change.after))
    values = " → ".join(plain(_value(text)) for text in (before, after))
    subject = tr(FLAG_NAMES[change.subject]) if change.subject in FLAG_NAMES else change.subject
    what = " ".join(word for word in (tr(CHANGES.get(change.what, change.what)), subject) if word)
    return tr(
        "{time} {who} {what}: {values}",
        time=moment(change.at), who=plain(change.who), what=plain(what), values=values,
    )  # fmt: skip


def _value(text: str) -> str:
    """A value of the history; a flag's begins with "on"."""
    if text.startswith("on; "):
        return tr("on; {value}", value=text.removeprefix("on; "))
    return text or tr("nothing")
