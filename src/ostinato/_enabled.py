"""Whether schedulers run their tasks where nobody said so."""

import os

__all__ = ["is_enabled", "switch"]

_OFF = ("0", "false", "no", "off")
# Set by the pytest plugin alone: a test suite must not run its application's tasks by accident.
_by_default = [True]


def is_enabled(wish: bool | None) -> bool:  # noqa: FBT001 - it is what `enabled=` was given
    """Return whether to run tasks: by *wish*, else by `$OSTINATO_ENABLED`, else by default."""
    if wish is not None:
        return wish
    variable = os.environ.get("OSTINATO_ENABLED", "").strip().lower()
    if variable:
        return variable not in _OFF
    return _by_default[0]


def switch(*, on: bool) -> bool:
    """Let schedulers run by default or not; return what was so before."""
    before = _by_default[0]
    _by_default[0] = on
    return before
