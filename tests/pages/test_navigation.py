"""Labels of the groups of pages, and addresses in lower case."""

import re

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pages.shared.navigation import LowerCaseAddresses, group_labels, page_scripts
from tests.pages.conftest import APP


def answered(path: str):
    """What a server with the page Explore answers, without following the answer."""
    app = Starlette(
        routes=[Route("/{path:path}", lambda request: PlainTextResponse("passed"))],
        middleware=[Middleware(LowerCaseAddresses, addresses=["Explore"])],
    )
    return TestClient(app, follow_redirects=False).get(path)


def test_an_address_in_lower_case_leads_to_the_page_with_its_query():
    assert answered("/explore").headers["location"] == "Explore"
    assert answered("/explore?link=a%20b&x=1").headers["location"] == "Explore?link=a%20b&x=1"


def test_every_other_address_passes():
    for path in ("/", "/Explore", "/explore/_stcore/health", "/explorer"):
        assert answered(path).text == "passed"


def test_addresses_are_those_of_the_pages():
    assert list(page_scripts(APP.parent / "pages"))[:8] == [
        "Learn", "Explore", "Compare", "Errors", "Train", "Series", "Translate", "Pictures",
    ]  # fmt: skip


def test_a_label_is_drawn_at_the_first_link_of_its_group():
    style = group_labels({"Texts": "Explore", "Other attention": "Series"})
    assert re.findall(r'href\$="/(\w+)"\]\) \{ --group: "([\w ]+)"', style) == [
        ("Explore", "Texts"),
        ("Series", "Other attention"),
    ]
