"""Fingerprints of findings: the same when lines move, and different for different findings.

GitLab keeps one finding per fingerprint, and tells by it what a change has mended or brought in.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
from collections import Counter
from collections.abc import Iterable

from modelspec.report import Diagnostic

__all__ = ["list_fingerprints", "relate_path"]

_PLACE = re.compile(r"\b(line|column) \d+")


def list_fingerprints(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """The fingerprints of all findings of a report, in their order: 32 hexadecimal digits each.

    What is said of a budget is known by its limit, not by its numbers; of several findings that are alike in
    everything, the first is told from the second by its order.
    """
    met: Counter[str] = Counter()
    fingerprints = []
    for diagnostic in diagnostics:
        known = json.dumps(_list_facts(diagnostic))
        met[known] += 1
        fingerprints.append(hashlib.sha256(f"{known} {met[known]}".encode()).hexdigest()[:32])
    return fingerprints


def _list_facts(diagnostic: Diagnostic) -> list[object]:
    measure = diagnostic.measure
    about: object = _PLACE.sub(r"\1", diagnostic.message)
    if measure is not None:
        about = [measure.metric, measure.scope, measure.kind, diagnostic.models]
    return [relate_path(diagnostic.path), diagnostic.code, diagnostic.layer, about]


def relate_path(path: str) -> str:
    """A path as forges write it: with forward slashes, and no `./` before it. An absolute one stays absolute."""
    return posixpath.normpath(path.replace(os.sep, "/")) if path else path
