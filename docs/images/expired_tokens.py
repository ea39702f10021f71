"""Take the picture in the README anew: `.venv/bin/python docs/images/expired_tokens.py`.

With a folder behind it, take every width there, light and dark, to look at.
"""

import json
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser  # noqa: E402 - together with the two below

from tests.integration.browser import browser  # noqa: E402 - found by the line above
from tests.integration.serving import COMMANDS, Server, serve  # noqa: E402 - as above

LIFETIMES = (1.2, 2.6, 2.8, 3.9, 4.1, 4.3, 6.2, 6.6, 8.1, 9, 11, 14, 17, 21, 60, 300)
WIDTHS = (380, 760, 1200)


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
        if not arguments:
            picture(chromium, server, 1200, "light", ROOT / "docs/images/expired-tokens.png")
            return
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                picture(
                    chromium, server, width, scheme, Path(arguments[0]) / f"{width}-{scheme}.png"
                )


def picture(chromium: Browser, server: Server, width: int, scheme: str, file: Path) -> None:
    """Issue tokens, wait until some have expired, and take the page at *width*."""
    for lifetime in LIFETIMES:
        issue(server, lifetime)
    page = chromium.new_page(
        viewport={"width": width, "height": 720},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page.goto(f"http://127.0.0.1:{server.port}/")
    # The picture shows a moment in which something waits for the cleaning task.
    time.sleep(7)
    issue(server, 0.2)
    page.locator(".token.expired").first.wait_for()
    page.screenshot(path=file, full_page=width < WIDTHS[-1])
    page.close()


def issue(server: Server, lifetime: float) -> None:
    """Have a token issued for *lifetime* seconds."""
    connection = HTTPConnection("127.0.0.1", server.port)
    body = json.dumps({"lifetime": lifetime})
    connection.request("POST", "/tokens", body, {"content-type": "application/json"})
    connection.getresponse().read()
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1:])
