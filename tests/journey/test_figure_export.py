"""Figures saved from the page: whole, well-formed, in the colours of the theme."""

import base64
import re
import struct
import xml.etree.ElementTree as ElementTree

import pytest

from han_core.explanation.explanation import Explanation
from han_core.viz.charts.sentence_bars import sentence_bars
from han_core.viz.colour_scale import legend, reading_scale
from han_core.viz.markup import STYLE
from pages.shared.components import EXPORT_SCRIPT as SCRIPT
from tests.journey.harness import TEXT, bench, drawn, explained, opened, put

NAME = "{http://www.w3.org/2000/svg}"


def load(page) -> None:
    """The component's module, as ``window.figures``."""
    page.evaluate(
        """async (code) => { window.figures = await import(
            URL.createObjectURL(new Blob([code], {type: "text/javascript"}))); }""",
        SCRIPT,
    )


def svg(page, key: str) -> ElementTree.Element:
    return ElementTree.fromstring(
        page.evaluate("key => figures.svgOf(document.querySelector('.st-key-' + key))", key)
    )


def texts(drawing: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in drawing.iter(f"{NAME}text")]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.fixture(params=["light", "dark"])
def heatmap_page(request, chromium, tmp_path):
    explanation = explained(TEXT + " One\x0bmore\x01line.")
    scale = legend(reading_scale([explanation], "document"))
    html = bench("one", "none").replace('class="st-key-one">', f'class="st-key-one">{scale}')
    with opened(chromium, tmp_path, html, color_scheme=request.param) as page:
        put(page, "one", drawn(explanation, out=[(3, "really", "a")]))
        load(page)
        yield page, explanation, request.param


def test_a_heatmaps_svg_has_every_word_its_colour_and_the_legend(heatmap_page):
    page, explanation, theme = heatmap_page
    drawing = svg(page, "one")
    said = squeezed("".join(texts(drawing)))
    readable = re.sub("[\x01\x0b]", "\ufffd", explanation.document.text)
    for word in explanation.document.token_texts():
        assert squeezed(re.sub("[\x01\x0b]", "\ufffd", word)) in said
    assert len(said) >= len(squeezed(readable))
    assert "really" in texts(drawing)
    assert "Attention weight within the document" in texts(drawing)
    data = drawn(explanation).data
    fills = {rect.get("fill") for rect in drawing.iter(f"{NAME}rect")}
    for light, dark, _, _ in data["palette"]:
        colour = dark if theme == "dark" else light
        assert f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})" in fills
    assert len(list(drawing.iter(f"{NAME}stop"))) == 17


def test_words_stand_in_the_svg_where_they_stand_on_the_page(heatmap_page):
    page, _, _ = heatmap_page
    box = page.get_by_text("wanted", exact=True).bounding_box()
    padding = page.get_by_text("wanted", exact=True).evaluate(
        "e => parseFloat(getComputedStyle(e).paddingLeft)"
    )
    drawing = svg(page, "one")
    (word,) = [text for text in drawing.iter(f"{NAME}text") if text.text == "wanted"]
    # In the page's own pixels, moved as a whole to a margin of 12.
    assert float(word.get("x")) == pytest.approx(box["x"] + padding, abs=0.6)
    assert box["y"] < float(word.get("y")) < box["y"] + box["height"]
    left = page.locator(".st-key-one").bounding_box()["x"]
    moved = drawing.find(f"{NAME}g").get("transform")
    assert float(re.match(r"translate\((-?[\d.]+) ", moved)[1]) == pytest.approx(12 - left)


def test_the_png_is_twice_the_size_of_the_svg(heatmap_page):
    page, _, _ = heatmap_page
    drawing = svg(page, "one")
    png = base64.b64decode(
        page.evaluate(
            """async () => {
                const blob = await figures.pngBlob(
                    figures.svgOf(document.querySelector(".st-key-one")));
                const reader = new FileReader();
                await new Promise((done) => { reader.onload = done; reader.readAsDataURL(blob); });
                return reader.result.split(",")[1];
            }"""
        )
    )
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == (2 * int(drawing.get("width")), 2 * int(drawing.get("height")))


def test_the_buttons_save_files_and_say_when_there_is_nothing(heatmap_page):
    page, _, _ = heatmap_page
    for key in ("one", "none"):
        page.evaluate(
            """key => {
                const place = document.createElement("div");
                place.id = key + "-buttons";
                document.body.prepend(place);
                for (const _ of [1, 2])  // it is called again with every change
                    figures.default(
                        {data: {container: key, filename: "mine", labels: {none: "Nothing"}},
                         parentElement: place});
            }""",
            key,
        )
    for kind in ("SVG", "PNG"):
        with page.expect_download() as saved:
            page.locator("#one-buttons").get_by_role("button", name=kind).click()
        assert saved.value.suggested_filename == f"mine.{kind.lower()}"
    page.locator("#none-buttons").get_by_role("button", name="SVG").click()
    assert page.locator("#none-buttons [role=status]").inner_text() == "Nothing"


def test_a_plotly_charts_layers_become_one_svg(chromium, tmp_path, made_sentences):
    figure = sentence_bars([("a <b>", made_sentences), ("b", made_sentences)])
    chart = figure.to_html(include_plotlyjs=True, full_html=False)
    html = (
        '<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f'{STYLE}<body><div class="st-key-chart">{chart}</div>'
    )
    with opened(chromium, tmp_path, html, color_scheme="dark") as page:
        page.wait_for_selector(".js-plotly-plot .main-svg")
        load(page)
        drawing = svg(page, "chart")
        ink = page.locator(".ytick text").first.evaluate(
            "e => getComputedStyle(e.querySelector('tspan') ?? e).fill"
        )
    written = "\n".join(texts(drawing))
    for sentence in made_sentences.document.sentences:
        assert made_sentences.document.text[sentence.start : sentence.end][:20] in written
    assert "a <b>" in written
    bars = [path for path in drawing.iter(f"{NAME}path") if "vector-effect" in str(path.attrib)]
    assert len(bars) >= 2 * len(made_sentences.document.sentences)
    assert ink == "rgb(236, 239, 244)"
    assert ink in ElementTree.tostring(drawing, "unicode")
    assert "light-dark" not in ElementTree.tostring(drawing, "unicode")


@pytest.fixture
def made_sentences() -> Explanation:
    return explained("First of all this. Then something else. And the end of it.")
