"""When a worker asks a server for what is due."""

import pytest

from ostinato._engine._asking import asked_at, believed


@pytest.mark.parametrize("period", [0, 50, 1_000, 10_000, 86_400_000])
@pytest.mark.parametrize("due", [1_900_000_000_000, 1_900_000_000_007])
def test_s89_workers_do_not_all_ask_at_once(period: int, due: int):
    """S89: each a little later, by a part of the period and half a second at the most."""
    asked = {asked_at(due, period, drawn / 100) for drawn in range(100)}

    part = (period or 1_000) // 50
    assert due <= min(asked)
    assert max(asked) <= due + min(part, 200) + min(part, 250)


def test_s89_what_is_due_together_is_asked_for_together():
    """S89: also what falls due a moment later."""
    due = 1_900_000_000_001

    assert len({asked_at(due + late, 10_000, 0.5) for late in range(100)}) == 1
    assert asked_at(due + 300, 10_000, 0.5) > asked_at(due, 10_000, 0.5)


@pytest.mark.parametrize(
    ("before", "took", "after"),
    [(0.0, 10.0, 100.0), (105.0, 10.0, 105.0), (500.0, 10.0, 110.0), (500.0, 60_000.0, 500.0)],
)
def test_s78_what_is_believed_of_a_server_s_clock_is_moved_as_little_as_it_can_be(
    before: float, took: float, after: float
):
    """S78: an answer that took long says little; a quick one says it to the millisecond."""
    assert believed(before, 100.0, took) == after
