"""MS607: an import of which nothing is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelspec.advice.names import list_unused_imports
from modelspec.advice.rule import DocumentRule
from modelspec.diagnostics import Edit, Finding, Where
from modelspec.spec import Spec

__all__ = ["UnusedImport"]


class UnusedImport(DocumentRule):
    """A file that is imported, and none of whose blocks is called.

    It is read at every check, and its mistakes become those of this file. A file passes on nothing that it imports
    itself, so that nobody else relies on it.
    """

    code = "MS607"

    def find(self, spec: Spec) -> Iterator[Finding]:
        """The imports of which no block is called."""
        unused = [*list_unused_imports(spec)]
        tree: Any = spec.document.tree
        texts = tree.get("imports", ())
        for number in unused:
            # A list of imports is never empty.
            route = ("imports",) if len(unused) == len(texts) else ("imports", number)
            message = f"no block of '{texts[number]}' is called here"
            yield self.tell(Where(("imports", number)), message, "remove it", fix=(Edit("remove", route),))

    VALID = ()
    INVALID = ()
