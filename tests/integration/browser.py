"""Debian's Chromium, driven by Playwright: launched so that it speaks to this machine alone."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

from tests.integration.serving import DEADLINE

__all__ = ["browser"]

# Left to itself, Chromium calls home at every start. No sandbox: CI runs it as root.
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

# In milliseconds: a machine that does much else may take its time.
expect.set_options(timeout=DEADLINE * 1_000)


@contextmanager
def browser() -> Generator[Browser]:
    """Run a headless browser for the block; a missing one is an error, never a reason to skip."""
    program = shutil.which("chromium")
    assert program, "there is no chromium: sudo apt-get install chromium"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        try:
            yield launched
        finally:
            launched.close()
