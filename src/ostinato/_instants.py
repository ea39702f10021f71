"""Instants as the stores keep them: whole milliseconds since 1970 in UTC."""

from datetime import UTC, datetime, timedelta

__all__ = ["instant_of", "milliseconds_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def instant_of(milliseconds: float, /) -> datetime:
    """Return the instant that lies *milliseconds* after the beginning of 1970 in UTC.

    Examples:
        >>> instant_of(86_400_000).isoformat()
        '1970-01-02T00:00:00+00:00'
    """
    return _EPOCH + timedelta(milliseconds=milliseconds)


def milliseconds_of(instant: datetime, /) -> int:
    """Return the whole milliseconds from the beginning of 1970 in UTC to an aware *instant*.

    What is finer than a millisecond is cut off.

    Examples:
        >>> milliseconds_of(datetime(1970, 1, 2, tzinfo=UTC))
        86400000
    """
    # Subtracted in UTC: within one zone of its own it would be wall-clock arithmetic.
    return (instant.astimezone(UTC) - _EPOCH) // _MILLISECOND
