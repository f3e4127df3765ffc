"""Advice: what is legal and surely not meant. One rule is one class in one file.

A document in which nothing is wrong is asked for what it has; a rule is loaded where there is what it is about.
"""

from __future__ import annotations

from modelspec.advice.facts import list_wanted
from modelspec.advice.index import DEFAULT, RULES
from modelspec.advice.selection import Selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelspec.diagnostics import Finding
    from modelspec.graph import Graph
    from modelspec.spec import Spec

__all__ = ["DEFAULT", "RULES", "Selection", "advise"]


def advise(
    spec: Spec, graphs: Sequence[Graph], selection: Selection, *, whole: bool
) -> Iterator[tuple[Finding, int | None]]:
    """What there is to say about a document in which nothing is wrong, each with the number of the model (None: all).

    `graphs` are its models. If they are not all (`whole` is false), nothing that is said has a certain mend.
    """
    codes = selection.codes
    wanted = list_wanted(spec, graphs, codes) if codes else []
    documents = [spec.document, *[library.document for library in spec.libraries.values()]]
    if wanted or any(document.has_remark for document in documents):
        from modelspec.advice.running import run

        yield from run(spec, graphs, wanted, codes, whole=whole)
