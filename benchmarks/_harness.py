"""Run cases side by side and print medians: one process a case, interleaved, round by round."""

import argparse
import json
import math
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks._environments import FOLDER, ROOT, variables

__all__ = ["Case", "Comparison", "arguments_of", "chosen", "print_table", "run_rounds"]


@dataclass(frozen=True, slots=True)
class Case:
    """One subject of a comparison, measured by a process that prints one JSON object.

    Attributes:
        subject: What is measured.
        command: What prints its figures.
        limit: After how many seconds it is given up; None: never.
    """

    subject: str
    command: tuple[str | Path, ...]
    limit: float | None = None

    def measure(self) -> dict[str, float]:
        """Run the process and return the figures that it prints, by their names.

        There are none where it fails or takes too long: the others are measured all the same.
        """
        try:
            ended = subprocess.run(
                self.command,
                cwd=ROOT,
                env=variables(),
                stdout=subprocess.PIPE,
                check=True,
                timeout=self.limit,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(f"{self.subject}: {error}", file=sys.stderr)
            return {}
        figures: dict[str, float] = json.loads(ended.stdout)
        return figures


@dataclass(slots=True)
class Comparison:
    """Cases that are measured next to each other; the first is what the others are held against.

    Attributes:
        title: What is compared, for the table's row.
        cases: What runs.
        figures: What the cases printed: figure, subject, one value a round.
    """

    title: str
    cases: list[Case]
    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def warm_up(self) -> None:
        """Run every case once and forget what it says: the first run compiles and reads disks."""
        for case in self.cases:
            case.measure()

    def run_round(self, order: random.Random) -> None:
        """Run every case once, in an order of chance, and keep what they print."""
        measured = {
            case.subject: case.measure() for case in order.sample(self.cases, len(self.cases))
        }
        for figure in {figure: None for figures in measured.values() for figure in figures}:
            for subject, figures in measured.items():
                values = self.figures.setdefault(figure, {}).setdefault(subject, [])
                values.append(figures.get(figure, math.nan))

    def rows(self, figure: str) -> Iterator[tuple[str, ...]]:
        """Yield a row a subject: its median of *figure*, and how it compares to the first subject.

        Ratios and differences are taken within a round, where the machine was in one mood.
        """
        measured = self.figures[figure]
        for case in self.cases:
            pairs = [
                (value, base)
                for value, base in zip(
                    measured[case.subject], measured[self.cases[0].subject], strict=True
                )
                if not (math.isnan(value) or math.isnan(base))
            ]
            if not pairs:
                yield "", "", case.subject, "none", "", "", ""
                continue
            values = [value for value, _ in pairs]
            ratios = [value / base if base else math.inf for value, base in pairs]
            more = [value - base for value, base in pairs]
            if case is self.cases[0]:
                rounds = str(len(values))
                yield self.title, rounds, case.subject, f"{median(values):.1f}", "", "1", ""
                continue
            yield (
                *("", "", case.subject, f"{median(values):.1f}", f"{median(more):+.1f}"),
                *(f"{median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"),
            )


def arguments_of(description: str, *, rounds: int) -> argparse.ArgumentParser:
    """Return a parser for what every benchmark takes: how many rounds, and which Pythons."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"default: {rounds}")
    parser.add_argument(
        "--add", action="store_true", help="add the rounds to those of the run before"
    )
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only comparisons with this in their title"
    )
    parser.add_argument(
        "--subject",
        action="append",
        default=[],
        help="of `scheduler` and `scale`: only this one beside the first; may be repeated",
    )
    parser.add_argument(
        "--python",
        type=Path,
        action="append",
        default=[],
        help="an interpreter to measure with; may be repeated; default: every supported one found",
    )
    return parser


def chosen(subjects: tuple[str, ...], arguments: argparse.Namespace) -> tuple[str, ...]:
    """Return those of *subjects* that were asked for by `--subject`, with the first; or all."""
    wanted = {subjects[0], *arguments.subject}
    return tuple(each for each in subjects if each in wanted) if arguments.subject else subjects


def run_rounds(name: str, comparisons: list[Comparison], arguments: argparse.Namespace) -> None:
    """Run all *comparisons* once a round, so that none has a quiet hour of its own.

    What was measured is kept below `build/benchmarks/` by *name*, whole rounds only.
    """
    kept = FOLDER / f"{name}.json"
    if arguments.add and kept.exists():
        figures = json.loads(kept.read_text("utf-8"))
        for comparison in comparisons:
            comparison.figures = figures.get(comparison.title, {})
    order = random.Random()  # noqa: S311 - it only shuffles
    for number in range(1, arguments.rounds + 1):
        for comparison in comparisons:
            if arguments.only not in comparison.title:
                continue
            print(f"round {number} of {arguments.rounds}: {comparison.title}", file=sys.stderr)
            comparison.run_round(order)
        figures = {comparison.title: comparison.figures for comparison in comparisons}
        kept.write_text(json.dumps(figures, indent=1), "utf-8")


def print_table(comparisons: list[Comparison], figure: str, unit: str) -> None:
    """Print what the *comparisons* measured of *figure* as a table in Markdown."""
    header = ("", "rounds", "subject", f"{figure}, {unit}", "more", "ratio", "in single rounds")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for comparison in comparisons:
        if not comparison.figures:
            continue
        for row in comparison.rows(figure):
            print("| " + " | ".join(row) + " |")
    print()
