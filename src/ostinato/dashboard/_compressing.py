"""Compress long responses, for those who take them so."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ostinato.dashboard._answer import Answer, Asked

__all__ = ["compressed", "takes_gzip"]

_GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[0-9.]+\s*)?(?:,|$)")
_WORTHWHILE = 4_096
# The fastest: a thousand tasks are 2.5 megabytes, of which a fiftieth is left.
_LEVEL = 1


def takes_gzip(asked: Asked) -> bool:
    """Return whether whoever *asked* takes a compressed response."""
    return any(_GZIP.search(each.lower()) for each in asked.header("accept-encoding"))


def compressed(answer: Answer) -> Answer:
    """Return *answer* with its body compressed, where that is long."""
    if len(answer.body) < _WORTHWHILE:
        return answer
    headers = {**answer.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    body = gzip.compress(answer.body, _LEVEL, mtime=0)
    return replace(answer, body=body, headers=headers)
