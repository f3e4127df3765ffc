"""The findings as a Code Quality report, which GitLab shows in a merge request."""

from __future__ import annotations

from modelspec.fingerprint import list_fingerprints, relate_path
from modelspec.render.cells import harmless
from modelspec.render.json_text import write_json
from modelspec.report import Diagnostic, Report

__all__ = ["show_report"]

_SEVERITY = {"error": "major", "warning": "minor"}


def show_report(report: Report) -> str:
    """Each finding as GitLab documents it; an empty list where all is well."""
    fingerprints = list_fingerprints(report.diagnostics)
    found = [_show(diagnostic, known) for diagnostic, known in zip(report.diagnostics, fingerprints, strict=True)]
    return write_json(found, indent=2) + "\n"


def _show(diagnostic: Diagnostic, fingerprint: str) -> dict[str, object]:
    hint = f" (hint: {harmless(diagnostic.hint)})" if diagnostic.hint else ""
    there = "".join(f"; {harmless(one.path)}:{one.line}: {harmless(one.message)}" for one in diagnostic.related)
    return {
        "description": f"{harmless(diagnostic.message)}{hint}{there}",
        "check_name": diagnostic.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITY[diagnostic.severity],
        "location": {"path": relate_path(diagnostic.path), "lines": {"begin": diagnostic.line}},
    }
