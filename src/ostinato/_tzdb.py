"""Which release of the time zone database this process goes by."""

import os
from functools import cache
from importlib import import_module
from pathlib import Path
from zoneinfo import TZPATH

__all__ = ["tzdb_in", "tzdb_version"]

# Where the release is told: by most systems at the head of the rules, by some in its own file.
_RULES, _PLAIN = "tzdata.zi", "+VERSION"
_HEAD = "# version "
_LONGEST = 32


@cache
def tzdb_version() -> str | None:
    """Return the release, such as "2025b"; None: nobody tells."""
    # As zoneinfo looks for zones: the system's before the package's.
    for folder in map(Path, TZPATH):
        # As it does, too: what may not be read is not there.
        if os.path.isfile(folder / "Etc" / "UTC"):  # noqa: PTH113 - that one may raise
            return tzdb_in(folder)
    try:
        release: object = getattr(import_module("tzdata"), "IANA_VERSION", None)
    except ImportError:
        return None
    return release[:_LONGEST] if isinstance(release, str) else None


def tzdb_in(folder: Path) -> str | None:
    """Return the release of the zones in *folder*; None: it does not tell."""
    for name, head in ((_RULES, _HEAD), (_PLAIN, "")):
        try:
            with (folder / name).open(encoding="utf-8", errors="replace") as file:
                line = file.readline().strip()
        except OSError:
            continue
        if line.startswith(head.strip()):
            return line.removeprefix(head)[:_LONGEST] or None
    return None
