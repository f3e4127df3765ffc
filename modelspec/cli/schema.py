"""`modelspec schema`: the JSON Schema of specs, or of the JSON report."""

from __future__ import annotations

from modelspec.cli import console

__all__ = ["schema"]


def schema(which: str, *, output: str | None = None) -> int:
    """Print a JSON Schema; return the exit status."""
    from modelspec.json_schema import report_schema, spec_schema, write

    text = write(spec_schema() if which == "spec" else report_schema())
    return console.WELL if console.write(text, output) else console.USAGE
