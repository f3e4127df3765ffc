"""The one line that a check ends with. Imports nothing: a check in which all is well needs no more than this."""

from __future__ import annotations

__all__ = ["show_summary"]


def show_summary(checked: int, failed: int, errors: int, warnings: int, accepted: int = 0, fixable: int = 0) -> str:
    """`12 specs checked: all well.`, or how many errors in how many of the specs, and how many of them `--fix` can
    mend; then what a baseline accepts.
    """
    told = _show_found(checked, failed, errors, warnings)
    if fixable:
        some = f"{fixable:,} of them" if fixable < errors + warnings else "them" if fixable > 1 else "it"
        told += f" `--fix` can mend {some}."
    if not accepted:
        return told
    return f"{told} The baseline accepts {accepted:,} problem{'s' * (accepted != 1)}."


def _show_found(checked: int, failed: int, errors: int, warnings: int) -> str:
    specs = f"{checked:,} spec{'s' * (checked != 1)}"
    problems = f"{errors:,} problem{'s' * (errors != 1)}" if errors else ""
    advice = f"{warnings:,} warning{'s' * (warnings != 1)}" if warnings else ""
    found = " and ".join(filter(None, (problems, advice)))
    if not checked and not found:
        return "No specs found."
    if not found:
        return f"{specs} checked: all well."
    if not failed:
        return f"{specs} checked: {found}."
    return f"{specs} checked: {found}." if checked == failed == 1 else f"{found} in {failed:,} of {specs}."
