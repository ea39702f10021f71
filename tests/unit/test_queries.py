"""What is looked at to find what somebody wants of the history."""

from collections.abc import Sequence

from ostinato import Outcome, Run
from ostinato._lease import Skipped
from ostinato._ledger import Ledger
from ostinato._outcomes import SkipReason
from ostinato._queries import Wanted, newest_of

NAMES = [f"task {number}" for number in range(1_000)]


def ended(name: str, at: int, outcome: Outcome = Outcome.SUCCEEDED) -> Run:
    run = Run(name, at, token=at)
    run.outcome, run._started, run._finished = outcome, float(at), float(at)
    return run


def test_of_a_thousand_tasks_few_records_are_looked_at() -> None:
    """The newest hundred are those of a few tasks: of the others one record each is enough."""
    kept: dict[str, list[Run]] = {}
    for number, name in enumerate(NAMES):
        ledger = Ledger()
        for at in range(100):
            ledger.add(ended(name, 1_000 * at + number, Outcome.FAILED if at == 7 else _GOOD))
        kept[name] = ledger.placed()
    looked_at = 0

    def latest(names: Sequence[str], number: int) -> dict[str, list[Run]]:
        nonlocal looked_at
        looked_at += number * len(names)
        return {name: kept[name][:number] for name in names}

    page = newest_of(NAMES, Wanted(100), latest)
    at_once, looked_at = looked_at, 0
    failed = newest_of(NAMES, Wanted(5, outcomes=(Outcome.FAILED,)), latest)

    assert [run._due for run in page] == list(range(99_999, 99_899, -1))
    assert at_once < 2_000
    assert [run._due for run in failed] == list(range(7_999, 7_994, -1))
    assert newest_of(NAMES, Wanted(0), latest) == []
    assert newest_of([], Wanted(5), latest) == []


def test_records_stand_where_they_stood_however_often_they_are_looked_at() -> None:
    """Also while the last one, a range, gets longer, and once the oldest were forgotten."""
    ledger, looked_at = Ledger(keep=8, failures=2), Ledger(keep=8, failures=2)
    for number in range(60):
        for each in (ledger, looked_at):
            # The clock was set back now and then.
            at = 100 * (number - number % 7)
            if number % 5 > 2:
                each.skip("task", "", Skipped(at - 300, at - 200, 1, SkipReason.OVERLAP))
            else:
                each.add(ended("task", at, Outcome.FAILED if number % 4 == 0 else _GOOD))
        looked_at.placed(number % 4)
        fresh = Ledger(keep=8, failures=2)
        fresh._runs = ledger._runs

        expected = [run._place for run in fresh.placed()]

        assert [run._place for run in looked_at.placed()] == expected


_GOOD = Outcome.SUCCEEDED
