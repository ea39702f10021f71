"""What slow `def` tasks cost a `def` endpoint: its latency with 0 and with 40 of them."""

from benchmarks._environments import environment, interpreters
from benchmarks._harness import Case, Comparison, arguments_of, print_table, run_rounds

__all__ = ["main"]

_PEERS = ("fastapi==0.165.0", "fastapi-utils==0.8.0", "typing-inspect", "sqlalchemy>=2", "uvicorn")
_SLOW_TASKS = ("0", "40")


def main() -> None:
    """Measure on every Python that was asked for, and print the tables."""
    arguments = arguments_of(__doc__ or "", rounds=7).parse_args()
    comparisons = [
        Comparison(
            version,
            [
                Case(f"{repeater}, {tasks} slow tasks", (python, "-m", module, repeater, tasks))
                for repeater in ("ostinato", "fastapi-utils")
                for tasks in _SLOW_TASKS
            ],
        )
        for version, found in interpreters(arguments.python).items()
        for python in [environment(version, found, *_PEERS)]
        for module in ["benchmarks._latency"]
    ]
    run_rounds("endpoint_latency", comparisons, arguments)
    for figure in ("median", "99th percentile"):
        print_table(comparisons, figure, "ms")


if __name__ == "__main__":
    main()
