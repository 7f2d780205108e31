"""Foreign text made safe to stand in HTML and in Plotly's labels.

Neither can carry every ``str``: NUL and lone surrogates come out as U+FFFD, of
the same length, so that offsets hold. Everything else stays as it is. This
module does not know what the text says.
"""

import html
import re

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_PLOTLY_SIGNS = {ord(sign): f"&#{ord(sign)};" for sign in "&<>\"'$"}


def writable(text: str) -> str:
    """``text`` without the characters that UTF-8 and HTML cannot carry; same length."""
    if text.isascii() and "\0" not in text:  # most words, and ten times as fast
        return text
    return _UNWRITABLE.sub("\ufffd", text)


def html_text(text: str) -> str:
    """``text`` for HTML content and quoted attributes; parsed, it is ``writable(text)``."""
    # A raw carriage return would be read as a line feed.
    return html.escape(writable(text)).replace("\r", "&#13;")


def plotly_text(text: str) -> str:
    """``text`` for Plotly, which reads ``<b>``, ``<a href>``, entities and ``$…$`` (TeX)."""
    return writable(text).translate(_PLOTLY_SIGNS)
