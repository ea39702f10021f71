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
