"""What 10,000 and 100,000 tasks cost: to start, to keep, to tick and to stop (Linux)."""

from benchmarks._environments import interpreters
from benchmarks._harness import Comparison, arguments_of, chosen, print_table, run_rounds
from benchmarks._scheduler_cases import cases, pythons

__all__ = ["main"]

# aiocron is left out: it knows whole seconds alone, so that its tasks are not scattered.
_MOST = ("bare", "process", "memory", "fastapi_utils", "apscheduler3", "apscheduler4", "scheduler")
# aioclock takes more than a minute to declare 100,000.
_COUNTS = (("10000", "10", (*_MOST, "aioclock")), ("100000", "60", _MOST))
_FIGURES = (
    # What the start adds, and what there is in all: libraries differ in what they do before.
    ("memory of a task", "B"),
    ("memory with the declaration", "B"),
    ("CPU to start a task", "us"),
    ("longest block at start", "ms"),
    ("stop", "ms"),
    ("CPU per tick", "us"),
    ("ticks per second", "1/s"),
    ("lateness, median", "ms"),
    ("lateness, 99th percentile", "ms"),
)


def main() -> None:
    """Measure on every Python that was asked for, and print the tables."""
    arguments = arguments_of(__doc__ or "", rounds=5).parse_args()
    comparisons = [
        Comparison(
            f"{version}, {int(count):,} tasks, every {period} s",
            cases(
                "benchmarks._scale",
                chosen(subjects, arguments),
                executables,
                count,
                period,
                limit=180,
            ),
        )
        for version, found in interpreters(arguments.python).items()
        for executables in [pythons(version, found)]
        for count, period, subjects in _COUNTS
    ]
    run_rounds("scale", comparisons, arguments)
    for figure, unit in _FIGURES:
        print_table(comparisons, figure, unit)


if __name__ == "__main__":
    main()
