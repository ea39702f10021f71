"""The ready dependency: FastAPI's, made so that the commit comes before the response."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING

from ostinato.errors import UnmetRequirementError

if TYPE_CHECKING:
    # FastAPI is the application's choice: it is imported when a dependency is asked for.
    from collections.abc import AsyncGenerator, Callable, Generator

    from fastapi.params import Depends

__all__ = ["commits_before_response", "ready_dependency"]

_REQUIREMENT = "fastapi>=0.121"


def ready_dependency(
    get_db: Callable[[], Generator[object] | AsyncGenerator[object]], feature: str
) -> Depends:
    """Return FastAPI's dependency on *get_db*, left before the response is sent.

    Raises:
        UnmetRequirementError: FastAPI is missing, or is one that sends the response first.
    """
    try:
        import fastapi  # noqa: PLC0415 - see above
    except ImportError as error:
        raise UnmetRequirementError(feature, _REQUIREMENT, found=None) from error
    dependency: Depends
    if "scope" in signature(fastapi.Depends).parameters:
        dependency = fastapi.Depends(get_db, scope="function")
    elif commits_before_response(fastapi.__version__):
        dependency = fastapi.Depends(get_db)
    else:
        raise UnmetRequirementError(feature, _REQUIREMENT, found=fastapi.__version__)
    return dependency


def commits_before_response(version: str) -> bool:
    """Tell whether FastAPI of *version*, which knows no scopes, leaves dependencies in time.

    Raises:
        ValueError: *version* does not begin with two numbers.

    Examples:
        >>> commits_before_response("0.117.1"), commits_before_response("0.118.0")
        (True, False)
    """
    major, minor = version.split(".")[:2]
    # The order was turned round in 0.106, and back in 0.118; 0.121 lets the dependency choose.
    return (0, 106) <= (int(major), int(minor)) < (0, 118)
