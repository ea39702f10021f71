import ast
import inspect
import re
from typing import NamedTuple

from ostinato import errors

LINE = re.compile(
    r"^(?P<indent>[│├└─ ]*)(?P<name>\w+Error)\b *(?:\((?P<builtin>\w+)\))?(?P<rest>.*)"
)


class Drawn(NamedTuple):
    """One error as the tree draws it."""

    parent: str
    builtin: str | None
    data: set[str]


def test_every_error_is_in_the_tree_as_it_is_drawn():
    """The tree in the module's docstring shows each error's parents and the data it carries."""
    defined = {
        name: Drawn(
            parent=cls.__bases__[0].__name__,
            builtin=cls.__bases__[1].__name__ if len(cls.__bases__) > 1 else None,
            data=_data(cls),
        )
        for name, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, BaseException)
    }

    assert _drawn(errors.__doc__ or "") == defined


def test_every_error_can_be_imported():
    """Every error of the tree is in the module's `__all__`."""
    assert set(errors.__all__) == set(_drawn(errors.__doc__ or ""))


def _drawn(docstring: str) -> dict[str, Drawn]:
    """Read the tree in *docstring*: a child stands four columns right of its parent."""
    drawn: dict[str, Drawn] = {}
    ancestors: list[str] = ["Exception"]
    for line in docstring.splitlines():
        if found := LINE.match(line):
            depth = len(found["indent"]) // 4
            ancestors[depth + 1 :] = [found["name"]]
            data = set(re.findall(r"\.(\w+)", found["rest"]))
            drawn[found["name"]] = Drawn(ancestors[depth], found["builtin"], data)
    return drawn


def _data(cls: type[BaseException]) -> set[str]:
    """Return the attributes that the class's own `__init__` sets."""
    if "__init__" not in vars(cls):
        return set()
    tree = ast.parse(inspect.getsource(cls))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
