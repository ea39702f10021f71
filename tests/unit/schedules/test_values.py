"""What all schedules are: values."""

import copy
import pickle
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, time

import pytest

from ostinato import Cron, Delay, Every, Once
from ostinato.schedules import Composable

AT = datetime(2026, 3, 4, 18, tzinfo=UTC)
HOURLY = Every(hours=1, align=True)
NIGHTLY = Cron("0 3 * * *", tz="Europe/Zurich")
WINDOW = HOURLY.between(time(9), time(17), tz="+02:00")


@pytest.mark.parametrize(
    "value",
    [
        HOURLY,
        Delay(hours=1),
        NIGHTLY,
        NIGHTLY.zone,
        NIGHTLY._parsed,
        Once(AT),
        HOURLY | NIGHTLY,
        HOURLY.jitter(5),
        WINDOW,
        WINDOW.window,
    ],
    ids=lambda value: type(value).__name__,
)
def test_schedules_and_what_they_are_made_of_are_values(value: Composable):
    """Nothing changes them, equal ones are one key, and copies and pickles are equal."""
    name = fields(value)[0].name

    with pytest.raises(FrozenInstanceError):
        setattr(value, name, getattr(value, name))

    assert not hasattr(value, "__dict__")
    assert {value: 1}[copy.deepcopy(value)] == 1
    assert {value: 1}[pickle.loads(pickle.dumps(value))] == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (
            NIGHTLY,
            "Cron(expression='0 3 * * *', zone=Zone(name='Europe/Zurich'))",
        ),
        (NIGHTLY._parsed, "Expression(text='0 3 * * *')"),
    ],
)
def test_what_a_cron_shows_is_what_it_is_equal_by(value: object, shown: str):
    """How it is worked out is no part of it: the search, and the rules of the zone."""
    assert repr(value) == shown


def test_a_look_ahead_may_be_long():
    """`upcoming` is asked for at most 100,000 instants, and gives what there are."""
    assert Once(AT).upcoming(100_000, after=datetime(1970, 1, 1, tzinfo=UTC)) == [AT]
