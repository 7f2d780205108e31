"""The page that somebody took away, opened from disk with the network off."""

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
