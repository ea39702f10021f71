"""What one evaluation of a cron costs: the mean and the worst, over zones and a century."""

from datetime import UTC, datetime, timedelta
from random import Random
from time import process_time

from ostinato import Cron

__all__ = ["main"]

_EXPRESSIONS = (
    "*/15 * * * *",
    "0 9 * * mon-fri",
    "59 23 31 12 fri",
    "0 0 29 2 *",
    "0 0 * 2 mon#5",
    "0 12 */28 2 sun#5",
)
_ZONES = ("UTC", "Europe/Zurich", "Australia/Lord_Howe", "Pacific/Apia")
_STARTS = 500
_MINUTES = 130 * 525_960


def main() -> None:
    """Evaluate each expression in each zone from many instants, and print the table."""
    print("expression              mean us   worst ms")
    for expression in _EXPRESSIONS:
        random = Random(1)  # noqa: S311 - the same instants in every run
        costs = [
            _cost(Cron(expression, tz=zone), random.randrange(_MINUTES))
            for zone in _ZONES
            for _ in range(_STARTS)
        ]
        mean, worst = sum(costs) / len(costs), max(costs)
        print(f"{expression:22} {mean * 1e6:8.0f} {worst * 1e3:10.2f}")


def _cost(cron: Cron, minutes: int) -> float:
    """Return the CPU seconds that one evaluation takes, *minutes* after 1970."""
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    begun = process_time()
    cron.next_after(instant)
    return process_time() - begun


if __name__ == "__main__":
    main()
