"""Check model architecture files, count what they cost, and hold that against their budgets.

    import modelspec
    report = modelspec.check("model.yaml")
    report.models[0].totals.parameters

`check` takes a path or the document itself as a mapping, `check_text` the text; both give a `Report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelspec.version import VERSION as __version__  # noqa: N811

if TYPE_CHECKING:
    from modelspec.api import check, check_text
    from modelspec.report import Report

__all__ = ["Report", "__version__", "check", "check_text"]


def __getattr__(name: str) -> Any:
    # The command line imports this package at every commit, and needs neither of these.
    if name in ("check", "check_text"):
        from modelspec import api

        return getattr(api, name)
    if name == "Report":
        from modelspec.report import Report

        return Report
    raise AttributeError(f"module 'modelspec' has no attribute '{name}'")
