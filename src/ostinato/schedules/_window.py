"""A daily window of local time."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from ostinato.errors import ArgumentTypeError, InvalidScheduleError
from ostinato.schedules._zone import Zone

__all__ = ["Window"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The local times at or after its start and before its end, in one zone."""

    start: time
    end: time
    zone: Zone

    @classmethod
    def of(cls, start: object, end: object, zone: Zone) -> "Window":
        """Check the window and return it.

        Raises:
            ArgumentTypeError: *start* or *end* is no time.
            InvalidScheduleError: The window is empty, or its times have a zone of their own.
        """
        opening, closing = _local_time("start", start), _local_time("end", end)
        if opening == closing:
            raise InvalidScheduleError(f"the window from {start} to {end} is empty; widen it")
        return cls(opening, closing, zone)

    @property
    def text(self) -> str:
        """The canonical text."""
        return f"between {self.start} {self.end} {self.zone.name}"

    def contains(self, instant: datetime) -> bool:
        """Tell whether the wall clock's reading at *instant* lies in the window."""
        local = self.zone.local(instant).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def closed_until(self, instant: datetime) -> datetime:
        """Return an instant after *instant*, outside the window, up to which it stays closed.

        That is where the wall clock next reads the window's start, or where it is changed before:
        only then can it read a time in the window.
        """
        today = self.zone.local(instant).date()
        openings = (
            opening
            for days in range(-1, 3)
            for opening in self.zone.instants_of(datetime.combine(today + days * _DAY, self.start))
        )
        opening = min(opening for opening in openings if opening > instant)
        return self.zone.first_change(instant, opening) or opening

    def describe(self) -> str:
        """Return the window in words."""
        return f"between {_clock(self.start)} and {_clock(self.end)}, {self.zone.name}"


def _local_time(name: str, value: object) -> time:
    if not isinstance(value, time):
        raise ArgumentTypeError(name, value, "pass a datetime.time")
    if value.tzinfo is not None:
        reason = f"the window's {name} {value} has a time zone; pass it as tz= instead"
        raise InvalidScheduleError(reason)
    return value.replace(fold=0)


def _clock(local: time) -> str:
    return local.isoformat("minutes" if not (local.second or local.microsecond) else "auto")
