"""An observer that remembers."""

from ostinato import Event, Outcome, Run
from ostinato.testing import Recorder


def test_a_recorder_remembers_what_it_is_told() -> None:
    """In its order, by name, and the runs that have ended each once."""
    recorder, ended, under_way = Recorder(), Run("task", 0), Run("task", 1)
    ended.outcome = Outcome.FAILED
    events = [
        Event("a", "task", ended),
        Event("b", "task", under_way),
        Event("a", "task", ended),
        Event("c"),
    ]

    for event in events:
        assert recorder.wants(event.name)
        recorder.notify(event)

    assert recorder.events == events
    assert recorder.names == ["a", "b", "a", "c"]
    assert recorder.named("a") == [events[0], events[2]]
    assert recorder.runs == [ended]
