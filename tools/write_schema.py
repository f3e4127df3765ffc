"""Write schema/: the JSON Schemas of a spec and of the report."""

from __future__ import annotations

from pathlib import Path

from modelspec import json_schema

FOLDER = Path(__file__).resolve().parent.parent / "schema"


def write() -> dict[Path, str]:
    """The schemas' texts, by their paths."""
    schemas = {
        "modelspec-v1.schema.json": json_schema.spec_schema(),
        "report-v1.schema.json": json_schema.report_schema(),
    }
    return {FOLDER / name: json_schema.write(schema) for name, schema in schemas.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, text in write().items():
        path.write_text(text, encoding="utf-8")
