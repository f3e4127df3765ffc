"""Write docs/coverage.md: which classes of the frameworks are types here, and why the others are not.

The classes are those of modelspec/catalogue/frameworks.py, which `python -m tests.oracle.names` writes; the
reasons those of modelspec/catalogue/refusals.py, in whose words a spec is refused.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from modelspec.catalogue import refusals
from modelspec.catalogue.frameworks import HOMES, NAMES, RELEASES
from modelspec.catalogue.index import TYPES
from modelspec.language import CONTAINERS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "coverage.md"

INTRODUCTION = """\
# Coverage

Every public class of the frameworks' layers: whether it is a type here, and if not, why not. What is said of one that
is refused is what `modelspec check` says of a spec that uses it (MS208).

| state | meaning |
|---|---|
| supported | a type of the catalogue, compared with the framework itself |
| refused | a layer that no spec uses: the reason, and what to write instead |
| not applicable | no layer by itself: a base of others, or what only holds them |
| not yet | a layer that the catalogue lacks so far: `Custom` describes it |

Written by `tools/write_coverage.py`.
"""
STATES = ("supported", "refused", "not applicable", "not yet")


def list_states(dialect: str, name: str) -> list[str]:
    """The states of a class: one, if the catalogue and its refusals do not contradict each other."""
    states = []
    if name in TYPES[dialect] or name in CONTAINERS:
        states.append("supported")
    reason = refusals.find(dialect, name)
    if reason is not None:
        states.append("refused" if reason.applies else "not applicable")
    return states or ["not yet"]


def write() -> dict[Path, str]:
    """The page's text, by its path."""
    parts = [INTRODUCTION, "\n", *_write_counts()]
    for dialect, homes in HOMES.items():
        parts.append(f"\n## {dialect}\n")
        for module, names in homes.items():
            parts.append(f"\n### {module} {RELEASES[module]}\n\n| class | state | why | instead |\n|---|---|---|---|\n")
            parts += [_write_row(dialect, name) for name in sorted(names)]
        own = sorted(set(TYPES[dialect]) - NAMES[dialect])
        if own:
            listed = ", ".join(_link(dialect, name) for name in own)
            parts.append(f"\n### Beyond these\n\nOperations of a `forward`, and classes of other packages: {listed}.\n")
    return {PAGE: "".join(parts)}


def _write_counts() -> list[str]:
    rows = [f"| | {' | '.join(STATES)} | in all |\n", "|---|" + "---:|" * (len(STATES) + 1) + "\n"]
    for dialect, homes in HOMES.items():
        for module, names in homes.items():
            counts = Counter(list_states(dialect, name)[0] for name in names)
            rows.append(f"| {module} | {' | '.join(str(counts[state]) for state in STATES)} | {len(names)} |\n")
    return rows


def _write_row(dialect: str, name: str) -> str:
    (state, *_), reason = list_states(dialect, name), refusals.find(dialect, name)
    told = "| |" if reason is None else f"| {reason.why} | {reason.hint} |"
    return f"| {_link(dialect, name)} | {state} {told}\n"


def _link(dialect: str, name: str) -> str:
    family = TYPES[dialect].get(name)
    page = f"layers/{dialect}/{family}.md" if family is not None else "layers/common.md"
    return f"[`{name}`]({page}#{name.lower()})" if family is not None or name in CONTAINERS else f"`{name}`"


if __name__ == "__main__":
    for path, text in write().items():
        path.write_text(text, encoding="utf-8")
