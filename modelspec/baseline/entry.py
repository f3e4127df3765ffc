"""The entries of a baseline, what they are known by, and how they are written down."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress

from modelspec.diagnostics import Finding
from modelspec.record import NamedTuple
from modelspec.report import Diagnostic, Measure, Report
from modelspec.source import MAX_DIGITS, Document

__all__ = [
    "NAME",
    "Baseline",
    "Entry",
    "Excess",
    "Fault",
    "Key",
    "Paths",
    "is_acceptable",
    "list_models",
    "simplify",
    "weigh",
    "write",
    "write_entries",
]

NAME = "modelspec-baseline.json"
"""What a baseline is called unless it is called otherwise."""

Key = tuple[str | None, ...]


class Excess(NamedTuple):
    """A metric of a model (`scope` None) or of its layers that is beyond its limit; `actual` is None if not known."""

    path: str
    model: str | None
    code: str
    metric: str
    scope: str | None
    kind: str
    actual: int | None

    @property
    def key(self) -> Key:
        """What it is known by. A count that is no longer known has another code, and is the same excess."""
        return self.path, self.model, self.metric, self.scope, self.kind

    @property
    def times(self) -> int:
        """How many findings it accepts."""
        return 1


class Fault(NamedTuple):
    """Any other error, by its words; so many times in one file."""

    path: str
    code: str
    layer: str | None
    message: str
    times: int = 1

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.path, self.code, self.layer, self.message


Entry = Excess | Fault


class Baseline:
    """What a baseline accepts: `entries`, in the order of its text (`document`).

    `folder` is the one that their paths are relative to. `findings` are what is wrong with the file; if there are any,
    there are no entries.
    """

    __slots__ = ("document", "entries", "findings", "folder")

    def __init__(
        self, document: Document, folder: str, entries: Iterable[Entry], findings: Iterable[Finding] = ()
    ) -> None:
        self.document = document
        self.folder = folder
        self.entries = list(entries)
        self.findings = list(findings)


class Paths:
    """The paths of a run, as a baseline in some folder calls them: relative to it, with forward slashes."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(folder)
        self._known: dict[str, str] = {}

    def name(self, path: str) -> str:
        """What the baseline calls a path. A link to a file is a file of its own, a link to a folder is that folder."""
        if path not in self._known:
            folder, name = os.path.split(os.path.abspath(path))
            real = os.path.join(os.path.realpath(folder), name)
            with suppress(ValueError):  # on another drive
                real = os.path.relpath(real, self.folder)
            self._known[path] = real.replace(os.sep, "/")
        return self._known[path]

    def has(self, name: str) -> bool:
        """Whether there is a file that the baseline calls so."""
        return os.path.lexists(os.path.join(self.folder, name))


def is_acceptable(diagnostic: Diagnostic) -> bool:
    """Whether a baseline can hold this: every error that stands in a spec, and no number too long to be read back."""
    actual = None if diagnostic.measure is None else diagnostic.measure.actual
    is_long = actual is not None and abs(actual) >= 10**MAX_DIGITS
    return diagnostic.severity == "error" and not diagnostic.code.startswith("MS7") and not is_long


def simplify(message: str) -> str:
    """The words of an error without the lines that they name: those move."""
    return re.sub(r"\b(line|column) [\d,]+", r"\1 …", message)


def weigh(accepted: int | None, measure: Measure) -> int | None:
    """By how much a count is worse than the accepted one; negative if it is better, None if the two have no order.

    Those are one that is known and one that is not, and two that miss an exact number on its two sides.
    """
    actual, bound = measure.actual, measure.bound
    if actual == accepted:
        return 0
    if actual is None or accepted is None:
        return None
    if measure.kind == "min":
        return accepted - actual
    if measure.kind != "exactly":
        return actual - accepted
    if bound is None or (actual > bound) != (accepted > bound) or accepted == bound:
        return None
    return abs(actual - bound) - abs(accepted - bound)


def list_models(diagnostic: Diagnostic) -> list[str | None]:
    """The models that a finding concerns, each for itself; None where it concerns none by name."""
    return [*diagnostic.models] or [None]


def write(report: Report, folder: str) -> str:
    """A baseline that accepts all errors of today, for a file in this folder."""
    paths = Paths(folder)
    return write_entries(entry for diagnostic in report.diagnostics for entry in _list_entries(diagnostic, paths))


def _list_entries(diagnostic: Diagnostic, paths: Paths) -> Iterator[Entry]:
    if not is_acceptable(diagnostic):
        return
    path, about = paths.name(diagnostic.path), diagnostic.measure
    if about is None:
        yield Fault(path, diagnostic.code, diagnostic.layer, simplify(diagnostic.message))
        return
    for model in list_models(diagnostic):
        yield Excess(path, model, diagnostic.code, about.metric, about.scope, about.kind, about.actual)


def write_entries(entries: Iterable[Entry]) -> str:
    """The text of a baseline. What is accepted several times is counted."""
    # Two patterns of a budget can be on one layer: that is one excess.
    excesses: dict[Key, Entry] = {}
    counts: Counter[Fault] = Counter()
    for entry in entries:
        if isinstance(entry, Excess):
            excesses[entry.key] = entry
        else:
            counts[entry._replace(times=1)] += entry.times
    faults = [fault._replace(times=times) for fault, times in counts.items()]
    lines = [_show(entry) for entry in sorted([*excesses.values(), *faults], key=_order)]
    body = "[\n" + ",\n".join(lines) + "\n]" if lines else "[]"
    return f'{{"modelspec_baseline": 1, "accepted": {body}}}\n'


def _order(entry: Entry) -> tuple[str, ...]:
    return entry.path, *("" if part is None else part for part in entry.key[1:])


def _show(entry: Entry) -> str:
    told = entry._asdict()
    for name in ("model", "scope", "layer"):
        if name in told and told[name] is None:
            del told[name]
    if isinstance(entry, Fault):
        del told["times"]
        told.update({"count": entry.times} if entry.times > 1 else {})
    text = json.dumps(told, ensure_ascii=False)
    # What moves the cursor, or cannot be seen, is not to be overlooked in a review.
    return text if text.isprintable() else json.dumps(told)
