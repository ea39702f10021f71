"""What 1,000 ticks a second cost a FastAPI endpoint in the same loop: its requests, its latency."""

from benchmarks._environments import interpreters
from benchmarks._harness import Comparison, arguments_of, print_table, run_rounds
from benchmarks._scheduler_cases import cases, pythons

__all__ = ["main"]

_SCATTERED = (
    *("bare", "process", "every_policy", "memory", "fastapi_utils"),
    *("apscheduler3", "apscheduler4", "aioclock", "scheduler"),
)
# aiocron knows whole seconds alone, so that its tasks are due together.
_WORKLOADS = (("scattered", _SCATTERED), ("together", (*_SCATTERED, "aiocron")))
_FIGURES = (
    ("requests per second, without ticks", "1/s"),
    ("requests per second, with ticks", "1/s"),
    ("requests, with to without", "ratio"),
    ("99th percentile, without ticks", "ms"),
    ("99th percentile, with ticks", "ms"),
    ("99th percentile, with to without", "ratio"),
    ("CPU per request, with to without", "ratio"),
)


def main() -> None:
    """Measure on every Python that was asked for, and print the tables."""
    arguments = arguments_of(__doc__ or "", rounds=5).parse_args()
    comparisons = [
        Comparison(
            f"{version}, {phases}",
            cases("benchmarks._requests", subjects, executables, phases),
        )
        for version, found in interpreters(arguments.python).items()
        for executables in [pythons(version, found)]
        for phases, subjects in _WORKLOADS
    ]
    run_rounds("requests", comparisons, arguments)
    for figure, unit in _FIGURES:
        print_table(comparisons, figure, unit)


if __name__ == "__main__":
    main()
