"""Every error the library raises, in one tree.

```text
OstinatoError
├── ConfigurationError            the program is wrong; raised while declaring
│   ├── InvalidArgumentError      (ValueError)    .argument .value
│   ├── ArgumentTypeError         (TypeError)     .argument .value
│   ├── InvalidFunctionError      (TypeError)     .function_name
│   └── MissingExtraError         (ImportError)   .extra
└── ForeignLoopError              (RuntimeError)  .task_name
```

Each error carries its data and builds its message from it: what is wrong, then what to do.
"""

from reprlib import Repr

__all__ = [
    "ArgumentTypeError",
    "ConfigurationError",
    "ForeignLoopError",
    "InvalidArgumentError",
    "InvalidFunctionError",
    "MissingExtraError",
    "OstinatoError",
]


class OstinatoError(Exception):
    """The root of every error that ostinato raises."""


class ConfigurationError(OstinatoError):
    """The program is wrong; raised while it declares its tasks, never at a tick."""


class InvalidArgumentError(ConfigurationError, ValueError):
    """An argument has the right type and a value that cannot work."""

    def __init__(self, argument: str, value: object, problem: str, remedy: str) -> None:
        """Build the message from the *argument*, its *value*, the *problem* and the *remedy*."""
        self.argument = argument
        self.value = value
        super().__init__(f"{argument}={shown(value)} {problem}; {remedy}")


class ArgumentTypeError(ConfigurationError, TypeError):
    """An argument has a type that is not accepted."""

    def __init__(self, argument: str, value: object, remedy: str) -> None:
        """Build the message from the *argument*, its *value* and the *remedy*."""
        self.argument = argument
        self.value = value
        super().__init__(
            f"{argument}={shown(value)} is of type {type(value).__name__}, which is not accepted; "
            f"{remedy}"
        )


class InvalidFunctionError(ConfigurationError, TypeError):
    """A function or a hook cannot be called the way its task would call it."""

    def __init__(self, function_name: str, problem: str, remedy: str) -> None:
        """Build the message from the *function_name*, the *problem* and the *remedy*."""
        self.function_name = function_name
        super().__init__(f"{function_name} {problem}; {remedy}")


class MissingExtraError(ConfigurationError, ImportError):
    """A feature needs a package that is installed by one of ostinato's extras."""

    def __init__(self, extra: str, feature: str) -> None:
        """Build the message from the *extra* and the *feature* that needs it."""
        self.extra = extra
        super().__init__(f"{feature} needs an extra: pip install 'ostinato[{extra}]'")


class ForeignLoopError(OstinatoError, RuntimeError):
    """A handle was used on another event loop than the one its task runs on."""

    def __init__(self, task_name: str) -> None:
        """Build the message from the *task_name*."""
        self.task_name = task_name
        super().__init__(
            f"{task_name} runs on another event loop; use its handle there, for example by "
            "asyncio.run_coroutine_threadsafe(handle.stop(), loop)"
        )


def shown(value: object) -> str:
    """Return a short representation of *value* for a message, whatever its `repr` does."""
    try:
        return _short.repr(value)
    except Exception:  # noqa: BLE001 - a repr is the user's code, and the message must still be built
        return f"<{type(value).__name__}>"


_short = Repr()
_short.maxother = _short.maxstring = _short.maxlong = 80
