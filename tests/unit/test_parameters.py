"""What supplies the parameters of a task's function, told without importing a framework."""

import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Annotated, Any, Generic, Optional, TypeVar
from unittest.mock import MagicMock

import pytest
from starlette.background import BackgroundTasks
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket

from ostinato._function import UserFunction
from ostinato._parameters import Parameters, Source, parameters_of
from ostinato._run import Run
from ostinato.errors import InvalidFunctionError


@dataclass(frozen=True)
class Depends:
    """FastAPI's, as far as it can be told from outside."""

    dependency: Any = None
    use_cache: bool = True


class Security(Depends):
    """FastAPI's derives from its `Depends`."""


class FieldInfo:
    """Pydantic's, from which FastAPI's `Query` and its kin derive."""

    def __init__(self, default: object = ..., default_factory: object = None) -> None:
        self.default = default
        self.default_factory = default_factory


class SecurityScopes:
    """FastAPI's."""


class Query(FieldInfo):
    """FastAPI's derives from pydantic's class."""


class PydanticUndefinedType:
    """Pydantic's, whose instance is no default."""


Depends.__module__ = "fastapi.params"
FieldInfo.__module__ = "pydantic.fields"
SecurityScopes.__module__ = "fastapi.security.oauth2"

T = TypeVar("T")


class GenericRequest(Request, Generic[T]):
    """Starlette's own is generic in later versions."""


def get_db() -> None: ...


def of(function: object) -> Parameters:
    return Parameters.of(function, role="the task")


def sources(function: Any) -> list[Source]:
    return [parameter.source for parameter in parameters_of(function) or ()]


def declared(source: str, **names: object) -> Any:
    """Return the function `task`, declared by *source* where only *names* are known."""
    exec(source, names)  # noqa: S102 - the only way to a module that lacks a name
    return names["task"]


def plain(run: Run) -> None: ...
def annotated(run: Annotated[Run, "documented"]) -> None: ...
def optional(run: Optional[Run] = None) -> None: ...  # noqa: UP045 - a form that users write
def union(*, run: Run | None = None) -> None: ...
def text(run: "Run") -> None: ...
def text_inside(run: Optional["Run"] = None) -> None: ...
async def asynchronous(run: Run) -> None: ...


class Service:
    def method(self, run: Run) -> None: ...

    @staticmethod
    def static(run: Run) -> None: ...

    def __call__(self, run: Run) -> None: ...


def two(first: int, run: Run, *rest: Run, last: int = 1, **others: Run) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        plain,
        annotated,
        optional,
        union,
        text,
        text_inside,
        asynchronous,
        Service().method,
        Service.static,
        Service.__dict__["static"],
        Service(),
        partial(two, 1),
        partial(partial(two, last=2), 1),
        declared("def task(run: 'Run'): ..."),
        declared("def task(run: 'Run | None' = None): ..."),
        declared("def task(run: 'ostinato.Run'): ..."),
        declared("def task(run: 'Annotated[Run, 1]'): ...", Annotated=Annotated),
    ],
)
def test_s4_a_parameter_for_the_run_is_recognised(function: object) -> None:
    """S4: however `Run` is written, and whatever kind of function asks for it."""
    assert of(function) == Parameters(("run",), supplied=("run",))


def test_s4_a_class_of_the_users_own_that_is_called_run_is_not_ours() -> None:
    """S4: a name that the module defines means what it means there."""
    with pytest.raises(InvalidFunctionError, match="nothing supplies: run"):
        of(declared("class Run: ...\ndef task(run: 'Run'): ..."))


def by_default(db: object = Depends(get_db)) -> None: ...
def by_annotation(db: Annotated[object, Depends(get_db)]) -> None: ...
def by_both(db: Annotated[object, Depends(get_db)] = None) -> None: ...
def security(db: object = Security(get_db)) -> None: ...
def class_by_default(db: Service = Depends()) -> None: ...
def class_by_annotation(db: Annotated[Service, Depends()]) -> None: ...
def documented(db: Annotated[object, Depends(get_db), "documented"]) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        by_default,
        by_annotation,
        by_both,
        security,
        class_by_default,
        class_by_annotation,
        documented,
        declared("def task(db: 'Session' = default): ...", default=Depends(get_db)),
        declared(
            "def task(db: 'Annotated[Session, Depends(get_db)]'): ...",
            Annotated=Annotated,
            Depends=Depends,
            get_db=get_db,
        ),
    ],
)
def test_s4_a_dependency_is_recognised(function: object) -> None:
    """S4: as a default or in `Annotated`, even where the type is for type checkers alone."""
    assert of(function) == Parameters(has_dependencies=True, supplied=("db",))


def with_request(request: Request, connection: HTTPConnection | None = None) -> None: ...
def with_generic(request: GenericRequest[int]) -> None: ...
def with_scopes(scopes: SecurityScopes) -> None: ...
def with_field(limit: int = Query(5)) -> None: ...
def with_made_field(limit: int = Query(default_factory=int)) -> None: ...
def with_annotated_field(limit: Annotated[int, Query(default_factory=int)]) -> None: ...


@pytest.mark.parametrize(
    ("function", "source"),
    [
        (with_request, Source.REQUEST),
        (with_generic, Source.REQUEST),
        (with_scopes, Source.SCOPES),
        (with_field, Source.FIELD),
        (with_made_field, Source.FIELD),
        (with_annotated_field, Source.FIELD),
    ],
)
def test_s4_what_else_fastapi_supplies_is_recognised(function: object, source: Source) -> None:
    """S4: a request, scopes, and the default inside a `Query()` come with the dependencies."""
    assert set(sources(function)) == {source}
    assert of(function).has_dependencies


def with_defaults(
    number: int = 1,
    annotated: Annotated[int, Query()] = 2,
    garbage: "the number of rows" = 3,  # noqa: F722 - a text that is no type
    mock: MagicMock() = None,  # an annotation may be anything
    *rest: int,
    keyword: Optional[int] = None,  # noqa: UP045 - as above
    **others: int,
) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        with_defaults,
        partial(by_default, db=None),
        partial(partial(by_annotation, db=None)),
        partial(plain, None),
        lambda: None,
        MagicMock(),
        type("Opaque", (), {"__call__": get_db, "__signature__": "none"})(),
    ],
)
def test_s4_what_has_its_values_is_supplied_with_nothing(function: object) -> None:
    """S4: defaults and what a partial binds are left alone; who tells nothing is believed."""
    assert of(function) == Parameters()


def test_both_sources_are_told_apart() -> None:
    """The run is given by the engine itself, the rest by the resolver, all of it by name."""

    def task(run: Run, db: Annotated[object, Depends(get_db)], limit: int = 1) -> None: ...

    assert of(task) == Parameters(("run",), has_dependencies=True, supplied=("run", "db"))


def lacks(db: object, run: Run, *, table: str, limit: int = 1) -> None: ...
def lacks_field(limit: int = Query()) -> None: ...
def lacks_undefined(limit: int = Query(PydanticUndefinedType())) -> None: ...
def lacks_annotated(limit: Annotated[int, Query()]) -> None: ...
def lacks_garbage(limit: "the number of rows") -> None: ...  # noqa: F722 - as above


@pytest.mark.parametrize(
    ("function", "missing"),
    [
        (lacks, "db, table"),
        (lacks_field, "limit"),
        (lacks_undefined, "limit"),
        (lacks_annotated, "limit"),
        (lacks_garbage, "limit"),
    ],
)
def test_s4_parameters_that_nothing_supplies_are_listed(function: Any, missing: str) -> None:
    """S4: all at once, with what to do about them."""
    with pytest.raises(InvalidFunctionError) as raised:
        of(function)

    assert str(raised.value) == (
        f"the task {__name__}.{function.__name__} has parameters that nothing supplies: {missing}; "
        "give them defaults, annotate them with ostinato.Run or with FastAPI's Depends, or bind "
        "them with functools.partial"
    )


def test_s4_a_self_in_a_class_body_is_refused_with_the_remedy() -> None:
    """S4: an unbound method is told to be decorated once it is bound."""
    with pytest.raises(InvalidFunctionError, match=r"self; 'self' is not bound .*instance\.method"):
        of(Service.method)


@pytest.mark.parametrize("kind", [Response, JSONResponse, BackgroundTasks, WebSocket])
def test_s4_what_only_an_endpoint_has_is_refused(kind: type) -> None:
    """S4: a task answers nobody, whether or not there is a default."""

    def task(answer: kind, spare: kind = None) -> None: ...

    with pytest.raises(
        InvalidFunctionError, match=r"only an endpoint can have: answer, spare; a task answers"
    ):
        of(task)


def by_position(run: Run, number: int = 1, /, db: object = Depends(get_db)) -> None: ...


def test_s4_what_is_supplied_by_name_has_to_take_it() -> None:
    """S4: a positional-only parameter cannot be given by name."""
    with pytest.raises(InvalidFunctionError, match=r"and take none: run; remove the `/` after"):
        of(by_position)


@pytest.mark.parametrize(
    "source",
    [
        "def task(db: 'Db'): ...",
        "def task(db: 'Db' = None): ...",
        "def task(db: 'Db' = Depends()): ...",
        "def task(db: 'Annotated[Db, Depends()]'): ...",
        "def task(db: 'Annotated[int, Depends(Db)]'): ...",
        "def task(db: 'Db', run: 'Run', limit: int = 1): ...",
    ],
)
def test_s4_what_cannot_be_resolved_yet_is_told(source: str) -> None:
    """S4: a name may be defined below, or known to type checkers only: it is asked again."""
    function = declared(source, Annotated=Annotated, Depends=Depends)

    early = of(function)
    function.__globals__["Db"] = Annotated[object, Depends(get_db)]
    late = of(function)

    assert early.unresolved == "name 'Db' is not defined (parameter db)"
    assert not early.has_dependencies
    assert "db" in early.supplied
    assert late.has_dependencies
    assert late.unresolved is None


def test_s4_what_is_never_supplied_need_not_be_resolved() -> None:
    """S4: a positional-only parameter has its default, or is refused with the rest."""
    assert of(declared("def task(db: 'Db' = None, /): ...")) == Parameters()
    with pytest.raises(InvalidFunctionError, match="nothing supplies: db;"):
        UserFunction.of(declared("def task(db: 'Db', /): ..."), role="the task")


def test_s4_what_is_certain_is_refused_at_once() -> None:
    """S4: a parameter that nothing can supply is not waited for."""
    with pytest.raises(InvalidFunctionError, match="nothing supplies: table;"):
        of(declared("def task(db: 'Db', table): ..."))


@pytest.mark.parametrize("function", [None, 1, "tidy", Service, Service.__dict__])
def test_what_no_task_can_be_is_left_to_be_refused(function: object) -> None:
    """A class or a value that cannot be called is refused for what it is, not for parameters."""
    assert of(function) == Parameters()


def test_s4_a_function_is_accepted_with_what_is_supplied() -> None:
    """S4: `UserFunction` believes what it is told of, and only that."""
    function = partial(lacks, None)
    supplied = of(partial(function, table="tokens")).supplied

    assert UserFunction.of(partial(function, table="t"), role="the task", supplied=supplied)
    with pytest.raises(InvalidFunctionError, match="nothing supplies: table;"):
        UserFunction.of(function, role="the task", supplied=supplied)
    with pytest.raises(InvalidFunctionError, match=r"with \(run\): .*; let it take \(run\)"):
        UserFunction.of(get_db, role="the task", supplied=supplied)


def test_nothing_is_imported_for_it() -> None:
    """The frameworks are recognised by the names of their classes."""
    program = "import sys, ostinato._parameters; print({'fastapi', 'starlette'} & {*sys.modules})"
    ended = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE)

    assert ended.stdout.decode().strip() == "set()"


@pytest.mark.needs_fastapi
def test_s4_fastapis_own_markers_are_recognised() -> None:
    """S4: those of the FastAPI that is installed have the names that are looked for."""
    import fastapi
    from fastapi import security

    names: Any = SimpleNamespace(**vars(fastapi), SecurityScopes=security.SecurityScopes)
    made = {
        Source.DEPENDENCY: [names.Depends(get_db), names.Security(get_db, scopes=["a"])],
        Source.FIELD: [kind(1) for kind in (names.Query, names.Header, names.Cookie, names.Body)],
        Source.NOTHING: [kind() for kind in (names.Path, names.Query, names.Body)],
    }
    kinds = {
        Source.REQUEST: names.Request,
        Source.SCOPES: names.SecurityScopes,
        Source.ENDPOINT: names.BackgroundTasks,
    }

    for source, defaults in made.items():
        for default in defaults:

            def task(value: int = default) -> None: ...

            assert sources(task) == [source]
    for source, kind in kinds.items():

        def task(value: kind) -> None: ...

        assert sources(task) == [source]
