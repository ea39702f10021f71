"""An observer that remembers what it is told."""

from ostinato._run import Run
from ostinato.protocols import Event

__all__ = ["Recorder"]


class Recorder:
    """Remembers every event, in the order in which they happened."""

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self.events: list[Event] = []

    def wants(self, event_name: str, /) -> bool:  # noqa: ARG002 - it wants whatever there is
        """Return True: it is told of everything."""
        return True

    def notify(self, event: Event, /) -> None:
        """Remember *event*."""
        self.events.append(event)

    @property
    def names(self) -> list[str]:
        """The names of the events."""
        return [event.name for event in self.events]

    def named(self, name: str, /) -> list[Event]:
        """Return the events called *name*."""
        return [event for event in self.events if event.name == name]

    @property
    def runs(self) -> list[Run]:
        """The runs that have ended, each once, in the order of their ends."""
        ended = {id(event.run): event.run for event in self.events if event.run is not None}
        return [run for run in ended.values() if run.outcome is not None]
