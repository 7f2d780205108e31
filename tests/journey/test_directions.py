"""Texts from right to left in Chromium: bars, words, numbers and the saved SVG on their sides."""

import pytest

from han_core.viz.export import Entry, report
from han_core.viz.markup import STYLE
from tests.journey.harness import bench, drawn, explained, focused, opened, put, stand_alone
from tests.journey.test_figure_export import NAME, load, svg

HEBREW = "הסרט היה נהדר ומצחיק. השחקנים טובים מאוד."
ARABIC = "كان الفيلم ممتازا ومضحكا. والممثلون رائعون حقا."
ENGLISH = "It is a good film."


def sides(page, sentence: int) -> dict[str, float]:
    """Return where a sentence's bar, text and first word stand, in pixels from the left."""
    row = page.locator(f".hs-sentence[data-sentence='{sentence}']")
    boxes = {
        "bar": row.locator(".hs-weight").bounding_box(),
        "text": row.locator(".hs-text").bounding_box(),
        "word": row.locator(".hs-token").first.bounding_box(),
    }
    lefts = {f"{name} left": box["x"] for name, box in boxes.items()}
    return lefts | {f"{name} right": box["x"] + box["width"] for name, box in boxes.items()}


@pytest.mark.parametrize("text", [HEBREW, ARABIC], ids=["Hebrew", "Arabic"])
def test_bars_stand_on_the_right_and_every_sentence_begins_on_its_side(chromium, tmp_path, text):
    html = stand_alone(explained(f"{text} {ENGLISH}"), title=text)
    with opened(chromium, tmp_path, html) as page:
        backward, forward = sides(page, 1), sides(page, 3)
        assert backward["bar left"] > backward["text right"]
        assert forward["bar left"] == backward["bar left"]
        assert backward["word right"] == pytest.approx(backward["text right"], abs=1)
        assert forward["word left"] == pytest.approx(forward["text left"], abs=1)
        number = page.locator(".hs-weight").first
        assert number.evaluate("e => getComputedStyle(e).direction") == "ltr"
        assert ends_at_the_right(page, "h1")


def ends_at_the_right(page, selector: str) -> bool:
    """Whether a line is nearer to the right end of its element than to the left one."""
    return page.locator(selector).first.evaluate(
        """element => {
            const range = document.createRange();
            range.selectNodeContents(element);
            const [line, box] = [range.getClientRects()[0], element.getBoundingClientRect()];
            return box.right - line.right < line.left - box.left;
        }"""
    )


def test_bars_of_a_text_from_left_to_right_stay_on_the_left(chromium, tmp_path):
    html = stand_alone(explained(f"{ENGLISH} {ENGLISH} {ENGLISH} {HEBREW}"))
    with opened(chromium, tmp_path, html) as page:
        forward, backward = sides(page, 1), sides(page, 4)
        assert forward["bar right"] < forward["text left"]
        assert backward["bar right"] == forward["bar right"]
        assert backward["word right"] == pytest.approx(backward["text right"], abs=1)


def test_arrows_go_where_they_point(chromium, tmp_path):
    with opened(chromium, tmp_path, bench("one")) as page:
        put(page, "one", drawn(explained(HEBREW)))
        page.keyboard.press("Tab")
        assert focused(page).startswith("Sentence 1: ")
        page.keyboard.press("ArrowLeft")
        assert focused(page) == "הסרט"
        page.keyboard.press("ArrowRight")
        assert focused(page).startswith("Sentence 1: ")


def test_the_saved_svg_has_words_and_bars_where_the_page_has_them(chromium, tmp_path):
    html = bench("one").replace("</style>", "</style>" + STYLE)
    with opened(chromium, tmp_path, html) as page:
        put(page, "one", drawn(explained(HEBREW)))
        load(page)
        drawing, places = svg(page, "one"), sides(page, 1)
    (word,) = [text for text in drawing.iter(f"{NAME}text") if text.text == "הסרט"]
    assert word.get("direction") == "rtl"  # so that x is its right end
    assert float(word.get("x")) == pytest.approx(places["word right"], abs=3)
    numbers = [text for text in drawing.iter(f"{NAME}text") if "%" in "".join(text.itertext())]
    assert {text.get("direction") for text in numbers} == {"ltr"}
    assert float(numbers[0].get("x")) == pytest.approx(places["bar left"], abs=1)
    bars = [rect for rect in drawing.iter(f"{NAME}rect") if rect.get("height") == "4"]
    assert float(bars[0].get("x")) == pytest.approx(places["bar left"], abs=1)


def test_a_report_has_names_and_notes_on_their_sides(chromium, tmp_path):
    entry = Entry(
        HEBREW, "שלילי", "positive", False, "confidence 0.9", ("חיובי",), (("Noa", HEBREW),),
        drawn(explained(HEBREW)),
    )  # fmt: skip
    html = report(HEBREW, [ENGLISH], [("Filter", HEBREW)], [], "", [entry])
    with opened(chromium, tmp_path, html) as page:
        for selector in ("h1", "dd", ".hs-document > h2"):
            assert ends_at_the_right(page, selector), selector
        for selector in ("p", ".hs-document > p"):
            assert not ends_at_the_right(page, selector), selector
