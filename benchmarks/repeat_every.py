"""What a tick of `repeat_every` costs, beside a bare coroutine and beside fastapi-utils.

1,000 repetitions with a period of one second, scattered over the second or due together.
"""

from benchmarks._environments import environment, interpreters
from benchmarks._harness import Case, Comparison, arguments_of, print_table, run_rounds

__all__ = ["BARE", "COMPARED", "PEERS", "main"]

# fastapi-utils imports typing_inspect from its root, and declares it as an extra.
PEERS = ("fastapi-utils==0.8.0", "typing-inspect")

BARE = ("bare coroutine", "bare")
COMPARED = (("ostinato", "ostinato"), ("fastapi-utils", "fastapi_utils"))
# Shows how much of the difference is the isolation of runs itself.
_ISOLATED = ("bare, a task per run", "task_per_run")

_WORKLOADS = (
    ("async", "scattered", (BARE, _ISOLATED, *COMPARED)),
    ("async", "together", (BARE, _ISOLATED, *COMPARED)),
    ("suspends", "scattered", (BARE, *COMPARED)),
    ("suspends", "together", (BARE, *COMPARED)),
    ("plain", "scattered", (BARE, *COMPARED)),
    ("plain", "together", (BARE, *COMPARED)),
)


def main() -> None:
    """Measure on every Python that was asked for, and print the table."""
    arguments = arguments_of(__doc__ or "", rounds=5).parse_args()
    comparisons = [
        Comparison(
            f"{version}, {body}, {phases}",
            [
                Case(subject, (python, "-m", "benchmarks._ticks", repeater, body, phases))
                for subject, repeater in subjects
            ],
        )
        for version, found in interpreters(arguments.python).items()
        for python in [environment(version, found, *PEERS)]
        for body, phases, subjects in _WORKLOADS
    ]
    run_rounds("repeat_every", comparisons, arguments)
    print_table(comparisons, "CPU per tick", "us")


if __name__ == "__main__":
    main()
