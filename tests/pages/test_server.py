"""What the server loads before its first visitor, in a process of its own."""

import subprocess
import sys

from tests.pages.conftest import APP
from tests.processes import PATIENCE

FIRST_TITLE = """
import sys
from streamlit.testing.v1 import AppTest
from pages.shared import server

page = "from pages.shared.page import begin; begin('Explore', 'A page.')"
server.load_title()
loaded = set(sys.modules)
assert AppTest.from_string(page, default_timeout=600).run().title[0].value == "Explore"
print(*loaded)
print(*set(sys.modules) - loaded)
"""


def test_a_first_title_waits_for_no_module_and_for_nothing_heavy():
    found = subprocess.run(
        [sys.executable, "-c", FIRST_TITLE],
        cwd=APP.parent, capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    loaded, later = (set(line.split()) for line in found.stdout.splitlines())
    assert not {"torch", "spacy", "pandas", "pyarrow"} & loaded
    assert "pages.shared.page" in loaded
    late = {
        name for name in later if name.partition(".")[0] in {"han_core", "pages", "numpy", "PIL"}
    }
    assert late | later & {"streamlit.emojis"} == set()
