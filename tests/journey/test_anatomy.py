"""One step of attention in a browser: its softmax, steps, keys, speed, and Explore's dialog."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from han_core.explanation.anatomy import anatomy
from han_core.models.checkpoint import load_checkpoint
from han_core.viz.anatomy import anatomy_figure
from han_core.viz.markup import ANATOMY_SCRIPT, ANATOMY_STYLESHEET
from tests.journey.harness import opened
from tests.journey.test_accessibility import SIDEWAYS, VIOLATIONS, axe  # noqa: F401
from tests.journey.walk import analyse, settled, watched_page

TEXT = "the quiet river walk. bread and music under the window. road <b>unheard</b>"
BENCH = (
    '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Bench</title>'
    '<meta name="color-scheme" content="light dark">'
    f"<style>{ANATOMY_STYLESHEET}</style><body><main id=place></main><script type=module>"
    f"{ANATOMY_SCRIPT}\nwindow.attend = attend; window.put = (data) =>"
    " drawAnatomy(document.getElementById('place'), JSON.parse(data));</script></html>"
)
FINITE = st.floats(-30, 30)


@pytest.fixture(scope="module")
def bench(chromium, tmp_path_factory):
    with opened(chromium, tmp_path_factory.mktemp("bench"), BENCH) as page:
        yield page


def put(page, random_checkpoint, model="han", form="additive", text=TEXT, **settings) -> dict:
    checkpoint = load_checkpoint(random_checkpoint(model, form))
    found = anatomy(checkpoint, checkpoint.tokenizer(text))
    data = anatomy_figure(found, **settings).data
    page.evaluate("data => put(data)", json.dumps(data))
    return {"data": data, "found": found}


def attend(scores, temperature=1.0, factor=1.0, masked=(), pads=0, pad=0.0, masked_pads=True):
    """The same as ``attend`` of the script, in Python."""
    values = np.array(scores) * factor / temperature
    values[list(masked)] = -np.inf
    if pads and not masked_pads:
        values = np.append(values, np.full(pads, pad * factor / temperature))
    if not np.isfinite(values).any():
        return np.zeros(len(scores)), 0.0
    exponentials = np.exp(values - values.max())
    weights = exponentials / exponentials.sum()
    return weights[: len(scores)], float(weights[len(scores) :].sum())


@settings(max_examples=60)
@given(st.data())
def test_the_browser_computes_the_softmax(bench, data):
    scores = data.draw(st.lists(FINITE, min_size=1, max_size=8))
    changes = {
        "temperature": data.draw(st.floats(0.05, 20)),
        "factor": data.draw(st.floats(1, 12)),
        "pads": data.draw(st.integers(0, 50)),
    }
    masked = data.draw(st.sets(st.integers(0, len(scores) - 1)))
    pad, shut = data.draw(FINITE), data.draw(st.booleans())
    weights, rest = attend(scores, **changes, masked=masked, pad=pad, masked_pads=shut)
    sent = [scores, changes | {"padScore": pad, "padsMasked": shut}, sorted(masked)]
    now = bench.evaluate(
        "([scores, changes, masked]) => attend(scores, {...changes, masked: new Set(masked)})", sent
    )
    assert now["weights"] == pytest.approx(weights, abs=1e-9)
    assert now["padWeight"] == pytest.approx(rest, abs=1e-9)


def shown_weights(page) -> list[float]:
    cells = page.locator(".hs-anatomy tbody tr td.hs-number[data-part=weight]").all_inner_texts()
    return [float(cell.rstrip("%")) / 100 for cell in cells]


@pytest.mark.parametrize("form", ["additive", "dot", "linear"])
def test_the_table_shows_the_models_own_weights(bench, random_checkpoint, form):
    made = put(bench, random_checkpoint, "bilstm", form)
    (step,) = made["found"].steps
    assert shown_weights(bench) == pytest.approx(step.weights, rel=1e-3)
    probabilities = bench.locator("table[data-part=logit] td:nth-child(3)").all_inner_texts()
    logits = np.exp(made["found"].logits - made["found"].logits.max())
    assert [float(one.rstrip("%")) / 100 for one in probabilities] == pytest.approx(
        logits / logits.sum(), rel=1e-3
    )
    products = bench.locator("table[data-part=score] tbody tr").all_inner_texts()
    assert len(products) >= 5
    score = float(products[-1].split()[-1].replace("−", "-"))
    assert score == pytest.approx(step.scores[made["data"]["chosen"]], rel=1e-3)


def test_foreign_text_stays_text(bench, random_checkpoint):
    put(bench, random_checkpoint, "bilstm")
    names = bench.locator(".hs-row-name").all_inner_texts()
    assert "".join(names).endswith("<b>unheard</b>")
    assert bench.locator("#place b").count() == 0


def test_steps_uncover_one_column_after_the_other(bench, random_checkpoint):
    put(bench, random_checkpoint, "bilstm", begins=True)
    hidden = "[data-part=weight].hs-number >> nth=1"
    assert not bench.locator(hidden).is_visible()
    said = set()
    while bench.get_by_role("button", name="Next step").is_enabled():
        bench.get_by_role("button", name="Next step").click()
        said.add(bench.locator(".hs-step-note").inner_text())
    assert len(said) == 7
    assert bench.locator(hidden).is_visible()
    bench.get_by_role("button", name="Previous step").click()
    assert not bench.locator("table[data-part=logit] td").first.is_visible()


def test_temperature_masks_and_padding_change_the_weights(bench, random_checkpoint):
    made = put(bench, random_checkpoint, "bilstm")
    (step,) = made["found"].steps
    scores = step.scores.astype(float)
    bench.locator("input[type=range]").first.fill("1")
    assert shown_weights(bench) == pytest.approx(attend(scores, 2)[0], rel=1e-3)
    bench.get_by_role("checkbox", name="Mask river").check()
    assert shown_weights(bench) == pytest.approx(attend(scores, 2, masked=[2])[0], rel=1e-3)
    assert "Changed" in bench.locator(".hs-step-note").inner_text()
    bench.get_by_role("button", name="Reset").click()
    assert shown_weights(bench) == pytest.approx(step.weights, rel=1e-3)
    bench.locator("input[type=range]").nth(1).fill("30")
    assert shown_weights(bench) == pytest.approx(step.weights, rel=1e-3)
    assert "this model never pads" in bench.locator(".hs-step-note").inner_text()
    bench.get_by_label("Mask the padding").uncheck()
    weights, _ = attend(scores, pads=30, pad=float(step.padding_scores[0]), masked_pads=False)
    assert shown_weights(bench) == pytest.approx(weights, rel=1e-3)


def test_nothing_is_left_where_all_is_masked(bench, random_checkpoint):
    put(bench, random_checkpoint, text="river")
    bench.get_by_role("checkbox", name="Mask river").check()
    assert shown_weights(bench) == [0]
    assert "nothing to share out" in bench.locator(".hs-step-note").inner_text()


def test_the_keys_read_a_vector_number_by_number(bench, random_checkpoint):
    made = put(bench, random_checkpoint)
    step = made["found"].steps[0]
    strip = bench.locator(".hs-readable[data-part=state] canvas").nth(1)
    strip.focus()
    bench.keyboard.press("ArrowRight")
    chosen = made["data"]["chosen"]
    told = bench.locator(".hs-value-note").inner_text()
    half = step.states.shape[1] // 2
    value = float(told.rpartition(":")[2].replace("−", "-"))
    assert value == pytest.approx(step.states[chosen][half + 1], rel=1e-3)
    assert step.names[chosen] in told
    assert strip.get_attribute("aria-valuetext").startswith("2: ")


def test_a_change_over_75_words_takes_less_than_100_ms(bench, random_checkpoint):
    put(bench, random_checkpoint, "bilstm", text="the quiet river walk " * 18 + "the road is")
    assert bench.locator(".hs-anatomy tbody .hs-row-name").count() == 75
    times = bench.evaluate(
        """() => [...Array(15)].map((_, at) => {
          const input = document.querySelector("input[type=range]"), start = performance.now();
          input.value = at % 5 - 2;
          input.dispatchEvent(new Event("input"));
          document.body.getBoundingClientRect();
          return performance.now() - start;
        }).sort((a, b) => a - b)"""
    )
    assert times[len(times) // 2] < 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(chromium, tmp_path, random_checkpoint, axe, scheme):  # noqa: F811
    checkpoint = load_checkpoint(random_checkpoint("bilstm", "dot"))
    found = anatomy(checkpoint, checkpoint.tokenizer(TEXT))
    alone = anatomy_figure(found, language="zh").page("One step")
    with opened(chromium, tmp_path, alone, color_scheme=scheme) as page:
        page.wait_for_selector(".hs-anatomy .hs-chosen")
        page.evaluate(axe)
        assert page.evaluate(VIOLATIONS) == []
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_explore_tells_how_a_weight_was_computed(chromium, address, axe):  # noqa: F811
    settings = {"viewport": {"width": 1440, "height": 1400}, "color_scheme": "dark"}
    with watched_page(chromium, address, **settings) as page:
        analyse(page, "The plot is thin. But what actors! I laughed a lot.")
        word = page.locator("[data-testid=word-heatmap] .hs-token", has_text="actors")
        word.click(modifiers=["Control"])
        page.wait_for_selector("[data-testid=anatomy] .hs-chosen")
        assert page.locator(".hs-chosen .hs-row-name").inner_text() == "actors"
        settled(page)
        page.evaluate(axe)
        assert page.evaluate(VIOLATIONS) == []
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_function("innerWidth === 390")
        settled(page)
        assert page.evaluate(SIDEWAYS) == []
        page.get_by_text("Sentences within the document").click()
        page.locator(".hs-row-name", has_text="But what actors!").wait_for()
        page.keyboard.press("Escape")
        page.wait_for_selector("[data-testid=anatomy]", state="detached")
        assert word.count() == 1  # it was not taken out
