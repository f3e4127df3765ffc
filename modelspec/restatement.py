"""An expression said anew in other names: what a block's expression is in terms of the model's variables."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from modelspec.expressions import BUILTINS
from modelspec.shape import Unknown

__all__ = ["restate"]


def restate(text: str, names: Mapping[str, Any], known: Mapping[str, Any]) -> str | None:
    """The expression `text`, which reads `names`, in the names of `known`; None if it cannot be said in them."""
    tree = ast.parse(text.strip().replace("\n", " "), mode="eval")
    restating = _Restating(names, known)
    tree = restating.visit(tree)
    return ast.unparse(tree) if restating.good else None


class _Restating(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        self.names = names
        self.known = known
        self.good = True

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """What a name stands for: a number, or a variable of the model that is the same size."""
        if node.id not in self.names or (node.id in BUILTINS and node.id != "index"):
            return node
        value = self.names[node.id]
        if value is self.known.get(node.id):
            return node
        if isinstance(value, Unknown):
            self.good = self.good and value.name is not None and self.known.get(value.name) == value
            return ast.Name(value.name or node.id)
        if isinstance(value, tuple):
            self.good = False
            return node
        return ast.Name(str(value).lower()) if isinstance(value, bool) or value is None else ast.Constant(value)
