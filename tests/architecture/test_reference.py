import ast
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ostinato import errors
from ostinato.observers.logging import _RECORDS

EVENT = re.compile(r"`ostinato\.(\w+)`")


def test_the_reference_draws_the_tree_of_errors_as_the_code_does(root: Path):
    """Who reads docs/reference/errors.md sees every error there is."""
    tree = re.compile(r"```text\n(OstinatoError\n.*?)```", re.DOTALL)
    page = (root / "docs" / "reference" / "errors.md").read_text("utf-8")

    drawn, coded = tree.findall(page), tree.findall(errors.__doc__ or "")

    assert len(drawn) == 1
    assert drawn == coded


def test_the_reference_lists_every_event_that_is_logged_with_its_fields(
    root: Path, sources: Mapping[str, ast.Module]
):
    """The names of log records and of their fields are a promise, and it is written down."""
    page = (root / "docs" / "reference" / "log-records.md").read_text("utf-8")
    rows = re.findall(r"^\| `ostinato\.(\w+)` \|[^|]*\|([^|]*)\|", page, re.MULTILINE)
    listed = [(event, set(re.findall(r"`(\w+)`", fields))) for event, fields in rows]
    coded = [event for module in sources.values() for event in _events(module)]
    coded += _observed(sources).items()

    assert sorted(map(_ordered, listed)) == sorted(map(_ordered, coded))
    assert set(EVENT.findall(page)) == {event for event, _ in rows}


def test_the_reference_has_the_level_of_every_event_that_observers_are_told(root: Path):
    """Whoever filters records by their level reads it on the page."""
    page = (root / "docs" / "reference" / "log-records.md").read_text("utf-8")
    section = page.partition("## Of the scheduler")[2].partition("### Streaks")[0]
    listed = re.findall(r"^\| `(ostinato\.\w+)` \| (\w+)(?:;[^|]*)? \|", section, re.MULTILINE)

    coded = {name: logging.getLevelName(record.level) for name, record in _RECORDS.items()}

    assert dict(listed) == coded


def test_the_reference_explains_every_field(root: Path, sources: Mapping[str, ast.Module]):
    """Each field of a log record has a type and a meaning on the page."""
    page = (root / "docs" / "reference" / "log-records.md").read_text("utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| `", page, re.MULTILINE)
    explained = {field for row in rows for field in re.findall(r"\w+", row)}
    coded = [fields for module in sources.values() for _, fields in _events(module)]

    assert explained == {"ostinato_event"}.union(*coded, *_observed(sources).values())


def test_a_test_file_that_a_clause_points_to_does_name_it(root: Path):
    """Who follows a clause of docs/reference/behaviour.md to its tests finds them there."""
    page = (root / "docs" / "reference" / "behaviour.md").read_text("utf-8")
    sections = re.findall(r"^### (S\d+)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)

    mistaken = [
        f"{clause}: {path}"
        for clause, text in sections
        for path in re.findall(r"\]\(\.\./\.\./(tests/[^)]+)\)", text)
        if not re.search(rf"\b{clause}\b", (root / path).read_text("utf-8"))
    ]

    assert mistaken == []


def test_a_test_that_a_page_names_is_in_the_file_that_it_points_to(root: Path):
    """Who follows a failure of docs/reference/failures.md, or a guarantee, finds its test."""
    pages = ("reference/failures.md", "explanation/which-guarantee.md")
    page = "".join((root / "docs" / each).read_text("utf-8") for each in pages)
    named = re.findall(r"\[`(test_\w+)`\]\(\.\./\.\./(tests/[^)]+)\)", page)

    mistaken = [
        f"{path}: {name}"
        for name, path in named
        if f"def {name}(" not in (root / path).read_text("utf-8")
    ]

    assert len(named) >= 20
    assert mistaken == []


def _ordered(event: tuple[str, set[str]]) -> tuple[str, list[str]]:
    """Return the *event* as one that can be sorted: sets cannot."""
    return event[0], sorted(event[1])


def _observed(sources: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """Return the events that observers are told, each with the fields of its record."""
    found: dict[str, set[str]] = {name.removeprefix("ostinato."): set() for name in _RECORDS}
    for call in (node for module in sources.values() for node in ast.walk(module)):
        match call:
            case ast.Call(
                func=ast.Attribute(attr="tell" | "_tell"), args=[told, *others], keywords=keywords
            ):
                facts = {keyword.arg for keyword in keywords if keyword.arg} - {"error"}
                if "run" in facts:
                    facts = facts - {"run"} | {"run_id", "run_attempt"}
                facts |= {"task_name"} if others else set()
                for name in _names(told, found):
                    found[name] |= facts
            case _:
                pass
    return found


def _names(told: ast.expr, known: Mapping[str, set[str]]) -> list[str]:
    """Return which of the *known* events an expression is the name of."""
    match told:
        case ast.Constant(str(name)) if name.startswith("ostinato."):
            return [name.removeprefix("ostinato.")]
        case ast.JoinedStr(values=[ast.Constant(str(start)), *_]):
            return [each for each in known if f"ostinato.{each}".startswith(start)]
        case _:
            return []


def _events(module: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Yield the events that *module* logs, each with the fields besides `ostinato_event`."""
    for node in ast.walk(module):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="_write"), args=[_, ast.Constant(str(event)), *_]
            ):
                facts = {str(keyword.arg) for keyword in node.keywords}
                yield event, {"task_name", *facts} - {"error"}
            case ast.Dict(
                keys=[ast.Constant("ostinato_event"), *others],
                values=[ast.Constant(str(event)), *_],
            ):
                yield (
                    event.removeprefix("ostinato."),
                    {str(key.value) for key in others if isinstance(key, ast.Constant)},
                )
