"""The example's page in a real browser: what a person sees, and does without a mouse."""

import re
from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.serving import Server, eventually

pytestmark = pytest.mark.needs_fastapi


@pytest.fixture
def page(chromium: Browser, example: Server) -> Generator[Page]:
    """Open the page; whatever the console says, or the page raises, fails the test."""
    opened = chromium.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"http://127.0.0.1:{example.port}/")
    yield opened
    opened.close()
    assert [text for text in complaints if "ERR_FAILED" not in text] == []


def test_a_token_counts_down_and_vanishes(page: Page, example: Server) -> None:
    """It is shown with its time left, which becomes less until the token is removed."""
    example.request("POST", "/tokens", {"lifetime": 8})
    card = page.locator(".token")

    # Two of its seconds, whichever a busy machine lets us see.
    first = re.search(r"(\d) s left", card.inner_text())
    assert first is not None
    assert 2 <= int(first[1]) <= 8
    expect(card).to_contain_text(re.compile(rf"[1-{int(first[1]) - 1}] s left"))
    expect(card).to_have_count(0)
    expect(page.locator("#empty")).to_be_visible()
    assert int(page.locator(".note.removed").last.inner_text()) == 1


def test_an_expired_token_says_so_until_it_is_removed(page: Page, example: Server) -> None:
    """With runs half a second apart, one of a few tokens is seen to wait."""
    for lifetime in (1, 1.1, 1.2, 1.3):
        example.request("POST", "/tokens", {"lifetime": lifetime})

    page.locator(".token.expired", has_text="expired").first.wait_for()

    expect(page.locator(".token")).to_have_count(0)


def test_a_token_is_issued_by_keyboard_alone(page: Page) -> None:
    """Tab to the field, type, press Enter: the answer is announced, the focus stays."""
    page.keyboard.press("Tab")
    expect(page.locator("#lifetime")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("42")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("shown this once")
    expect(page.locator(".token")).to_contain_text("for 42 s")
    expect(page.locator("#lifetime")).to_be_focused()


def test_a_lifetime_that_cannot_be_is_explained(page: Page) -> None:
    """The field is marked, and no token is issued."""
    page.locator("#lifetime").fill("-3")
    page.get_by_role("button", name="Issue a token").click()

    expect(page.get_by_role("status")).to_have_text("Choose between 1 and 86400 seconds.")
    expect(page.locator("#lifetime")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".token")).to_have_count(0)


def test_a_server_that_does_not_answer_is_said(page: Page, example: Server) -> None:
    """The page keeps what it last knew, says so, and goes on by itself when there are answers."""
    example.request("POST", "/tokens", {"lifetime": 600})
    expect(page.locator(".token")).to_have_count(1)

    page.route("**/tokens", lambda route: route.abort())

    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(page.locator(".token")).to_have_count(1)
    page.unroute("**/tokens")
    expect(page.locator("#trouble")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 760, 1440])
def test_it_fits_every_screen(chromium: Browser, example: Server, width: int, scheme: str) -> None:
    """Nothing reaches beyond the edge, and text stands out from its ground."""
    for _ in range(6):
        example.request("POST", "/tokens", {"lifetime": 3600})
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)

    page.goto(f"http://127.0.0.1:{example.port}/")
    expect(page.locator(".token")).to_have_count(6)
    eventually(lambda: page.locator(".note").count() > 1)

    assert page.evaluate("document.documentElement.scrollWidth") == width
    paper, ink = page.evaluate(
        "(() => { const s = getComputedStyle(document.body);"
        " return [s.backgroundColor, s.color]; })()"
    )
    assert brightness(paper) > 600 if scheme == "light" else brightness(paper) < 120
    assert abs(brightness(paper) - brightness(ink)) > 500
    page.close()


def brightness(colour: str) -> int:
    """Return the sum of what `rgb(1, 2, 3)` is made of."""
    return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
