"""The Python API: the same road as the command line, and the report at its end."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from typing import Any

from modelspec import files, road
from modelspec.advice import Selection
from modelspec.diagnostics import Finding
from modelspec.language import VARIABLE
from modelspec.refusal import Refused
from modelspec.report import Report
from modelspec.source import Document, read_mapping

__all__ = ["check", "check_text"]


def check(
    source: str | os.PathLike[str] | Mapping[str, Any],
    *,
    variant: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Report:
    """Check a spec, and report what was found and what it costs.

    `source` is the path of a spec, the path of a folder to search for specs, or the document itself as a mapping.
    `variant` takes one of its variants alone; `settings` are variables to set, such as `{"seq": 2048}`. What is wrong
    with a spec stands in the report's `diagnostics`. Raises OSError if a file cannot be read or a folder holds no spec,
    and ValueError if no spec has such a variant or variable, or a value cannot be one.
    """
    choice = _choose(variant, settings)
    if isinstance(source, Mapping):
        return _finish([road.follow_document(read_mapping(source), choice, advice=Selection())], choice)
    path = os.fspath(source)
    if not os.path.exists(path):
        hint = "; for the text of a spec there is check_text" if "\n" in path else ""
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT) + hint, path[:200])
    found = files.find([path])
    if found.trouble:
        raise OSError(found.trouble[0])
    outcomes = [road.follow(text.data, text.path, choice, text.demands, advice=text.advice) for text in found.texts]
    return _finish(outcomes, choice, found.findings)


def check_text(
    text: str, path: str = "<text>", *, variant: str | None = None, settings: Mapping[str, Any] | None = None
) -> Report:
    """Check a spec given as text: YAML, or JSON where `path` ends in `.json`. `path` is what findings call it.

    `variant` and `settings` are as for `check`.
    """
    choice = _choose(variant, settings)
    return _finish([road.follow(text.encode("utf-8", "surrogatepass"), path, choice, advice=Selection())], choice)


def _choose(variant: str | None, settings: Mapping[str, Any] | None) -> road.Choice:
    values: dict[str, Any] = {}
    for name, value in (settings or {}).items():
        try:
            values[name] = VARIABLE.read(list(value) if isinstance(value, tuple) else value)
        except Refused as refused:
            raise ValueError(f"{name}: {next(refused.each()).message}") from None
    return road.Choice(variant, values)


def _finish(
    outcomes: list[road.Outcome], choice: road.Choice, others: Sequence[tuple[Document, Finding]] = ()
) -> Report:
    if any(outcome.readable for outcome in outcomes):
        strange = [name for name in choice.settings if not any(name in outcome.met for outcome in outcomes)]
        if strange:
            raise ValueError(f"no spec here has a variable {strange[0]!r}")
        if choice.variant is not None and not any(choice.variant in outcome.variants for outcome in outcomes):
            raise ValueError(f"no spec here has a variant {choice.variant!r}")
    return road.write_report(outcomes, others)
