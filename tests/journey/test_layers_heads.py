"""Layers and heads in a real browser: opened, hovered, driven by keys, pruned, exported."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from han_core.explanation.attention_map import AttentionMap, places_of
from han_core.explanation.explain_maps import with_maps
from han_core.explanation.model_probe import probe_text
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import Config, load_checkpoint, save_checkpoint
from han_core.models.registry import build_model
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import RESERVED, Vocabulary
from han_core.viz.attention_heads import attention_heads
from tests.conftest import WORDS
from tests.journey.harness import opened
from tests.journey.test_accessibility import SIDEWAYS, VIOLATIONS, axe  # noqa: F401
from tests.journey.walk import analyse, download, settled, watched_page

TEXT = "the quiet river walk. bread and music under the window. road unheard"
WHOLE = "[data-testid=attention-map][data-state=whole]"
MIXED = "I liked <b>it</b> & laughed.\n\n酒店在古城中心。 مرحبا بالعالم."


def made_map(text: str, layers: int, heads: int, seed: int = 0) -> AttentionMap:
    places = places_of(Tokenizer("en")(text).tokens)
    scores = np.random.default_rng(seed).normal(size=(layers, heads, len(places), len(places)))
    weights = np.exp(2 * scores) / np.exp(2 * scores).sum(3, keepdims=True)
    return AttentionMap("self-attention", "token", "token", places, places, weights)


@pytest.fixture
def drawn(chromium, tmp_path):
    """A page of its own with two layers of three heads, and its map."""
    one = made_map(MIXED, 2, 3)
    with opened(chromium, tmp_path, attention_heads(one, MIXED, (1, 2)).page("Heads")) as page:
        page.wait_for_selector(WHOLE)
        yield page, one


def line(page, part: str) -> str:
    return re.sub("[\u2068\u2069]", "", page.locator(f"{part} .hs-line").inner_text())


def value(text: str) -> float:
    found = re.search(r"([\d.]+)%", text)
    assert found is not None, text
    return float(found.group(1)) / 100


def test_a_page_shows_text_and_heads_offline(drawn):
    page, _ = drawn
    assert page.locator("[data-testid=attention-grid] canvas").count() == 6
    assert page.locator(".hs-arc-text").evaluate("e => e.textContent") == MIXED
    assert page.locator(WHOLE).get_attribute("data-layer") == "1"
    page.locator("button[data-layer='0'][data-head='1']").click()
    page.wait_for_selector(f"{WHOLE}[data-layer='0'][data-head='1']")
    assert page.locator("[aria-current=true]").get_attribute("data-head") == "1"


def test_the_keys_move_over_the_cells_of_a_head(drawn):
    page, one = drawn
    page.locator(".hs-matrix").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    said = line(page, ".hs-attention")
    assert "liked (row 2) to <b>it</b" not in said
    assert "(row 2) to" in said
    assert "(column 3)" in said
    assert value(said) == pytest.approx(one.weights[1, 2, 1, 2], rel=0.01)
    page.keyboard.press("End")
    assert f"(column {len(one.keys)})" in line(page, ".hs-attention")


def test_a_cell_is_told_under_the_mouse_and_its_words_are_lit(drawn):
    page, one = drawn
    page.locator(".hs-matrix").hover(position={"x": 320, "y": 240})
    page.locator(".hs-attention .hs-line", has_text="row").wait_for()
    row, column = map(int, re.findall(r"(?:row|column) (\d+)", line(page, ".hs-attention")))
    weight = one.weights[1, 2, row - 1, column - 1]
    assert value(line(page, ".hs-attention")) == pytest.approx(weight, rel=0.01)
    lit = page.locator(".hs-lit-word").evaluate_all("all => all.map(e => +e.dataset.at + 1)")
    assert set(lit) == {row, column}


@pytest.mark.parametrize("direction", ["From the word", "To the word"])
def test_a_word_has_arcs_to_the_strongest(drawn, direction):
    page, one = drawn
    page.get_by_role("button", name=direction).click()
    page.locator(".hs-word").nth(1).focus()
    page.keyboard.press("ArrowRight")
    weights = one.weights[1, 2, 2] if direction.startswith("From") else one.weights[1, 2, :, 2]
    said = line(page, ".hs-arcs")
    assert said.startswith(direction.split()[0])
    assert value(said) == pytest.approx(weights.max(), rel=0.05)
    strong = np.flatnonzero(weights > 1.5 / len(weights))
    expected = min(10, len(strong)) - (2 in np.argsort(-weights)[: min(10, len(strong))])
    assert page.locator(".hs-arc-lines path").count() == expected


def test_the_table_sorts_and_opens(drawn):
    page, _ = drawn
    page.get_by_text("Heads as a table").click()
    page.locator(".hs-table th button", has_text="Entropy").click()
    assert page.locator(".hs-table th[aria-sort=ascending]").inner_text().startswith("Entropy")
    shares = page.locator(".hs-table tbody td:nth-child(2)").all_inner_texts()
    numbers = [float(share.rstrip("%")) for share in shares]
    assert numbers == sorted(numbers)
    assert len(numbers) == 6
    name = page.locator(".hs-table tbody th").first.inner_text()
    page.locator(".hs-table tbody th button").first.click()
    page.locator(".hs-attention .hs-title", has_text=name).wait_for()


def test_a_word_with_the_focus_keeps_its_arcs_beside_the_pointer(drawn):
    page, _ = drawn
    page.locator(".hs-word").nth(1).focus()
    said = line(page, ".hs-arcs")
    page.locator(".hs-arc-text").hover(position={"x": 2, "y": 2})  # between the words
    assert line(page, ".hs-arcs") == said
    page.locator(".hs-word").nth(3).hover()
    assert line(page, ".hs-arcs") != said


def test_the_table_opens_at_the_first_click_after_a_word(drawn):
    """The weights of a word take two lines on a narrow screen; without it there is one."""
    page, _ = drawn
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".hs-word").nth(1).focus()
    page.locator(".hs-arcs .hs-line", has_text="to:").wait_for()
    page.locator(".hs-table summary").click()
    page.locator(".hs-table tbody").wait_for()


def test_a_long_text_is_fluid(chromium, tmp_path):
    """512 tokens × 72 heads: no frame of hovering takes longer than a tenth of a second."""
    text = " ".join(f"word{at % 97}" for at in range(512))
    heads = attention_heads(made_map(text, 6, 12), text, full=False)
    assert len(json.dumps(heads.data)) < 1_000_000  # of noise, which cannot be compressed
    with opened(chromium, tmp_path, heads.page("Long")) as page:
        page.wait_for_selector(WHOLE)
        page.evaluate(
            """() => {
              window.times = [];
              const draw = requestAnimationFrame;
              window.requestAnimationFrame = (work) => draw((now) => {
                const began = performance.now();
                work(now);
                times.push(performance.now() - began);
              });
            }"""
        )
        page.locator(".hs-matrix").scroll_into_view_if_needed()
        box = page.locator(".hs-matrix").bounding_box()
        for at in range(40):
            page.mouse.move(box["x"] + 150 + 5 * at, box["y"] + 150 + 4 * at)
        page.keyboard.press("+")
        page.locator(".hs-attention .hs-line", has_text="row").wait_for()
        assert np.median(page.evaluate("times")) < 100


# The panel on Explore.


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> Path:
    """Make the one checkpoint that ``address`` serves: a Transformer with weights by chance."""
    root = tmp_path_factory.mktemp("transformer")
    vocabulary = Vocabulary((*RESERVED, ".", *WORDS))
    architecture = Architecture(
        model="transformer", vocabulary_size=len(vocabulary), classes=2, embedding=6, hidden=8,
        attention_size=5, layers=2, heads=2,
    )  # fmt: skip
    torch.manual_seed(7)
    config = Config(architecture=architecture, labels=("negative", "positive"))
    save_checkpoint(
        root / "small-heads", config, vocabulary, build_model(architecture).state_dict(),
        {"dataset": "nothing", "test": {"accuracy": 0.5}}, [],
    )  # fmt: skip
    return root


def open_panel(page) -> None:
    page.wait_for_selector("[data-testid=word-heatmap]")
    settled(page)
    analyse(page, TEXT)
    page.get_by_role("tab", name="Layers and heads").click()
    page.wait_for_selector(WHOLE)
    settled(page)


@pytest.fixture
def panel(chromium, address):
    with watched_page(chromium, address, viewport={"width": 1440, "height": 1400}) as page:
        open_panel(page)
        yield page


def test_a_head_is_fetched_by_itself_before_the_page_runs_again(panel, address):
    with panel.expect_response(re.compile("/heads/")) as got:
        panel.locator("button[data-layer='0'][data-head='1']").click()
    assert got.value.ok
    panel.wait_for_selector(f"{WHOLE}[data-layer='0'][data-head='1']")
    panel.locator("button[data-layer='1'][data-head='1']").click()
    panel.locator("button[data-layer='1'][data-head='0']").click()
    settled(panel)
    panel.wait_for_selector(f"{WHOLE}[data-layer='1'][data-head='0']")
    assert panel.request.get(f"{address}/heads/unknown/0/0").status == 404


def test_a_head_comes_with_the_page_where_it_cannot_be_fetched(panel):
    panel.route("**/heads/**", lambda route: route.fulfill(body="<!doctype html>"))
    panel.locator("button[data-layer='1'][data-head='1']").click()
    panel.wait_for_selector(f"{WHOLE}[data-layer='1'][data-head='1']")


def test_heads_are_opened_pruned_and_put_back(panel):
    panel.locator("button[data-layer='1'][data-head='1']").click()
    panel.wait_for_selector(f"{WHOLE}[data-layer='1'][data-head='1']")
    panel.get_by_role("button", name="Prune", exact=True).click()
    panel.locator("button[data-layer='0'][data-head='0']").click()
    panel.wait_for_selector("[data-testid=pruning]")
    assert "Without layer 1 head 1:" in panel.locator("[data-testid=pruning]").inner_text()
    panel.get_by_role("button", name="Prune Layer 2 or put it back").click()
    panel.get_by_text("Without layer 1 head 1, layer 2 head 1, layer 2 head 2").wait_for()
    assert panel.locator(".hs-pruned").count() == 3
    panel.locator(".st-key-undo_pruning button").click()
    panel.wait_for_function("document.querySelectorAll('.hs-pruned').length === 1")
    panel.locator(".st-key-restore_heads button").click()
    panel.wait_for_function("!document.querySelector('.hs-pruned')")
    panel.locator("[data-testid=pruning]").wait_for(state="detached")


def test_a_head_is_exported(panel, checkpoints):
    probe = probe_text(load_checkpoint(checkpoints / "small-heads"), TEXT)
    (one,) = [m for m in with_maps(probe.checkpoint, probe.explanation).maps if m.queries == m.keys]
    panel.locator(".st-key-maps_export button").first.click()
    svg = download(panel, panel.get_by_role("button", name="SVG").nth(-2)).read_text("utf-8")
    assert svg.count("<image") == 1
    assert ">unheard</text>" in svg
    grid = download(panel, panel.get_by_role("button", name="SVG").last).read_text("utf-8")
    assert grid.count("<image") == 4
    png = download(panel, panel.get_by_role("button", name="PNG").last).read_bytes()
    assert png.startswith(b"\x89PNG")
    content = json.loads(download(panel, panel.get_by_text("Map (JSON)")).read_text("utf-8"))
    assert content["layer"] == content["head"] == 1
    assert np.array(content["weights"])[0, 0] == pytest.approx(one.weights[0, 0], abs=1e-3)
    table = download(panel, panel.get_by_text("Table (CSV)")).read_text("utf-8-sig")
    assert len(table.strip().splitlines()) == 1 + len(one.queries) ** 2
    page = download(panel, panel.get_by_text("Page (HTML)")).read_text("utf-8")
    assert "drawHeads" in page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_and_nothing_is_sideways(chromium, address, axe, scheme):  # noqa: F811
    settings = {"viewport": {"width": 1440, "height": 1400}, "color_scheme": scheme}
    with watched_page(chromium, address, **settings) as page:
        open_panel(page)
        page.get_by_text("Heads as a table").click()
        page.evaluate(axe)
        assert page.evaluate(VIOLATIONS) == []
        for width, height in ((390, 844), (720, 450)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_function("width => innerWidth === width", arg=width)
            settled(page)
            assert page.evaluate(SIDEWAYS) == []
