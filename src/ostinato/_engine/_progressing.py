"""What runs say of their progress, for those who look from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostinato._lease import Progress

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ostinato._engine._standing import Standing

    Held = tuple[str, int]

__all__ = ["Progressing"]


class Progressing:
    """Knows how far the runs under way say that they are, and what of that was told."""

    def __init__(self, standings: Mapping[str, Standing]) -> None:
        """Look at the runs of *standings*."""
        self._standings = standings
        self._told: dict[Held, Progress] = {}

    def to_tell(self, held: Collection[Held]) -> list[Progress]:
        """Return what the runs with the leases *held* say, if it is something else than before.

        Called in the store's thread: a run may end meanwhile.
        """
        told = [each for pair in held if (each := self._said(pair)) is not None]
        self._told = {pair: each for pair, each in self._told.items() if pair in held}
        return [each for each in told if self._told.get((each.name, each.token)) != each]

    def note(self, told: Sequence[Progress]) -> None:
        """Note what was *told*."""
        self._told.update({(each.name, each.token): each for each in told})

    def _said(self, held: Held) -> Progress | None:
        name, token = held
        standing = self._standings.get(name)
        # What has a parameter for its run is not among those that are known by numbers alone.
        runs = () if standing is None else tuple(standing._live or ())
        for run in runs:
            if run.token == token and run.progressed is not None:
                return Progress(name, token, run.progressed, run.message)
        return None
