"""What a call chooses of every spec: `--variant NAME` and `--set NAME=VALUE`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelspec import road
from modelspec.cli import console
from modelspec.language import VARIABLE
from modelspec.refusal import Refused
from modelspec.source import read

__all__ = ["check_met", "choose"]


def choose(variant: str | None, settings: Sequence[str]) -> road.Choice | None:
    """The choice that a call makes; None where it cannot be read, which is told."""
    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name.strip().isidentifier():
            console.complain(f"--set wants NAME=VALUE, such as --set seq=2048, but got '{setting}'")
            return None
        document = read(text.encode("utf-8", "surrogatepass"), "<--set>")
        if document.findings and document.findings[0].code != "MS113":
            console.complain(f"--set {name}: cannot read '{text}': {document.findings[0].message}")
            return None
        try:
            values[name.strip()] = VARIABLE.read(document.tree)
        except Refused as refused:
            first = next(refused.each())
            hint = f" ({first.hint})" if first.hint else ""
            console.complain(f"--set {name}: {first.message}{hint}")
            return None
    return road.Choice(variant, values)


def check_met(choice: road.Choice, parts: Sequence[road.Part | road.Outcome]) -> bool:
    """Whether every variable and variant that was named is one of some spec; what is none is told."""
    if parts and not any(part.readable for part in parts):
        return True
    met = True
    for name in choice.settings:
        if not any(name in part.met for part in parts):
            console.complain(f"--set {name}: no spec here has a variable '{name}'")
            met = False
    known = sorted({name for part in parts for name in part.variants})
    if choice.variant is not None and choice.variant not in known:
        there = f"there are {', '.join(known[:8])}" if known else "none has variants"
        console.complain(f"--variant {choice.variant}: no spec here has it; {there}")
        met = False
    return met
