"""The policies of a task, checked where they are declared."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ostinato import (
    ArgumentTypeError,
    InvalidArgumentError,
    Missed,
    OnCrash,
    Overlap,
    Retry,
    RunIn,
    Scope,
)
from ostinato._policies import check_policy
from ostinato._policy import Policy

EAST, WEST = timezone(timedelta(hours=1)), timezone(timedelta(hours=-1))
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def test_what_is_not_said_is_the_default() -> None:
    """Nothing, or None."""
    assert check_policy({}, is_async=True) == Policy()
    names = ("missed", "catch_up", "overlap", "timeout", "retry", "max_runs", "start", "until")
    assert check_policy(dict.fromkeys(names), is_async=True) == Policy()


def test_what_is_said_is_kept() -> None:
    """Durations of ticks in milliseconds, others in seconds."""
    policy = check_policy(
        {
            "missed": Missed.RUN_ALL,
            "catch_up": timedelta(minutes=1),
            "overlap": Overlap.ALLOW,
            "max_concurrency": 3,
            "scope": Scope.PROCESS,
            "timeout": 1.5,
            "retry": 4,
            "on_crash": OnCrash.SKIP,
            "max_runs": 0,
            "start": 2,
            "until": NOON,
            "run_in": RunIn.THREAD,
            "pause_after_failures": 1,
        },
        is_async=False,
    )

    assert (policy.catch_up, policy.timeout, policy.start) == (60_000, 1.5, 2_000)
    assert policy.until == 1_893_499_200_000
    assert policy.retry == Retry(4)
    assert (policy.max_concurrency, policy.max_runs, policy.pause_after_failures) == (3, 0, 1)
    assert check_policy({"start": NOON}, is_async=True).start == NOON
    assert check_policy({"on_crash": OnCrash.RERUN}, is_async=True).on_crash is OnCrash.RERUN


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"missed": "skip"}, ArgumentTypeError),
        ({"overlap": True}, ArgumentTypeError),
        ({"scope": 1}, ArgumentTypeError),
        ({"unknown": 1}, InvalidArgumentError),
        ({"retry": 0}, InvalidArgumentError),
        ({"until": datetime.max.replace(tzinfo=WEST)}, InvalidArgumentError),
        ({"start": datetime.min.replace(tzinfo=EAST)}, InvalidArgumentError),
        ({"catch_up": -1}, InvalidArgumentError),
        ({"catch_up": 0.0001}, InvalidArgumentError),
        ({"catch_up": "1"}, ArgumentTypeError),
        ({"timeout": 0}, InvalidArgumentError),
        ({"timeout": float("nan")}, InvalidArgumentError),
        ({"timeout": True}, ArgumentTypeError),
        ({"retry": True}, ArgumentTypeError),
        ({"retry": 1.5}, ArgumentTypeError),
        ({"max_runs": -1}, InvalidArgumentError),
        ({"max_runs": True}, ArgumentTypeError),
        ({"max_runs": 1.0}, ArgumentTypeError),
        ({"pause_after_failures": 0}, InvalidArgumentError),
        ({"max_concurrency": 2}, InvalidArgumentError),
        ({"max_concurrency": 0, "overlap": Overlap.ALLOW}, InvalidArgumentError),
        ({"run_in": RunIn.THREAD}, InvalidArgumentError),
        ({"start": "now"}, ArgumentTypeError),
        ({"start": -1}, InvalidArgumentError),
        ({"start": datetime(2030, 1, 1)}, InvalidArgumentError),  # noqa: DTZ001 - it is refused
        ({"until": 3}, ArgumentTypeError),
        ({"until": datetime(2030, 1, 1)}, InvalidArgumentError),  # noqa: DTZ001 - it is refused
        ({"start": NOON, "until": NOON - timedelta(seconds=1)}, InvalidArgumentError),
    ],
)
def test_s2_what_cannot_work_is_refused(options: dict, error: type[Exception]) -> None:
    """S2, S10: with the option's name and its value."""
    with pytest.raises(error, match="|".join((*options, "attempts"))):
        check_policy(options, is_async=True)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"attempts": 0}, InvalidArgumentError),
        ({"attempts": True}, ArgumentTypeError),
        ({"attempts": "3"}, ArgumentTypeError),
        ({"delay": -1}, InvalidArgumentError),
        ({"longest": float("inf")}, InvalidArgumentError),
        ({"factor": 0.5}, InvalidArgumentError),
        ({"factor": 1_001}, InvalidArgumentError),
        ({"factor": float("nan")}, InvalidArgumentError),
        ({"factor": "2"}, ArgumentTypeError),
        ({"factor": True}, ArgumentTypeError),
        ({"retry_on": ()}, ArgumentTypeError),
        ({"retry_on": BaseException}, ArgumentTypeError),
        ({"retry_on": (ValueError, 3)}, ArgumentTypeError),
        ({"retry_on": ValueError()}, ArgumentTypeError),
    ],
)
def test_s52_what_a_retry_is_made_with_is_checked(arguments: dict, error: type[Exception]) -> None:
    """S52: it fails where it is declared."""
    with pytest.raises(error):
        Retry(**arguments)


def test_s52_the_longest_wait_grows_to_its_limit() -> None:
    """S52: by the factor, however many attempts there were."""
    retry = Retry(10, delay=1, factor=3, longest=timedelta(seconds=20))

    assert [retry.longest_wait(attempt) for attempt in (1, 2, 3, 4, 10_000)] == [1, 3, 9, 20, 20]
