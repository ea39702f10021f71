import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def public(sources: dict[str, ast.Module]) -> dict[str, object]:
    """Return everything that a public module offers, by its full name."""
    offered: dict[str, object] = {}
    for path in sources:
        name = "ostinato." + path.removesuffix(".py").replace("/", ".")
        module = name.removesuffix(".__init__")
        if not any(part.startswith("_") for part in module.split(".")):
            loaded = import_module(module)
            names = getattr(loaded, "__all__", [])
            offered |= {f"{module}.{each}": getattr(loaded, each) for each in names}
    return offered


def test_every_public_name_has_a_docstring(public: dict[str, object]):
    """What a user may import tells what it is for."""
    silent = [
        name
        for name, value in public.items()
        if (inspect.isclass(value) or inspect.isfunction(value)) and not value.__doc__
    ]

    assert silent == []


def test_every_public_name_stands_in_the_reference(public: dict[str, object], root: Path):
    """What a user may import is found in docs/reference, in code letters."""
    pages = "\n".join(page.read_text("utf-8") for page in root.glob("docs/reference/**/*.md"))
    missing = {
        name.rpartition(".")[2]
        for name in public
        if not re.search(rf"[`\w.]*\b{name.rpartition('.')[2]}\b[^`\n]*`", pages)
    }

    assert sorted(missing) == []
