"""Mutants of a module: the same module with one small change, which some test should notice."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import TypeAlias

__all__ = ["Mutant", "compiled", "mutants_of"]

_COMPARED: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
_TWINS = {"min": "max", "max": "min", "any": "all", "all": "any"}
# What a type checker alone reads, and what is checked elsewhere.
_UNTOUCHED = {"annotation", "returns", "type_params"}
_LONGEST_SHOWN = 70

# A node's parent, and the field that it is in, with its number where that is a list.
_Place: TypeAlias = tuple[ast.AST, str, int | None]


@dataclass(frozen=True)
class Mutant:
    """One change of a module.

    Attributes:
        label: Its line, what stood there, and what stands there instead.
        lines: The lines of the statement it is in.
        change: Makes it, in the tree it was found in.
        undo: Takes it back.
    """

    label: str
    lines: range
    change: Callable[[], None]
    undo: Callable[[], None]


def mutants_of(tree: ast.Module) -> Iterator[Mutant]:
    """Yield every mutant of *tree*, in the order of its lines."""
    for number, statement in enumerate(tree.body):
        if not _is_public_list(statement):
            yield from _mutants_below((tree, "body", number), range(0))


def compiled(tree: ast.Module, mutant: Mutant, file: str) -> CodeType:
    """Return the code of *tree* with the change of *mutant*."""
    mutant.change()
    try:
        return compile(ast.fix_missing_locations(tree), file, "exec", dont_inherit=True)
    finally:
        mutant.undo()


def _mutants_below(place: _Place, lines: range) -> Iterator[Mutant]:
    """Yield the mutants of the node that stands at *place*, and of what it contains."""
    parent, field, index = place
    found = getattr(parent, field)
    node: ast.AST = found if index is None else found[index]
    if isinstance(node, (ast.stmt, ast.match_case)):
        lines = _lines_of(node)
    if _is_docstring(node):
        return
    for new in _instead_of(node, parent):
        yield _replacement(place, node, new, lines)
    for name, value in ast.iter_fields(node):
        if name in _UNTOUCHED:
            continue
        if isinstance(value, list):
            yield from _shortened(node, name, value, lines)
            for number, child in enumerate(value):
                if isinstance(child, ast.AST) and not _is_cast_type(node, name, number):
                    yield from _mutants_below((node, name, number), lines)
        elif isinstance(value, ast.AST):
            yield from _mutants_below((node, name, None), lines)


def _instead_of(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand instead of *node*."""
    match node:
        case ast.Constant():
            yield from _other_constants(node)
        case ast.Compare():
            yield from _other_comparisons(node)
        case ast.If() | ast.IfExp() | ast.While():
            yield from _other_tests(node)
        case ast.expr():
            yield from _other_expressions(node, parent)
        case ast.Assign() | ast.AnnAssign() | ast.Return():
            yield from _without_value(node)
        case ast.AugAssign(op=operator):
            yield ast.AugAssign(node.target, _COMPUTED[type(operator)](), node.value)
            yield ast.Assign([node.target], node.value)
        case ast.ExceptHandler(type=ast.expr()):
            yield from _other_handlers(node)
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield ast.Pass()
        case ast.Raise() | ast.Delete() | ast.Break() | ast.Continue():
            yield ast.Pass()
        case _:
            pass


def _other_constants(node: ast.Constant) -> Iterator[ast.AST]:
    match node.value:
        case bool() as value:
            yield ast.Constant(not value)
        case int() | float() as value:
            yield ast.Constant(value + 1)
        case str() as value:
            yield ast.Constant(f"XX{value}XX")
        case _:
            return


def _other_comparisons(node: ast.Compare) -> Iterator[ast.AST]:
    for number, operator in enumerate(node.ops):
        for other in _COMPARED[type(operator)]:
            operators = [*node.ops[:number], other(), *node.ops[number + 1 :]]
            yield ast.Compare(node.left, operators, node.comparators)


def _other_tests(node: ast.If | ast.IfExp | ast.While) -> Iterator[ast.AST]:
    always, never = ast.Constant(value=True), ast.Constant(value=False)
    match node:
        case ast.If(body=body, orelse=orelse):
            yield from (ast.If(test, body, orelse) for test in (always, never))
        case ast.IfExp(body=chosen, orelse=other):
            yield from (ast.IfExp(test, chosen, other) for test in (always, never))
        case ast.While(test=ast.Constant()):
            return
        case ast.While(body=body, orelse=orelse):
            yield ast.While(never, body, orelse)


def _other_expressions(node: ast.expr, parent: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Name(id=name) if name in _TWINS and isinstance(parent, ast.Call):
            yield ast.Name(_TWINS[name], ast.Load())
        case ast.BoolOp(op=ast.Or()):
            yield ast.BoolOp(ast.And(), node.values)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or(), node.values)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.BinOp(op=operator) if other := _COMPUTED.get(type(operator)):
            yield ast.BinOp(node.left, other(), node.right)
        case _:
            return


def _other_handlers(node: ast.ExceptHandler) -> Iterator[ast.AST]:
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    for number in range(len(caught)):
        fewer = [*caught[:number], *caught[number + 1 :]]
        yield ast.ExceptHandler(ast.Tuple(fewer, ast.Load()), node.name, node.body)


def _without_value(node: ast.Assign | ast.AnnAssign | ast.Return) -> Iterator[ast.AST]:
    nothing = ast.Constant(None)
    match node:
        case ast.Assign(value=ast.Constant(value=None)) | ast.AnnAssign(value=None):
            return
        case ast.AnnAssign(value=ast.Constant(value=None)) | ast.Return(value=None):
            return
        case ast.Return(value=ast.Constant(value=None)):
            return
        case ast.Assign():
            yield ast.Assign(node.targets, nothing)
        case ast.AnnAssign():
            yield ast.AnnAssign(node.target, node.annotation, nothing, node.simple)
        case ast.Return():
            yield ast.Return(nothing)


def _shortened(node: ast.AST, name: str, values: list[ast.AST], lines: range) -> Iterator[Mutant]:
    """Yield the mutants of *node* that leave out one of its *values*."""
    match node, name:
        case (
            (ast.Call(), "keywords")
            | (ast.Match(), "cases")
            | (ast.comprehension(), "ifs")
            | (ast.BoolOp(), "values")
        ):
            pass
        case _:
            return
    for number, value in enumerate(values):
        shorter = [*values[:number], *values[number + 1 :]]
        if isinstance(node, ast.BoolOp) and len(shorter) == 1:
            shorter = shorter * 2
        yield Mutant(
            f"{_line(value, lines)}: without {_shown(value)}",
            lines,
            lambda shorter=shorter: setattr(node, name, shorter),  # type: ignore[misc] # bound early
            lambda: setattr(node, name, values),
        )


def _replacement(place: _Place, old: ast.AST, new: ast.AST, lines: range) -> Mutant:
    parent, field, index = place

    def put(node: ast.AST) -> None:
        if index is None:
            setattr(parent, field, node)
        else:
            getattr(parent, field)[index] = node

    ast.copy_location(new, old)
    label = f"{_line(old, lines)}: {_shown(old)} -> {_shown(new)}"
    return Mutant(label, lines, lambda: put(new), lambda: put(old))


def _lines_of(node: ast.stmt | ast.match_case) -> range:
    """Return the lines of *node*, without those of the statements inside it."""
    body: list[ast.stmt] = getattr(node, "body", [])
    first = node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min([first, *(each.lineno for each in decorators)])
    if body:
        return range(first, max(body[0].lineno, first + 1))
    return range(first, (getattr(node, "end_lineno", None) or first) + 1)


def _line(node: ast.AST, lines: range) -> int:
    line: int = getattr(node, "lineno", lines.start)
    return line


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_public_list(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__"


def _is_cast_type(node: ast.AST, field: str, number: int) -> bool:
    """Whether that is the type in a `cast`, which says nothing when it runs."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and (node.func.id, field, number) == ("cast", "args", 0)
    )
