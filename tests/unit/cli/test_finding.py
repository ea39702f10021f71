import sys
from pathlib import Path

import pytest

from ostinato import AppNotFoundError, Scheduler
from ostinato.cli._finding import find
from tests.support.calling import Invoke

TWO = "from ostinato import Scheduler\none, two = Scheduler(name='a'), Scheduler(name='b')\nn = 1\n"
BROKEN = "import no_such_library\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with some modules."""
    for name, text in {"two_of_them": TWO, "broken_one": BROKEN}.items():
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (None, "no application is named; pass --app main:app, or set OSTINATO_APP=main:app"),
        ("two_of_then:one", "there is no module 'two_of_then' here; did you mean 'two_of_them'?"),
        ("two_of_them:tow", "two_of_them has no 'tow'; did you mean 'two'?"),
        ("two_of_them", "it has 2 schedulers; pass one of them: two_of_them:one, two_of_them:two"),
        (
            "two_of_them:n",
            "it has 2 schedulers; pass one of them: two_of_them:one, two_of_them:two",
        ),
        (".relative", "it is no name of a module; write it like main:app"),
        ("json", "there is no scheduler in it; name the application in it, such as json:app"),
        ("json:loads", "no scheduler is attached to it; attach one, by scheduler.attach(app)"),
    ],
)
def test_what_is_not_found_is_said_with_what_to_do(wanted: str | None, said: str):
    """The one who calls is told the name that was meant, where there is a near one."""
    with pytest.raises(AppNotFoundError) as caught:
        find(wanted)

    assert said in str(caught.value)
    assert caught.value.app == wanted


def test_a_scheduler_that_is_named_is_found():
    """A scheduler needs no application."""
    found = find("two_of_them:one")

    assert isinstance(found.scheduler, Scheduler)
    assert (found.scheduler.name, found.app) == ("a", None)


def test_what_a_module_raises_is_not_hidden():
    """An application that imports what is missing is not taken for one that is missing."""
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        find("broken_one:app")


def test_the_demo_says_what_it_needs(ostinato: Invoke, monkeypatch: pytest.MonkeyPatch):
    """FastAPI and uvicorn are the application's choice, and no extra of ours."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.setitem(sys.modules, "fastapi", sys)

    result = ostinato("demo")

    assert result.exit_code == 2
    assert "`ostinato demo` needs uvicorn>=0.30, and it is not installed" in result.stderr
