"""The findings as SARIF 2.1.0, which GitHub's code scanning and many editors read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from modelspec.fingerprint import list_fingerprints, relate_path
from modelspec.render.cells import harmless
from modelspec.render.json_text import write_json
from modelspec.render.rule import describe_rule
from modelspec.report import Diagnostic, Model, Report

__all__ = ["show_report"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
"""What the paths are relative to: the folder that the tool ran in, which is the repository's root in CI."""


def show_report(report: Report) -> str:
    """One run: the rules that were broken with their help, each finding in its place, and what the models cost.

    Columns count characters, as in the report; a fingerprint stays the same when lines move.
    """
    codes = list(dict.fromkeys(diagnostic.code for diagnostic in report.diagnostics))
    fingerprints = list_fingerprints(report.diagnostics)
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "modelspec",
                "version": report.tool_version,
                "semanticVersion": report.tool_version,
                "rules": [describe_rule(code) for code in codes],
            }
        },
        "invocations": [{"executionSuccessful": True}],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder that modelspec ran in."}}},
        "results": [
            _show_result(diagnostic, codes, known)
            for diagnostic, known in zip(report.diagnostics, fingerprints, strict=True)
        ],
    }
    if report.models:
        run["properties"] = {"models": [_show_model(model) for model in report.models]}
    return write_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _show_result(diagnostic: Diagnostic, codes: Sequence[str], fingerprint: str) -> dict[str, Any]:
    hint = f"\nHint: {_text(diagnostic.hint)}" if diagnostic.hint else ""
    location: dict[str, Any] = {"physicalLocation": _show_place(diagnostic.path, _show_region(diagnostic))}
    if diagnostic.layer:
        location["logicalLocations"] = [{"fullyQualifiedName": harmless(diagnostic.layer)}]
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": diagnostic.severity,
        "message": {"text": f"{_text(diagnostic.message)}{hint}"},
        "locations": [location],
        "partialFingerprints": {"modelspec/v1": fingerprint},
    }
    if diagnostic.related:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _show_place(told.path, {"startLine": told.line, "startColumn": told.column}),
                "message": {"text": _text(told.message)},
            }
            for number, told in enumerate(diagnostic.related, 1)
        ]
    if diagnostic.models:
        result["properties"] = {"models": [harmless(name) for name in diagnostic.models]}
    return result


def _show_region(diagnostic: Diagnostic) -> dict[str, int]:
    start = (diagnostic.line, diagnostic.column)
    end = max(start, (diagnostic.end_line, diagnostic.end_column))
    return dict(zip(("startLine", "startColumn", "endLine", "endColumn"), (*start, *end), strict=True))


def _show_place(path: str, region: dict[str, int]) -> dict[str, Any]:
    return {"artifactLocation": _show_file(path), "region": region}


def _show_file(path: str) -> dict[str, str]:
    told = relate_path(harmless(path))
    if os.path.isabs(path):
        return {"uri": f"file://{quote(told if told.startswith('/') else f'/{told}')}"}
    return {"uri": quote(told), "uriBaseId": _ROOT}


def _text(text: str) -> str:
    """A message in which no link can be: SARIF reads `[text](target)` as one."""
    return harmless(text).replace("](", "] (")


def _show_model(model: Model) -> dict[str, Any]:
    return {
        "path": relate_path(harmless(model.path)),
        "name": harmless(model.name),
        "variant": None if model.variant is None else harmless(model.variant),
        "ok": model.ok,
        "totals": model.totals.model_dump(),
    }
