"""How long one virtual day of 315 tasks takes: 704,230 ticks, with periods of 1 s to 1 h."""

from benchmarks._environments import environment, interpreters
from benchmarks._harness import Case, Comparison, arguments_of, print_table, run_rounds

__all__ = ["main"]


def main() -> None:
    """Measure on every Python that was asked for, and print the tables."""
    arguments = arguments_of(__doc__ or "", rounds=3).parse_args()
    comparisons = [
        Comparison(version, [Case("simulate", (python, "-m", "benchmarks._virtual_day"))])
        for version, found in interpreters(arguments.python).items()
        for python in [environment(f"{version}-library", found, "cronsim==2.8")]
    ]
    run_rounds("virtual_day", comparisons, arguments)
    print_table(comparisons, "wall time", "s")
    print_table(comparisons, "CPU time", "s")
    print_table(comparisons, "ticks", "")


if __name__ == "__main__":
    main()
