"""What it costs to declare and start a repetition, and the memory that one holds (Linux)."""

from benchmarks._environments import environment, interpreters
from benchmarks._harness import Case, Comparison, arguments_of, print_table, run_rounds
from benchmarks.repeat_every import BARE, COMPARED, PEERS

__all__ = ["main"]

_COUNTS = ("1000", "10000")


def main() -> None:
    """Measure on every Python that was asked for, and print the tables."""
    arguments = arguments_of(__doc__ or "", rounds=5).parse_args()
    comparisons = [
        Comparison(
            f"{version}, {int(count):,} repetitions",
            [
                Case(subject, (python, "-m", "benchmarks._start", repeater, count))
                for subject, repeater in (BARE, *COMPARED)
            ],
        )
        for version, found in interpreters(arguments.python).items()
        for python in [environment(version, found, *PEERS)]
        for count in _COUNTS
    ]
    run_rounds("start", comparisons, arguments)
    print_table(comparisons, "CPU to start one", "us")
    print_table(comparisons, "memory of one", "KiB")


if __name__ == "__main__":
    main()
