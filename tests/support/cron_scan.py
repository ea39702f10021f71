"""A judge of cron expressions that shares no code with the library, nor with cronsim.

Expressions are drawn as sets of values and written down afterwards, so that nothing is parsed; and
a day is scanned minute by minute, so that nothing is searched.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

__all__ = ["DrawnCron", "drawn_cron", "scanned"]

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES = {
    3: ["-", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    4: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}
_LONGEST_GAP_MADE_UP = 180


@dataclass(frozen=True, slots=True)
class DrawnCron:
    """The five fields as text, and the values that each of them means."""

    fields: tuple[str, ...]
    values: tuple[frozenset[int], ...]

    @property
    def text(self) -> str:
        """The expression, as it is written."""
        return " ".join(self.fields)

    @property
    def is_fixed_time(self) -> bool:
        """Whether Debian's rules for fixed times hold, or those for wildcards."""
        return self.fields[0][0] != "*" and self.fields[1][0] != "*"

    def matches_day(self, local: datetime) -> bool:
        """Tell whether the day of *local* matches."""
        _, _, days, months, weekdays = self.values
        day, weekday = local.day in days, local.isoweekday() % 7 in {each % 7 for each in weekdays}
        # Debian: both must match where one begins with a star, else one of them is enough.
        both = self.fields[2][0] == "*" or self.fields[4][0] == "*"
        return local.month in months and ((day and weekday) if both else (day or weekday))


def drawn_cron(random: Random) -> DrawnCron:
    """Draw an expression, all of its fields."""
    # Days and months are wild more often, or next to nothing would be due.
    wild = (0.2, 0.3, 0.6, 0.7, 0.6)
    drawn = [_field(random, position, chance) for position, chance in enumerate(wild)]
    return DrawnCron(tuple(text for text, _ in drawn), tuple(values for _, values in drawn))


def scanned(cron: DrawnCron, offsets: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Yield the minutes since 1970 at which *cron* is due.

    Args:
        cron: The expression.
        offsets: Every minute since 1970 of a stretch, in order, with the offset from UTC then. A
            local time that is read for the second time is only known to be so if the stretch
            begins before it is read for the first time.
    """
    times = {60 * hour + minute for hour in cron.values[1] for minute in cron.values[0]}
    days: dict[int, bool] = {}

    def matches(reading: int) -> bool:
        day, time = divmod(reading, 1_440)
        if time not in times:
            return False
        if day not in days:
            days[day] = cron.matches_day(datetime.fromtimestamp(day * 86_400, UTC))
        return days[day]

    furthest = -(10**9)
    previous: int | None = None
    for minute, offset in offsets:
        reading = minute + offset
        is_due = matches(reading)
        if cron.is_fixed_time:
            is_due = is_due and reading > furthest
            furthest = max(furthest, reading)
            skipped = 0 if previous is None else offset - previous
            if 0 < skipped <= _LONGEST_GAP_MADE_UP:
                is_due = is_due or any(map(matches, range(reading - skipped, reading)))
        if is_due:
            yield minute
        previous = offset


def _field(random: Random, position: int, wild: float) -> tuple[str, frozenset[int]]:
    lowest, highest = _RANGES[position]
    everything = list(range(lowest, highest + 1))
    if random.random() < wild:
        step = random.choice([1, 1, 1, 2, 5, 7])
        return ("*" if step == 1 else f"*/{step}"), frozenset(everything[::step])
    texts: list[str] = []
    values: set[int] = set()
    for _ in range(random.choice([1, 1, 2, 3])):
        first, last = sorted((random.choice(everything), random.choice(everything)))
        match random.randrange(4):
            case 0:
                texts.append(f"{first}-{last}")
                values |= {*range(first, last + 1)}
            case 1:
                step = random.randint(1, 6)
                texts.append(f"{first}-{last}/{step}")
                values |= {*range(first, last + 1, step)}
            case _:
                names = _NAMES.get(position, [])
                is_named = first < len(names) and random.random() < 0.5
                texts.append(names[first] if is_named else str(first))
                values.add(first)
    return ",".join(texts), frozenset(values)
