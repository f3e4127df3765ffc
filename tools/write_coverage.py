"""Write docs/coverage.md: every layer class of the frameworks, and whether a spec can say it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modelspec.catalogue import find, list_names, refusals
from modelspec.catalogue.frameworks import NAMES
from modelspec.language import CONTAINERS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "coverage.md"
HEAD = """\
# Coverage

Every layer class of the frameworks, and whether a spec can say it. Written by `tools/write_coverage.py`; a test holds
the names against the installed frameworks, so that a new release shows what is new.
"""
MODULES = {"torch": "torch.nn", "keras": "keras.layers"}
SUPPORTED, REFUSED, UNKNOWN = "supported", "refused", "not known yet"


def judge(dialect: str, name: str) -> tuple[str, str]:
    """What becomes of a class of the framework in a spec, and a word on it."""
    reason = refusals.find(dialect, name)
    if find(dialect, name) is not None or name in CONTAINERS:
        return SUPPORTED, ""
    if reason is not None:
        return REFUSED, f"{reason.why}; {reason.hint}"
    return UNKNOWN, ""


def list_lines(dialect: str) -> Iterator[str]:
    """The section of one framework."""
    names = sorted(NAMES[dialect])
    judged = {name: judge(dialect, name) for name in names}
    counts = [f"{sum(word == state for word, _ in judged.values())} {state}" for state in (SUPPORTED, REFUSED, UNKNOWN)]
    yield f"\n## {MODULES[dialect]}\n\nOf {len(names)} classes: {', '.join(counts)}.\n\n"
    yield "| class | in a spec | why |\n|---|---|---|\n"
    for name, (state, why) in judged.items():
        yield f"| `{name}` | {state} | {why} |\n"
    more = [f"`{name}`" for name in list_names(dialect) if name not in NAMES[dialect]]
    if more:
        yield f"\nBesides these, the catalogue has {', '.join(more)}.\n"


def write() -> dict[Path, str]:
    """The page, by its path."""
    return {PAGE: HEAD + "".join(line for dialect in NAMES for line in list_lines(dialect))}


if __name__ == "__main__":
    for path, text in write().items():
        path.write_text(text, encoding="utf-8")
