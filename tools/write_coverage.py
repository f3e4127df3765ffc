"""Write docs/coverage.md: what the catalogue makes of every public layer class of the frameworks."""

from __future__ import annotations

from pathlib import Path

from modelspec import catalogue
from modelspec.catalogue import refusals
from modelspec.catalogue.frameworks import NAMES
from modelspec.layer import Layer

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "coverage.md"

INTRODUCTION = """\
# Coverage

Every public layer class of the frameworks, and what a spec makes of it: a type of the same name, another name of such
a type, or a refusal that says why and what to write instead. Written by `tools/write_coverage.py`; a test compares it
with the installed frameworks.
"""


def write() -> dict[Path, str]:
    """The page's text, by its path."""
    parts = [INTRODUCTION]
    for dialect in catalogue.dialects():
        rows = [(name, *_tell(dialect, name)) for name in sorted(NAMES[dialect])]
        counts = {state: sum(each == state for _, each, _ in rows) for state in ("supported", "refused", "unknown")}
        told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        parts.append(f"\n## {dialect}: {len(rows)} classes, {told}\n\n| class | | |\n|---|---|---|\n")
        parts += [f"| `{name}` | {state} | {words} |\n" for name, state, words in rows]
        own = sorted(set(catalogue.list_names(dialect)) - NAMES[dialect])
        if own:
            parts.append(f"\nFurther types: {', '.join(f'`{name}`' for name in own)}.\n")
    return {PAGE: "".join(parts)}


def _tell(dialect: str, name: str) -> tuple[str, str]:
    """Whether a class is supported or refused, and as what or why."""
    layer: type[Layer] | None = catalogue.find(dialect, name)
    if layer is not None:
        return "supported", "" if layer.type_name() == name else f"as `{layer.type_name()}`"
    if name in ("Sequential",):
        return "supported", "a container"
    reason = refusals.find(dialect, name)
    return ("refused", f"{reason.why}: {reason.hint}") if reason is not None else ("unknown", "")


if __name__ == "__main__":
    for path, text in write().items():
        path.write_text(text, encoding="utf-8")
