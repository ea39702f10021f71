"""One way to count the time: an agenda, and what the time is on it."""

from ostinato._engine._agenda import Agenda

__all__ = ["Timeline"]


class Timeline:
    """An agenda and its time: the monotonic clock's, moved by an offset.

    Intervals of one process are counted on a timeline whose offset does not follow the wall clock,
    calendars on one whose offset does.
    """

    __slots__ = ("agenda", "follows_wall", "longest_wait", "offset")

    def __init__(self, *, follows_wall: bool, longest_wait: float | None) -> None:
        """Begin with an empty agenda.

        Args:
            follows_wall: Whether the wall clock decides what is due.
            longest_wait: After how many seconds to look again, however far the next instant is.
        """
        self.agenda = Agenda()
        self.follows_wall = follows_wall
        self.longest_wait = longest_wait
        # What to add to the monotonic clock's milliseconds.
        self.offset = 0.0

    def at(self, monotonic: float) -> float:
        """Return the timeline's milliseconds at the *monotonic* clock's seconds."""
        return monotonic * 1_000 + self.offset
