"""What `import ostinato` adds to a program that uses asyncio."""

from benchmarks._environments import environment, interpreters
from benchmarks._harness import Case, Comparison, arguments_of, print_table, run_rounds

__all__ = ["main"]

_MEASURE = """
import json, time
begun, cpu = time.perf_counter(), time.process_time()
import {modules}
ended, cpu_ended = time.perf_counter(), time.process_time()
print(json.dumps({{"time to import": (ended - begun) * 1e3, "CPU": (cpu_ended - cpu) * 1e3}}))
"""


def main() -> None:
    """Measure on every Python that was asked for, and print the table."""
    arguments = arguments_of(__doc__ or "", rounds=21).parse_args()
    comparisons = [
        Comparison(
            version,
            [
                Case(modules, (python, "-c", _MEASURE.format(modules=modules)))
                for modules in ("asyncio", "asyncio, ostinato")
            ],
        )
        for version, found in interpreters(arguments.python).items()
        for python in [environment(version, found)]
    ]
    for comparison in comparisons:
        # The first import compiles; what users wait for is the others.
        comparison.warm_up()
    run_rounds("import_time", comparisons, arguments)
    # A busy machine stretches the time and hardly the CPU time.
    for figure in ("CPU", "time to import"):
        print_table(comparisons, figure, "ms")


if __name__ == "__main__":
    main()
