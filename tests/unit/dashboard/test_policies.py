"""What is to happen when time slips, in words."""

from datetime import UTC, datetime

from ostinato import Overlap, Retry, Scheduler
from ostinato.dashboard._policies import policy_shape


def test_each_policy_that_was_asked_for_is_told() -> None:
    """And no other one."""
    scheduler = Scheduler()
    scheduler.every(
        seconds=60,
        name="all",
        catch_up=30,
        overlap=Overlap.ALLOW,
        max_concurrency=3,
        timeout=5,
        retry=Retry(attempts=4),
        max_runs=9,
        until=datetime(2040, 1, 1, tzinfo=UTC),
        pause_after_failures=2,
    )(nothing)
    scheduler.every(seconds=60, name="none")(nothing)

    told = policy_shape(scheduler.tasks["all"].policy)
    untold = policy_shape(scheduler.tasks["none"].policy)

    assert told.keys() - untold.keys() == {
        *("catch_up", "max_concurrency", "max_runs"),
        *("pause_after_failures", "retry", "timeout", "until"),
    }
    assert told["max_concurrency"] == "at most 3 runs at once"
    assert told["catch_up"] == "a tick is run up to 30 seconds late"
    assert told["timeout"] == "an attempt may take 5 seconds"
    assert told["max_runs"] == "at most 9 runs in all"
    assert told["until"] == "not due after 2040-01-01T00:00:00+00:00"
    assert told["pause_after_failures"] == "paused after 2 failures"


async def nothing() -> None: ...
