"""A heatmap as one HTML file that needs nothing else.

It opens from disk without a network: style, script and data stand in it. A policy in
its head lets only these run, by their hashes, and nothing be loaded or sent. Without
script it still shows the text.
"""

import base64
import hashlib
import json
from collections.abc import Sequence

from han_core.figures.assets import SCRIPT
from han_core.figures.escape import html_text
from han_core.figures.heatmap import Heatmap
from han_core.figures.markup import STYLE

_BEGIN = """
const data = JSON.parse(document.getElementById("data").textContent);
draw(document.getElementById("heatmap"), data, null);
"""


def standalone(heatmap: Heatmap, legend_html: str, title: str, notes: Sequence[str]) -> str:
    """The page: title, notes (plain text, a paragraph each), legend, heatmap."""
    script = SCRIPT + _BEGIN
    name, paragraphs = html_text(title), "".join(f"<p>{html_text(note)}</p>" for note in notes)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{name}</title>
{STYLE}
</head>
<body class="hs hs-page">
<h1>{name}</h1>
{paragraphs}
{legend_html.replace(STYLE, "")}
<div id="heatmap"></div>
<noscript><pre>
{html_text(heatmap.text)}</pre></noscript>
<script type="application/json" id="data">{_json(heatmap)}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def _policy(script: str) -> str:
    style = STYLE.removeprefix("<style>").removesuffix("</style>")
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src-elem '{_hash(style)}'; "
        # The legend's lengths and colours stand in attributes, which can load nothing here.
        "style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )


def _hash(code: str) -> str:
    """As a policy names it (Content Security Policy Level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


def _json(heatmap: Heatmap) -> str:
    """The data, which no sign in them can end."""
    return json.dumps(heatmap.data, ensure_ascii=False).replace("<", "\\u003c")
