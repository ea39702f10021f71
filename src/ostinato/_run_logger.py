"""A logger whose records tell of which run they are."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

__all__ = ["run_logger"]

_logger = logging.getLogger("ostinato.run")


def run_logger(facts: Mapping[str, object]) -> logging.LoggerAdapter[logging.Logger]:
    """Return a logger whose records carry *facts*, beside fields of their own."""
    return _RunLogger(_logger, facts)


class _RunLogger(logging.LoggerAdapter[logging.Logger]):
    """Keeps the record's own fields beside the run's."""

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        """Add the run's fields to those that the call has given."""
        kwargs["extra"] = {**(kwargs.get("extra") or {}), **(self.extra or {})}
        return msg, kwargs
