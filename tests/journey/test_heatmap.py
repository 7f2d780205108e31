"""The heatmap in a real browser: hovered, driven by keys, clicked, drawn again."""

import pytest

from tests.journey.harness import (
    ROOT,
    TEXT,
    bench,
    drawn,
    expected_tokens,
    explained,
    focused,
    opened,
    put,
    tokens,
)

# Notes.


@pytest.fixture
def small(chromium, tmp_path):
    """A bench with one interactive heatmap of four sentences."""
    with opened(chromium, tmp_path, bench("one", "two")) as page:
        put(page, "one", drawn(explained("A dull film. Go home now! مرحبا بالعالم. Bye bye.")))
        yield page


def test_a_word_shows_its_numbers_in_one_note(small):
    data = drawn(explained("A dull film. Go home now! مرحبا بالعالم. Bye bye.")).data
    note = small.locator("#one .hs-note")
    assert note.is_hidden()
    small.get_by_text("dull", exact=True).hover()
    lines = note.evaluate("e => [...e.children].map(line => line.textContent)")
    within, weight = data["within"][1], data["weights"][1]
    n = len(data["tokens"])
    assert float(lines[0].removesuffix("% of its sentence")) == pytest.approx(
        100 * within, rel=5e-3
    )
    assert float(lines[1].removesuffix("% of the document")) == pytest.approx(
        100 * weight, rel=5e-3
    )
    assert float(lines[2].removesuffix(" × uniform")) == pytest.approx(n * weight, rel=5e-3)
    assert lines[3] == f"rank {data['ranks'][1]} of {n}"
    assert lines[4:] == ["unknown to the model"] * (1 in data["unknown"]) + ["Click takes it out"]
    box, panel = note.bounding_box(), small.locator("#one .hs-words").bounding_box()
    assert panel["x"] <= box["x"]
    assert box["x"] + box["width"] <= panel["x"] + panel["width"]
    small.keyboard.press("Tab")
    small.keyboard.press("Escape")
    assert note.is_hidden()
    assert small.locator(".hs-note").count() == 1


def test_a_bar_lights_its_sentence_for_the_mouse_and_for_the_keys(small):
    rows = small.locator("#one .hs-sentence")
    small.locator("#one .hs-weight").nth(1).hover()
    assert rows.evaluate_all("all => all.map(e => e.classList.contains('hs-lit'))") == [
        False, True, False, False
    ]  # fmt: skip
    assert "Sentence 2: " in small.locator("#one .hs-note").inner_text()
    small.mouse.move(900, 700)
    assert small.locator(".hs-lit").count() == 0
    small.keyboard.press("Tab")
    assert small.locator(".hs-lit").get_attribute("data-sentence") == "1"


def test_what_has_the_focus_is_described_by_the_note(small):
    small.keyboard.press("Tab")
    small.keyboard.press("ArrowRight")
    described = small.evaluate("document.activeElement.getAttribute('aria-describedby')")
    assert small.locator(f"#{described}").get_attribute("role") == "tooltip"
    assert "of its sentence" in small.locator(f"#{described}").inner_text()
    assert small.locator("[aria-describedby]").count() == 1


# Keys.


def test_a_heatmap_is_one_stop_of_the_tab_key(small):
    put(small, "two", drawn(explained("Another text.")))
    stops = []
    for _ in range(3):
        small.keyboard.press("Tab")
        stops.append(small.evaluate("document.activeElement.closest('#one, #two')?.id ?? ''"))
    assert stops == ["one", "two", ""]


def test_arrows_lead_through_words_and_sentences(small):
    small.keyboard.press("Tab")
    assert focused(small).startswith("Sentence 1: ")
    for key, expected in [
        ("ArrowRight", "A"),
        ("ArrowRight", "dull"),
        ("ArrowDown", "Go"),
        ("End", "!"),
        ("ArrowRight", "Sentence 3: "),
        ("ArrowRight", "مرحبا"),
        ("ArrowLeft", "بالعالم"),  # it is read from right to left
        ("ArrowUp", "Go"),
        ("Home", "Sentence 2: "),
        ("ArrowUp", "Sentence 1: "),
        ("ArrowUp", "Sentence 1: "),
        ("Control+End", "."),
        ("ArrowLeft", "bye"),
        ("Control+Home", "Sentence 1: "),
    ]:
        small.keyboard.press(key)
        assert focused(small).startswith(expected), key
    assert small.locator("#one [tabindex='0']").count() == 1


# Acting.


def test_clicks_and_keys_ask_for_words_and_sentences(small):
    small.get_by_text("dull", exact=True).click()
    small.locator("#one .hs-weight").nth(1).click()
    small.keyboard.press("ArrowRight")
    small.keyboard.press("Enter")
    small.keyboard.press(" ")
    word = {"do": "word", "start": 13, "end": 15, "id": None}
    assert small.evaluate("acts") == [
        {"do": "word", "start": 2, "end": 6, "id": None},
        {"do": "sentence", "start": 13, "end": 25, "id": None},
        word,
        word,
    ]


def test_selecting_text_is_no_click(small):
    box = small.get_by_text("dull", exact=True).bounding_box()
    y = box["y"] + box["height"] / 2
    small.mouse.move(box["x"] + 2, y)
    small.mouse.down()
    small.mouse.move(box["x"] + box["width"] - 2, y, steps=4)
    small.mouse.up()
    assert small.evaluate("getSelection().toString()") == "dull"
    assert small.evaluate("acts") == []


def test_where_nothing_can_be_asked_a_click_does_nothing(small):
    put(small, "one", drawn(explained("A dull film.")), interactive=False)
    small.get_by_text("dull", exact=True).click()
    small.keyboard.press("Enter")
    assert small.evaluate("acts") == []
    assert small.locator("#one [role=button]").count() == 0


def test_what_was_taken_out_is_shown_in_its_place_and_goes_back(small):
    explanation = explained("A film. Go home.")
    sentence = "This whole sentence went away."
    out = [(1, "dull", "a"), (3, sentence, "b"), (6, "now", "c")]
    put(small, "one", drawn(explanation, added={1}, out=out))
    assert small.locator(f"#one {ROOT}").evaluate("e => e.textContent") == "A film. Go home."
    assert tokens(small, "#one") == expected_tokens(explanation)
    gone = small.locator("#one .hs-out")
    assert gone.evaluate_all("all => all.map(e => e.dataset.text)") == ["dull", sentence, "now"]
    assert gone.nth(0).evaluate("e => e.nextElementSibling.textContent") == "film"
    assert gone.nth(1).locator("xpath=ancestor::*[contains(@class, 'hs-gone')]").count() == 1
    assert gone.nth(0).evaluate("e => getComputedStyle(e).textDecorationLine") == "line-through"
    assert small.locator("#one .hs-added").inner_text() == "film"
    gone.nth(1).click()
    assert small.evaluate("acts") == [{"do": "back", "start": None, "end": None, "id": "b"}]


# Drawing again.


def test_focus_and_scroll_stay_when_other_data_come(small):
    small.get_by_text("dull", exact=True).click()
    put(small, "one", drawn(explained("A film. Go home now!"), out=[(1, "dull", "a")]))
    assert focused(small) == "Taken out: dull"
    assert small.locator("#one .hs-note").inner_text().startswith("Taken out")
    put(small, "one", drawn(explained("A dull film. Go home now!")))
    assert focused(small) == "dull"
    put(small, "one", drawn(explained("Dull.")))
    assert focused(small) == "."
    assert small.locator(f"#one {ROOT}").count() == 1


def test_the_page_keeps_its_place_in_a_long_text(chromium, tmp_path):
    text = "One two three four five six seven eight nine ten. " * 100
    with opened(chromium, tmp_path, bench("one")) as page:
        put(page, "one", drawn(explained(text, gathered=9)))
        page.evaluate("scrollTo(0, 2000)")
        token = page.locator("[data-sentence='60'] .hs-token").first
        token.click()
        before = page.evaluate("scrollY"), token.bounding_box()
        put(page, "one", drawn(explained(text, seed=2, gathered=9)))
        assert (page.evaluate("scrollY"), token.bounding_box()) == before


def test_two_heatmaps_know_nothing_of_each_other(small):
    put(small, "two", drawn(explained("Another text.")))
    small.get_by_text("Another", exact=True).hover()
    assert small.locator("#two .hs-note").is_visible()
    assert small.locator("#one .hs-note").is_hidden()
    ids = small.locator(".hs-note").evaluate_all("all => all.map(e => e.id)")
    assert len(set(ids)) == 2


# Colours and odd documents.


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_word_has_its_colours_in_both_themes(chromium, tmp_path, theme):
    shown = drawn(explained(TEXT))
    with opened(chromium, tmp_path, bench("one"), color_scheme=theme) as page:
        put(page, "one", shown)
        found = page.locator(".hs-token").evaluate_all(
            "all => all.map(e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color])"
        )
    dark = theme == "dark"
    colours = [shown.data["palette"][colour] for colour in shown.data["colours"]]
    assert found == [[css(colour[dark]), css(colour[2 + dark])] for colour in colours]


def css(colour: str) -> str:
    """As browsers write ``#rrggbb``."""
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


@pytest.mark.parametrize("text", ["", " \n ", "Word", "x" * 30_000, "\u202eabc\u202c def"])
def test_odd_documents_are_drawn_whole(chromium, tmp_path, text):
    with opened(chromium, tmp_path, bench("one")) as page:
        put(page, "one", drawn(explained(text)))
        assert page.locator(ROOT).evaluate("e => e.textContent") == text
        assert page.evaluate("document.documentElement.scrollWidth") <= 1000
