"""The exported page and the report, opened from disk with the network off."""

import re

import pytest

from han_core.explanation.lesson import LANGUAGES, lessons
from han_core.explanation.lesson_measures import live_numbers
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.viz.colour_scale import legend, reading_scale
from han_core.viz.export import Entry, Grid, report
from han_core.viz.handout import handout
from han_core.viz.heatmap import Colour, heatmap
from tests.journey.harness import (
    ROOT,
    TEXT,
    expected_tokens,
    explained,
    opened,
    stand_alone,
    tokens,
)


def test_the_stand_alone_page_opens_from_disk_and_holds_every_token(chromium, tmp_path):
    explanation = explained(TEXT)
    with opened(chromium, tmp_path, stand_alone(explanation, "<i>Title")) as page:
        assert tokens(page) == expected_tokens(explanation)
        assert page.locator(ROOT).evaluate("e => e.textContent") == TEXT
        assert page.title() == page.locator("h1").inner_text() == "<i>Title"
        assert page.locator("body > p").all_inner_texts() == ["Predicted: yes", "<b>"]
        assert page.locator("[data-testid=legend] .hs-ramp").bounding_box()["width"] > 100
        page.locator(".hs-token").first.click()
        assert page.evaluate("window.broken") is None
        assert page.locator(f"{ROOT} :is(script, b, i)").count() == 0


def test_its_policy_lets_nothing_else_run_or_be_loaded(chromium, tmp_path):
    with opened(chromium, tmp_path, stand_alone(explained(TEXT)), quiet=False) as page:
        blocked = page.evaluate(
            """async () => {
                const blocked = [];
                document.addEventListener("securitypolicyviolation",
                    (event) => blocked.push(event.effectiveDirective));
                const script = document.createElement("script");
                script.textContent = "window.broken = 1";
                const style = document.createElement("style");
                style.textContent = "body { display: none }";
                const image = document.createElement("img");
                image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";
                document.body.append(script, style, image);
                await fetch("data:,x").catch(() => 0);
                await new Promise((done) => setTimeout(done, 100));
                return blocked.sort();
            }"""
        )
        assert blocked == ["connect-src", "img-src", "script-src-elem", "style-src-elem"]
        assert page.evaluate("window.broken") is None
        page.locator(".hs-token").first.wait_for()  # the body is still there


def test_without_script_the_text_can_be_read(chromium, tmp_path):
    text = "\nFirst line.\n  Second <b>line</b>."
    html = stand_alone(explained(text))
    with opened(chromium, tmp_path, html, java_script_enabled=False) as page:
        assert page.locator("noscript pre").inner_text() == text


HOSTILE = "<img src=x onerror=alert(1)> </script><script>window.broken = 1</script>"


def hostile_report() -> str:
    explanations = [explained(TEXT), explained("So dull. " * 60, seed=2), explained(HOSTILE, 3)]
    scale = reading_scale(explanations, "lift")
    entries = [
        Entry(f"Document {at} {HOSTILE}", "no", "yes", at == 1, "Confidence 0.75.",
              ("irony (Ann)", HOSTILE), (("Ben, today", HOSTILE),),
              heatmap(one, Colour(one.weights("lift"), scale)))
        for at, one in enumerate(explanations)
    ]  # fmt: skip
    grid = Grid("Classes", ("Class", "Documents"), (("no", "2"), (HOSTILE, "1")))
    facts = [("Accuracy", "0.333 (95% interval 0.061 to 0.792)"), ("Filter", HOSTILE)]
    return report("Error analysis", ["Ours on theirs."], facts, [grid], legend(scale), entries)


def test_a_report_draws_every_document_offline_and_runs_nothing(chromium, tmp_path):
    with opened(chromium, tmp_path, hostile_report()) as page:
        assert page.locator(ROOT).count() == 3
        assert page.evaluate("window.broken") is None
        assert page.locator("img").count() == 0
        assert page.locator(ROOT).nth(0).inner_text().startswith("I wanted to like this.")
        page.locator("a[href='#document-3']").click()
        assert page.locator("#document-3 h2").is_visible()
        box = page.locator("#document-3 h2").bounding_box()
        assert 0 <= box["y"] < 800
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0


def test_a_report_without_script_has_its_texts(chromium, tmp_path):
    with opened(chromium, tmp_path, hostile_report(), java_script_enabled=False) as page:
        assert page.locator("noscript pre").count() == 3
        assert "I wanted to like this." in page.locator("#document-1").inner_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_handout_prints_on_one_page_and_its_switches_need_no_mouse(chromium, tmp_path, language):
    lesson = next(one for one in lessons(language) if one.number == 3)
    probe = probe_text(load_checkpoint(lesson.model), lesson.text)
    html = handout(lesson, lesson.text, probe, live_numbers(lesson, probe))
    with opened(chromium, tmp_path, html) as page:
        solution = page.locator(".hs-blank .hs-solution").first
        assert (solution.is_visible(), printed_pages(page)) == (False, 1)
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        assert (solution.is_visible(), printed_pages(page)) == (True, 1)
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        assert page.locator(".hs-teacher").is_visible()
        assert printed_pages(page) == 2


def printed_pages(page) -> int:
    """The pages of the PDF that the page is printed to, all of them A4."""
    printed = page.pdf(prefer_css_page_size=True)
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert {tuple(round(float(side)) for side in size) for size in sizes} == {(595, 842)}
    return len(sizes)
