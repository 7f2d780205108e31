"""The style sheets and the scripts that draw heatmap and film, as they stand in their files.

The pages register them before anything heavy is imported, so nothing is imported here.
"""

from pathlib import Path


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


STYLESHEET = _read("heatmap.css")

_DRAWING = _read("heatmap.js") + _read("heatmap_touch.js")

SCRIPT = _DRAWING + _read("heatmap_component.js")
"""One module without imports: ``draw(place, data, act)``, and what Streamlit calls."""

FILM_STYLESHEET = STYLESHEET + _read("film.css")

FILM_SCRIPT = _DRAWING + _read("film.js")
"""One module without imports: ``drawFilm(place, data)``, and what Streamlit calls."""

REPORT_STYLESHEET = STYLESHEET + _read("report.css")
