"""Changes to a source that its tests should notice: off by one, another operator, a tensor or a constraint left out.

Shape rules and tensors are changed, and not what is said of them: messages, hints, examples, docstrings and the
arguments of a `Broken` stay as they are.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

__all__ = ["Change", "apply", "list_changes"]

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
}
_TOLD = {"examples", "message", "hint", "limit", "told", "arrives", "mend", "of", "into", "words", "cause", "__all__"}
"""Names whose values are words, or cases."""
_TELLING = {"conventions", "mend_missing_axis", "__repr__", "show_dim", "show_shape"}

_Put = Callable[[Any], None]


class Change(NamedTuple):
    """One place that can be changed: its line, what becomes of it, and the deed."""

    line: int
    what: str
    make: Callable[[], None]


def list_changes(tree: ast.Module) -> list[Change]:
    """All changes to a tree, always in the same order. Making one changes the tree."""
    return list(_walk(tree))


def apply(text: str, number: int) -> tuple[ast.Module, Change]:
    """The tree of a source with the change of this number made."""
    tree = ast.parse(text)
    change = list_changes(tree)[number]
    change.make()
    return ast.fix_missing_locations(tree), change


def _walk(parent: ast.AST) -> Iterator[Change]:
    for field, value in ast.iter_fields(parent):
        if isinstance(value, list):
            for index, member in enumerate(value):
                if isinstance(member, ast.AST):
                    yield from _visit(member, _put_into(value, index))
        elif isinstance(value, ast.AST):
            yield from _visit(value, _put_at(parent, field))


def _put_into(members: list[Any], index: int) -> _Put:
    def put(new: Any) -> None:
        members[index] = new

    return put


def _put_at(parent: ast.AST, field: str) -> _Put:
    return lambda new: setattr(parent, field, new)


def _visit(node: ast.AST, put: _Put) -> Iterator[Change]:
    if _is_told(node):
        return
    if isinstance(node, (ast.FunctionDef, ast.Lambda)):
        # The annotations of a function are no rules; those of a class are its arguments' kinds.
        for statement in node.body if isinstance(node, ast.FunctionDef) else ():
            yield from _visit(statement, _put_into(node.body, node.body.index(statement)))
        if isinstance(node, ast.Lambda):
            yield from _visit(node.body, _put_at(node, "body"))
        return
    for what, new in _list_variants(node):
        if ast.unparse(new) == ast.unparse(node):
            continue  # Two axes that are alike are in another order, too.
        yield Change(getattr(node, "lineno", 0), what, lambda new=new: put(new))  # type: ignore[misc]
    if not (isinstance(node, ast.Call) and _refuses(node)):
        yield from _walk(node)


def _is_told(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True
        case ast.keyword(arg="strict"):
            return True  # Of a `zip`: it asserts, and rules nothing.
        case ast.keyword(arg="message" | "hint" | "words"):
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name in _TOLD
        case ast.FunctionDef(name=name):
            return name in _TELLING
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
    return False


def _refuses(call: ast.Call) -> bool:
    """Whether a call words a refusal: what it is given says what is wrong, and where."""
    name = _name(call.func)
    return name in ("Broken", "Refused", "Example") or name.lstrip("_").startswith("refuse")


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _list_variants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What may stand in a node's place, with words for the change."""
    match node:
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", ast.Constant(not value)
        case ast.Constant(value=int(value)):
            for other in (value + 1, value - 1):
                yield f"{value} -> {other}", ast.Constant(other)
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            yield _say(node, _with(node, ops=[_COMPARISONS[type(op)]()]))
        case ast.BinOp(op=op) if type(op) in _OPERATORS and not isinstance(node.left, (ast.JoinedStr, ast.Constant)):
            yield _say(node, _with(node, op=_OPERATORS[type(op)]()))
        case ast.BoolOp(op=op):
            yield _say(node, _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And()))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield _say(node, operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield _say(node, operand)
        case ast.IfExp():
            yield _say(node, _with(node, body=node.orelse, orelse=node.body))
        case ast.If():
            yield f"if {ast.unparse(node.test)} -> if not", _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    yield from _list_parts_left_out(node)


def _list_parts_left_out(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """A tensor, a constraint or a refusal that is left out; axes in another order."""
    match node:
        case ast.Expr(value=ast.Yield() | ast.YieldFrom() as told):
            left_out = ast.Expr(ast.YieldFrom(ast.Tuple([], ast.Load())))
            yield f"left out: {_cut(ast.unparse(told))}", left_out
        case ast.Return(value=ast.Call() as call) if _refuses(call):
            yield f"left out: return {_name(call.func)}(…)", ast.Return(ast.Constant(None))
        case ast.Call(func=ast.Name(id="axes"), keywords=[first, second, *rest]):
            yield _say(node, _with(node, keywords=[second, first, *rest]))
        case ast.Call(func=ast.Name(id="Tensor"), args=[name, ast.Tuple(elts=[first, second, *rest]), *others]):
            swapped = ast.Tuple([second, first, *rest], ast.Load())
            yield _say(node, _with(node, args=[name, swapped, *others]))


def _with(node: ast.AST, **changes: Any) -> ast.AST:
    new = copy.copy(node)
    for field, value in changes.items():
        setattr(new, field, value)
    return new


def _say(old: ast.AST, new: ast.AST) -> tuple[str, ast.AST]:
    return f"{_cut(ast.unparse(old))} -> {_cut(ast.unparse(new))}", new


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 70 else f"{text[:69]}…"
