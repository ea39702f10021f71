"""What it costs to have the event loop watched, 20 times a second: CPU in % of a core."""

from benchmarks._environments import environment, interpreters
from benchmarks._harness import Case, Comparison, arguments_of, print_table, run_rounds

__all__ = ["main"]


def main() -> None:
    """Measure on every Python that was asked for, and print the table."""
    arguments = arguments_of(__doc__ or "", rounds=5).parse_args()
    comparisons = [
        Comparison(
            f"{version}, {load}",
            [
                Case(subject, (python, "-m", "benchmarks._watchdog", load, subject))
                for subject in ("unwatched", "watched")
            ],
        )
        for version, found in interpreters(arguments.python).items()
        for python in [environment(f"{version}-library", found, "cronsim==2.8")]
        for load in ("idle", "busy")
    ]
    run_rounds("watchdog", comparisons, arguments)
    print_table(comparisons, "CPU", "% of a core")


if __name__ == "__main__":
    main()
