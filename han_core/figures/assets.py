"""The style sheet and the script that draw the heatmap, as they stand in their files.

The pages register them before anything heavy is imported, so nothing is imported here.
"""

from pathlib import Path


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


STYLESHEET = _read("heatmap.css")

SCRIPT = _read("heatmap.js") + _read("heatmap_touch.js")
"""One module without imports: ``draw(place, data, act)``, and what Streamlit calls."""
