"""The dashboard of the application `watched`, in a real browser: what its tests share."""

from collections.abc import Generator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, expect

from tests.integration.serving import Server

__all__ = ["address", "opened", "row"]


def address(server: Server) -> str:
    """Return where the dashboard is: without its last slash, as people type it."""
    return f"http://127.0.0.1:{server.port}/ostinato"


@contextmanager
def opened(
    chromium: Browser, server: Server, *, width: int = 1280, scheme: str = "light"
) -> Generator[Page]:
    """Open the dashboard; whatever the console says, or the page raises, fails the test.

    A response that is no success is said by the browser itself: that is not the page's doing.
    """
    page = chromium.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        timezone_id="Europe/Berlin",
    )
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address(server))
    expect(page.locator("#live, #state h1").first).to_be_visible()
    yield page
    page.close()
    assert [text for text in complaints if "Failed to load resource" not in text] == []


def row(page: Page, name: str) -> Locator:
    """Return the row of the task *name*."""
    button = page.get_by_role("button", name=name, exact=True)
    return page.locator("#list .task").filter(has=button)
