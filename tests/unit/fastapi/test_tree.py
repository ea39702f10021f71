"""What no task can be supplied with is refused where the task is declared, with the way to it."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Body, Depends, Header, Path, Query, Request, Response
from fastapi.params import Depends as Marker
from starlette.websockets import WebSocket

from ostinato._run import Run
from ostinato.errors import InvalidFunctionError
from ostinato.fastapi import Dependencies

HERE = __name__
HAS_SCOPES = "scope" in Marker.__init__.__annotations__


def refused(function: Callable[..., object]) -> str:
    """Return the message with which *function* is refused as the task `tidy`."""
    with pytest.raises(InvalidFunctionError) as raised:
        Dependencies.of(function, name="tidy")
    return str(raised.value)


def depending(dependency: object, parameter: object = None) -> Callable[..., object]:
    async def task(value: Annotated[Any, parameter or Depends(dependency)]) -> None: ...

    return task


def get_page(page: int) -> int:
    return page


def get_items(page: Annotated[int, Depends(get_page)]) -> int:
    return page


def test_s4_a_request_parameter_is_refused_with_the_way_to_it() -> None:
    """S4: from the task over every dependency to the parameter."""
    assert refused(depending(get_items)) == (
        f"the dependency {HERE}.get_page has a parameter that only a request supplies: page "
        f"(tidy -> {HERE}.get_items -> {HERE}.get_page -> page); give it a default, or let the "
        "task depend on a function that does without"
    )


@pytest.mark.parametrize("kind", [Query, Header, Body, Path])
@pytest.mark.parametrize("form", ["default", "annotated"])
def test_s4_whatever_kind_of_request_parameter_it_is(kind: Any, form: str) -> None:
    """S4: from the query, a header, the body or the path, none of which a task has."""

    def by_default(value: int = kind()) -> None: ...

    def annotated(value: Annotated[int, kind()]) -> None: ...

    message = refused(depending(by_default if form == "default" else annotated))

    assert "has a parameter that only a request supplies: value (tidy -> " in message


def test_s4_the_tasks_own_parameter_is_refused_alike() -> None:
    """S4: without a way to it, because there is none."""
    assert refused(get_page) == (
        "tidy has a parameter that only a request supplies: page; give it a default, or let the "
        "task depend on a function that does without"
    )


@pytest.mark.parametrize("kind", [BackgroundTasks, Response, WebSocket])
def test_s4_what_only_an_endpoint_has_is_refused(kind: type) -> None:
    """S4: there is no answer to set a header of, and none after which something could be done."""

    def answering(answer: kind) -> None: ...

    message = refused(depending(answering))

    assert "has a parameter that only an endpoint can have: answer (tidy -> " in message
    assert message.endswith("a task answers nobody: let it depend on a function that does without")


def by_position(run: Run, number: int = 1, /) -> None: ...


def request_by_position(request: Request, /) -> None: ...


@pytest.mark.parametrize("function", [by_position, request_by_position])
def test_s4_what_is_supplied_by_name_has_to_take_it(function: Any) -> None:
    """S4: a dependency is called by name."""
    message = refused(depending(function))

    assert "takes by position what is supplied by name: r" in message
    assert message.endswith("remove the `/` after the parameter")


class Opaque:
    __signature__ = "none"

    def __call__(self) -> None: ...


@pytest.mark.parametrize("dependency", [Opaque(), dict])
def test_s4_a_dependency_that_tells_nothing_is_refused(dependency: object) -> None:
    """S4: nobody knows what it is to be called with."""
    message = refused(depending(dependency))

    assert "does not tell its parameters (tidy -> " in message
    assert message.endswith("wrap it in a function")


@pytest.mark.parametrize("dependency", ["get_page", 1])
def test_s4_a_dependency_that_cannot_be_called_is_refused(dependency: object) -> None:
    """S4: a name in quotes is no function."""
    assert refused(depending(dependency)) == (
        "tidy has a parameter that depends on nothing that can be called: value; pass a function "
        "to Depends, or annotate the parameter with a class"
    )


def unannotated(value=Depends()) -> None: ...  # noqa: B008 - the older form


def ambiguous(value: Annotated[int | str, Depends()]) -> None: ...


@pytest.mark.parametrize("function", [unannotated, ambiguous])
def test_s4_a_dependency_that_names_no_class_is_refused(function: Any) -> None:
    """S4: an empty `Depends()` stands for the one class that is annotated."""
    assert "depends on nothing that can be called: value;" in refused(function)


def ring_a(b: "Annotated[int, Depends(ring_b)]") -> None: ...


def ring_b(c: "Annotated[int, Depends(ring_c)]") -> None: ...


def ring_c(a: Annotated[int, Depends(ring_a)]) -> None: ...


def test_s4_a_ring_is_refused() -> None:
    """S4: what depends on itself is never supplied."""
    assert refused(depending(ring_a)) == (
        f"the dependency {HERE}.ring_a depends on itself (tidy -> {HERE}.ring_a -> {HERE}.ring_b "
        f"-> {HERE}.ring_c -> {HERE}.ring_a); take one of them out of the ring"
    )


async def late(first: "Annotated[int, Later]") -> AsyncIterator[None]:  # noqa: F821 - missing
    yield


async def later(first: "Annotated[int, Latest]", late: Annotated[None, Depends(late)]) -> None: ...  # noqa: F821 - as above


def test_s4_the_first_name_that_is_missing_is_told() -> None:
    """S4: one after the other they are found, when the program has been imported."""
    unresolved = Dependencies.of(depending(later), name="tidy").unresolved

    assert unresolved == f"name 'Latest' is not defined (tidy -> {HERE}.later -> first)"


if HAS_SCOPES:

    def test_s4_a_dependency_does_not_outlive_what_it_depends_on() -> None:
        """S4: what has the request's scope is left last, and may need it still."""

        async def early() -> AsyncIterator[None]:
            yield

        async def outliving(
            early: Annotated[None, Depends(early, scope="function")],
        ) -> AsyncIterator[None]:
            yield

        message = refused(depending(outliving))

        problem = r"early is left before what depends on it \(tidy -> .*outliving -> .*early\)"
        assert re.search(rf'{problem}; give that scope="function" as well', message)
        task = depending(None, Depends(outliving, scope="function"))
        assert Dependencies.of(task, name="tidy").unresolved is None
