"""What is shown of the texts that exceptions and functions have left."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Texts"]

_LONGEST = 2_048
# What is looked at: what is stored is not longer by much.
_LONGEST_READ = 65_536
_TRACEBACK = "Traceback (most recent call last)"
_PASSWORD = re.compile(r"(://[^\s/:@]{0,200}):[^\s]{1,500}@")
_WORDS = "passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|authorization"
_SETTING = re.compile(
    rf"(?i)((?:{_WORDS})[\w-]{{0,40}}['\"]?\s{{0,3}}[=:]\s{{0,3}}(?:bearer |basic )?)"
    r"(?:\"[^\"]*\"|'[^']*'|[^\s&;,]+)"
)
_BEARER = re.compile(r"(?i)\b(bearer )[\w.~+/=-]{8,}")


@dataclass(frozen=True, slots=True)
class Texts:
    """Shortens and redacts texts.

    Attributes:
        redact: What removes from a text that nobody is to read, if there is such a thing.
        exposes_tracebacks: Whether a traceback in a text is shown.
    """

    redact: Callable[[str], str] | None = None
    exposes_tracebacks: bool = False

    def shown(self, text: str | None) -> str | None:
        """Return what is shown of *text*: at most 2 KiB, without passwords and tracebacks."""
        if text is None:
            return None
        text = text[:_LONGEST_READ]
        if not self.exposes_tracebacks and (begin := text.find(_TRACEBACK)) >= 0:
            text = text[: max(text.rfind("\n", 0, begin), 0)] + " (the log has the traceback)"
        text = _SETTING.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))
        text = _BEARER.sub(r"\1***", text)
        if self.redact is not None:
            text = self._redacted(text)
        return text.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore")

    def _redacted(self, text: str) -> str:
        assert self.redact is not None  # noqa: S101 - looked at before
        try:
            return str(self.redact(text))
        except Exception as error:  # noqa: BLE001 - the user's code; what it was to hide stays hidden
            return f"(withheld: redact raised {type(error).__name__})"
