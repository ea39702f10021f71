import ast
import re
from pathlib import Path

CEILING = 300
# Spelled in halves, so that this file holds none of them itself.
REGISTRIES = ["py" + "pi.org", "python" + "hosted", "npm" + "js.", "deb." + "debian"]
HOME = re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+)/")


def test_no_source_file_reaches_300_lines(tracked: dict[str, str]):
    """A file that long has two reasons to change: split it by meaning."""
    lengths = {
        path: len(text.splitlines())
        for path, text in tracked.items()
        if path.endswith(".py") and not path.startswith(("tests/", "examples/", "benchmarks/"))
    }

    assert {path: lines for path, lines in lengths.items() if lines >= CEILING} == {}


def test_every_module_says_what_it_offers(sources: dict[str, ast.Module]):
    """Every module that defines or imports something has an `__all__`; ruff keeps it sorted."""
    silent = [
        path
        for path, module in sources.items()
        if len(module.body) > 1 and "__all__" not in _assigned(module)
    ]

    assert silent == []


def test_no_file_names_a_package_registry(tracked: dict[str, str]):
    """Where packages come from is set where they are installed, never in the repository."""
    naming = [
        f"{path}: {registry}"
        for path, text in tracked.items()
        for registry in REGISTRIES
        if registry in text
    ]

    assert naming == []


def test_no_file_names_a_path_of_one_machine(tracked: dict[str, str], root: Path):
    """A home folder, or the folder of this checkout, means nothing to anybody else."""
    naming = [path for path, text in tracked.items() if HOME.search(text) or f"{root}/" in text]

    assert naming == []


def _assigned(module: ast.Module) -> set[str]:
    targets = [
        target for node in module.body if isinstance(node, ast.Assign) for target in node.targets
    ]
    return {target.id for target in targets if isinstance(target, ast.Name)}
