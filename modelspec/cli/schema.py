"""`modelspec schema`: the JSON Schema of specs, or of the JSON report."""

from __future__ import annotations

import json

from modelspec.cli import console

__all__ = ["schema"]


def schema(which: str, *, output: str | None = None) -> int:
    """Print a JSON Schema; return the exit status."""
    from modelspec.json_schema import report_schema, spec_schema

    document = spec_schema() if which == "spec" else report_schema()
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return console.WELL if console.write(text, output) else console.USAGE
