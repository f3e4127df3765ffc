"""Reads a baseline strictly: what it accepts lets errors pass, so nothing in it is guessed."""

from __future__ import annotations

import os
from typing import Any

from modelspec.baseline.entry import Baseline, Entry, Excess, Fault, Key
from modelspec.config import show_path
from modelspec.diagnostics import CODES, Finding, Place, Related, Where
from modelspec.limit import METRICS
from modelspec.refusal import find_near, name_value
from modelspec.source import MAX_FAULTS, Document
from modelspec.source import read as read_source

__all__ = ["read"]

KINDS = ("max", "min", "exactly", "growth")
TOP = ("modelspec_baseline", "accepted")
EXCESS = {"path": True, "model": False, "code": True, "metric": True, "scope": False, "kind": True, "actual": True}
FAULT = {"path": True, "code": True, "layer": False, "message": True, "count": False}
"""The keys of the two sorts of entries, and whether they must be there."""
ANEW = "mend it, or write it anew: modelspec baseline"


def read(data: bytes, path: str) -> Baseline:
    """Read a baseline. Never raises; what is wrong is in its findings, all of MS705.

    The caller need not give more than the first `MAX_BYTES` + 1 bytes of the file.
    """
    document = read_source(data, path if path[-5:].lower() == ".json" else f"{path}.json")
    document.path = show_path(path)
    folder = os.path.dirname(path) or os.curdir
    if document.findings:
        merging = b"\n<<<<<<< " in data
        hint = "the marks of a merge are still in it: take one side, or both lines with a comma" if merging else ANEW
        found = [_fault(finding.message, finding.where, hint) for finding in document.findings]
        return Baseline(document, folder, (), found[:1] if merging else found)
    reader = _Reader(document)
    reader.read(document.tree)
    return Baseline(document, folder, () if reader.findings else reader.entries, reader.findings)


def _fault(message: str, where: Where | Place, hint: str, related: tuple[Related, ...] = ()) -> Finding:
    return Finding("MS705", f"the baseline cannot be read: {message}", where, hint, related=related)


class _Reader:
    """The entries of a document, and what is wrong with it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.entries: list[Entry] = []
        self.findings: list[Finding] = []
        self.known: dict[Key, int] = {}

    def tell(self, message: str, *route: str | int, hint: str = ANEW, key: bool = False) -> None:
        self.findings.append(_fault(message, Where(route, "key" if key else "value"), hint))

    def read(self, tree: Any) -> None:
        """Read the whole document; no more is told than anyone would mend by hand."""
        if not isinstance(tree, dict) or "modelspec_baseline" not in tree:
            self.tell(
                'it does not begin with "modelspec_baseline": 1', hint="name a file that modelspec baseline wrote"
            )
            return
        version = tree["modelspec_baseline"]
        if type(version) is not int or version != 1:
            message = f"its version is {name_value(version)}, and this version of modelspec knows 1"
            self.tell(message, "modelspec_baseline", hint="use a newer modelspec, or write it anew: modelspec baseline")
            return
        for key in tree:
            if key not in TOP:
                self.tell(f"unknown key {name_value(key)}", key, hint=f"its keys are {' and '.join(TOP)}", key=True)
        accepted = tree.get("accepted")
        if not isinstance(accepted, list):
            self.tell("'accepted' must be a list of entries", *(["accepted"] if "accepted" in tree else []))
            return
        for number, entry in enumerate(accepted):
            self.read_entry(entry, number)
            if len(self.findings) >= MAX_FAULTS:
                return

    def read_entry(self, entry: Any, number: int) -> None:
        route = ("accepted", number)
        if not isinstance(entry, dict):
            self.tell(f"an entry must be a mapping, not {name_value(entry)}", *route)
            return
        before = len(self.findings)
        kinds = EXCESS if "metric" in entry else FAULT
        for key, value in entry.items():
            if key not in kinds:
                near = find_near(key, kinds)
                hint = f"did you mean '{near}'?" if near else f"such an entry has {', '.join(kinds)}"
                self.tell(f"unknown key {name_value(key)}", *route, key, hint=hint, key=True)
            elif fault := _check(key, value):
                self.tell(f"'{key}' {fault}, not {name_value(value)}", *route, key)
        for key, needed in kinds.items():
            if needed and key not in entry:
                self.tell(f"an entry lacks '{key}'", *route)
        if len(self.findings) == before:
            self.take(entry, number)

    def take(self, entry: dict[str, Any], number: int) -> None:
        """Take over an entry that is well. One that stands twice would leave open which of the two holds."""
        taken: Entry
        if "metric" in entry:
            taken = Excess(**{"model": None, "scope": None, **entry})
        else:
            taken = Fault(entry["path"], entry["code"], entry.get("layer"), entry["message"], entry.get("count", 1))
        first = self.known.setdefault(taken.key, number)
        if first == number:
            self.entries.append(taken)
            return
        related = (Related(Where(("accepted", first)), "it stands here already"),)
        hint = "keep the tighter one of the two"
        self.findings.append(_fault("an entry stands twice", Where(("accepted", number)), hint, related))


def _check(key: str, value: Any) -> str:
    """What is wrong with a value; empty if nothing is."""
    if key == "actual":
        return "" if value is None or type(value) is int else "must be a whole number or null"
    if key == "count":
        return "" if type(value) is int and value >= 1 else "must be a whole number from 1"
    if not isinstance(value, str) or (key == "path" and not value):
        return "must be text"
    if key == "kind":
        return "" if value in KINDS else f"must be one of {', '.join(KINDS)}"
    if key == "metric":
        return "" if value in METRICS else "must be a metric"
    if key == "code":
        return "" if value in CODES and not value.startswith("MS7") else "must be a code of what can be wrong in a spec"
    return ""
