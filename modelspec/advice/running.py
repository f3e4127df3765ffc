"""Rules over a document: each asked for what it finds, less what a comment in the document ignores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING

from modelspec.advice.facts import list_parts
from modelspec.advice.index import RULES
from modelspec.advice.rule import DocumentRule, ModelRule, RemarkRule, Rule
from modelspec.advice.view import View
from modelspec.diagnostics import Finding, Place, Where
from modelspec.graph import GONE, Graph
from modelspec.source import MAX_FAULTS, Document
from modelspec.spec import Spec

if TYPE_CHECKING:
    from modelspec.advice.remarks import Remark

__all__ = ["load", "run"]

MAX_FOUND = 10 * MAX_FAULTS
"""What one rule may find in one model: some of it may be ignored, and the rest is more than anybody reads."""
UNUSED = "MS614"
"""The rule on comments that ignore nothing, which is asked last."""


def load(code: str) -> Rule:
    """The rule with a code."""
    entry = RULES[code]
    rule: Rule = getattr(import_module(f"modelspec.advice.{entry.module}"), entry.name)()
    return rule


def run(
    spec: Spec, graphs: Sequence[Graph], wanted: Sequence[str], codes: frozenset[str], *, whole: bool
) -> Iterator[tuple[Finding, int | None]]:
    """What the wanted rules find, each with the number of the model that it is about (None: the document).

    `codes` are all that are selected, those included that can find nothing in this document.
    """
    told = _find(spec, graphs, wanted, whole=whole)
    ignored = _Ignored(spec)
    kept = [(finding, number) for finding, number in told if not ignored.takes(finding)]
    unused = [*ignored.list_unused(codes)] if UNUSED in codes and whole else []
    if unused:
        rule = load(UNUSED)
        assert isinstance(rule, RemarkRule)
        kept += [(finding, None) for finding in rule.find(spec, unused)]
    yield from kept[:MAX_FAULTS]


def _find(
    spec: Spec, graphs: Sequence[Graph], wanted: Sequence[str], *, whole: bool
) -> list[tuple[Finding, int | None]]:
    views = [View(graph) for graph in graphs]
    told: list[tuple[Finding, int | None]] = []
    for code in wanted:
        rule = load(code)
        if isinstance(rule, DocumentRule):
            told += [(finding, None) for finding in rule.find(spec)]
        elif isinstance(rule, ModelRule):
            found = [
                (finding, number) for number, view in enumerate(views) for finding in islice(rule.find(view), MAX_FOUND)
            ]
            told += _keep_certain(found, graphs, whole=whole)
    return told


class _Ignored:
    """What comments ignore, in a document and in those that it imports."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.remarks: dict[str, dict[int, Remark]] = {}
        self.used: set[tuple[int, str]] = set()
        """The lines of the document with the codes that have been ignored there."""

    def find(self, file: str) -> dict[int, Remark]:
        """The comments of one of the documents, by their lines."""
        if file not in self.remarks:
            document = self._document(file)
            self.remarks[file] = {}
            if document.has_remark:
                from modelspec.advice.remarks import list_remarks

                self.remarks[file] = list_remarks(document)
        return self.remarks[file]

    def _document(self, file: str) -> Document:
        return self.spec.libraries[file].document if file else self.spec.document

    def takes(self, finding: Finding) -> bool:
        """Whether a comment ignores a finding: on its line, or on the first of the entry that it is about."""
        where = finding.where
        assert isinstance(where, Where)
        remarks = self.find(where.file)
        if not remarks:
            return False
        document = self._document(where.file)
        lines = {document.place(where).line}
        numbers = [at for at, step in enumerate(where.route) if isinstance(step, int)]
        if numbers:
            lines.add(document.place(Where(where.route[: numbers[-1] + 1], file=where.file)).line)
        taken = [line for line in lines if line in remarks and remarks[line].covers(finding.code)]
        if not where.file:
            self.used.update([(line, finding.code) for line in taken])
        return bool(taken)

    def list_unused(self, codes: frozenset[str]) -> Iterator[tuple[Place, str | None]]:
        """What of the document's comments ignores nothing: its place, and the code (None: no code is named).

        In a library no layer is resolved: of what would be found there nothing is known.
        """
        if self.spec.body is None:
            return
        for line, remark in self.find("").items():
            used = {code for number, code in self.used if number == line}
            if not remark.codes and not used:
                yield remark.place, None
            for code, place in remark.codes:
                if code not in used and code != UNUSED and (code in codes or code not in RULES):
                    yield place, code


def _keep_certain(
    found: list[tuple[Finding, int]], graphs: Sequence[Graph], *, whole: bool
) -> Iterator[tuple[Finding, int]]:
    """The findings; with their mend only where it is right wherever the entry that it changes has become something.

    One entry of a block is many layers, and only some of them may be what a finding is about.
    """
    mended = Counter([finding.fix for finding, _ in found if finding.fix])
    standing: Counter[Where] = Counter()
    if mended and whole:
        entries = {_entry_of(finding) for finding, _ in found}
        for graph in graphs:
            for part in list_parts(graph):
                places = [part.where(step) for step, done in enumerate(part.steps) if done is not GONE]
                standing.update([place for place in places if place in entries])
    for finding, number in found:
        entry = _entry_of(finding)
        everywhere = mended[finding.fix] == standing[entry]
        if finding.fix and whole and not everywhere:
            # Somewhere else the same entry has become something that is right as it is.
            finding = finding._replace(
                hint=f"{finding.hint} where this holds, for elsewhere the entry is right as it is"
            )
        is_certain = whole and not entry.file and everywhere
        yield (finding if is_certain or not finding.fix else finding._replace(fix=())), number


def _entry_of(finding: Finding) -> Where:
    """The entry that a mend changes."""
    return Where(finding.fix[0].route[:-1], file=finding.fix[0].file) if finding.fix else Where(())
