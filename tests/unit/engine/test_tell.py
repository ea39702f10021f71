"""Telling observers what happened."""

import logging

import pytest

from ostinato import Event
from ostinato._engine._tell import Telling
from ostinato.testing import Recorder


class Deaf(Recorder):
    """Wants nothing."""

    def wants(self, event_name: str, /) -> bool:
        return False


class Broken(Recorder):
    """Raises whatever it is asked and told."""

    def __init__(self, *, wants: bool) -> None:
        super().__init__()
        self.is_asked = wants

    def wants(self, event_name: str, /) -> bool:
        if self.is_asked:
            raise LookupError("wants")
        return True

    def notify(self, event: Event, /) -> None:
        raise LookupError("notify")


def test_who_wants_is_told() -> None:
    """With all that is known; and who comes later, from then on."""
    early, deaf, late = Recorder(), Deaf(), Recorder()
    telling, error = Telling([early, deaf]), ValueError()

    telling.tell("one", "task", error=error, more=3)
    telling.add(late)
    telling.tell("two")

    assert early.events == [Event("one", "task", None, error, {"more": 3}), Event("two")]
    assert (deaf.events, late.names) == ([], ["two"])
    assert telling.who_wants("two") == (early, late)


@pytest.mark.parametrize("wants", [True, False])
def test_s66_who_raises_keeps_it_to_itself(wants: bool, caplog: pytest.LogCaptureFixture) -> None:
    """S66: the others are told, and it is logged."""
    recorder = Recorder()
    telling = Telling([Broken(wants=wants), recorder])

    telling.tell("one")

    assert recorder.names == ["one"]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert (record.ostinato_event, record.observer) == ("ostinato.observer_failed", "Broken")


def test_s66_where_logging_raises_too_stderr_has_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """S66: nothing is lost, and nothing is raised."""

    def fail(record: logging.LogRecord) -> bool:
        raise OSError

    logger = logging.getLogger("ostinato")
    logger.addFilter(fail)
    try:
        Telling([Broken(wants=False)]).tell("one")
    finally:
        logger.removeFilter(fail)

    assert "LookupError: notify" in capsys.readouterr().err
