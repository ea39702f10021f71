"""One process's heap of next instants. Pure."""

from collections.abc import Iterator
from heapq import heappop, heappush

from ostinato._engine._standing import Standing

__all__ = ["Agenda"]

# What was taken back stays until its instant comes, or until there is this much of it, and more
# than of what is still meant.
_MANY_STALE = 1_000


class Agenda:
    """Who is to be looked at when, in milliseconds of one timeline."""

    # A heap of plain numbers, and who is due at each: tasks that are due together cost one entry,
    # and numbers are compared much faster than tuples.
    __slots__ = ("_due", "_stale", "instants")

    def __init__(self) -> None:
        """Begin with nothing on it."""
        # Nothing is on it where there are none.
        self.instants: list[int] = []
        # Most instants have one task: it stands there without a list around it.
        self._due: dict[int, Standing | list[Standing]] = {}
        self._stale = 0

    def put(self, at: int, standing: Standing) -> None:
        """Look at *standing* at the instant *at*, and not at any that was put before."""
        if standing.entry is not None:
            if standing.entry == at:
                return
            # What was put before stays where it is, and is passed over: it is at another instant.
            self.remove(standing)
        standing.entry = at
        known = self._due.get(at)
        if known is None:
            self._due[at] = standing
            heappush(self.instants, at)
        elif isinstance(known, list):
            known.append(standing)
        else:
            self._due[at] = [known, standing]

    def remove(self, standing: Standing) -> None:
        """Do not look at *standing*."""
        if standing.entry is not None:
            standing.entry = None
            self._stale += 1
            if self._stale > _MANY_STALE and self._stale > len(self):
                self.shift(0)

    def take_due(self, horizon: float) -> Iterator[Standing]:
        """Take off, one after the other, those whose instant is at or before *horizon*."""
        instants = self.instants
        while instants and instants[0] <= horizon:
            at = heappop(instants)
            known = self._due.pop(at)
            for standing in known if isinstance(known, list) else (known,):
                # Twice at one instant, it is taken once.
                if standing.entry == at:
                    standing.entry = None
                    yield standing
                else:
                    self._stale -= 1

    def next_at(self, grain: int = 0) -> int | None:
        """Return the earliest instant, or None if there is none.

        Where somebody is due a *grain* behind the earliest, the two share that instant.
        """
        instants = self.instants
        while instants:
            at = instants[0]
            known = self._due[at]
            if isinstance(known, list):
                is_meant, number = any(each.entry == at for each in known), len(known)
            else:
                is_meant, number = known.entry == at, 1
            if is_meant:
                return at + grain if grain and at + grain in self._due else at
            heappop(instants)
            del self._due[at]
            self._stale -= number
        return None

    def shift(self, milliseconds: int) -> list[Standing]:
        """Move every instant by *milliseconds*; return whose they are."""
        # Twice at one instant, it is moved once.
        moved = {
            standing: at + milliseconds
            for at, known in self._due.items()
            for standing in (known if isinstance(known, list) else (known,))
            if standing.entry == at
        }
        self._due.clear()
        self.instants.clear()
        self._stale = 0
        for standing, at in moved.items():
            standing.entry = None
            self.put(at, standing)
        return list(moved)

    def __len__(self) -> int:
        live = {
            standing
            for at, known in self._due.items()
            for standing in (known if isinstance(known, list) else (known,))
            if standing.entry == at
        }
        return len(live)
