"""Whether schedulers run their tasks where nobody said so."""

import os

from ostinato.errors import InvalidArgumentError

__all__ = ["is_enabled", "switch"]

_OFF = ("0", "false", "f", "no", "n", "off", "disabled")
_ON = ("1", "true", "t", "yes", "y", "on", "enabled")
# Set by the pytest plugin alone: a test suite must not run its application's tasks by accident.
_by_default = [True]


def is_enabled(wish: bool | None) -> bool:  # noqa: FBT001 - it is what `enabled=` was given
    """Return whether to run tasks: by *wish*, else by `$OSTINATO_ENABLED`, else by default.

    Raises:
        InvalidArgumentError: The variable says neither yes nor no.
    """
    if wish is not None:
        return wish
    variable = os.environ.get("OSTINATO_ENABLED", "").strip()
    if not variable:
        return _by_default[0]
    if (word := variable.lower()) not in (*_OFF, *_ON):
        remedy = f"set it to one of {', '.join(_OFF)}, or of {', '.join(_ON)}"
        raise InvalidArgumentError("OSTINATO_ENABLED", variable, "says neither yes nor no", remedy)
    return word in _ON


def switch(*, on: bool) -> bool:
    """Let schedulers run by default or not; return what was so before."""
    before = _by_default[0]
    _by_default[0] = on
    return before
