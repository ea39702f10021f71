import re
from pathlib import Path

from ostinato import errors
from ostinato.observers import _records

EVENT = re.compile(r"`ostinato\.(\w+)`")


def test_the_reference_draws_the_tree_of_errors_as_the_code_does(root: Path):
    """Who reads docs/reference/errors.md sees every error there is."""
    tree = re.compile(r"```text\n(OstinatoError\n.*?)```", re.DOTALL)
    page = (root / "docs" / "reference" / "errors.md").read_text("utf-8")

    drawn, coded = tree.findall(page), tree.findall(errors.__doc__ or "")

    assert len(drawn) == 1
    assert drawn == coded


def test_the_reference_lists_every_event_that_is_logged(root: Path):
    """The names of log records are a promise, and the promise is written down."""
    page = (root / "docs" / "reference" / "log-records.md").read_text("utf-8")
    sources = "\n".join(path.read_text("utf-8") for path in (root / "src").rglob("*.py"))
    by_repetitions = re.findall(
        r'self\._write\(\s*(?:logging\.\w+|level),\s*"(\w+)"',
        Path(_records.__file__).read_text("utf-8"),
    )
    elsewhere = re.findall(r'"ostinato_event": "ostinato\.(\w+)"', sources)
    rows = re.findall(r"^\| `ostinato\.(\w+)` \|", page, re.MULTILINE)

    assert sorted(rows) == sorted({*by_repetitions, *elsewhere})
    assert set(EVENT.findall(page)) == set(rows)


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
