"""What supplies the parameters of a function. Pure: the frameworks are told by their names."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from types import SimpleNamespace
from typing import Protocol, TypeGuard, get_origin

from ostinato._annotation import Annotation, evaluator_of
from ostinato._function import name_of, remedy_for_self
from ostinato._run import Run
from ostinato.errors import InvalidFunctionError

__all__ = ["Parameter", "Parameters", "Source", "parameters_of"]

# What `Run` means where only type checkers import it.
_KNOWN = {"Run": Run, "ostinato": SimpleNamespace(Run=Run)}


class Source(Enum):
    """What supplies the value of a parameter."""

    DEFAULT = auto()  # its own default, or what a partial has bound
    RUN = auto()
    DEPENDENCY = auto()
    REQUEST = auto()
    SCOPES = auto()  # of FastAPI's Security
    FIELD = auto()  # the default inside a Query() and its kin
    ENDPOINT = auto()  # what only a request has that is being answered
    NOTHING = auto()
    UNKNOWN = auto()  # its annotation cannot be resolved yet


# By the full name of a class that the annotated one is or derives from, the nearest first.
_SOURCES = {
    "fastapi.security.oauth2.SecurityScopes": Source.SCOPES,
    "starlette.background.BackgroundTasks": Source.ENDPOINT,
    "starlette.requests.HTTPConnection": Source.REQUEST,
    "starlette.responses.Response": Source.ENDPOINT,
    "starlette.websockets.WebSocket": Source.ENDPOINT,
}


class _Marker(Protocol):
    """FastAPI's `Depends`, as far as it is public in every version."""

    dependency: Callable[..., object] | None
    use_cache: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, and what supplies it.

    Attributes:
        name: Its name.
        source: What supplies its value.
        detail: What its source is in full: the marker, the FieldInfo, the class that was asked
            for, or why that is not known.
        types: The annotated type, or the members of a union.
        is_positional_only: It cannot be given by name.
    """

    name: str
    source: Source
    detail: object
    types: tuple[object, ...]
    is_positional_only: bool


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a task's function is to be called with.

    Attributes:
        runs: The parameters that are annotated with `Run`.
        has_dependencies: Whether there is something that only `ostinato.fastapi` supplies:
            FastAPI's `Depends`, a `Request`, the default inside a `Query()`.
        unresolved: Why an annotation cannot be resolved yet, None where all can: to be asked again
            when the whole program has been imported.
        supplied: All parameters that are given by name, those included of which that is unresolved.
    """

    runs: tuple[str, ...] = ()
    has_dependencies: bool = False
    unresolved: str | None = None
    supplied: tuple[str, ...] = ()

    @classmethod
    def of(cls, function: object, *, role: str) -> "Parameters":
        """Inspect the *function*, which is *role* to the user: "the task".

        Whatever cannot be a task's function at all has no parameters: `UserFunction` refuses it.

        Raises:
            InvalidFunctionError: It has parameters that nothing supplies, or that are supplied by
                name and cannot be.
        """
        if not callable(function) or isinstance(function, type):
            return cls()
        # Some builtins tell nothing about themselves: they get the benefit of the doubt.
        found = parameters_of(function) or ()
        _refuse(role, name_of(function), found)
        given = [each for each in found if _may_be_given(each)]
        unknown = [each for each in given if each.source is Source.UNKNOWN]
        return cls(
            tuple(each.name for each in given if each.source is Source.RUN),
            any(each.source not in (Source.RUN, Source.UNKNOWN) for each in given),
            f"{unknown[0].detail} (parameter {unknown[0].name})" if unknown else None,
            tuple(each.name for each in given),
        )


def parameters_of(function: Callable[..., object]) -> tuple[Parameter, ...] | None:
    """Return the parameters of *function* that take one value each; None where it tells of none."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    evaluate = evaluator_of(function, known=_KNOWN)
    bound = set(_bound_names(function))
    return tuple(
        _parameter(each, evaluate, is_bound=name in bound)
        for name, each in signature.parameters.items()
        if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    )


def _may_be_given(parameter: Parameter) -> bool:
    # Whatever its annotation proves to be, a positional-only parameter is never given by name.
    is_hopeless = parameter.is_positional_only and parameter.source is Source.UNKNOWN
    return parameter.source is not Source.DEFAULT and not is_hopeless


def _bound_names(function: object) -> Iterable[str]:
    while isinstance(function, partial):
        yield from function.keywords
        function = function.func


def _parameter(
    parameter: inspect.Parameter, evaluate: Callable[[str], object], *, is_bound: bool
) -> Parameter:
    types: tuple[object, ...] = ()
    detail: object = None
    if is_bound:
        source = Source.DEFAULT
    elif _is_marker(parameter.default) and parameter.default.dependency is not None:
        # The annotation does not matter: it may name what only type checkers import.
        source, detail = Source.DEPENDENCY, parameter.default
    else:
        annotation = Annotation.read(parameter.annotation, evaluate)
        types = annotation.types
        source, detail = _source(parameter.default, annotation)
    is_positional_only = parameter.kind is parameter.POSITIONAL_ONLY
    return Parameter(parameter.name, source, detail, types, is_positional_only)


def _source(default: object, annotation: Annotation) -> tuple[Source, object]:
    marker = next(filter(_is_marker, (default, *reversed(annotation.metadata))), None)
    if marker is not None and (marker.dependency is not None or not annotation.unresolved):
        return Source.DEPENDENCY, marker
    if any(kind is Run for kind in annotation.types):
        return Source.RUN, None
    classes = (get_origin(kind) or kind for kind in annotation.types)
    for base in (base for kind in classes if isinstance(kind, type) for base in kind.__mro__):
        if source := _SOURCES.get(f"{base.__module__}.{base.__qualname__}"):
            return source, base
    if annotation.unresolved:
        return Source.UNKNOWN, annotation.unresolved
    return _source_of_value(default, annotation)


def _source_of_value(default: object, annotation: Annotation) -> tuple[Source, object]:
    if default is not inspect.Parameter.empty and not _is_field(default):
        return Source.DEFAULT, None
    fields = filter(_is_field, (default, *reversed(annotation.metadata)))
    field = next(filter(_has_default, fields), None)
    return (Source.NOTHING if field is None else Source.FIELD), field


def _has_default(field: object) -> bool:
    """Tell whether pydantic's FieldInfo *field* has a default."""
    default = getattr(field, "default", ...)
    is_undefined = default is ... or type(default).__name__.endswith("UndefinedType")
    return not is_undefined or getattr(field, "default_factory", None) is not None


def _is_marker(value: object) -> TypeGuard[_Marker]:
    return _derives_from(type(value), "fastapi.params", "Depends")


def _is_field(value: object) -> bool:
    return _derives_from(type(value), "pydantic.fields", "FieldInfo")


def _derives_from(kind: type, module: str, name: str) -> bool:
    return any(base.__module__ == module and base.__name__ == name for base in kind.__mro__)


def _refuse(role: str, name: str, parameters: Iterable[Parameter]) -> None:
    """Refuse what cannot be supplied to a task, all parameters of one kind together.

    Raises:
        InvalidFunctionError: There are such parameters.
    """
    subject = f"{role} {name}"
    missing: list[str] = []
    endpoint: list[str] = []
    positional: list[str] = []
    for each in parameters:
        if each.source is Source.NOTHING:
            missing.append(each.name)
        elif each.source is Source.ENDPOINT:
            endpoint.append(each.name)
        elif each.is_positional_only and each.source not in (Source.DEFAULT, Source.UNKNOWN):
            positional.append(each.name)
    if missing:
        raise InvalidFunctionError(
            subject,
            f"has parameters that nothing supplies: {', '.join(missing)}",
            remedy_for_self(missing, role)
            or "give them defaults, annotate them with ostinato.Run or with FastAPI's Depends, or "
            "bind them with functools.partial",
        )
    if endpoint:
        raise InvalidFunctionError(
            subject,
            f"has parameters that only an endpoint can have: {', '.join(endpoint)}",
            "a task answers nobody: do in the task itself what they are for",
        )
    if positional:
        raise InvalidFunctionError(
            subject,
            f"has parameters that are supplied by name and take none: {', '.join(positional)}",
            "remove the `/` after them",
        )
