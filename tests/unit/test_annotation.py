"""What is read from an annotation, whole or in part."""

import inspect
from functools import partial, wraps
from typing import Annotated, Any, ForwardRef, Optional

import pytest
from typing_extensions import TypeAliasType

from ostinato._annotation import Annotation, evaluator_of

Itself = "Itself"
Alias = TypeAliasType("Alias", Annotated[int, "aliased"])


def read(annotation: object, function: object = lambda: None, **known: object) -> Annotation:
    return Annotation.read(annotation, evaluator_of(function, known=known))


@pytest.mark.parametrize(
    ("annotation", "types", "metadata"),
    [
        (int, (int,), ()),
        ("int", (int,), ()),
        (inspect.Parameter.empty, (), ()),
        (int | None, (int,), ()),
        (Optional["int"], (int,), ()),
        ("int | str", (int, str), ()),
        (int | Annotated[str, 1], (int, str), ()),
        (ForwardRef("int | str"), (int, str), ()),
        (Annotated[int, 1, 2], (int,), (1, 2)),
        (Annotated["int", 1], (int,), (1,)),
        ("Annotated['int', 1]", (int,), (1,)),
        (Annotated[Annotated[int, 1] | None, 2], (int,), (2,)),
        (Alias, (int,), ("aliased",)),
        (Annotated[Alias, 1], (int,), ("aliased", 1)),
        (list[int], (list[int],), ()),
    ],
)
def test_what_is_known_is_read_to_the_bottom(
    annotation: object, types: tuple[object, ...], metadata: tuple[object, ...]
) -> None:
    """Texts, aliases, unions and `Annotated` are seen through; metadata keeps its order."""
    assert read(annotation) == Annotation(types, metadata)


@pytest.mark.parametrize(
    ("annotation", "metadata"),
    [
        ("Missing", ()),
        ("Missing | None", ()),
        (ForwardRef("Missing"), ()),
        ("Annotated[Missing, 1, 2]", (1, 2)),
        ("Annotated[Annotated[Missing, 1], 2]", (1, 2)),
        (Annotated[ForwardRef("Missing"), 1], (1,)),
        ("Annotated[int, Missing]", ()),
        ("dict[str, Missing]", ()),
    ],
)
def test_what_is_not_known_yet_is_told_with_what_is(
    annotation: object, metadata: tuple[object, ...]
) -> None:
    """Where the type is a name that is not there yet, the metadata beside it may still be read."""
    assert read(annotation) == Annotation((), metadata, "name 'Missing' is not defined")


def test_an_attribute_that_a_module_lacks_may_come_yet() -> None:
    """A module that is still being imported has not all of its names."""
    assert read("inspect.Later").unresolved == "module 'inspect' has no attribute 'Later'"


@pytest.mark.parametrize("annotation", ["the number of rows", "1 +", "int | 'x'", "1 / 0", Itself])
def test_what_is_no_type_says_nothing(annotation: str) -> None:
    """Any text may stand in an annotation; one that names no type is passed over."""
    assert read(annotation) == Annotation(())


def test_a_known_name_helps_out_and_does_not_override() -> None:
    """What a name is known to mean counts only where the module does not define it."""
    assert read("Helper", Helper=str).types == (str,)
    assert read("Itself", Itself=str) == Annotation(())


class Called:
    def __call__(self, value: "Itself") -> None: ...


class Made:
    def __init__(self, value: "Itself") -> None: ...


class MadeAnew:
    def __new__(cls, value: "Itself") -> Any: ...


def function(value: "Itself") -> None: ...


@wraps(function)
def wrapper(*args: object) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        function,
        wrapper,
        partial(partial(function)),
        partial(wrapper),
        staticmethod(function),
        Called(),
        Called().__call__,
        Made,
        MadeAnew,
    ],
)
def test_names_are_those_of_the_module_that_wrote_them(function: object) -> None:
    """Whatever the function is wrapped in, its annotations mean what they mean to its module."""
    assert evaluator_of(function, known={})("Itself") is Itself


def test_a_function_without_a_module_knows_the_builtins() -> None:
    """A function of C has no names of its own."""
    assert evaluator_of(len, known={})("int") is int
