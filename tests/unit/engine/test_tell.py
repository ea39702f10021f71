"""Telling observers what happened."""

import asyncio
import logging
import signal

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

    def __init__(self, *, wants: bool, error: type[BaseException] = LookupError) -> None:
        super().__init__()
        self.is_asked = wants
        self.error = error

    def wants(self, event_name: str, /) -> bool:
        if self.is_asked:
            raise self.error("wants")
        return True

    def notify(self, event: Event, /) -> None:
        raise self.error("notify")


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
@pytest.mark.parametrize(
    "error", [LookupError, SystemExit, GeneratorExit, asyncio.CancelledError, BaseException]
)
def test_s66_who_raises_keeps_it_to_itself(
    wants: bool, error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """S66: the others are told, and it is logged."""
    recorder = Recorder()
    telling = Telling([Broken(wants=wants, error=error), recorder])

    telling.tell("one")

    assert recorder.names == ["one"]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert (record.ostinato_event, record.observer) == ("ostinato.observer_failed", "Broken")


async def test_s66_a_keyboard_interrupt_asks_the_process_to_stop() -> None:
    """S66, S62: the others are told before that, and the engine goes on as ever."""
    asked, recorder, before = [], Recorder(), signal.getsignal(signal.SIGINT)
    telling = Telling([Broken(wants=False, error=KeyboardInterrupt), recorder])
    signal.signal(signal.SIGINT, lambda *_: asked.append(1))
    try:
        telling.tell("one")
        assert (recorder.names, asked) == (["one"], [])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert asked == [1]
        # From a thread, where no loop runs.
        await asyncio.to_thread(telling.tell, "two")
        assert (recorder.names, asked) == (["one", "two"], [1, 1])
    finally:
        signal.signal(signal.SIGINT, before)


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
