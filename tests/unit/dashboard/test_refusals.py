"""What is answered where a scheduler raises."""

import asyncio
import threading

import pytest

from ostinato.dashboard._building import off_loop
from ostinato.dashboard._refusals import refusal_for
from ostinato.errors import (
    AlreadyRunningError,
    ForeignLoopError,
    InvalidArgumentError,
    NotRunningError,
    OstinatoError,
    StoreFileError,
    StoreUnavailableError,
    TaskNotFoundError,
    TooFrequentError,
)

ADDRESS = "postgresql://me@db.internal/app"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (TaskNotFoundError("tydy", "tidy"), 404, "task_not_found"),
        (AlreadyRunningError("tidy"), 409, "already_running"),
        (NotRunningError("default"), 503, "not_running"),
        (ForeignLoopError("it", call="status()"), 503, "not_running"),
        (StoreUnavailableError(ADDRESS, OSError(ADDRESS)), 503, "store_unavailable"),
        (StoreFileError(ADDRESS, ADDRESS, "mend it"), 503, "store_failed"),
        (TooFrequentError("tidy", 5, ADDRESS, 50), 422, "invalid"),
        (InvalidArgumentError("end", 5, "is bad", "mend it"), 422, "invalid"),
    ],
)
def test_s98_an_error_is_told_without_where_the_store_is(
    error: OstinatoError, status: int, code: str
) -> None:
    """S98: That is for the log."""
    refusal = refusal_for(error)

    assert (refusal.status, refusal.code) == (status, code)
    assert "db.internal" not in refusal.answer().body.decode()


def test_an_error_that_nobody_expects_is_raised() -> None:
    """It is a fault of ours, and no answer."""
    with pytest.raises(OstinatoError):
        refusal_for(OstinatoError())


async def test_what_fails_off_the_loop_is_raised_on_it() -> None:
    """As if it had been called."""
    with pytest.raises(ZeroDivisionError):
        await off_loop(lambda: 1 // 0)


async def test_who_waits_for_what_is_off_the_loop_can_be_cancelled() -> None:
    """The thread goes on by itself."""
    begun, goes_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        goes_on.wait(30)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await off_loop(wait)
    goes_on.set()
