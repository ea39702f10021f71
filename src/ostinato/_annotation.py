"""What an annotation says, as far as the names in it are known. Pure."""

import ast
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, ForwardRef, Union, get_args, get_origin

__all__ = ["Annotation", "evaluator_of"]

# Deeper than any annotation goes; a name that stands for itself would be followed for ever.
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Annotation:
    """What the annotation of one parameter says.

    Attributes:
        types: The annotated type; of a union its members, without `None`. None at all where there
            is no annotation, or where it is no type.
        metadata: What `Annotated` adds, the outermost last.
        unresolved: Why `types` is not known yet; None where it is.
    """

    types: tuple[object, ...]
    metadata: tuple[object, ...] = ()
    unresolved: str | None = None

    @classmethod
    def read(cls, annotation: object, evaluate: Callable[[str], object]) -> "Annotation":
        """Read *annotation*, its strings by *evaluate*, through aliases, `Annotated` and unions."""
        metadata: tuple[object, ...] = ()
        for _ in range(_DEEPEST):
            try:
                annotation, added = _look_inside(annotation, evaluate)
            except (AttributeError, NameError) as error:
                # A module that is still being imported lacks attributes that it will have.
                return cls((), metadata, str(error))
            except Exception:  # noqa: BLE001 - an annotation is the user's own code, and may be no type at all
                return cls((), metadata)
            metadata = (*added, *metadata)
            if not isinstance(annotation, str | ForwardRef) and not _wraps(annotation):
                break
        else:
            return cls((), metadata)
        if get_origin(annotation) in (Union, UnionType):
            return cls._read_union(annotation, metadata, evaluate)
        return cls(() if annotation is inspect.Parameter.empty else (annotation,), metadata)

    @classmethod
    def _read_union(
        cls, union: object, metadata: tuple[object, ...], evaluate: Callable[[str], object]
    ) -> "Annotation":
        members = [cls.read(each, evaluate) for each in get_args(union) if each is not NoneType]
        return cls(
            tuple(each for member in members for each in member.types),
            metadata,
            next((member.unresolved for member in members if member.unresolved), None),
        )


def evaluator_of(function: object, *, known: Mapping[str, object]) -> Callable[[str], object]:
    """Return what evaluates the texts in the annotations of *function*.

    Args:
        function: A function, a partial, a method, a class or an instance with `__call__`.
        known: What a name means that the function's module does not define.
    """
    names = _globals_of(function)
    otherwise = {name: value for name, value in known.items() if name not in names}
    return lambda text: eval(text, names, otherwise)  # noqa: S307 - it stands in the program itself


def _look_inside(
    annotation: Any,  # noqa: ANN401 - an annotation may be anything
    evaluate: Callable[[str], object],
) -> tuple[object, tuple[object, ...]]:
    """Return what *annotation* stands for, and the metadata it adds."""
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        return _evaluated(annotation, evaluate)
    if get_origin(annotation) is Annotated:
        return annotation.__origin__, annotation.__metadata__
    return (annotation.__value__ if _wraps(annotation) else annotation), ()


def _wraps(annotation: object) -> bool:
    """Tell whether there is something inside, besides texts: PEP 695's aliases, and `Annotated`."""
    return type(annotation).__name__ == "TypeAliasType" or get_origin(annotation) is Annotated


def _evaluated(text: str, evaluate: Callable[[str], object]) -> tuple[object, tuple[object, ...]]:
    try:
        return evaluate(text), ()
    except NameError:
        # The metadata may be known where the type is not: a type that only type checkers import
        # matters little beside a `Depends(get_db)`.
        match ast.parse(text.strip(), mode="eval").body:
            case ast.Subscript(value=outside, slice=ast.Tuple(elts=[annotated, *metadata])) if (
                evaluate(ast.unparse(outside)) is Annotated
            ):
                return ast.unparse(annotated), tuple(evaluate(ast.unparse(m)) for m in metadata)
            case _:
                raise


def _globals_of(function: object) -> dict[str, Any]:
    inner: Any = function
    while (inside := _inside(inner)) is not inner:
        inner = inside
    sources = ("__init__", "__new__") if isinstance(inner, type) else ("__call__",)
    holders = (inner, *(getattr(inner, source, None) for source in sources))
    for holder in holders:
        names: dict[str, Any] | None = getattr(holder, "__globals__", None)
        if names is not None:
            return names
    return {}


def _inside(function: Any) -> object:  # noqa: ANN401 - it may be anything
    """Return what *function* was made from: a partial's function, or what a decorator wrapped."""
    return function.func if isinstance(function, partial) else inspect.unwrap(function)
