"""What a tick of a `Scheduler` costs, beside a bare coroutine and beside other schedulers.

1,000 tasks with a period of one second, scattered over the second or due together; and one alone.
"""

from benchmarks._environments import interpreters
from benchmarks._harness import Comparison, arguments_of, chosen, print_table, run_rounds
from benchmarks._scheduler_cases import cases, pythons

__all__ = ["main"]

_OURS = ("bare", "process", "every_policy", "memory")
_PEERS = ("fastapi_utils", "apscheduler3", "apscheduler4", "aioclock")
# `scheduler` runs coroutine functions alone. aiocron knows whole seconds alone, so that its tasks
# are never scattered; it runs `def` functions on the loop, where they block it. The memory store
# takes no period as short as that of the one alone.
_WORKLOADS = (
    ("async", "scattered", (*_OURS, *_PEERS, "scheduler")),
    ("async", "together", (*_OURS, *_PEERS, "scheduler", "aiocron")),
    ("suspends", "scattered", (*_OURS, *_PEERS, "scheduler")),
    ("suspends", "together", (*_OURS, *_PEERS, "scheduler", "aiocron")),
    ("plain", "scattered", (*_OURS, *_PEERS)),
    ("plain", "together", (*_OURS, *_PEERS)),
    ("plain", "alone", ("bare", "process", "every_policy", *_PEERS)),
)


def main() -> None:
    """Measure on every Python that was asked for, and print the tables."""
    arguments = arguments_of(__doc__ or "", rounds=5).parse_args()
    comparisons = [
        Comparison(
            f"{version}, {body}, {phases}",
            cases(
                "benchmarks._scheduler_ticks",
                chosen(subjects, arguments),
                executables,
                body,
                phases,
                limit=60,
            ),
        )
        for version, found in interpreters(arguments.python).items()
        for executables in [pythons(version, found)]
        for body, phases, subjects in _WORKLOADS
    ]
    run_rounds("scheduler", comparisons, arguments)
    print_table(comparisons, "CPU per tick", "us")
    # Who falls behind does less work than the others.
    print_table(comparisons, "ticks per second", "1/s")
    print_table(comparisons, "wake-ups per 100 ticks", "")


if __name__ == "__main__":
    main()
