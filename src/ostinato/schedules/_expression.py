"""Cron expressions: what they may say, and what is refused, field by field."""

import re
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime

from cronsim import CronSim, CronSimError

from ostinato._shown import shown
from ostinato.errors import InvalidCronError

__all__ = ["Expression"]

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# With the number of values that each has: a longer step would not be one.
_FIELDS = {
    "second": 60,
    "minute": 60,
    "hour": 24,
    "day-of-month": 31,
    "month": 12,
    "day-of-week": 7,
}
_STEP = re.compile(r"/(\d+)(?=,|$)", re.ASCII)
# cronsim reads it as the open range N/S.
_STEP_IN_ONE_VALUE = re.compile(r"(?<![^,])(\w+)-\1/0*[1-9]\d*(?=,|$)", re.ASCII)
# Where cronsim's words can be misread, or be shorter.
_WORDS = {
    # Between the days of the month and those of the week, of which one is enough.
    " and on ": " or on ",
    "on Monday through Friday": "on weekdays",
    "on Sunday through Saturday": "every day",
    "day of month": "day of the month",
    "At minute 0 past every": "At the start of every",
    **{
        f"Every {step}th minute of every hour": f"Every {step} minutes"
        for step in (10, 12, 15, 20, 30)
    },
    "Every fifth minute of every hour": "Every 5 minutes",
    "Every second minute of every hour": "Every 2 minutes",
}
_ORDINAL = re.compile(r"\b([2-5])([123])th\b")
_ANY_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - a local time


@dataclass(frozen=True, slots=True)
class Expression:
    """A cron expression, of which local times match; it knows no zone."""

    text: str
    _matcher: CronSim = field(repr=False, compare=False)

    @classmethod
    def of(cls, expression: str, *, seconds: bool) -> "Expression":
        """Read *expression*, whose first field is for the *seconds* or for the minutes.

        Raises:
            InvalidCronError: It cannot be read, or is never due.
        """
        written = _MACROS.get(expression.strip().lower())
        fields = (written or expression).upper().split()
        if written and seconds:
            fields = ["0", *fields]
        wanted = 6 if seconds else 5
        if len(fields) != wanted:
            remedy = " (for six, pass seconds=True)" if len(fields) == len(_FIELDS) else ""
            problem = f"has {len(fields)} fields where {wanted} are expected{remedy}"
            raise InvalidCronError(expression, None, problem)
        skipped = len(_FIELDS) - wanted
        for position, text in enumerate(fields):
            if found := _problem_of([*_FIELDS][skipped + position], text):
                raise InvalidCronError(expression, position, found)
        try:
            matcher = CronSim(_for_cronsim(fields), _ANY_DAY)
            next(copy(matcher))
        except (CronSimError, StopIteration):
            problem = "is never due: no month has such a day"
            raise InvalidCronError(expression, None, problem) from None
        return cls(" ".join(fields), matcher)

    @property
    def is_fixed_time(self) -> bool:
        """Whether neither the minute nor the hour begins with a wildcard."""
        minute, hour, *_ = self.text.split()[-5:]
        return not (minute.startswith("*") or hour.startswith("*"))

    def match_behind(self, local: datetime) -> datetime:
        """Return the first local time behind *local* that matches.

        Raises:
            StopIteration: There is none within fifty years.
            OverflowError: There is none before the calendar ends.
        """
        search = copy(self._matcher)
        search.dt = local.replace(microsecond=0)
        return next(search)

    def describe(self) -> str:
        """Return the expression in words."""
        words = _ORDINAL.sub(_corrected, self._matcher.explain())
        for theirs, ours in _WORDS.items():
            words = words.replace(theirs, ours)
        return f"{words[0].lower()}{words[1:]}"


def _for_cronsim(fields: list[str]) -> str:
    return " ".join(_STEP_IN_ONE_VALUE.sub(r"\1", each) for each in fields)


def _problem_of(name: str, text: str) -> str | None:
    """Return what is wrong with *text* as the field *name*, or None."""
    position = list(_FIELDS).index(name)
    alone = ["*"] * position + [text] + ["*"] * (len(_FIELDS) - 1 - position)
    try:
        CronSim(" ".join(alone), _ANY_DAY)
    except (CronSimError, ValueError, AssertionError, TypeError):
        return f"cannot be read in its {name} field: {shown(text)}"
    longest = _FIELDS[name]
    for step in _STEP.findall(text):
        if int(step) > longest:
            return f"steps by {step} in its {name} field, which has {longest} values"
    return None


def _corrected(ordinal: re.Match[str]) -> str:
    word = {"1": "first", "2": "second", "3": "third"}[ordinal[2]]
    return f"{ordinal[1]}{ordinal[2]}{word[-2:]}"
