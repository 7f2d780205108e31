"""The report in a browser: from disk, offline, with every document drawn."""

from han_core.viz.colour_scale import legend, reading_scale
from han_core.viz.heatmap import Colour, heatmap
from han_core.viz.html_page import Entry, Grid, report
from tests.journey.harness import ROOT, TEXT, explained, opened

HOSTILE = "<img src=x onerror=alert(1)> </script><script>window.broken = 1</script>"


def written() -> str:
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


def test_every_document_is_drawn_offline_and_nothing_runs(chromium, tmp_path):
    with opened(chromium, tmp_path, written()) as page:
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


def test_without_script_the_texts_stand_there(chromium, tmp_path):
    with opened(chromium, tmp_path, written(), java_script_enabled=False) as page:
        assert page.locator("noscript pre").count() == 3
        assert "I wanted to like this." in page.locator("#document-1").inner_text()
