"""What the door says on the terminal: a step a line, and one line where it must stop."""

import sys
from typing import NoReturn

__all__ = ["fail", "step"]


def step(sentence: str) -> None:
    """Print *sentence* as a step that begins."""
    print(f"dev.py: {sentence}", flush=True)


def fail(sentence: str) -> NoReturn:
    """Print *sentence* as the reason, and stop."""
    print(f"dev.py: {sentence}", file=sys.stderr, flush=True)
    raise SystemExit(1)
