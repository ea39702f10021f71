"""What most runs do without, and so is made when it is asked for."""

from threading import Event

from ostinato._outcomes import SkipReason

__all__ = ["Rarities"]


class Rarities:
    """What most runs do without."""

    __slots__ = (
        "cancelled",
        "count",
        "id",
        "is_cancelled",
        "last_due",
        "lease_lost",
        "message",
        "progressed",
        "reason",
    )

    def __init__(self) -> None:
        """Begin with nothing out of the ordinary."""
        self.id: str | None = None
        self.is_cancelled = False
        self.cancelled: Event | None = None
        self.lease_lost: Event | None = None
        self.progressed: float | None = None
        self.message: str | None = None
        self.reason: SkipReason | None = None
        self.count = 1
        self.last_due: int | None = None

    def __getstate__(self) -> dict[str, object]:
        """Return what a copy, or another process, has: events belong to the run under way."""
        state: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        state["cancelled"] = None
        state["lease_lost"] = self.lease_lost is not None and self.lease_lost.is_set()
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        """Have *state*, and an event only where it is set."""
        for name, value in state.items():
            setattr(self, name, value)
        self.lease_lost = None
        if state["lease_lost"]:
            self.lease_lost = Event()
            self.lease_lost.set()
