"""What is remembered of one task's ticks."""

from ostinato import Outcome, Run, RunKind, SkipReason
from ostinato._lease import Skipped
from ostinato._ledger import Ledger


def ended(due: int, outcome: Outcome | None = Outcome.SUCCEEDED, kind=RunKind.TICK) -> Run:
    """Return a run that has ended."""
    run = Run("task", due, kind=kind)
    run.outcome = outcome
    return run


def test_s29_each_tick_is_counted_once() -> None:
    """S29: by outcome or by reason; manual runs are no ticks."""
    ledger = Ledger()
    for run in (ended(0), ended(1), ended(2, Outcome.FAILED), ended(3, None)):
        ledger.add(run)
    ledger.add(ended(4, kind=RunKind.MANUAL))
    ledger.skip("task", "default", Skipped(5, 7, 3, SkipReason.OVERLAP))
    ledger.skip("task", "default", Skipped(8, 10**9, None, SkipReason.PAUSED))

    assert ledger.counts == {
        "succeeded": 2,
        "failed": 1,
        "abandoned": 1,
        "skipped(overlap)": 3,
        "skipped(paused)": 1,
    }


def test_s29_consecutive_ranges_of_one_reason_are_one_record() -> None:
    """S29: with their count; another reason, or a run, begins another."""
    ledger = Ledger()
    for first, reason in [
        (1, SkipReason.OVERLAP),
        (3, SkipReason.OVERLAP),
        (5, SkipReason.PAUSED),
    ]:
        ledger.skip("task", "default", Skipped(first, first + 1, 2, reason))
    ledger.add(ended(7))
    ledger.skip("task", "default", Skipped(8, 8, 1, SkipReason.PAUSED))

    records = ledger.latest(10)[::-1]
    assert [(each._due, each.count, each.reason) for each in records] == [
        (1, 4, SkipReason.OVERLAP),
        (5, 2, SkipReason.PAUSED),
        (7, 1, None),
        (8, 1, SkipReason.PAUSED),
    ]
    assert (records[0].last_due, records[0].outcome) == (ended(4).due, Outcome.SKIPPED)


def test_the_latest_records_are_kept() -> None:
    """All ticks stay counted."""
    ledger = Ledger(keep=3)
    for due in range(20):
        ledger.add(ended(due))

    assert [run._due for run in ledger.latest(10)] == [19, 18, 17]
    assert [run._due for run in ledger.latest(1)] == [19]
    assert ledger.latest(0) == []
    assert ledger.counts == {"succeeded": 20}
    assert ledger.prune(3) in range(3)
    assert ledger.prune(1) == 2
    assert [run._due for run in ledger.latest(10)] == [19]


def test_s20_it_knows_which_ticks_it_holds() -> None:
    """S20: those that were run, and those that were skipped; and where in a period they lie."""
    ledger = Ledger()
    ledger.add(ended(10))
    ledger.skip("task", "default", Skipped(20, 40, 3, SkipReason.OVERLAP))
    ledger.add(ended(55, kind=RunKind.MANUAL))

    assert [due for due in (10, 11, 20, 30, 40, 50, 55) if ledger.holds(due)] == [10, 20, 30, 40]
    assert [due for due in (10, 11, 20, 30, 40, 50, 55) if ledger.has_run(due)] == [10]
    assert ledger.phases(7) == {3, 6}


def test_s27_skipped_ranges_are_forgotten_as_runs_are() -> None:
    """S27: a task that is skipped again and again, for one reason or another, fills no memory."""
    ledger = Ledger(keep=10)

    for due in range(100):
        reason = SkipReason.OVERLAP if due % 2 else SkipReason.PAUSED
        ledger.skip("task", "default", Skipped(due, due, 1, reason))

    assert len(ledger.latest(100)) == 10
    assert len(ledger._runs) < 20
    assert sum(ledger.counts.values()) == 100
