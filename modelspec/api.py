"""The Python API: the same road as the command line, and the report at its end."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import Any

from modelspec import files, road
from modelspec.report import Report
from modelspec.source import read_mapping

__all__ = ["check", "check_text"]


def check(source: str | os.PathLike[str] | Mapping[str, Any]) -> Report:
    """Check a spec, and report what was found and what it costs.

    `source` is the path of a spec, the path of a folder to search for specs, or the document itself as a mapping.
    What is wrong with a spec stands in the report's `diagnostics`. Raises OSError if a file cannot be read or a folder
    holds no spec.
    """
    if isinstance(source, Mapping):
        return road.write_report([road.follow_document(read_mapping(source))])
    path = os.fspath(source)
    if not os.path.exists(path):
        hint = "; for the text of a spec there is check_text" if "\n" in path else ""
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT) + hint, path[:200])
    found = files.find([path])
    if found.trouble:
        raise OSError(found.trouble[0])
    outcomes = [road.follow(text.data, text.path) for text in found.texts]
    return road.write_report(outcomes, found.findings)


def check_text(text: str, path: str = "<text>") -> Report:
    """Check a spec given as text: YAML, or JSON where `path` ends in `.json`. `path` is what findings call it."""
    return road.write_report([road.follow(text.encode("utf-8", "surrogatepass"), path)])
