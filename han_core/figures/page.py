"""HTML files that need nothing else: of one heatmap here, of many in ``report``.

They open from disk without a network: style, script and data stand in them. A policy in
their head lets only these run, by their hashes, and nothing be loaded or sent. Without
script they still show the text.
"""

import base64
import hashlib
import json
from collections.abc import Sequence

from han_core.figures.assets import SCRIPT, STYLESHEET
from han_core.figures.escape import html_text
from han_core.figures.heatmap import Heatmap
from han_core.figures.markup import STYLE

_BEGIN = """
const data = JSON.parse(document.getElementById("data").textContent);
draw(document.getElementById("heatmap"), data, null);
"""


def standalone(heatmap: Heatmap, legend_html: str, title: str, notes: Sequence[str]) -> str:
    """The page: title, notes (plain text, a paragraph each), legend, heatmap."""
    paragraphs = "".join(f"<p>{html_text(note)}</p>" for note in notes)
    body = f"""<h1>{html_text(title)}</h1>
{paragraphs}
{legend_html}
<div id="heatmap"></div>
{without_script(heatmap.text)}"""
    return sealed(title, body, heatmap.data, _BEGIN)


def without_script(text: str) -> str:
    """What stands in a heatmap's place where no script runs."""
    return f"<noscript><pre>\n{html_text(text)}</pre></noscript>"


def sealed(title: str, body: str, data: object, begin: str, stylesheet: str = STYLESHEET) -> str:
    """A whole file, under a policy that names its one style and its one script.

    Args:
        title: plain text.
        body: HTML, escaped by the caller; pieces may bring ``STYLE``, which stands once.
        data: JSON, in the element ``data``.
        begin: runs after the heatmap's script, in the same module.
    """
    script = SCRIPT + begin
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(script, stylesheet)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{html_text(title)}</title>
<style>
{stylesheet}</style>
</head>
<body class="hs hs-page">
{body.replace(STYLE, "")}
<script type="application/json" id="data">{_json(data)}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def _policy(script: str, stylesheet: str) -> str:
    style = f"\n{stylesheet}"  # what the element holds
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src-elem '{_hash(style)}'; "
        # The legend's lengths and colours stand in attributes, which can load nothing here.
        "style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )


def _hash(code: str) -> str:
    """As a policy names it (Content Security Policy Level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


def _json(data: object) -> str:
    """The data, which no sign in them can end."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
