"""`modelspec check`: the gate. Free of Typer, for it runs at every commit."""

from __future__ import annotations

from collections.abc import Sequence

from modelspec import files, road
from modelspec.cli import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelspec.report import Report

__all__ = ["check"]

BATCH = 32 * 2**20
"""Bytes of texts that wait together."""
MANY = 200
"""Texts from which on it is worth to look at them on all cores."""


def check(
    paths: Sequence[str],
    *,
    format: str = "text",
    output: str | None = None,
    skip_unmarked: bool = False,
    force_exclude: bool = False,
    stdin_filename: str | None = None,
    variant: str | None = None,
    settings: Sequence[str] = (),
    baseline: str | None = None,
) -> int:
    """Check specs; return the exit status: 0 all is well, 1 something was found, 2 the call was wrong."""
    choice = None
    if variant is not None or settings:
        from modelspec.cli.choice import choose

        choice = choose(variant, settings)
        if choice is None:
            return console.USAGE
    batch = _Batch(keep_all=format != "text", choice=choice)
    found = files.find(
        paths, skip_unmarked=skip_unmarked, force_exclude=force_exclude, stdin_filename=stdin_filename, take=batch.take
    )
    if skip_unmarked and batch.libraries:
        # As a hook it is given the files that changed; those that use their blocks change with them.
        from modelspec.importers import find_importers

        for text in find_importers(batch.libraries):
            if text.path not in batch.paths:
                batch.take(text)
    batch.follow()
    if not batch.is_met():
        return console.USAGE
    failed = any(not outcome.ok for outcome in batch.outcomes) or bool(found.findings)
    if baseline is not None:
        from modelspec.cli.baseline import apply_file

        report = road.write_report(batch.outcomes, found.findings, models=format != "text")
        accepted = apply_file(report, baseline, batch.paths, variant=variant)
        if accepted is None:
            return console.USAGE
        failed = not accepted.ok
        told = _show(batch.checked, accepted, format, output)
    elif format == "text":
        wrong = [outcome for outcome in batch.outcomes if outcome.findings]
        told = _tell(batch.checked, wrong, found, color=console.has_color(output))
    else:
        told = console.render(road.write_report(batch.outcomes, found.findings), format)
    written = console.write(told, output)
    for trouble in found.trouble:
        console.complain(trouble)
    if found.trouble or not written:
        return console.USAGE
    return console.FOUND if failed else console.WELL


class _Batch:
    """Texts on their way down the road, as many together as `BATCH` allows.

    Of a spec in which all is well, the text report says no more than that it was checked: only with `keep_all` is its
    outcome kept.
    """

    def __init__(self, *, keep_all: bool, choice: road.Choice | None) -> None:
        # What a call chooses may be in any of the specs, also in one in which all is well.
        self.keep_all = keep_all or choice is not None
        self.choice = choice
        self.checked = 0
        self.outcomes: list[road.Outcome] = []
        self.texts: list[files.Text] = []
        self.paths: set[str] = set()
        self.libraries: list[str] = []
        """The files whose blocks another may use."""
        self.size = 0

    def take(self, text: files.Text) -> None:
        """Take one more text; follow all that wait when they are too many to wait."""
        self.texts.append(text)
        self.paths.add(text.path)
        if b"blocks" in text.data:
            self.libraries.append(text.path)
        self.size += len(text.data)
        if self.size > BATCH:
            self.follow()

    def follow(self) -> None:
        """Take all that wait down the road."""
        well: set[int] = set()
        if len(self.texts) >= MANY and not self.keep_all:
            from modelspec.screening import screen

            well = screen(self.texts)
        self.checked += len(self.texts)
        for index, text in enumerate(self.texts):
            if index not in well:
                outcome = road.follow(text.data, text.path, self.choice)
                if outcome.findings or self.keep_all:
                    self.outcomes.append(outcome)
        self.texts, self.size = [], 0

    def is_met(self) -> bool:
        """Whether what the call chooses is there in some spec; what is not is told."""
        if self.choice is None:
            return True
        from modelspec.cli.choice import check_met

        return check_met(self.choice, self.outcomes)


def _tell(checked: int, wrong: Sequence[road.Outcome], found: files.Found, *, color: bool) -> str:
    """What a check says as text: its findings, if there are any, and one line at the end."""
    from modelspec.render.summary import show_summary

    if not wrong and not found.findings:
        return show_summary(checked, 0, 0, 0) + "\n" if checked or not found.trouble else ""
    from modelspec.render.findings import show_findings

    report = road.write_report(wrong, found.findings, models=False)
    errors = sum(told.severity == "error" for told in report.diagnostics)
    failed = sum(not outcome.ok for outcome in wrong)
    summary = show_summary(checked, failed, errors, len(report.diagnostics) - errors)
    return f"{show_findings(report, color=color)}\n{summary}\n"


def _show(checked: int, report: Report, format: str, output: str | None) -> str:
    """What a check says that has a report already."""
    if format != "text":
        return console.render(report, format, output)
    from modelspec.render.findings import show_findings
    from modelspec.render.summary import show_summary

    wrong = [told.path for told in report.diagnostics if told.severity == "error"]
    summary = show_summary(checked, len(set(wrong)), len(wrong), len(report.diagnostics) - len(wrong))
    shown = show_findings(report, color=console.has_color(output))
    return f"{shown}\n{summary}\n" if shown else f"{summary}\n"
