"""The ready dependency, as far as it can be told without FastAPI."""

import sys
from types import ModuleType

import pytest

from ostinato.errors import UnmetRequirementError
from ostinato.session import AsyncSessionMaker, FastAPISessionMaker
from ostinato.session._depends import commits_before_response

MAKERS = pytest.mark.parametrize(
    "maker",
    [FastAPISessionMaker("sqlite://"), AsyncSessionMaker("sqlite+aiosqlite://")],
    ids=lambda maker: type(maker).__name__,
)


@MAKERS
def test_without_fastapi_the_message_tells_what_to_install(maker, monkeypatch):
    """FastAPI is the application's choice, and no dependency of the library."""
    monkeypatch.setitem(sys.modules, "fastapi", None)

    with pytest.raises(UnmetRequirementError) as raised:
        maker.depends()

    assert (raised.value.requirement, raised.value.found) == ("fastapi>=0.121", None)
    assert str(raised.value) == (
        f"{type(maker).__name__}.depends() needs fastapi>=0.121, and it is not installed; "
        "pip install --upgrade 'fastapi>=0.121'"
    )


@MAKERS
def test_a_fastapi_that_answers_before_it_commits_is_refused(maker, monkeypatch):
    """The message names the release that is installed and the one to install."""
    monkeypatch.setitem(sys.modules, "fastapi", release("0.118.3"))

    with pytest.raises(UnmetRequirementError) as raised:
        maker.depends()

    assert str(raised.value) == (
        f"{type(maker).__name__}.depends() needs fastapi>=0.121, and version 0.118.3 is installed; "
        "pip install --upgrade 'fastapi>=0.121'"
    )


@MAKERS
def test_a_fastapi_that_commits_before_it_answers_is_asked_for_nothing_more(maker, monkeypatch):
    """An older release's plain dependency is already right."""
    monkeypatch.setitem(sys.modules, "fastapi", release("0.110.0"))

    assert maker.depends() == ("depends on", maker.get_db)


def release(version: str) -> ModuleType:
    """Return a stand-in for a FastAPI whose dependencies have no scope."""
    fastapi = ModuleType("fastapi")
    fastapi.__version__ = version
    fastapi.Depends = lambda dependency: ("depends on", dependency)
    return fastapi


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.105.0", False),
        ("0.106.0", True),
        ("0.110.0", True),
        ("0.117.1", True),
        ("0.118.0", False),
        ("0.120.4", False),
        ("1.0.0rc1", False),
    ],
)
def test_the_releases_without_scopes_are_told_apart(version, expected):
    """The order of commit and response was turned round in 0.106, and back in 0.118."""
    assert commits_before_response(version) is expected
