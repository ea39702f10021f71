"""Take the picture in the README anew: `.venv/bin/python docs/images/expired_tokens.py`.

With a folder behind it, take every width there, light and dark, to look at. The font is the
machine's: Debian's fonts-inter was installed for the picture that is in the repository.
"""

import sys
import time
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser  # noqa: E402 - together with the two below

from tests.integration.browser import browser  # noqa: E402 - found by the line above
from tests.integration.serving import COMMANDS, Server, serve  # noqa: E402 - as above

LIFETIMES = (9, 4, 17, 6, 3, 13, 5, 21, 8)
WIDTHS = (380, 760, 1200)
RUNS = 40  # as many as the page shows


def main(arguments: list[str]) -> None:
    """Take the README's picture, or all of them."""
    apps = ROOT / "examples" / "expired_tokens"
    with (
        TemporaryDirectory() as folder,
        serve(
            COMMANDS["uvicorn"], "app:app", Path(folder), apps=apps, CLEANING_PERIOD="1"
        ) as server,
        browser() as chromium,
    ):
        rehearse(server)
        if not arguments:
            take(chromium, server, 1080, "light", ROOT / "docs" / "images" / "expired-tokens.png")
            return
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                take(chromium, server, width, scheme, Path(arguments[0]) / f"{width}-{scheme}.png")


def rehearse(server: Server) -> None:
    """Issue tokens until there are enough runs to show, and some tokens of every age."""
    lifetimes = cycle(LIFETIMES)
    while (runs := len(server.get("/cleanings").json()["runs"])) < RUNS:
        if runs % 5:
            issue(server, next(lifetimes))
        time.sleep(0.8)  # noqa: TID251 - a picture of things that take time
    for lifetime in (75, 600):
        issue(server, lifetime)


def take(chromium: Browser, server: Server, width: int, scheme: str, file: Path) -> None:
    """Take the page at *width*, in a moment in which expired tokens wait for the cleaning task."""
    for lifetime in (3, 5, 7, 12):
        issue(server, lifetime)
    page = chromium.new_page(
        viewport={"width": width, "height": 720},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page.goto(f"http://127.0.0.1:{server.port}/")
    page.locator(".token").first.wait_for()
    for lifetime in (0.3, 0.4):
        issue(server, lifetime)
    page.locator(".token.expired").nth(1).wait_for()
    page.screenshot(path=file, full_page=True)
    page.close()


def issue(server: Server, lifetime: float) -> None:
    """Have a token issued for *lifetime* seconds."""
    server.request("POST", "/tokens", {"lifetime": lifetime})


if __name__ == "__main__":
    main(sys.argv[1:])
