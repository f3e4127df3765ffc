"""The whole road: from a file's bytes to findings and verdicts, and from there to the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from modelspec import budget, resolve, source, spec
from modelspec.diagnostics import Finding
from modelspec.source import Document

if TYPE_CHECKING:
    from modelspec.report import Report

__all__ = ["Outcome", "follow", "follow_document", "write_report"]


class Outcome:
    """What became of one document: its graph as far as there is one, its verdicts, and all that was found."""

    __slots__ = ("document", "findings", "graph", "sound", "verdicts")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.findings: list[Finding] = list(document.findings)
        self.graph: resolve.Graph | None = None
        self.verdicts: list[budget.Verdict] = []
        self.sound = False

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with the document, and its budget holds."""
        return not any(finding.severity == "error" for finding in self.findings)


def follow(data: bytes, path: str) -> Outcome:
    """Take one document down the road."""
    return follow_document(source.read(data, path))


def follow_document(document: Document) -> Outcome:
    """Take a document down the road: spec, graph, cost, verdict. A model with errors is not judged."""
    outcome = Outcome(document)
    if not document.readable:
        return outcome
    read, found = spec.read(document)
    outcome.findings += found
    if read is None:
        return outcome
    outcome.graph, found = resolve.resolve(read)
    outcome.findings += found
    if not outcome.findings:
        outcome.sound = True
        judgement = budget.judge(outcome.graph)
        outcome.verdicts = judgement.verdicts
        outcome.findings += budget.find_excess(outcome.graph, judgement)
    return outcome


def write_report(
    outcomes: Iterable[Outcome], others: Sequence[tuple[Document, Finding]] = (), *, models: bool = True
) -> Report:
    """The report on some documents; `others` are findings in files that are no specs, such as a configuration.

    Without `models` it holds the diagnostics alone: what is found is told, and nothing else is described.
    """
    from modelspec.report import Report, describe, diagnose, name_model

    described = []
    diagnostics = [diagnose(document, finding, [], {}) for document, finding in others]
    for outcome in outcomes:
        names = []
        if outcome.graph is not None:
            names = [name_model(outcome.graph, outcome.document)]
            if models:
                described.append(describe(outcome.document, outcome.graph, outcome.verdicts, outcome.sound, outcome.ok))
        excerpts: dict[int, str] = {}
        found = [diagnose(outcome.document, finding, names, excerpts) for finding in outcome.findings]
        found.sort(key=lambda told: (told.line, told.column, told.code))
        told_once = {(told.code, told.line, told.column, told.message): told for told in found}
        diagnostics += told_once.values()
    ok = not any(told.severity == "error" for told in diagnostics)
    return Report(ok=ok, models=described, diagnostics=diagnostics)
