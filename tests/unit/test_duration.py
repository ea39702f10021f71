"""Durations at the public door."""

import math
from datetime import timedelta
from decimal import Decimal

import pytest

from ostinato._duration import period_seconds, wait_seconds
from ostinato.errors import ArgumentTypeError, InvalidArgumentError

CENTURY = 36_525 * 86_400


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (3600, 3600.0),
        (0.25, 0.25),
        (Decimal("0.1"), 0.1),
        (timedelta(minutes=2), 120.0),
        (timedelta(microseconds=1_500), 0.0015),
        (0.001, 0.001),
        (CENTURY, float(CENTURY)),
    ],
)
def test_s1_a_period_is_kept_exactly(given: object, seconds: float) -> None:
    """S1: ints, floats, Decimals and timedeltas are periods, kept exactly."""
    assert period_seconds("seconds", given) == seconds


@pytest.mark.parametrize("given", [True, False, "60", None, 1j, b"1", [1], object()])
def test_s1_what_is_no_number_of_seconds_is_a_type_error(given: object) -> None:
    """S1: a bool, a string, None and a complex number are refused by type."""
    with pytest.raises(ArgumentTypeError, match=r"^seconds=.* is of type .*timedelta$"):
        period_seconds("seconds", given)


@pytest.mark.parametrize(
    "given",
    [
        math.nan,
        math.inf,
        -math.inf,
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("1e400"),
        pytest.param(10**5000, id="an int that str() refuses"),
        CENTURY + 1,
        timedelta.max,
    ],
)
def test_s2_a_period_that_is_not_finite_or_too_long_is_refused(given: object) -> None:
    """S2: NaN, infinities and more than a hundred years are refused, with the argument's name."""
    with pytest.raises(InvalidArgumentError, match=r"^seconds=.*at most 100 years"):
        period_seconds("seconds", given)


@pytest.mark.parametrize("given", [0, 0.0, -1, -0.001, 0.000_999, timedelta(0), Decimal("1e-9")])
def test_s2_a_period_below_a_millisecond_is_refused(given: object) -> None:
    """S2: zero, negative periods and periods below 1 ms are refused."""
    with pytest.raises(InvalidArgumentError, match=r"^seconds=.*shorter than 1 ms"):
        period_seconds("seconds", given)


@pytest.mark.parametrize("given", [0, 0.0, 1, 0.000_1, timedelta(0), Decimal(0)])
def test_s3_a_wait_may_be_zero_or_short(given: object) -> None:
    """S3: a first wait may be zero."""
    assert wait_seconds("wait_first", given) >= 0


class Accommodating(float):
    """A float that compares as it is asked to."""

    def __le__(self, other: object) -> bool:
        return True

    __ge__ = __lt__ = __gt__ = __le__


def test_s2_a_subclass_cannot_talk_its_way_in() -> None:
    """S2: what a subclass makes of comparisons does not let a NaN pass."""
    with pytest.raises(InvalidArgumentError, match="at most 100 years"):
        period_seconds("seconds", Accommodating("nan"))


def test_s3_a_negative_wait_is_refused() -> None:
    """S3: a negative first wait is refused with the argument's name and value."""
    with pytest.raises(InvalidArgumentError, match=r"^wait_first=-1 is negative"):
        wait_seconds("wait_first", -1)


def test_the_error_carries_its_data() -> None:
    """An error knows the argument and the value it is about."""
    with pytest.raises(InvalidArgumentError) as caught:
        period_seconds("seconds", -5)

    assert (caught.value.argument, caught.value.value) == ("seconds", -5)
