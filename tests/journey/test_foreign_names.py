"""Names from outside read as they are on every page: no link, emoji, arrow, formula or image.

Classes, checkpoints, files, columns, ids, tags, notes, slices and annotators get names that
Markdown, Streamlit and Plotly would each turn into something else.
"""

import csv
import json
import re

import pytest

from tests.journey.test_errors import choose, fill, view
from tests.journey.walk import go, settled
from tests.pages.small import write_small_checkpoints

SIGNS = ":smile: a -> b $x$ www.evil.example"
CHECKPOINT = "-> www.evil.example :smile: $x$ [a](b)"
CLASSES = [
    "http://evil.example/no :red[n] a -> b",
    '<a href="//www.evil.example">y</a> :smile: $x$',
]
COLUMN = f"[col](http://evil.example) {SIGNS}"
FILE = "![f](x) www.evil.example :smile: -> $x$.csv"
ANNOTATOR = "me@evil.example :material/home:"
TAG = "http://evil.example/tag <b>t</b> -> :tada:"
NOTE = "https://evil.example/note :smile: <img src=x> a <- b"
SLICE = "www.evil.example/slice -- :smile:"

OURS = re.compile(r"^(#|/|http://127\.0\.0\.1:\d+(/|$)|data:|blob:|(Series|Translate|Pictures)$)")
MADE = """() => {
    const all = (selector) => [...document.body.querySelectorAll(selector)];
    return {
        links: all("a").map((a) => a.getAttribute("href") ?? a.getAttribute("xlink:href") ?? ""),
        formulas: all(".katex").length,
        images: all("img").map((image) => image.outerHTML),
        text: document.body.innerText,
    };
}"""


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    root = tmp_path_factory.mktemp("checkpoints")
    write_small_checkpoints(root)
    (root / "small-han").rename(root / CHECKPOINT)
    for folder in root.iterdir():
        path = folder / "config.json"
        config = json.loads(path.read_text())
        path.write_text(json.dumps(config | {"labels": CLASSES}))
        path = folder / "metrics.json"
        facts = {"dataset": FILE, "note": NOTE, "seed": 1}
        path.write_text(json.dumps(json.loads(path.read_text()) | facts))
    return root


@pytest.fixture
def labelled(tmp_path):
    path = tmp_path / FILE
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label", "id", COLUMN])
        for number in range(12):
            text = f"{SIGNS} A good film, number {number}. I liked it."
            rows.writerow([text, CLASSES[number % 2], f"www.evil.example/{number} {SIGNS}", SIGNS])
    return path


def check(page, *names: str) -> None:
    """Nothing on the page was made out of a name, and these names read as they are."""
    settled(page)
    made = page.evaluate(MADE)
    assert [link for link in made["links"] if not OURS.match(link)] == []
    assert not made["formulas"]
    assert not [image for image in made["images"] if "evil" in image or 'src="x"' in image]
    own = re.sub(r"(?<=%) → |→ (?=now|true|predicted|[✗✓])", " ", made["text"])  # our own arrows
    assert not re.search("[→←↔😄🎉]", own)
    for name in names:
        assert name in re.sub(r"\s+", " ", made["text"])


def test_explore_and_compare(visit, labelled):
    choose(visit, "checkpoint", re.escape(CHECKPOINT))
    check(visit)
    visit.get_by_role("tab", name="Model").click()
    visit.get_by_role("heading", name="The model").wait_for()
    check(visit, CHECKPOINT, *CLASSES, NOTE, FILE)
    visit.get_by_role("button", name="Open a file").click()
    visit.locator(".st-key-texts_file input[type=file]").set_input_files(labelled)
    visit.get_by_text("1 of 12", exact=False).wait_for()
    visit.keyboard.press("Escape")
    check(visit, SIGNS)
    visit.locator("[data-testid=word-heatmap] .hs-token").first.click()
    visit.locator(".st-key-undo button").wait_for()
    check(visit, *CLASSES)
    go(visit, "Compare", "[data-testid=compare-panel]")
    check(visit, CHECKPOINT)
    for kind in ("Methods", "Versions"):
        visit.locator(".st-key-compared").get_by_text(kind).click()
        settled(visit, 300)
        check(visit)


def test_errors(visit, labelled):
    go(visit, "Errors", ".st-key-source")
    choose(visit, "checkpoint", re.escape(CHECKPOINT))
    choose(visit, "source", "Your own file")
    visit.locator(".st-key-upload input[type=file]").set_input_files(labelled)
    visit.get_by_text("12 rows").wait_for()
    check(visit, FILE)
    visit.get_by_role("button", name=re.compile("^Score")).first.click()
    visit.get_by_text(re.compile("^12 documents")).wait_for()
    fill(visit, "analyst", ANNOTATOR)
    check(visit, CLASSES[0], CLASSES[1])
    annotate(visit)
    check(visit, TAG)
    choose(visit, "beside", "small-bilstm")
    for name in ("Slices", "Attention", "Label issues", "Model comparison", "Codebook", "Export"):
        view(visit, name)
        check(visit)
    view(visit, "Documents")
    hover_the_matrix(visit)
    check(visit)


def annotate(page) -> None:
    page.locator(".st-key-coding_new_tag_popover button").first.click()
    fill(page, "coding_new_tag", TAG)
    page.locator(".st-key-coding_make_tag button").click()
    page.locator(".st-key-coding_tags", has_text=TAG).wait_for()
    page.keyboard.press("Escape")
    fill(page, "coding_note", NOTE)
    page.get_by_text(re.compile("^Saved")).wait_for()
    page.locator(".st-key-slices_popover button").first.click()
    fill(page, "slice_name", SLICE)
    page.locator(".st-key-save_slice button").click()
    page.get_by_role("button", name=SLICE).wait_for()
    check(page, SLICE)
    page.keyboard.press("Escape")
    settled(page, 300)


def hover_the_matrix(page) -> None:
    """Wait until Plotly's note over a cell is there; it holds the names of both classes."""
    area = page.locator("[data-testid=confusion-matrix] .nsewdrag").first
    box = area.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    note = page.locator("[data-testid=confusion-matrix] .hoverlayer .hovertext")
    note.wait_for()
    assert "http://evil.example/no :red[n]" in note.text_content()


def test_train(visit, labelled):
    go(visit, "Train", ".st-key-train_data")
    choose(visit, "train_data", "Your own file")
    visit.locator(".st-key-train_upload input[type=file]").set_input_files(labelled)
    visit.get_by_text("12 rows").wait_for()
    visit.locator(".st-key-train_look summary").click()
    classes = visit.locator(".st-key-train_classes .js-plotly-plot")
    classes.wait_for()
    check(visit, FILE)
    assert CLASSES[0][:20] in classes.text_content()
