"""The kinds of input that others make, whole ones of each, and the entry points that read them."""

import json
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from random import Random
from zipfile import ZipFile

import numpy as np

from han_core.analysis import filters
from han_core.analysis.annotations.codebook import codebook, save_tag
from han_core.analysis.annotations.database import Database, open_database
from han_core.analysis.annotations.import_annotations import (
    import_file_annotations,
    read_annotation_columns,
)
from han_core.analysis.dataset import Store, open_store, stored_words
from han_core.analysis.query import select
from han_core.analysis.reimport import match_documents, prediction_changes
from han_core.analysis.scoring.manifest import read_manifest
from han_core.analysis.scoring.table import read_probabilities, stored_attention, stored_metrics
from han_core.analysis.sources import Scores
from han_core.cli.explain import parse_documents, texts_of_values
from han_core.data.corpus import corpus_from_table
from han_core.data.rationales import rationales_from_table
from han_core.data.readers import stream_table
from han_core.data.sandbox import read_upload
from han_core.explanation.explain import explain, explain_each
from han_core.models.archive import LARGEST, extract, open_zip, pack, read_entries, unpack
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.models.listing import list_checkpoints
from han_core.runtime.errors import UserError
from han_core.text.tokenizer import Tokenizer
from han_core.training.runs.archive import read_history
from han_core.viz import permalink
from han_core.viz.colour_scale import reading_scale
from han_core.viz.heatmap import Colour, heatmap
from han_core.viz.model_card.content import read_card
from han_core.viz.model_card.known import checkpoint_facts
from han_core.viz.model_card.readme import read_baselines, readme
from han_core.viz.model_card.sections import sections
from tests.fuzz.inputs import (
    BASELINE,
    EXPORTED,
    FILTER,
    TAG,
    TEXTS,
    VIEW,
    contents,
    make_checkpoint,
    make_scores,
    to_json,
    whole_tables,
)
from tests.fuzz.mutations import Files, hostile_text, in_utf8
from tests.fuzz.runner import Kind

LANGUAGES = ("en", "zh", "ar", "de", "hi", "th")
ODD_NAMES = ("../x", "/x", "a\\b", "C:x", "a/b/c", "a/", ".", "x\0y", "café", "config.json")


def the_file(folder: Path) -> tuple[str, bytes]:
    """Name and content of the one file of an input."""
    for path in folder.iterdir():
        return path.name, path.read_bytes()
    raise UserError("No file came.")


@contextmanager
def addressed(folder: Path) -> Iterator[None]:
    """Take the folder out of a message: whoever gave a path as an address may read it again."""
    try:
        yield
    except UserError as error:
        raise UserError(str(error).replace(f"{folder}", "it")) from error


def read_table(folder: Path, draw: Random, in_child: float = 0.1) -> None:
    """Read an upload as a corpus and as rationales; some of them in the confined child."""
    name, content = the_file(folder)
    if draw.random() < in_child:
        table = read_upload(content, name)
    else:
        table = stream_table(lambda: BytesIO(content), name).table()
    corpus = corpus_from_table(table, "text", draw.choice(("label", None)))
    "".join(corpus.texts).encode()
    rationales_from_table(table)


def read_texts(checkpoint: Checkpoint, folder: Path, draw: Random) -> None:
    """Answer JSON lines as the command ``explain`` does."""
    values, ids = parse_documents(the_file(folder)[1])
    with redirect_stderr(StringIO()):  # says that lists were taken as sentences or words
        texts = texts_of_values(values)
    for explanation in explain_each(checkpoint, texts, ids):
        if explanation is not None:
            json.dumps(explanation.to_json(), allow_nan=False).encode()


def read_pasted(checkpoint: Checkpoint, folder: Path, draw: Random) -> None:
    """Split a pasted text in several ways, explain it and draw it."""
    text = the_file(folder)[1].decode("utf-8", draw.choice(("replace", "surrogateescape")))
    segmentation = draw.choice(("words", "characters"))
    document = Tokenizer(draw.choice(LANGUAGES), segmentation=segmentation)(text)
    for sentence in document.sentences:
        for token in sentence.tokens:
            if not text[token.start : token.end].strip():
                raise AssertionError(f"a token with a character was expected; {token} came")
    explanation = explain(checkpoint, text)
    colour = Colour(explanation.document_weights, reading_scale([explanation], "document"))
    json.dumps(heatmap(explanation, colour).data, allow_nan=False)


def read_folder(folder: Path, draw: Random) -> None:
    """List, describe and load a checkpoint; what decides nothing may be damaged."""
    list_checkpoints(folder.parent)
    read_history(folder / "history.jsonl")
    with addressed(folder):
        facts = checkpoint_facts(folder)
        checkpoint = load_checkpoint(folder)
    readme(facts, sections(facts, read_card(folder, checkpoint.config))).encode()
    explain(checkpoint, TEXTS[0])


def read_zip(folder: Path, draw: Random) -> None:
    """Unpack a zip, or files under odd names in one; some of them are loaded in the child."""
    target, files = folder / "unpacked", contents(folder)
    data = files.get("checkpoint.zip") or _zip_of(files, draw)
    target.mkdir()
    if draw.random() < 0.02:
        unpack(data, target)
    with open_zip(data) as archive:
        for name, entry in read_entries(archive, LARGEST)[1].items():
            extract(archive, entry, target / name, LARGEST[name])


def _zip_of(files: Files, draw: Random) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", compression=8) as archive:
        for name, content in files.items():
            is_odd = draw.random() < 0.05
            archive.writestr(draw.choice(ODD_NAMES) if is_odd else f"made/{name}", content)
        archive.comment = in_utf8(hostile_text(draw, 2))[:1_000]
    return packed.getvalue()


def read_link(store: permalink.DocumentStore, folder: Path, draw: Random) -> None:
    """Open a link as it came, or one whose checksum fits what was changed."""
    name, content = the_file(folder)
    if name == "view.json":
        content = permalink._token(content).encode()
    view = permalink.restore(content.decode("utf-8", "replace"), store)
    if permalink.restore(permalink.share(view, store), store) != view:
        raise AssertionError("the same view was expected after another link")


def read_filter(data: Store, folder: Path, draw: Random) -> None:
    """Read a filter of a link and ask for its documents."""
    name, content = the_file(folder)
    text = content.decode("utf-8", "replace")
    if name == "filter.json":
        text = permalink._base64url(zlib.compress(content))
    chosen = filters.from_text(text)
    filters.to_text(chosen)
    filters.chips(chosen)
    select(data, chosen, filters.Marks())


def read_annotations(data: Store, notes: Database, folder: Path, draw: Random) -> None:
    """Import the annotations of an exported table that came back."""
    name, content = the_file(folder)
    matched = match_documents(data, stream_table(lambda: BytesIO(content), name).table())
    file = read_annotation_columns(matched, draw.choice(("Ada", hostile_text(draw, 2))))
    import_file_annotations(notes, file, "Ada", file.tags[:2])
    if matched.has_predictions:
        prediction_changes(data, matched)


def read_codebook(notes: Database, folder: Path, draw: Random) -> None:
    """Open a database that came from elsewhere, or make a tag of odd words."""
    name, content = the_file(folder)
    if name == "tag.txt":
        save_tag(notes, *(content.decode("utf-8", "replace") + "|" * 4).split("|")[:5])
        return
    address = f"sqlite:///{folder / name}"
    with addressed(folder), closing(open_database(address, patience=1)) as database:
        codebook(database)


def read_others(folder: Path, draw: Random) -> None:
    """Read the accuracies of other models, as the command ``card`` takes them."""
    read_baselines(the_file(folder)[1], "made", draw.choice((0, 4)))


def read_scores(scores: Scores, folder: Path, draw: Random) -> None:
    """Open scores that were copied from elsewhere."""
    manifest = read_manifest(folder)
    data = open_store(Scores(folder, scores.documents, manifest, scores.columns))
    readers = [
        lambda: select(data, filters.Filter(attended=("road",)), filters.Marks()),
        lambda: read_probabilities(folder, manifest, 0),
        lambda: stored_attention(folder, draw.randrange(-1, 8)),
        lambda: list(stored_words(data.scores, np.arange(data.rows))),
        lambda: stored_metrics(folder, manifest),
    ]
    for reader in draw.sample(readers, k=len(readers)):
        reader()


def all_kinds(root: Path) -> list[Kind]:
    """Every kind, with what its inputs are read beside, made in ``root``."""
    folder = make_checkpoint(root / "made")
    checkpoint, scores = load_checkpoint(folder), make_scores(root, folder)
    data, notes = open_store(scores), open_database(f"sqlite:///{root / 'notes.sqlite'}")
    save_tag(notes, *TAG)
    database = (root / "notes.sqlite").read_bytes()
    view = permalink.to_link(permalink.view_of(checkpoint="made", text=TEXTS[0])).encode()
    chosen = filters.to_text(filters.Filter(contains="road")).encode()
    store = permalink.DocumentStore(root / "documents")
    saved = contents(folder)
    unsigned = {**json.loads(saved["config.json"]), "sha256": {}}  # what is damaged is read
    unsigned = {**saved, "config.json": to_json(unsigned)}
    asked = b"\n".join(to_json({"id": text[:3], "text": text}) for text in TEXTS)
    exported = b"\n".join(map(to_json, EXPORTED))
    pasted = [{"t.txt": text.encode()} for text in TEXTS]
    views = [{"view.json": to_json(VIEW)}, {"view.json": to_json({**VIEW, "edits": []})}]
    wanted = [{"filter.json": to_json(FILTER)}, {"filter.json": to_json({"contains": "road"})}]
    tags = [{"tag.txt": "|".join(TAG).encode()}, {"t.sqlite": database}]
    return [
        Kind("table", whole_tables(), read_table),
        Kind("explain", [{"t.jsonl": asked}], partial(read_texts, checkpoint)),
        Kind("text", pasted, partial(read_pasted, checkpoint)),
        Kind("checkpoint", [unsigned, saved], read_folder),
        Kind("zip", [{"checkpoint.zip": pack(folder)}, saved], read_zip),
        Kind("link", [*views, {"t.txt": view}], partial(read_link, store)),
        Kind("filter", [*wanted, {"t.txt": chosen}], partial(read_filter, data)),
        Kind("annotations", [{"t.jsonl": exported}], partial(read_annotations, data, notes)),
        Kind("codebook", tags, partial(read_codebook, notes)),
        Kind("scores", [contents(scores.folder)], partial(read_scores, scores)),
        Kind("baselines", [{"t.jsonl": to_json(BASELINE)}], read_others),
    ]
