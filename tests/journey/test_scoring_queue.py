"""Two visitors who score at once: who waits sees within three seconds what they wait for."""

import json
import re
import time

from tests.journey.test_errors import MATRIX, choose
from tests.journey.walk import go, settled, watched_page

QUEUE = ".st-key-scoring_queue"
SECONDS = 3.0


def reviews(path, many: int, words: int):
    rows = (
        {
            "text": f"film {at} " + "good bad " * (words // 2),
            "label": ("negative", "positive")[at % 2],
        }
        for at in range(many)
    )
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def ask(page, file) -> None:
    """Upload documents on Errors and ask for their scores."""
    go(page, "Errors", MATRIX)
    choose(page, "source", "Your own file")
    page.locator(".st-key-upload input[type=file]").set_input_files(file)
    page.get_by_role("button", name=re.compile("^Score [0-9,]+ documents")).click()


def test_who_waits_sees_the_job_of_another_visitor(visit, chromium, address, tmp_path):
    ask(visit, reviews(tmp_path / "many.jsonl", 8_000, 100))
    own = visit.locator(QUEUE, has_text="many.jsonl")
    own.wait_for()
    assert "yours" in own.inner_text()
    with watched_page(chromium, address, viewport={"width": 1440, "height": 900}) as other:
        other.wait_for_selector("[data-testid=sentence-bars] .hs-jump")
        settled(other)
        ask(other, reviews(tmp_path / "few.jsonl", 2_100, 4))
        begin = time.monotonic()
        other.locator(QUEUE).get_by_text("many.jsonl").wait_for()
        assert time.monotonic() - begin < SECONDS
        assert "another visitor's" in other.locator(QUEUE).inner_text()
        other.locator(QUEUE).get_by_text(re.compile("few.jsonl.*waiting")).wait_for()
        for page in (other, visit):
            page.get_by_role("button", name="Stop").first.click()
            page.get_by_text(re.compile("^Scoring was stopped")).wait_for()
