"""When a server that many workers share is asked, and what is believed of its time."""

__all__ = ["asked_at", "believed"]

# What is drawn by each worker so that not all come at once, and what is gathered into one question:
# each at the most this part of the period, and this many milliseconds.
_PART = 50
_LONGEST_JITTER = 200
_LONGEST_WINDOW = 250
# Of a schedule that is no grid: it may be due every second.
_SHORTEST_PERIOD = 1_000


def asked_at(due: int, period: int, drawn: float) -> int:
    """Return when to ask a server for what is *due*: never before.

    Args:
        due: The instant.
        period: The task's, in milliseconds; 0 if it has none.
        drawn: From 0 to 1: how late among the workers.
    """
    part = (period or _SHORTEST_PERIOD) // _PART
    at = due + int(drawn * min(part, _LONGEST_JITTER))
    # What falls due until the end of a window is asked for together there.
    window = max(min(part, _LONGEST_WINDOW), 1)
    return -(-at // window) * window


def believed(before: float, least: float, took: float) -> float:
    """Return how far the server's clock is ahead, by what was believed *before* and an answer.

    It is moved no further than the answer asks for, which was given at some instant in between: one
    that took long, for this machine stood still, says little.

    Args:
        before: What was believed, in milliseconds.
        least: How far it is ahead if the answer was given just now.
        took: How long ago it was asked.
    """
    return min(max(before, least), least + took)
