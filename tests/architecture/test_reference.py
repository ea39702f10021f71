import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ostinato import errors

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

    assert sorted(listed) == sorted(coded)
    assert set(EVENT.findall(page)) == {event for event, _ in rows}


def test_the_reference_explains_every_field(root: Path, sources: Mapping[str, ast.Module]):
    """Each field of a log record has a type and a meaning on the page."""
    page = (root / "docs" / "reference" / "log-records.md").read_text("utf-8")
    explained = set(re.findall(r"^\| `(\w+)` \| `", page, re.MULTILINE))
    coded = [fields for module in sources.values() for _, fields in _events(module)]

    assert explained == {"ostinato_event"}.union(*coded)


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
