import ast
import re
from pathlib import Path

NAMED = re.compile(r"\bS(\d+)\b")
DEFINED = re.compile(r"^[\W_]*S(\d+)\b", re.MULTILINE)


def test_every_clause_that_a_test_names_can_be_looked_up(root: Path):
    """A test's `S24` is explained in docs/reference/behaviour.md."""
    page = root / "docs" / "reference" / "behaviour.md"
    defined = set(DEFINED.findall(page.read_text("utf-8"))) if page.exists() else set()

    unknown = {
        f"{path.relative_to(root)}: S{number}"
        for path in (root / "tests").rglob("test_*.py")
        if path != Path(__file__)
        for docstring in _docstrings(path)
        for number in NAMED.findall(docstring)
        if number not in defined
    }

    assert sorted(unknown) == []


def _docstrings(path: Path) -> list[str]:
    tree = ast.parse(path.read_bytes())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, documented)]
    return [ast.get_docstring(node) or "" for node in nodes]
