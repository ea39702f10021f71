"""What only one file may do: create tasks, own threads, wait, raise what is not in the tree."""

import ast
from collections.abc import Iterator

from ostinato import errors

# A power, and the file, or the files, that have it; None: no file has.
ONLY_IN = {
    "asyncio.Task": "_engine/_spawn.py",
    "asyncio.TaskGroup": "_engine/_spawn.py",
    "asyncio.create_task": "_engine/_spawn.py",
    "asyncio.ensure_future": "_engine/_spawn.py",
    "asyncio.gather": "_engine/_spawn.py",
    # Virtual time lets the loop turn.
    "asyncio.sleep": ("tasks.py", "testing/_clock.py", "testing/_simulation.py"),
    "asyncio.to_thread": None,
    "concurrent.futures.ThreadPoolExecutor": None,
    "datetime.datetime.now": None,
    # The store's threads run no function of the user's, and outlive none of its leases.
    "threading.Thread": ("_engine/_threads.py", "stores/_lanes.py"),
    "threading.Timer": None,
    "time.monotonic": "_clock.py",
    "time.perf_counter": None,
    "time.sleep": None,
    "time.time": "_clock.py",
}
# As methods of a loop or of a group, whatever the variable is called.
ONLY_IN_BY_METHOD = {"create_task": None, "run_in_executor": None, "start_soon": None}

# Raised by protocol, not as our errors: a cancellation goes on to whoever meant it, and a module's
# `__getattr__` says so to `hasattr` and to the import statement.
RAISED_BY_PROTOCOL = {"AttributeError", "asyncio.CancelledError"}


def test_each_power_is_used_by_one_file_only(sources: dict[str, ast.Module]):
    """Tasks are made in one file, threads in another, and nothing else waits for real time."""
    trespassing = [
        f"{path}:{line} uses {name}"
        for path, module in sources.items()
        for line, name in _used(module)
        if name in ONLY_IN and path not in _owners(name)
    ]

    assert trespassing == []


def _owners(name: str) -> tuple[str, ...]:
    owners = ONLY_IN[name]
    return (owners,) if isinstance(owners, str) else owners or ()


def test_nothing_is_started_by_a_method_of_a_loop_or_group(sources: dict[str, ast.Module]):
    """A task or a thread cannot be had through a loop or a task group either."""
    trespassing = [
        f"{path}:{node.lineno} calls .{node.func.attr}()"
        for path, module in sources.items()
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ONLY_IN_BY_METHOD
    ]

    assert trespassing == []


def test_only_errors_of_the_tree_are_raised(sources: dict[str, ast.Module]):
    """What the library raises by itself can be caught as an OstinatoError."""
    allowed = {f"ostinato.errors.{name}" for name in errors.__all__} | RAISED_BY_PROTOCOL
    foreign = []
    for path, module in sources.items():
        imported = _imported(module)
        for node in ast.walk(module):
            if not isinstance(node, ast.Raise) or node.exc is None:
                continue
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = _full_name(raised, imported)
            # A lower-case name is an exception that was caught and is raised again.
            if name.rpartition(".")[2][:1].isupper() and name not in allowed:
                foreign.append(f"{path}:{node.lineno} raises {name}")

    assert foreign == []


def _used(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield where *module* uses which names of other modules, annotations apart."""
    imported = _imported(module)
    annotations = {id(part) for node in ast.walk(module) for part in _annotation_parts(node)}
    for node in ast.walk(module):
        if isinstance(node, (ast.Attribute, ast.Name)) and id(node) not in annotations:
            yield node.lineno, _full_name(node, imported)


def _annotation_parts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in the annotations of *node*, and in what it subscripts: a type too."""
    match node:
        case ast.AnnAssign(annotation=annotation) | ast.arg(annotation=ast.AST() as annotation):
            yield from ast.walk(annotation)
        case ast.FunctionDef(returns=ast.AST() as returns):
            yield from ast.walk(returns)
        case ast.AsyncFunctionDef(returns=ast.AST() as returns):
            yield from ast.walk(returns)
        case ast.Subscript(value=value):
            yield from ast.walk(value)
        case _:
            return


def _imported(module: ast.Module) -> dict[str, str]:
    """Return the full name behind each name that *module* imports."""
    names: dict[str, str] = {}
    for node in ast.walk(module):
        match node:
            case ast.Import():
                for alias in node.names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    names[bound] = alias.name if alias.asname else bound
            case ast.ImportFrom(module=str(origin)):
                for alias in node.names:
                    names[alias.asname or alias.name] = f"{origin}.{alias.name}"
            case _:
                pass
    return names


def _full_name(node: ast.expr, imported: dict[str, str]) -> str:
    match node:
        case ast.Attribute():
            return f"{_full_name(node.value, imported)}.{node.attr}"
        case ast.Name():
            return imported.get(node.id, node.id)
        case _:
            return ""
