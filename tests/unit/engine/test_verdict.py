"""What an exception that left a run means."""

import asyncio

import pytest

from ostinato._engine._verdict import Verdict, judge, text_of


def verdict(failure: BaseException | None, *, cancelled: bool, interrupted: bool) -> Verdict:
    return Verdict(failure, is_cancelled=cancelled, is_interrupted=interrupted)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        MemoryError(),
        RecursionError(),
        StopIteration(),
        GeneratorExit(),
        SystemExit(1),
        ExceptionGroup("several", [ValueError()]),
    ],
)
def test_s61_s62_s64_a_failure_is_the_error_itself(error: BaseException) -> None:
    """S61, S62, S64: errors of every kind, and exits, are failures: the very object."""
    assert judge(error) == verdict(error, cancelled=False, interrupted=False)


def test_s60_a_cancellation_is_no_failure() -> None:
    """S60: a CancelledError of the body's own making is a cancelled run."""
    assert judge(asyncio.CancelledError()) == verdict(None, cancelled=True, interrupted=False)


def test_s62_an_interruption_is_no_failure() -> None:
    """S62: a KeyboardInterrupt asks the process to stop."""
    assert judge(KeyboardInterrupt()) == verdict(None, cancelled=False, interrupted=True)


def test_s63_a_group_is_split_and_its_rest_is_one_failure() -> None:
    """S63: cancellations and interruptions are taken out; what is left is one failure."""
    wrong, leaving = ValueError("wrong"), SystemExit(1)
    inner = BaseExceptionGroup("inner", [asyncio.CancelledError(), leaving])
    group = BaseExceptionGroup("outer", [wrong, inner, KeyboardInterrupt()])

    found = judge(group)

    assert (found.is_cancelled, found.is_interrupted) == (True, True)
    assert isinstance(found.failure, BaseExceptionGroup)
    assert found.failure.exceptions[0] is wrong
    assert found.failure.exceptions[1].exceptions == (leaving,)  # type: ignore[attr-defined] # a group inside


def test_s63_a_group_of_nothing_but_cancellations_is_a_cancellation() -> None:
    """S63: a group of cancellations only is a cancelled run."""
    group = BaseExceptionGroup("", [asyncio.CancelledError(), asyncio.CancelledError()])

    assert judge(group) == verdict(None, cancelled=True, interrupted=False)


def test_s63_a_group_of_interruptions_only_is_an_interruption() -> None:
    """S63: a group of interruptions only asks the process to stop."""
    group = BaseExceptionGroup("", [KeyboardInterrupt()])

    assert judge(group) == verdict(None, cancelled=False, interrupted=True)


def test_s98_a_long_text_is_cut_between_two_words() -> None:
    """S98: of half a password nobody could tell that it is one; a word without an end is cut."""
    address = "postgresql://me:hunter2hunter2hunter2@db"

    text = text_of(ValueError("x" * 1_960 + f" {address}"))

    assert text == "ValueError: " + "x" * 1_960
    assert len(text_of(ValueError("x" * 9_999))) == 2_000
